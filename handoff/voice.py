"""One human's connection as a conversation uses it: sound both ways, mute, messages, keeping up."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Final, Protocol

from handoff.bridge import Frame
from handoff.connection import Connection
from handoff.frames import RawSound, Sound
from handoff.jitter import JitterBuffer
from handoff.messages import BadMessage, encode
from handoff.outbox import Outbox
from handoff.wire import FromDesk, HandBack, HangUp, Hold, Mute, Ping, Pong, Refused, ToSupervisor

_PING_S: Final = 1.0
_CLOGGED_S: Final = 1.0
"""A ping unanswered for so long means that sound piles up on the way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How the sound of one connection went."""

    received: int = 0
    sent: int = 0
    held_back: int = 0
    """Not sent because the other side did not keep up."""
    unreadable: int = 0


class Floor(Protocol):
    """The conversation that a voice is in."""

    @property
    def by_telephone(self) -> bool:
        """The sound goes another way: holding and muting are done there."""
        ...

    def hold(self, on: bool) -> None: ...

    def hang_up(self) -> None: ...

    def hand_back(self, note: str) -> None: ...

    def lost(self) -> None:
        """The connection is gone."""
        ...


class Voice:
    """Outside of a conversation what is said goes nowhere."""

    def __init__(self, agent_id: str, name: str, connection: Connection, sound: Sound | None = None) -> None:
        self.agent_id = agent_id
        self.name = name
        self.muted = False
        self.floor: Floor | None = None
        self.inbox = JitterBuffer()
        self.counts = Counts()
        self._connection = connection
        self._sound = sound or RawSound()
        self._outbox = Outbox(connection)
        self._pings = 0
        self._answered = 0
        self._pinged_at = 0.0
        self.gone = False
        self.aside = False
        """Speaks into a conversation without holding it, as a supervisor does."""
        self._awaited = False
        self._hung_up = False

    @property
    def shows_levels(self) -> bool:
        """Programs with raw sound have no meters."""
        return not isinstance(self._sound, RawSound)

    @property
    def keeps_up(self) -> bool:
        """Whether what we send arrives. Raw connections are not asked."""
        return self._pings == self._answered or time.monotonic() - self._pinged_at < _CLOGGED_S

    async def tell(self, message: FromDesk | ToSupervisor) -> None:
        """Send a control message; whoever is gone or stuck hears nothing and holds nobody up."""
        self._outbox.tell(encode(message))

    def expect(self) -> None:
        """A conversation begins soon; whoever hangs up until then ends it."""
        self._awaited, self._hung_up = True, False

    def enter(self, floor: Floor) -> None:
        """Take part in a conversation, unmuted and with empty queues."""
        self.floor, self.muted = floor, False
        self.inbox.clear()
        self._outbox.hush()
        if self._awaited and self._hung_up:
            floor.hang_up()
        self._awaited = False

    def leave_floor(self) -> None:
        """The conversation is over."""
        self.floor = None
        self._outbox.hush()

    def heard(self, payload: bytes) -> None:
        """Sound from this human."""
        if self.floor is None and not self.aside:
            return
        try:
            frames = self._sound.decode(payload)
        except BadMessage:
            self.counts = replace(self.counts, unreadable=self.counts.unreadable + 1)
            return
        self.counts = replace(self.counts, received=self.counts.received + len(frames))
        for frame in frames:
            self.inbox.put(frame)

    def hear(self, frame: Frame) -> None:
        """Let this human hear a frame; never waits."""
        if not self.keeps_up:
            self.counts = replace(self.counts, held_back=self.counts.held_back + 1)
            return
        self.counts = replace(self.counts, sent=self.counts.sent + 1)
        self._outbox.sound(self._sound.encode(frame))

    def ping(self) -> None:
        """Ask whether they keep up, once a second; those with raw sound are not asked."""
        if isinstance(self._sound, RawSound) or self._pings != self._answered:
            return
        if time.monotonic() - self._pinged_at >= _PING_S:
            self._pings += 1
            self._pinged_at = time.monotonic()
            self._outbox.tell(encode(Ping(n=self._pings)))

    async def command(self, message: Hold | Mute | HandBack | HangUp | Pong) -> None:
        """What a human in a conversation asks for; outside of one nothing happens."""
        match message:
            case Pong():
                self._answered = max(self._answered, min(message.n, self._pings))
            case Mute() | Hold() if self.floor is not None and self.floor.by_telephone:
                await self.tell(Refused(message="您在用电话通话，请在电话机上静音或保持"))
            case Mute():
                if self.floor is not None:
                    self.muted = message.on
                    await self.tell(Mute(on=message.on))
            case Hold():
                if self.floor is not None:
                    self.floor.hold(message.on)
                    await self.tell(Hold(on=message.on))
            case HandBack():
                if self.floor is not None:
                    self.floor.hand_back(message.note)
            case HangUp():
                self._hung_up = True
                if self.floor is not None:
                    self.floor.hang_up()

    def leave(self) -> None:
        """The connection is gone."""
        self.gone = True
        self._outbox.close()
        if self.floor is not None:
            self.floor.lost()

    async def close(self, code: int, reason: str) -> None:
        """End the connection from the desk's side, after what is still to be said."""
        await self._outbox.drained()
        self._outbox.close()
        await self._connection.close(code, reason)
