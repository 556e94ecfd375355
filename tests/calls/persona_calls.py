"""Whole calls in virtual time: a packaged callee on one end of a media stream, the bot on the other."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from memory_wire import MemoryWire
from virtual_time import run_virtual

from asr_tts.audio import FRAME_MS, LINE_RATE, Audio
from asr_tts.clauses import clauses
from asr_tts.g711 import decode_ulaw, encode_ulaw
from asr_tts.recogniser import Transcript
from asr_tts.testing import FakeVoiceActivity
from asr_tts.testing_voice import FakeVoice
from callbot.app import build_flows
from callbot.audience.importing import import_base
from callbot.audience.offer_sheet import import_offers
from callbot.conversation.flow import Flow
from callbot.conversation.plan import CallPlan, SessionOptions
from callbot.conversation.reading import Context, Reading
from callbot.conversation.result import CallResult, Turn
from callbot.conversation.scripted_writer import ScriptedWriter, scripted_opener
from callbot.conversation.session import Session
from callbot.conversation.understand.reader import LocalReader
from callbot.demo.persona_list import external_id, write_lists
from callbot.outreach import batch as batches
from callbot.outreach.dossier import Dossier, DossierReader
from callbot.resources import folder
from callbot.store.customers import CustomerFilter, list_customers
from callbot.store.database import Database, sqlite_url
from callbot.store.phones import PhoneVault
from callbot.store.tables import Attempt
from callbot.telephony.codec import StreamStarted
from callbot.telephony.ear import Ear
from callbot.telephony.media_line import MediaLine
from callbot.telephony.simulator.callee import Callee, CalleeTurn
from callbot.telephony.simulator.persona import LineBehaviour, Persona
from callbot.telephony.simulator.persona_file import load_personas
from callbot.telephony.twilio import TwilioCodec
from callbot.testing import FixedClock, MemoryJournal, MemoryLog
from handoff.bridge import AudioEnd, Bridged
from handoff.desk import Desk, Placed
from handoff.testing import FakeDesk

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
"""A Wednesday, ten in the morning in Shanghai."""
SAMPLE = Path(__file__).parents[2] / "callbot" / "audience" / "sample"


@cache
def personas() -> Mapping[str, Persona]:
    """Every packaged callee, by name."""
    found = load_personas([folder("recordings_fixtures") / "personas"])
    return {persona.name: persona for persona in found}


def answering() -> list[str]:
    """The names of those who pick up."""
    return [name for name, one in personas().items() if one.line.behaviour is LineBehaviour.ANSWERS]


@cache
def dossiers() -> Mapping[str, Dossier]:
    """What a call knows of each callee, from the lists as the demo imports them."""
    return asyncio.run(_dossiers())


async def _dossiers() -> Mapping[str, Dossier]:
    with TemporaryDirectory() as name:
        place = Path(name)
        db = Database(sqlite_url(place / "callbot.db"))
        await db.migrate()
        try:
            vault = PhoneVault.open(place / "keys.json")
            write_lists(personas().values(), place / "lists")
            report = await import_base(db, vault, place / "lists", NOW)
            assert not report.problems
            await import_offers(db, SAMPLE / "offers.csv", NOW)
            async with db.read() as session:
                customers = await list_customers(session, CustomerFilter())
            ids = {customer.external_id: customer.id for customer in customers}
            batch_id = await batches.create(
                db,
                vault,
                batches.NewBatch(
                    name="试", flow="winback", customer_ids=tuple(ids.values()), hold_out_percent=0
                ),
                NOW,
            )
            read = DossierReader(db, vault, FixedClock(NOW), flows())
            found = {}
            for persona in personas().values():
                attempt = Attempt(
                    batch_id=batch_id,
                    customer_id=ids[external_id(persona)],
                    seq=1,
                    purpose="marketing",
                    priority=0,
                )
                found[persona.name] = await read(attempt)
            return found
        finally:
            await db.aclose()


@cache
def flows() -> Mapping[str, Flow]:
    return build_flows()


@cache
def local_reader() -> LocalReader:
    return LocalReader()


class SameThreadReader:
    """The real local reader on the thread of the loop, so that virtual time waits for it."""

    def __init__(self) -> None:
        self.read_texts: list[str] = []

    async def read(self, text: str, context: Context) -> Reading:
        self.read_texts.append(text)
        await asyncio.sleep(0.02)
        return local_reader().understand(text, context)

    async def aclose(self) -> None: ...


class Eavesdropper:
    """A recogniser that knows every word: it finds a segment in what the callee's microphone gave out."""

    def __init__(self, callee: Callee, *, delay_s: float = 0.15) -> None:
        self._callee = callee
        self._delay_s = delay_s
        self._given_out = bytearray()

    def spoken(self, frame: bytes) -> None:
        """Twenty more milliseconds of the callee, as they travelled."""
        self._given_out += decode_ulaw(frame).tobytes()

    async def transcribe(self, audio: Audio, *, hotwords: Sequence[str] = ()) -> Transcript:
        at = self._given_out.rfind(audio.samples.astype(np.int16).tobytes())
        text = "我是人工客服，您的事由我来处理。" if at < 0 else self._words(at // 16, len(audio.samples) // 8)
        await asyncio.sleep(self._delay_s)
        return Transcript(text=text, confidence=0.95 if text else 0.0)

    async def aclose(self) -> None: ...

    def _words(self, start_ms: int, length_ms: int) -> str:
        """The clauses whose middle lies in this stretch; clauses share a recording by their characters."""
        heard = ""
        for turn_ms, text, spoken_ms in self._turns():
            done = 0
            for clause in clauses(text):
                middle = turn_ms + spoken_ms * (done + len(clause) / 2) / len(text)
                done += len(clause)
                if start_ms <= middle < start_ms + length_ms:
                    heard += clause
        return heard

    def _turns(self) -> list[tuple[int, str, int]]:
        wavs = {say.wav: say.audio for reply in self._callee.persona.replies for say in reply.say}
        turns = []
        for turn in self._callee.turns:
            audio = wavs.get(turn.wav)
            if turn.who == "callee" and audio is not None:
                turns.append((turn.start_ms, turn.text, audio.duration_ms))
        speaking = self._callee._speaking
        if speaking is not None and speaking.phrasing.audio is not None:
            turns.append((speaking.start_ms, speaking.phrasing.text, speaking.phrasing.audio.duration_ms))
        return turns


class Wire(MemoryWire):
    """The media stream in memory: the carrier's playout on one side, the line on the other."""

    def __init__(self, callee: Callee) -> None:
        super().__init__()
        self.callee = callee

    async def run(self, line: MediaLine, ear: Ear, recogniser: Eavesdropper) -> None:
        """The carrier's clock until one side hangs up."""
        self.line = line
        loop = asyncio.get_running_loop()
        due = loop.time()
        while not self.closed:
            heard, played = self.playout.tick()
            self.give_back(played)
            said = encode_ulaw(self.callee.tick(decode_ulaw(heard)))
            recogniser.spoken(said)
            media = {
                "track": "inbound",
                "timestamp": str(self.callee.now_ms),
                "payload": b64encode(said).decode(),
            }
            line.receive(json.dumps({"event": "media", "streamSid": "MZ1", "media": media}))
            ear.tick()
            line.tick()
            if self.callee.hung_up:
                line.receive(json.dumps({"event": "stop", "streamSid": "MZ1", "stop": {}}))
                return
            due += FRAME_MS / 1000
            await asyncio.sleep(due - loop.time())


class TalkingDesk(FakeDesk):
    """An agent who speaks, listens until the callee has answered, and says goodbye after three turns."""

    async def bridge(self, placed: Placed, callee: AudioEnd) -> Bridged:
        tone = (np.sin(2 * np.pi * 300 * np.arange(160) / LINE_RATE) * 6000).astype(np.int16)
        heard = 0
        for _ in range(3):
            for frame in (tone,) * 125 + (np.zeros(160, dtype=np.int16),) * 225:
                if await callee.receive() is None:
                    return Bridged(ended_by="callee", duration_ms=heard * FRAME_MS)
                heard += 1
                await callee.send(frame)
        return Bridged(ended_by="agent", duration_ms=heard * FRAME_MS)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PersonaCall:
    """One finished call and what both ends know of it."""

    persona: Persona
    result: CallResult
    journal: MemoryJournal
    log: MemoryLog
    desk: Desk
    callee_turns: tuple[CalleeTurn, ...]

    def bot(self) -> list[Turn]:
        return [turn for turn in self.result.turns if turn.speaker == "bot"]

    def script(self) -> str:
        """The transcript, to be read when something is wrong."""
        lines = [
            f"{self.persona.name}: {self.result.outcome} {[kind.value for kind in self.result.follow_ups]}"
        ]
        for turn in self.result.turns:
            label = f" [{turn.intent} {turn.confidence} {turn.emotion}]" if turn.intent else f" ({turn.act})"
            cut = f" …heard: {turn.heard}" if turn.heard != turn.text else ""
            lines.append(f"{turn.start_ms / 1000:6.1f} {turn.speaker:6} {turn.text}{cut}{label}")
        said = [f"{turn.start_ms / 1000:.1f} {turn.text}" for turn in self.callee_turns if turn.who == "callee"]
        return "\n".join([*lines, f"the callee said: {' | '.join(said)}", f"{self.result.ended_by} hung up"])


def hold(
    name: str, *, seed: int, desk: Desk | None = None, options: SessionOptions | None = None
) -> PersonaCall:
    """Hold one call with the packaged callee `name`."""
    persona = personas()[name]
    dossier = dossiers()[name]
    # The writer picks by the customer's id: an invented one keeps a call the same on every run.
    person = replace(dossier.person, customer_id=f"{name}-{seed}")
    plan = CallPlan(
        call_id=f"call-{name}",
        attempt_id=f"attempt-{name}",
        person=person,
        offers=dossier.offers,
        opener=scripted_opener(person, dossier.offers, NOW.date()),
        flow=dossier.flow,
    )

    async def call() -> PersonaCall:
        callee = Callee(persona, seed=seed, call=1)
        wire = Wire(callee)
        ear = Ear(FakeVoiceActivity(loud=300))
        line = MediaLine(
            wire=wire,
            codec=TwilioCodec(),
            stream=StreamStarted(
                call_sid="CA1", stream_id="MZ1", parameters={}, encoding="audio/x-mulaw", rate=LINE_RATE
            ),
            ear=ear,
            clock=asyncio.get_running_loop().time,
        )
        recogniser = Eavesdropper(callee)
        journal, log = MemoryJournal(), MemoryLog()
        used_desk = desk or FakeDesk(answers=(), ring_s=3.0)
        session = Session(
            plan,
            line=line,
            recognizer=recogniser,
            reader=SameThreadReader(),
            writer=ScriptedWriter(),
            voice=FakeVoice(),
            desk=used_desk,
            journal=journal,
            log=log,
            clock=FixedClock(NOW),
            options=options,
        )
        carrier = asyncio.create_task(wire.run(line, ear, recogniser))
        result = await session.run()
        await carrier
        return PersonaCall(
            persona=persona,
            result=result,
            journal=journal,
            log=log,
            desk=used_desk,
            callee_turns=tuple(callee.turns),
        )

    return run_virtual(call(), limit_s=900)
