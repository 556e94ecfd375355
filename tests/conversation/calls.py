"""Whole calls through `Session` in virtual time: a person, a plan, and a script of what the callee does."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from virtual_time import run_virtual

from asr_tts.testing_voice import FakeVoice
from callbot.conversation.facts import Offer, Opener, Person
from callbot.conversation.flow import Flow
from callbot.conversation.flow_loader import load_flow
from callbot.conversation.labels import Intent
from callbot.conversation.plan import CallPlan, SessionOptions
from callbot.conversation.reading import Reading
from callbot.conversation.result import CallResult
from callbot.conversation.session import Session
from callbot.testing import (
    FakeReader,
    FakeWriter,
    FixedClock,
    MemoryJournal,
    MemoryLog,
    ScriptedLine,
    ScriptRecognizer,
    Utter,
)
from handoff.desk import Desk
from handoff.telephone import Telephone
from handoff.testing import FakeDesk

FLOWS = Path(__file__).parents[2] / "dialog_flows"
NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
"""A Wednesday, ten in the morning in Shanghai."""
PERSON = Person(
    customer_id="c1",
    name="王芳",
    salutation="王女士",
    industry="电商",
    brand="悦选商城",
    facts=("3月12日购买了空气炸锅",),
    reason="自然流失",
    strategy="优惠补偿",
)
OFFER = Offer(
    code="OLD8",
    version=1,
    title="老客户专属八折券",
    discount_percent=20,
    valid_until=date(2026, 11, 30),
    stock=100,
)
OPENER = Opener(
    text="王女士您好，您三月份买的空气炸锅用得还顺手吗？",
    writer="scripted/1",
    cites=("3月12日购买了空气炸锅",),
)


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """A finished call with everything that was seen of it."""

    result: CallResult
    line: ScriptedLine
    log: MemoryLog
    journal: MemoryJournal
    reader: FakeReader
    desk: Any

    @property
    def bot(self) -> list[str]:
        """What the callee heard of each bot turn."""
        return [turn.heard for turn in self.result.turns if turn.speaker == "bot"]

    @property
    def acts(self) -> list[str]:
        return list(dict.fromkeys(turn.act for turn in self.result.turns if turn.speaker == "bot"))

    def at(self, name: str) -> int:
        """Media time of the first event called `name`."""
        return next(at_ms for event, at_ms, _ in self.log.events if event == name)


@cache
def ecommerce() -> Flow:
    return load_flow(FLOWS / "winback" / "ecommerce.yaml")


def plan(flow: Flow | None = None, **changes: Any) -> CallPlan:
    values: dict[str, Any] = {
        "call_id": "call-1",
        "attempt_id": "attempt-1",
        "person": PERSON,
        "offers": (OFFER,),
        "opener": OPENER,
        "flow": flow or ecommerce(),
    }
    return CallPlan(**{**values, **changes})


def call(
    script: Sequence[Utter],
    readings: Mapping[str, Intent | Reading] | None = None,
    *,
    desk: Desk | None = None,
    voice: FakeVoice | None = None,
    fallback: FakeVoice | None = None,
    reader: FakeReader | None = None,
    writer: FakeWriter | None = None,
    journal: MemoryJournal | None = None,
    options: SessionOptions | None = None,
    failing: Sequence[int] = (),
    recogniser_delay_s: float = 0.15,
    end: tuple[float, str] | None = None,
    check: Any = None,
    telephone: Telephone | None = None,
    **changes: Any,
) -> Call:
    """Hold one call. `end`: the line is cut by the carrier after so many seconds, with that reason."""

    async def hold() -> Call:
        line = ScriptedLine(script)
        log = MemoryLog()
        used_journal = journal or MemoryJournal()
        used_reader = reader or FakeReader(readings or {})
        used_desk = desk or FakeDesk(ring_s=3.0, frames=200)
        session = Session(
            plan(**changes),
            line=line,
            recognizer=ScriptRecognizer(line, delay_s=recogniser_delay_s, failing=failing),
            reader=used_reader,
            writer=writer or FakeWriter(),
            voice=voice or FakeVoice(),
            desk=used_desk,
            journal=used_journal,
            log=log,
            clock=FixedClock(NOW),
            options=options,
            fallback_voice=fallback,
            check=check,
            telephone=telephone,
        )
        if end is not None:
            asyncio.get_running_loop().call_later(end[0], line.end, "carrier", end[1])
        result = await session.run()
        return Call(result, line, log, used_journal, used_reader, used_desk)

    return run_virtual(hold())
