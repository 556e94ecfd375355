"""Holds the call of a scenario: the product's own composition on a media stream in memory, in virtual time."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, cast

import numpy as np
from memory_wire import MemoryWire
from scenario import Scenario
from scenario_callee import ScenarioCallee, ScriptedEar
from virtual_time import run_virtual

from asr_tts.audio import FRAME_MS, LINE_RATE, Audio
from asr_tts.g711 import decode_ulaw
from asr_tts.testing import FakeVoiceActivity
from asr_tts.testing_voice import FakeVoice
from asr_tts.voice import VoiceFailed
from asr_tts.voice_cache import CachedVoice
from callbot.conversation.facts import Offer, Opener, Person
from callbot.conversation.flow_loader import load_flow
from callbot.conversation.labels import Emotion, Intent
from callbot.conversation.plan import CallPlan, SessionOptions
from callbot.conversation.reading import Context, Reading
from callbot.conversation.result import CallResult
from callbot.conversation.writing import Moment, Transition
from callbot.media import build_call
from callbot.minds import Minds
from callbot.resources import folder
from callbot.speech import Speech
from callbot.telephony.codec import StreamStarted
from callbot.telephony.ear import Ear
from callbot.telephony.media_line import MediaLine
from callbot.telephony.twilio import TwilioCodec
from callbot.testing import FakeReader, FakeWriter, FixedClock, MemoryJournal, MemoryLog
from handoff.bridge import AudioEnd, Bridged
from handoff.desk import NotPlaced, Placed
from handoff.testing import FakeDesk

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
"""A Wednesday, ten in the morning in Shanghai."""
TALKS_S = 10.0
_LONGEST_S = 600


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Held:
    """A finished call with all that was seen of it."""

    result: CallResult
    log: MemoryLog
    journal: MemoryJournal
    wire: ScenarioWire

    @property
    def heard_of_bot(self) -> list[str]:
        return [turn.heard for turn in self.result.turns if turn.speaker == "bot"]


class ScenarioWire(MemoryWire):
    """The carrier: plays what the bot sends, gives marks back, carries the callee's frames."""

    def __init__(self, callee: ScenarioCallee) -> None:
        super().__init__()
        self.callee = callee
        self.sounding_ms: list[int] = []
        """Every 20 ms in which the callee heard the bot, or the agent."""

    async def run(self, line: MediaLine, ear: Ear) -> None:
        """The carrier's clock until one side hangs up."""
        self.line = line
        loop = asyncio.get_running_loop()
        due = loop.time()
        while not self.closed:
            heard, played = self.playout.tick()
            self.give_back(played)
            sound = decode_ulaw(heard)
            if np.abs(sound.astype(np.int32)).max() > 500:
                self.sounding_ms.append(self.callee.now_ms)
            said = self.callee.tick(sound)
            media = {"track": "inbound", "timestamp": str(self.callee.now_ms), "payload": _base64(said)}
            self.receive({"event": "media", "streamSid": "MZ1", "media": media})
            while self.callee.digits:
                dtmf = {"track": "inbound_track", "digit": self.callee.digits.popleft()}
                self.receive({"event": "dtmf", "streamSid": "MZ1", "dtmf": dtmf})
            ear.tick()
            line.tick()
            if self.callee.left:
                self.receive({"event": "stop", "streamSid": "MZ1", "stop": {}})
                return
            if self.callee.cut:
                line.lost()
                return
            due += FRAME_MS / 1000
            await asyncio.sleep(due - loop.time())


class ScenarioVoice(FakeVoice):
    """Fails or dawdles at the texts that hold a fragment: before the first sound or in the middle."""

    def __init__(self, broken: Mapping[str, Any]) -> None:
        super().__init__()
        self._broken = broken

    async def speak(self, text: str, *, speed: float = 1.0) -> AsyncIterator[Audio]:
        hit = bool(self._broken) and str(self._broken.get("at", "")) in text
        middle = bool(self._broken.get("middle"))
        if hit and not middle:
            await self._break()
        whole = [piece async for piece in super().speak(text, speed=speed)]
        for number, piece in enumerate(whole):
            if hit and middle and number == 1:
                await self._break()
            yield piece

    async def _break(self) -> None:
        await asyncio.sleep(float(self._broken.get("slow_s", 0.0)))
        if self._broken.get("fails"):
            raise VoiceFailed("the scenario says so", retryable=False)


class ScenarioReader(FakeReader):
    """Understands what the script means; of several utterances the last one counts."""

    def __init__(self, callee: ScenarioCallee, broken: Mapping[str, Any]) -> None:
        super().__init__({}, delay_s=float(broken.get("slow_s", 0.02)), failing=bool(broken.get("fails")))
        self._callee = callee

    async def read(self, text: str, context: Context) -> Reading:
        reading = await super().read(text, context)
        said = max(((text.rfind(words), words) for words in self._callee.means if words in text), default=None)
        if said is None:
            return Reading(text=reading.text, intent=Intent.SILENCE_FILLER_UNCLEAR, confidence=0.9)
        return Reading(
            text=reading.text,
            intent=Intent(self._callee.means[said[1]]),
            confidence=0.9,
            emotion=Emotion(self._callee.feels[said[1]]),
        )


class ScenarioWriter(FakeWriter):
    """Says what the scenario says, late or not at all."""

    def __init__(self, broken: Mapping[str, Any]) -> None:
        super().__init__(broken.get("says", ""), delay_s=float(broken.get("slow_s", 0.0)))
        self._fails = bool(broken.get("fails"))

    async def transition(self, moment: Moment) -> Transition:
        if self._fails:
            raise ConnectionError("the scenario says so")
        return await super().transition(moment)


class ScenarioDesk(FakeDesk):
    """An agent who talks for a while, unless the scenario breaks the bridge."""

    def __init__(self, desk: Mapping[str, Any]) -> None:
        answers: list[Placed | NotPlaced] = [
            NotPlaced(offer_id="", result=result) for result in desk.get("answers", ())
        ]
        super().__init__(
            answers, ring_s=float(desk.get("rings_s", 3.0)), frames=round(desk.get("talks_s", TALKS_S) * 50)
        )
        self._breaks = bool(desk.get("breaks"))

    async def bridge(self, placed: Placed, callee: AudioEnd) -> Bridged:
        if self._breaks:
            await asyncio.sleep(1.0)
            raise ConnectionError("the agent's socket broke")
        return await super().bridge(placed, callee)


@cache
def plan() -> CallPlan:
    return CallPlan(
        call_id="call-1",
        attempt_id="attempt-1",
        person=Person(
            customer_id="c1",
            name="王芳",
            salutation="王女士",
            industry="电商",
            brand="悦选商城",
            facts=("3月12日购买了空气炸锅",),
            reason="自然流失",
            strategy="优惠补偿",
        ),
        offers=(
            Offer(
                code="OLD8",
                version=1,
                title="老客户专属八折券",
                discount_percent=20,
                valid_until=date(2026, 11, 30),
                stock=100,
            ),
        ),
        opener=Opener(
            text="王女士您好，您三月份买的空气炸锅用得还顺手吗？",
            writer="scripted/1",
            cites=("3月12日购买了空气炸锅",),
        ),
        flow=load_flow(folder("dialog_flows") / "winback" / "ecommerce.yaml"),
    )


def hold(scenario: Scenario) -> Held:
    """Hold the call. It must end by itself."""

    async def call() -> Held:
        callee = ScenarioCallee(scenario)
        wire = ScenarioWire(callee)
        ear = Ear(FakeVoiceActivity(loud=300))
        stream = StreamStarted(
            call_sid="CA1", stream_id="MZ1", parameters={}, encoding="audio/x-mulaw", rate=LINE_RATE
        )
        line = MediaLine(
            wire=wire, codec=TwilioCodec(), stream=stream, ear=ear, clock=asyncio.get_running_loop().time
        )
        broken = scenario.broken
        journal = MemoryJournal(failing=bool(broken.get("journal")))
        log = Watched(callee)
        minds = Minds(
            speech=Speech(
                recognizer=ScriptedEar(callee, broken.get("recogniser", {})),
                voice=cast(CachedVoice, ScenarioVoice(broken.get("voice", {}))),
                voice_activity=FakeVoiceActivity(),
            ),
            reader=ScenarioReader(callee, broken.get("reader", {})),
            writer=ScenarioWriter(broken.get("writer", {})),
        )
        session = build_call(
            plan(),
            line=line,
            minds=minds,
            desk=ScenarioDesk(scenario.desk),
            journal=journal,
            log=log,
            clock=FixedClock(NOW),
            options=SessionOptions(),
        )
        carrier = asyncio.create_task(wire.run(line, ear))
        result = await session.run()
        await carrier
        return Held(result=result, log=log, journal=journal, wire=wire)

    return run_virtual(call(), limit_s=_LONGEST_S)


class Watched(MemoryLog):
    """The event log, which the callee of a scenario waits for as well."""

    def __init__(self, callee: ScenarioCallee) -> None:
        super().__init__()
        self._callee = callee

    def event(self, name: str, at_ms: int, **data: Any) -> None:
        super().event(name, at_ms, **data)
        if name == "play":
            self._callee.bot_plays(data["text"])
        self._callee.logged(name)


_TOLD = (
    "text",
    "heard",
    "finished",
    "failed",
    "intent",
    "act",
    "step",
    "why",
    "level",
    "digit",
    "kind",
    "result",
    "reason",
    "by",
    "outcome",
)
_UNTOLD = frozenset({"llm"})


def written_down(held: Held) -> str:
    """The event log as text: tenths of a second, and what a reader wants to know."""
    lines = []
    for name, at_ms, data in held.log.events:
        if name not in _UNTOLD:
            told = [str(data[key]) for key in _TOLD if data.get(key) not in (None, "", False)]
            lines.append(f"{at_ms / 1000:6.1f} {name}" + (f": {' · '.join(told)}" if told else ""))
    return "\n".join(lines)


def _base64(sound: bytes) -> str:
    return b64encode(sound).decode()
