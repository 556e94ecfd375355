"""`python -m callbot.telephony.simulator`: serve the simulated carrier until stopped."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import socket
import sys
from contextlib import suppress
from pathlib import Path

import uvicorn

from callbot.errors import BadInput
from callbot.telephony.simulator.carrier import Carrier
from callbot.telephony.simulator.persona_file import load_personas
from callbot.telephony.simulator.rest import build_rest

ACCOUNT = "AC" + "0" * 32
AUTH_TOKEN = "simulator"  # noqa: S105  not a secret: it opens callees that exist on this machine only


def main() -> int:
    options = _options()
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    try:
        personas = load_personas([path for group in options.personas for path in group])
        if options.record:
            options.record.mkdir(parents=True, exist_ok=True)
        listener = _listen(options.host, options.port)
    except (BadInput, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    carrier = Carrier(
        personas,
        seed=options.seed,
        account=options.account,
        auth_token=options.auth_token,
        record=options.record,
    )
    config = uvicorn.Config(
        build_rest(carrier), log_level="warning", access_log=False, timeout_graceful_shutdown=5, ws="none"
    )
    server = uvicorn.Server(config)
    host, port = listener.getsockname()[:2]
    sys.stdout.write(f"simulator listening on http://{host}:{port} with {len(personas)} callees\n")
    sys.stdout.flush()
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(server, listener, options.parent))
    return 0


async def _serve(server: uvicorn.Server, listener: socket.socket, parent: int | None) -> None:
    watch = asyncio.create_task(_leave_with(parent, server)) if parent else None
    await server.serve(sockets=[listener])
    if watch is not None:
        watch.cancel()


async def _leave_with(parent: int, server: uvicorn.Server) -> None:
    """Stop when the process that started this one is gone, so that a killed demo leaves nobody behind."""
    while os.getppid() == parent:  # noqa: ASYNC110  the operating system sends no event for it
        await asyncio.sleep(1.0)
    server.should_exit = True


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port))
    except OSError as error:
        raise OSError(f"{host}:{port} cannot be served ({error.strerror}): choose another --port") from None


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m callbot.telephony.simulator",
        description="A carrier that plays callees: Twilio's REST interface and Media Streams on this machine.",
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True, help="0 picks a free one; it is printed")
    parser.add_argument(
        "--personas",
        type=Path,
        required=True,
        nargs="+",
        action="append",
        metavar="DIR",
        help="folders of callees",
    )
    parser.add_argument("--seed", type=int, default=1, help="chooses phrasings, pauses and noise")
    parser.add_argument(
        "--record", type=Path, metavar="DIR", help="write what each callee heard as <sid>.heard.wav"
    )
    parser.add_argument("--account", default=ACCOUNT)
    parser.add_argument("--auth-token", default=AUTH_TOKEN)
    parser.add_argument("--parent", type=int, metavar="PID", help="leave when this parent process is gone")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
