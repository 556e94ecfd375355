"""The least a Python media server can do: sockets, JSON, base64, loudness, pacing. A lower bound, no product.

    python -m bench.bare_server --port 8766

It answers two seconds of tone 600 ms after the last loud frame and falls silent when the callee is loud. There
is no voice activity, no conversation, no recording and no journal.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import signal
import time
from typing import Any

import numpy as np
from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed

from asr_tts.g711 import decode_ulaw, encode_ulaw
from callbot.event_loop import loop_factory

END_OF_TURN_S = 0.6
_LOUD = 327.0
"""Mean absolute sample of a frame with speech: −40 dBov."""
_BARGE_IN_FRAMES = 10
_TONE = encode_ulaw((4_000 * np.sin(np.arange(8_000 * 2) * 0.35)).astype(np.int16))
_PIECE = 320
"""Bytes of one message: 40 ms."""
_AHEAD_S = 0.2


class BareCall:
    """One socket."""

    def __init__(self, socket: ServerConnection) -> None:
        self.socket = socket
        self.stream = ""
        self.sent = 0
        self.began = 0.0
        self.replying = True
        self.spoken = 0
        self.last_loud = 0.0

    def hear(self, message: dict[str, Any], now: float) -> None:
        match message["event"]:
            case "start":
                self.stream = message["streamSid"]
                self.reply(now)
            case "media":
                loud = np.abs(decode_ulaw(base64.b64decode(message["media"]["payload"]))).mean() > _LOUD
                self.spoken = self.spoken + 1 if loud else 0
                if loud:
                    self.last_loud = now
                if self.replying and self.spoken >= _BARGE_IN_FRAMES:
                    self.replying = False
                    self.send({"event": "clear", "streamSid": self.stream})

    def reply(self, now: float) -> None:
        self.replying, self.sent, self.began, self.last_loud = True, 0, now, 0.0

    def tick(self, now: float) -> None:
        if not self.stream:
            return
        if not self.replying:
            if self.last_loud and now - self.last_loud >= END_OF_TURN_S:
                self.reply(now)
            return
        while self.sent < len(_TONE) and self.began + self.sent / 8_000 < now + _AHEAD_S:
            sound = base64.b64encode(_TONE[self.sent : self.sent + _PIECE]).decode()
            self.send({"event": "media", "streamSid": self.stream, "media": {"payload": sound}})
            self.sent += _PIECE
        if self.sent >= len(_TONE) and now >= self.began + len(_TONE) / 8_000:
            self.replying = False

    def send(self, message: dict[str, Any]) -> None:
        broadcast((self.socket,), json.dumps(message))


async def run(host: str, port: int) -> None:
    calls: set[BareCall] = set()

    async def handle(socket: ServerConnection) -> None:
        call = BareCall(socket)
        calls.add(call)
        try:
            async for text in socket:
                call.hear(json.loads(text), time.monotonic())
        except ConnectionClosed:
            pass
        finally:
            calls.discard(call)

    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with serve(handle, host, port, compression=None, ping_interval=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        ready = {
            "event": "ready",
            "url": f"ws://{host}:{port}/twilio",
            "pid": os.getpid(),
            "end_of_turn_ms": 600,
        }
        print(json.dumps(ready), flush=True)
        due = time.monotonic()
        while not stop.is_set():
            due = max(due + 0.02, time.monotonic() - 0.06)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            now = time.monotonic()
            for call in tuple(calls):
                call.tick(now)
    print(json.dumps({"event": "stopped", "cpu_s": round(time.process_time(), 2)}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8766)
    parser.add_argument("--core", type=int, help="run on this core alone")
    parser.add_argument("--loop", choices=("asyncio", "uvloop"), help="default: uvloop where it is installed")
    options = parser.parse_args()
    if options.core is not None:
        os.sched_setaffinity(0, {options.core})
    with asyncio.Runner(loop_factory=loop_factory(options.loop)) as runner:
        runner.run(run(options.host, options.port))


if __name__ == "__main__":
    main()
