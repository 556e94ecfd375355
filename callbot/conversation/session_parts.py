"""What one call is made of, put together: everything that does not need the session itself."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any

from asr_tts.recogniser import Recognizer
from asr_tts.voice import Voice
from callbot.clock import Clock
from callbot.conversation import guard
from callbot.conversation.answering import Answering
from callbot.conversation.dialogue import Dialogue
from callbot.conversation.floor import Floor
from callbot.conversation.hearing import Hearing
from callbot.conversation.line import Line
from callbot.conversation.lookup import Lookup
from callbot.conversation.performing import Performing
from callbot.conversation.plan import CallPlan, SessionOptions
from callbot.conversation.reading import Reader
from callbot.conversation.record import Record
from callbot.conversation.result import CallLog, Journal
from callbot.conversation.speaking import GuardCheck, Speaking
from callbot.conversation.understand import spoken_time
from callbot.conversation.writing import Writer


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ports:
    """What a call meets the world with."""

    line: Line
    recognizer: Recognizer
    reader: Reader
    writer: Writer
    voice: Voice
    fallback_voice: Voice | None
    journal: Journal
    log: CallLog
    clock: Clock
    lookup: Lookup


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parts:
    """The parts of one call, each knowing those it needs."""

    floor: Floor
    dialogue: Dialogue
    record: Record
    hearing: Hearing
    speaking: Speaking
    performing: Performing
    answering: Answering


def put_together(
    plan: CallPlan,
    ports: Ports,
    options: SessionOptions,
    *,
    check: GuardCheck | None,
    on_sound: Callable[[str], None],
    start: Callable[[Coroutine[Any, Any, None]], object],
) -> Parts:
    """`on_sound` hears of every speech whose first sound exists; `start` runs work beside the call."""
    line, log, clock = ports.line, ports.log, ports.clock
    ladder = tuple(rung.after_ms for rung in plan.flow.silence)
    dialogue = Dialogue(
        plan, now=clock.now(), parse_time=lambda text, now: spoken_time.when(text, now, plan.zone)
    )
    record = Record(plan=plan, journal=ports.journal, log=log)
    speaking = Speaking(
        voice=ports.voice,
        fallback=ports.fallback_voice,
        check=check or guard.check,
        log=log,
        now_ms=lambda: line.now_ms,
        voice_s=options.voice_s,
        blocks=record.blocks,
        on_sound=on_sound,
    )
    return Parts(
        floor=Floor(replace(options.floor, silence_ms=ladder)),
        dialogue=dialogue,
        record=record,
        hearing=Hearing(
            recognizer=ports.recognizer,
            hotwords=plan.expected_words if options.hotwords else (),
            log=log,
            limit_s=options.recogniser_s,
        ),
        speaking=speaking,
        performing=Performing(line=line, speaking=speaking, record=record, log=log, start=start),
        answering=Answering(
            plan=plan,
            dialogue=dialogue,
            reader=ports.reader,
            writer=ports.writer,
            speaking=speaking,
            record=record,
            log=log,
            clock=clock,
            options=options,
            lookup=ports.lookup,
        ),
    )
