"""A supervisor at one running call: listens, whispers, barges in, takes over, ends it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final, assert_never

from handoff.bridge import Frame
from handoff.connection import Connection
from handoff.frames import FramedSound, StereoSound
from handoff.live_calls import LiveCall
from handoff.live_desk import LiveDesk
from handoff.messages import BadMessage
from handoff.room import Room
from handoff.voice import Voice
from handoff.wire import (
    CallOver,
    EndCall,
    HandBack,
    HangUp,
    Hold,
    Listening,
    Mute,
    Pong,
    Refused,
    SendWrapUp,
    SetMode,
    SupervisorMode,
    decode_from_supervisor,
)

log = logging.getLogger(__name__)

CLOSED_NO_CALL: Final = 4404
_LOOK_S: Final = 0.5

Find = Callable[[str], LiveCall | None]


class SupervisorVoice(Voice):
    """Hears both sides apart while listening, the customer alone after taking over."""

    def __init__(self, agent_id: str, name: str, connection: Connection) -> None:
        super().__init__(agent_id, name, connection, FramedSound())
        self._stereo = StereoSound()

    def overhear(self, left: Frame, right: Frame) -> None:
        """20 ms of a call that somebody else holds; dropped while the browser does not keep up."""
        if self.floor is None and self.keeps_up:
            self._outbox.sound(self._stereo.encode(left, right))


class Supervision:
    """Everything that watches over calls. `finds` look for a running call in this process and in others."""

    def __init__(self, desk: LiveDesk, finds: Sequence[Find]) -> None:
        self._desk = desk
        self._finds = finds

    def find(self, call_id: str) -> LiveCall | None:
        """The running call, wherever it runs; None when it has ended."""
        return next((call for find in self._finds if (call := find(call_id)) is not None), None)

    def end(self, call_id: str) -> bool:
        """End a call; False when it is not running."""
        call = self.find(call_id)
        if call is None:
            return False
        call.end()
        return True

    async def attend(self, supervisor: str, name: str, call_id: str, connection: Connection) -> None:
        """Serve one supervisor at one call until they leave or it ends. They begin as a listener."""
        call = self.find(call_id)
        if call is None:
            await connection.close(CLOSED_NO_CALL, "no such call is running")
            return
        seat = _Seat(self, self._desk, call_id, call, SupervisorVoice(supervisor, name, connection))
        await seat.serve(connection)


class _Seat:
    def __init__(
        self, supervision: Supervision, desk: LiveDesk, call_id: str, call: LiveCall, voice: SupervisorVoice
    ) -> None:
        self._supervision = supervision
        self._desk = desk
        self._call_id = call_id
        self._call = call
        self._voice = voice
        self._mode: SupervisorMode = "listen"
        self._shown: Listening | None = None

    @property
    def _room(self) -> Room | None:
        return self._desk.server.rooms.get(self._call_id)

    async def serve(self, connection: Connection) -> None:
        stop = self._call.listen(self._voice.overhear)
        watching = asyncio.create_task(self._watch(connection), name=f"supervise-{self._call_id}")
        try:
            async for message in connection.messages():
                if isinstance(message, bytes):
                    self._voice.heard(message)
                else:
                    await self._handle(message)
        finally:
            stop()
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            if self._desk.takers.get(self._call_id) is self._voice:
                del self._desk.takers[self._call_id]
            if (room := self._room) is not None:
                await room.part(self._voice)
            self._voice.leave()

    async def _watch(self, connection: Connection) -> None:
        """Show who talks to the customer, and the end."""
        while self._supervision.find(self._call_id) is not None:
            await self._show()
            self._voice.ping()
            await asyncio.sleep(_LOOK_S)
        await self._voice.tell(CallOver(by="call"))
        if self._mode != "take_over":  # whoever took over still writes the form
            await self._voice.close(1000, "the call has ended")

    async def _show(self) -> None:
        room = self._room
        if room is None and self._mode in ("whisper", "barge"):
            self._mode = "listen"  # the human whom they spoke with is gone
        shown = Listening(
            call_id=self._call_id,
            talks_to="bot" if room is None else "agent",
            agent="" if room is None else room.human.name,
            mode=self._mode,
        )
        if shown != self._shown:
            self._shown = shown
            await self._voice.tell(shown)

    async def _handle(self, text: str) -> None:
        try:
            message = decode_from_supervisor(text)
        except BadMessage as bad:
            log.warning("unreadable message from a supervisor", extra={"problem": str(bad)})
            await self._voice.tell(Refused(message=f"无法识别的消息：{bad}"))
            return
        match message:
            case SetMode(mode=mode):
                await self._set(mode)
            case EndCall():
                self._call.end()
            case SendWrapUp():
                await self._desk.server.write_up(self._voice, message)
            case Hold() | Mute() | HandBack() | HangUp() | Pong():
                await self._voice.command(message)
            case _:
                assert_never(message)
        await self._show()

    async def _set(self, mode: SupervisorMode) -> None:
        room = self._room
        if self._voice.floor is not None or self._mode == mode:
            await self._voice.tell(
                Refused(message="您正在与客户通话" if self._voice.floor else "已经是这个方式")
            )
            return
        match mode:
            case "listen":
                if room is not None:
                    await room.part(self._voice)
            case "whisper" | "barge":
                if room is None:
                    await self._voice.tell(
                        Refused(message="机器人正在通话：可以旁听或接手，不能对坐席说话或加入通话")
                    )
                    return
                if room.by_telephone:
                    await self._voice.tell(
                        Refused(message="坐席在用电话通话：可以旁听或接手，不能对坐席说话或加入通话")
                    )
                    return
                await room.join(self._voice, mode)
            case "take_over":
                self._desk.takers[self._call_id] = self._voice
                if room is None:
                    self._call.take_over(self._voice.agent_id)
                else:
                    await room.part(self._voice)
                    await room.take_over(self._voice)
        self._mode = mode
