"""A stand-in for a human agent: a real client of the desk that speaks recorded lines.

`python -m handoff.simulated_agent --url ws://… --token … --voice-dir DIR` signs in, becomes available, takes
what rings, talks through the recordings, keeps what it heard and writes a wrap-up. Rehearsals and load runs
staff a desk with it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import wave
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from websockets.asyncio.client import ClientConnection, connect

from handoff.agent_script import AgentScript, ScriptOptions
from handoff.bridge import Frame
from handoff.messages import encode
from handoff.offer import TransferOffer, WrapUp
from handoff.presence import Presence
from handoff.wire import (
    FRAME_S,
    Accept,
    Connected,
    Ended,
    HangUp,
    Hello,
    PresenceIs,
    Refused,
    Ring,
    SendWrapUp,
    SetPresence,
    Welcome,
    Withdrawn,
    decode_from_desk,
)

log = logging.getLogger(__name__)
_RATE: Final = 8_000

_OUTCOMES: Final = {
    "complaint": "complaint_taken",
    "legal_threat": "complaint_taken",
    "vulnerable_person": "considering",
    "repeated_misunderstanding": "considering",
    "explicit_request": "considering",
    "high_value_complex_query": "interested",
}


class BadRecording(Exception):
    """A recording that cannot be spoken: which file, what is wrong, what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedAgentOptions:
    """How the stand-in behaves; times in seconds."""

    accept_after_s: float = 1.0
    """How long it lets a ring sound: the time to read the brief's first line."""
    frame_s: float = FRAME_S
    """Length of a tick. Only a test shortens it."""
    record_dir: Path | None = None
    """Where what was heard is kept, as <offer id>.wav; None keeps nothing."""
    script: ScriptOptions = field(default_factory=ScriptOptions)


class SimulatedAgent:
    """One stand-in at one desk."""

    def __init__(
        self, url: str, token: str, lines: Sequence[Frame], options: SimulatedAgentOptions | None = None
    ) -> None:
        """`lines`: recordings at 8 kHz, see `read_lines`."""
        self._url = url
        self._token = token
        self._lines = lines
        self._options = options or SimulatedAgentOptions()
        self._offers: dict[str, TransferOffer] = {}
        self._inbox: deque[Frame] = deque(maxlen=50)
        self._heard: list[Frame] = []
        self.forms: dict[str, WrapUp] = {}
        """What it wrote down, by offer."""
        self.available = asyncio.Event()
        """Set while the desk may ring it."""

    async def run(self, calls: int | None = None) -> None:
        """Work until `calls` conversations are wrapped up or the desk closes; None counts none."""
        async with connect(self._url, compression=None, ping_interval=20) as connection:
            await connection.send(encode(Hello(token=self._token)))
            done = 0
            accepting: asyncio.Task[None] | None = None
            speaking: asyncio.Task[None] | None = None
            try:
                async for message in connection:
                    if isinstance(message, bytes):
                        self._inbox.append(np.frombuffer(message, dtype="<i2").astype(np.int16))
                        continue
                    match decode_from_desk(message):
                        case Welcome():
                            await connection.send(encode(SetPresence(presence=Presence.AVAILABLE)))
                        case PresenceIs(presence=presence):
                            (self.available.set if presence is Presence.AVAILABLE else self.available.clear)()
                            if presence is Presence.BREAK:
                                await connection.send(encode(SetPresence(presence=Presence.AVAILABLE)))
                        case Ring(offer=offer):
                            self._offers[offer.id] = offer
                            accepting = asyncio.create_task(self._accept(connection, offer.id))
                        case Withdrawn(offer_id=offer_id):
                            self._offers.pop(offer_id, None)
                            await _stopped(accepting)
                            await _stopped(speaking)
                        case Connected():
                            self._inbox.clear()
                            self._heard.clear()
                            speaking = asyncio.create_task(self._speak(connection))
                        case Ended(offer_id=offer_id):
                            await _stopped(speaking)
                            await self._write_down(connection, offer_id)
                            done += 1
                            if done == calls:
                                return
                        case Refused(message=refusal):
                            log.warning("the desk refused", extra={"refusal": refusal})
            finally:
                self.available.clear()
                await _stopped(accepting)
                await _stopped(speaking)

    async def _accept(self, connection: ClientConnection, offer_id: str) -> None:
        await asyncio.sleep(self._options.accept_after_s)
        await connection.send(encode(Accept(offer_id=offer_id)))

    async def _speak(self, connection: ClientConnection) -> None:
        """Send a frame each tick until all is said, then hang up; late ticks are caught up by three at most."""
        script = AgentScript(self._lines, self._options.script)
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            heard = self._inbox.popleft() if self._inbox else None
            if heard is not None:
                self._heard.append(heard)
            frame = script.tick(heard)
            if frame is None:
                break
            await connection.send(frame.astype("<i2", copy=False).tobytes())
            due = max(due + self._options.frame_s, loop.time() - 3 * self._options.frame_s)
            await asyncio.sleep(due - loop.time())
        await connection.send(encode(HangUp()))

    async def _write_down(self, connection: ClientConnection, offer_id: str) -> None:
        offer = self._offers.pop(offer_id, None)
        if offer is None:
            return
        self._heard.extend(self._inbox)
        self._inbox.clear()
        if self._options.record_dir is not None and self._heard:
            await asyncio.to_thread(
                _write_wav, self._options.record_dir / f"{offer_id}.wav", np.concatenate(self._heard)
            )
        form = form_from(offer)
        self.forms[offer_id] = form
        await connection.send(encode(SendWrapUp(offer_id=offer_id, form=form)))


def form_from(offer: TransferOffer) -> WrapUp:
    """The wrap-up of an agent who did what the brief says. zh-CN."""
    brief = offer.brief
    complaint = offer.reason in ("complaint", "legal_threat")
    offered = "；".join(brief.may_offer)
    return WrapUp(
        outcome=_OUTCOMES.get(offer.reason, "considering"),
        note=f"{brief.customer}：{brief.why}。客户原话：{brief.own_words}"
        + (f"。已提供：{offered}" if offered else ""),
        promise="；".join(brief.promised) or ("24 小时内专人答复" if complaint else ""),
        follow_up="24 小时内回复处理结果" if complaint else "按客户约定跟进",
    )


def read_lines(directory: Path) -> list[Frame]:
    """Every wav of a directory in the order of names. Raises `BadRecording`."""
    files = sorted(directory.glob("*.wav"))
    if not files:
        raise BadRecording(f"{directory}: no wav files; the agent needs at least a greeting")
    return [_read_wav(file) for file in files]


def _read_wav(file: Path) -> Frame:
    try:
        with wave.open(str(file), "rb") as reader:
            shape = (reader.getnchannels(), reader.getsampwidth(), reader.getframerate())
            if shape != (1, 2, _RATE):
                raise BadRecording(
                    f"{file}: {shape[0]} channels, {8 * shape[1]} bit, {shape[2]} Hz; "
                    "save it as mono, 16 bit, 8000 Hz"
                )
            return np.frombuffer(reader.readframes(reader.getnframes()), dtype="<i2").astype(np.int16)
    except (wave.Error, EOFError) as unreadable:
        raise BadRecording(f"{file}: not a PCM wav file ({unreadable}); save it again") from unreadable


def _write_wav(file: Path, samples: Frame) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(file), "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(_RATE)
        writer.writeframes(samples.astype("<i2", copy=False).tobytes())


async def _stopped(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled() and (failure := task.exception()) is not None:
            log.warning("the simulated agent stumbled", exc_info=failure)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line; the token may stand in HANDOFF_TOKEN, where `ps` does not show it."""
    parser = argparse.ArgumentParser(prog="python -m handoff.simulated_agent", description=main.__doc__)
    parser.add_argument("--url", required=True, help="ws://host:port/agent")
    parser.add_argument("--token", default=os.environ.get("HANDOFF_TOKEN", ""))
    parser.add_argument("--voice-dir", type=Path, required=True, help="recordings, mono 16 bit 8000 Hz")
    parser.add_argument("--record-dir", type=Path, default=None, help="keep what was heard")
    parser.add_argument("--accept-after", type=float, default=1.0, help="seconds")
    parser.add_argument("--calls", type=int, default=None, help="leave after so many conversations")
    given = parser.parse_args(arguments)
    try:
        lines = read_lines(given.voice_dir)
    except BadRecording as bad:
        parser.error(str(bad))
    agent = SimulatedAgent(
        given.url,
        given.token,
        lines,
        SimulatedAgentOptions(accept_after_s=given.accept_after, record_dir=given.record_dir),
    )
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(agent.run(given.calls))


if __name__ == "__main__":
    main()
