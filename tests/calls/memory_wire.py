"""The carrier's end of a media stream in memory: plays what the bot sends and gives its marks back."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Any

from callbot.telephony.media_line import MediaLine
from callbot.telephony.simulator.playout import Playout


class MemoryWire:
    """What a `MediaLine` writes to; whoever runs the call is the carrier's clock and sets `line`."""

    def __init__(self) -> None:
        self.playout = Playout()
        self.unsent_bytes = 0
        self.closed = False
        self.line: MediaLine | None = None

    def send(self, message: str | bytes) -> None:
        body = json.loads(message)
        match body["event"]:
            case "media":
                self.playout.media(b64decode(body["media"]["payload"]))
            case "mark":
                self.playout.mark(body["mark"]["name"])
            case "clear":
                self.give_back(self.playout.clear())
            case other:
                raise AssertionError(f"a carrier does not know {other!r}")

    def close(self, code: int, reason: str) -> None:
        self.closed = True

    def receive(self, message: Mapping[str, Any]) -> None:
        """A message of the carrier reaches the line."""
        assert self.line is not None
        self.line.receive(json.dumps(message))

    def give_back(self, names: Sequence[str]) -> None:
        """Marks whose sound has played, or was cleared."""
        for name in names:
            message = {"event": "mark", "streamSid": "MZ1", "mark": {"name": name}}
            asyncio.get_running_loop().call_soon(self.receive, message)
