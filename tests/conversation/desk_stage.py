"""A desk without sockets and customers without telephones, for runs in any order of events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from datetime import UTC, datetime
from typing import Any

import numpy as np
from calls import plan

from asr_tts.testing import FakeRecognizer
from callbot.conversation.act import Act, State
from callbot.conversation.briefing import NoBriefWriter
from callbot.conversation.dialogue import Dialogue
from callbot.conversation.floor_events import FloorEvent, HandedOver
from callbot.conversation.handing_over import (
    BridgeEnded,
    DeskAnswered,
    DeskMessage,
    Dismissed,
    HandingOver,
    TakenOver,
)
from callbot.conversation.labels import TransferReason
from callbot.conversation.plan import SessionOptions
from callbot.conversation.record import Record
from callbot.testing import MemoryJournal, MemoryLog
from handoff.bridge import Frame
from handoff.connection import Connection
from handoff.desk import Desk
from handoff.messages import encode
from handoff.testing import FakeTelephone
from handoff.wire import FromAgent, FromDesk, Ring, decode_from_desk

_NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SPEECH: Frame = np.full(160, 5_000, dtype=np.int16)


class Wire(Connection):
    """An agent's browser."""

    def __init__(self) -> None:
        self.inwards: asyncio.Queue[str | bytes | None] = asyncio.Queue()
        self.told: list[FromDesk] = []

    async def send(self, message: str | bytes) -> None:
        if isinstance(message, str):
            self.told.append(decode_from_desk(message))

    async def messages(self) -> AsyncIterator[str | bytes]:
        while (message := await self.inwards.get()) is not None:
            yield message

    async def close(self, code: int, reason: str) -> None:
        self.inwards.put_nowait(None)

    def say(self, message: FromAgent) -> None:
        self.inwards.put_nowait(encode(message))

    def lose(self) -> None:
        self.inwards.put_nowait(None)

    @property
    def ringing(self) -> str:
        """The latest offer that rang."""
        return next((one.offer.id for one in reversed(self.told) if isinstance(one, Ring)), "")


class Telephone:
    """The callee's end of a bridge: says nothing, counts what it hears, and can be hung up."""

    def __init__(self) -> None:
        self.heard = 0
        self.sounding = 0
        self._gone: asyncio.Event = asyncio.Event()

    async def receive(self) -> Frame | None:
        try:
            async with asyncio.timeout(0.02):
                await self._gone.wait()
        except TimeoutError:
            return SPEECH
        return None

    async def send(self, frame: Frame) -> None:
        self.heard += 1
        self.sounding += bool(frame.any())

    def hang_up(self) -> None:
        self._gone.set()


class OneLine:
    """What handing over needs of a line."""

    def __init__(self) -> None:
        self.end: Telephone | None = None
        self.over = False

    @property
    def now_ms(self) -> int:
        return round(asyncio.get_running_loop().time() * 1000)

    def bridge(self) -> Telephone:
        assert self.end is None, "the callee is in two bridges"
        self.end = Telephone()
        if self.over:
            self.end.hang_up()
        return self.end

    def unbridge(self) -> None:
        if self.end is not None:
            self.end.hang_up()
        self.end = None


class Customer:
    """A call that needs a human, as the session keeps it: one message after another."""

    def __init__(self, name: str, desk: Desk) -> None:
        self.name = name
        self.state = State()
        self.over = False
        self.silent = True
        self.human = False
        """The floor is the human's."""
        self.bot_said: list[str] = []
        self.line = OneLine()
        self.telephone = FakeTelephone()
        self.log = MemoryLog()
        who = plan(call_id=name)
        self.record = Record(plan=who, journal=MemoryJournal(), log=self.log)
        self.inbox: asyncio.Queue[DeskMessage] = asyncio.Queue()
        self.tasks: set[asyncio.Task[None]] = set()
        self.failed: list[BaseException] = []
        self.handing = HandingOver(
            self,
            plan=who,
            line=self.line,  # type: ignore[arg-type]
            desk=desk,
            dialogue=Dialogue(who, now=_NOW, parse_time=lambda text, now: None),
            record=self.record,
            log=self.log,
            options=SessionOptions(wrap_up_s=2.0, agent_waits_s=1.0),
            recognizer=FakeRecognizer(),
            briefs=NoBriefWriter(),
            telephone=self.telephone,
        )
        self.loop = self.start(self._loop())

    async def tell_floor(self, event: FloorEvent) -> None:
        if isinstance(event, HandedOver):
            self.human = event.to_human

    async def say(self, act: Act) -> None:
        assert not self.human, "the bot speaks to a callee who talks to a human"
        self.bot_said.append(act.name)

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.failed.append(error)

    def post(self, message: DeskMessage) -> None:
        self.inbox.put_nowait(message)

    def drop_answer(self) -> None:
        return None

    async def _loop(self) -> None:
        while not self.over:
            try:
                async with asyncio.timeout(0.1):
                    await self._take(await self.inbox.get())
            except TimeoutError:
                await self.handing.look()

    async def _take(self, message: DeskMessage) -> None:
        match message:
            case DeskAnswered():
                await self.handing.desk_answered(message)
            case BridgeEnded():
                await self.handing.bridge_ended(message)
            case TakenOver():
                await self.handing.take_over(message.supervisor)
            case Dismissed():
                return

    async def ask(self, reason: TransferReason) -> None:
        """They need a human, unless one is there or fetched already."""
        if self.handing.transfer is None and not self.over:
            await self.handing.begin(reason, 0)

    async def leave(self) -> None:
        """The line is gone."""
        if self.over:
            return
        self.over = self.line.over = True
        await asyncio.wait({self.loop})
        if self.line.end is not None:
            self.line.end.hang_up()
        await self.handing.finish(self.inbox.get)
        await self.handing.written_up(1.0)
        self.handing.abort()
