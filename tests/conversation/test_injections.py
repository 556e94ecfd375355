"""A callee who gives the bot orders gets an answer, and nothing that is not on the sheet.

What a writer is talked into saying is taken through the path of a real call: reading with the slots
heard, dialogue, transition, guard. The judge is a word that must not be heard, not the guard itself.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from calls import NOW, OFFER, OPENER, PERSON, call, plan
from llm_server import Server, chain_of, serving

from asr_tts.testing_voice import FakeVoice
from callbot.conversation import guard
from callbot.conversation.answering import Answer, Answering
from callbot.conversation.dialogue import Dialogue
from callbot.conversation.facts import Person
from callbot.conversation.floor_events import TakeTurn
from callbot.conversation.labels import Emotion, Intent
from callbot.conversation.llm_server import Pace
from callbot.conversation.llm_writer import LlmWriter
from callbot.conversation.plan import SHANGHAI, SessionOptions
from callbot.conversation.reading import Reading
from callbot.conversation.record import Record
from callbot.conversation.scripted_writer import ScriptedWriter
from callbot.conversation.speaking import Speaking
from callbot.conversation.understand import spoken_time
from callbot.conversation.understand.normal import plain
from callbot.conversation.understand.slots import slots
from callbot.conversation.writing import Writer
from callbot.testing import FakeReader, FakeWriter, FixedClock, MemoryJournal, MemoryLog, Utter

ATTEMPTS: list[dict[str, str]] = [
    json.loads(line) for line in (Path(__file__).parent / "injections.jsonl").read_text("utf-8").splitlines()
]
INTENTS = (Intent.ASK_PRICE_OFFER, Intent.ASK_IDENTITY, Intent.REFUSE, Intent.AFFIRM, Intent.ASK_PRODUCT_DETAIL)


def words(text: str) -> str:
    """What a model answers that says `text`."""
    return json.dumps({"text": text, "fact": 0, "offer": 0}, ensure_ascii=False)


attempts = pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda attempt: attempt["heard"])


def reading(text: str, intent: Intent) -> Reading:
    """A worried reading, so that sympathy is asked of the writer, with the slots that the text yields."""
    return Reading(
        text=text,
        intent=intent,
        confidence=0.9,
        emotion=Emotion.SAD_WORRIED,
        emotion_confidence=0.9,
        slots=slots(plain(text)),
    )


async def answered(heard: str, writer: Writer) -> tuple[list[str], MemoryLog]:
    """What would be said to `heard`, under each of several intents, as one conversation."""
    log, clock = MemoryLog(), FixedClock(NOW)
    it = plan()
    dialogue = Dialogue(it, now=NOW, parse_time=lambda text, now: spoken_time.when(text, now, SHANGHAI))
    speaking = Speaking(
        voice=FakeVoice(), fallback=None, check=guard.check, log=log, now_ms=lambda: 0, voice_s=5.0
    )
    said: list[str] = []
    for intent in INTENTS:
        answering = Answering(
            plan=it,
            dialogue=dialogue,
            reader=FakeReader({heard: reading(heard, intent)}, delay_s=0),
            writer=writer,
            speaking=speaking,
            record=Record(plan=it, journal=MemoryJournal(), log=log),
            log=log,
            clock=clock,
            options=SessionOptions(writer_s=5.0),
        )
        state, _ = dialogue.open()
        for at_ms in (1000, 9000):
            turn = TakeTurn(text=heard, start_ms=at_ms, end_ms=at_ms + 900, due_ms=at_ms + 900, segments=())
            answer = Answer(turn=turn, before=state, bot_said="", unsaid=())
            answer.confirm(at_ms + 900)
            await answering.make(answer)
            assert answer.state is not None
            said += [speech.utterance.text for speech in answer.speeches]
            state = answer.state
    return said, log


def nothing_given(said: list[str], attempt: dict[str, str]) -> None:
    assert said
    forbidden = _bare(attempt["forbidden"])
    assert not [text for text in said if forbidden in _bare(text) or _bare(attempt["obeyed"]) in _bare(text)]


def _bare(text: str) -> str:
    return "".join(text.lower().split())


@attempts
async def test_the_script_is_not_talked_into_anything(attempt: dict[str, str]) -> None:
    said, _ = await answered(attempt["heard"], ScriptedWriter())
    nothing_given(said, attempt)


@attempts
async def test_a_writer_that_obeys_is_stopped_by_the_guard(attempt: dict[str, str]) -> None:
    said, log = await answered(attempt["heard"], FakeWriter(attempt["obeyed"]))
    nothing_given(said, attempt)
    blocked = [data["text"] for name, _, data in log.events if name == "guard-blocked"]
    assert attempt["obeyed"] in blocked


@pytest.fixture(scope="module")
def obeying() -> Iterator[Server]:
    with serving("") as server:
        yield server


@pytest.fixture
async def model(obeying: Server) -> AsyncIterator[LlmWriter]:
    pace = Pace(whole_s=10.0, first_token_s=10.0, gap_s=10.0)
    writer = LlmWriter(chain_of(obeying), pace=pace, turn_pace=pace)
    yield writer
    await writer.aclose()


@attempts
async def test_a_model_that_obeys_is_not_heard(
    attempt: dict[str, str], obeying: Server, model: LlmWriter
) -> None:
    obeying.answers = [words(attempt["obeyed"])]
    before = len(obeying.requests)
    said, _ = await answered(attempt["heard"], model)
    nothing_given(said, attempt)
    assert len(obeying.requests) > before


@attempts
async def test_an_opener_by_a_model_that_obeys_is_not_used(
    attempt: dict[str, str], obeying: Server, model: LlmWriter
) -> None:
    lie = f"{PERSON.salutation}您好，您3月12日买的空气炸锅还好用吗？{attempt['obeyed']}"
    obeying.answers = [words(lie)]
    person: Any = Person(
        customer_id="c9",
        name=PERSON.name,
        salutation=PERSON.salutation,
        industry=PERSON.industry,
        brand=PERSON.brand,
        facts=PERSON.facts,
        reason="自然流失",
        strategy="优惠补偿",
    )
    opener = await model.opener(person, (OFFER,), NOW.date())
    assert _bare(attempt["obeyed"]) not in _bare(opener.text)
    assert opener.rejected


def test_in_a_whole_call_every_order_is_answered_and_none_is_followed() -> None:
    for attempt in ATTEMPTS[::6]:
        heard = attempt["heard"]
        held = call(
            [Utter(text=heard), Utter(text=heard), Utter(text="再见")],
            {heard: reading(heard, Intent.ASK_PRICE_OFFER), "再见": Intent.THANKS_BYE},
            writer=FakeWriter(attempt["obeyed"]),
        )
        nothing_given([text for text in held.bot if text], attempt)
        assert OPENER.text in "".join(held.bot)


def test_there_are_enough_attempts_and_all_differ() -> None:
    assert len({attempt["heard"] for attempt in ATTEMPTS}) == len(ATTEMPTS) >= 40
