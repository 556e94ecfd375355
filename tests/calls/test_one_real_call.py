"""Real calls over loopback with the real models: a complaint that reaches a human, and an interest."""

from __future__ import annotations

import asyncio
import io
import re
import shutil
import wave
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from statistics import median

import numpy as np
import pytest
from rich.console import Console
from sqlmodel import select

from asr_tts.audio import LINE_RATE, Audio, Pcm
from asr_tts.models import model_directory
from asr_tts.whisper import WhisperEngine
from callbot.app import open_database
from callbot.conversation.bridge_notes import Stretches
from callbot.conversation.labels import FollowUpKind, Outcome
from callbot.demo.run import Wish, run_demo
from callbot.resources import folder
from callbot.settings import ModelSettings, Settings
from callbot.store import overview
from callbot.store.tables import CallTurn, FollowUp, Outbox

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("real-calls")]

MEANT = {
    "complaint": (Outcome.TRANSFERRED, FollowUpKind.COMPLAINT_PAUSE_30D),
    "interested": (Outcome.INTERESTED, FollowUpKind.ASSIGN_AGENT_24H),
}
every_call = pytest.mark.parametrize("name", MEANT)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RealCall:
    """One finished call as the store and the two ends keep it."""

    call: overview.CallSheet
    customer: overview.CustomerSheet
    recording: Path
    """Two channels: the callee, and the bot or agent."""
    heard: Path
    """What the callee's own telephone recorded."""
    told: tuple[Outbox, ...]
    """What the outside will be told of it."""

    def turns(self, speaker: str) -> list[CallTurn]:
        return [turn for turn in self.call.turns if turn.speaker == speaker]


@pytest.fixture(scope="module")
def calls(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, RealCall]:
    """Both calls at once: own processes for carrier and agents, websockets between all of them."""
    place = tmp_path_factory.mktemp("real-calls")
    for name in MEANT:
        shutil.copytree(folder("recordings_fixtures") / "personas" / name, place / "personas" / name)
    if (kept := getattr(request.config, "cache", None)) is not None:
        # What was spoken in an earlier run need not be spoken again.
        (place / "data").mkdir()
        (place / "data" / "voices").symlink_to(kept.mkdir("voices"), target_is_directory=True)
    wish = Wish(personas=place / "personas", lines=2, exit=True, quiet=True, data=place / "data")
    settings = Settings(models=ModelSettings(voice_workers=2))
    printed = io.StringIO()
    status = asyncio.run(run_demo(settings, wish, Console(file=printed, width=160)))
    assert status == 0, printed.getvalue()
    return asyncio.run(_read(place / "data"))


async def _read(data: Path) -> Mapping[str, RealCall]:
    found = {}
    async with open_database(Settings(data=data)) as db, db.read() as session:
        outbox = (await session.exec(select(Outbox))).all()
        for call, customer in await overview.calls(session):
            sheet = await overview.call_sheet(session, call.id)
            person = await overview.customer_sheet(session, customer.id)
            assert sheet is not None
            assert person is not None
            (attempt,) = [one for one in person.attempts if one.id == call.attempt_id]
            found[(customer.external_id or "").removeprefix("persona-")] = RealCall(
                call=sheet,
                customer=person,
                recording=data / call.recording,
                heard=data / "carrier" / f"{attempt.carrier_sid}.heard.wav",
                told=tuple(row for row in outbox if row.payload.get("attempt_id") == attempt.id),
            )
    return found


@pytest.fixture(scope="module")
def recogniser() -> WhisperEngine:
    return WhisperEngine(str(model_directory(Settings().models.directory, "whisper-base")))


def channels(path: Path) -> list[Pcm]:
    with wave.open(str(path), "rb") as file:
        assert file.getframerate() == LINE_RATE
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
        return [samples[at :: file.getnchannels()].astype(np.int16) for at in range(file.getnchannels())]


def cut(samples: Pcm, start_ms: int, end_ms: int) -> Audio:
    """A stretch with a quarter of a second on both sides."""
    start = max(0, start_ms - 250) * LINE_RATE // 1000
    return Audio(samples[start : (end_ms + 250) * LINE_RATE // 1000], LINE_RATE)


def stretches(samples: Pcm) -> Iterator[Pcm]:
    """What is spoken in it, stretch by stretch."""
    finder = Stretches("agent")
    frames = samples[: len(samples) // 160 * 160].reshape(-1, 160)
    found = [finder.push(frame, 20 * number) for number, frame in enumerate(frames)]
    for stretch in (*found, finder.end()):
        if stretch is not None:
            yield np.concatenate(stretch.frames)


def dbov(samples: Pcm) -> float:
    return 20 * float(np.log10(np.sqrt(np.mean(np.square(samples.astype(np.float64)))) / 32_768 + 1e-9))


def likeness(heard: str, said: str) -> float:
    return SequenceMatcher(None, re.sub(r"\W", "", heard), re.sub(r"\W", "", said)).ratio()


@every_call
def test_the_record_says_what_the_callee_meant(calls: Mapping[str, RealCall], name: str) -> None:
    outcome, leading = MEANT[name]
    one = calls[name]
    assert one.call.call.outcome == outcome
    assert [item.kind for item in one.call.follow_ups if item.leading] == [leading]


@every_call
def test_both_sides_are_recorded_at_the_level_of_speech(calls: Mapping[str, RealCall], name: str) -> None:
    one = calls[name]
    callee, bot = channels(one.recording)
    assert abs(len(callee) / 8 - one.call.call.duration_ms) < 1_000
    for samples, speaker in ((callee, "callee"), (bot, "bot")):
        turns = [turn for turn in one.turns(speaker) if turn.end_ms - turn.start_ms > 800]
        assert turns
        for turn in turns:
            assert -40 < dbov(cut(samples, turn.start_ms, turn.end_ms).samples) < -6, turn.text


@every_call
def test_the_recording_can_be_understood_on_both_channels(
    calls: Mapping[str, RealCall], recogniser: WhisperEngine, name: str
) -> None:
    one = calls[name]
    callee, bot = channels(one.recording)
    for samples, speaker in ((callee, "callee"), (bot, "bot")):
        alike = {}
        for turn in one.turns(speaker):
            if turn.heard and turn.end_ms - turn.start_ms > 1_200:
                again = recogniser.transcribe(cut(samples, turn.start_ms, turn.end_ms)).text
                alike[turn.heard, again] = likeness(again, turn.heard)
        # A small model on telephone sound writes some words otherwise; most it must get.
        assert median(alike.values()) > 0.6, alike


@every_call
def test_the_transcript_follows_the_media_clock(calls: Mapping[str, RealCall], name: str) -> None:
    one = calls[name]
    turns = one.call.turns
    assert [turn.position for turn in turns] == list(range(len(turns)))
    assert [turn.start_ms for turn in turns] == sorted(turn.start_ms for turn in turns)
    for turn in turns:
        assert 0 <= turn.start_ms <= turn.end_ms <= one.call.call.duration_ms + 1_000
        assert turn.text.startswith(turn.heard)
    assert {turn.speaker for turn in turns} >= {"bot", "callee"}
    answered = [turn.latency["total"] for turn in turns if turn.latency]
    assert answered
    assert one.call.call.disclosure_ms is not None


@every_call
def test_everything_is_settled(calls: Mapping[str, RealCall], name: str) -> None:
    one = calls[name]
    assert {(attempt.state, attempt.outcome) for attempt in one.customer.attempts} == {("done", MEANT[name][0])}
    assert all(row.settled for row in one.customer.journal)
    assert all(item.due_at is not None and item.owner for item in one.customer.follow_ups)
    assert one.customer.tags
    (message,) = one.told
    assert message.payload["outcome"] == MEANT[name][0]
    assert message.payload["call_id"] == one.call.call.id


def test_the_complaint_pauses_all_touches_and_was_written_down_when_heard(
    calls: Mapping[str, RealCall],
) -> None:
    one = calls["complaint"]
    assert one.customer.customer.complaint_pause_until is not None
    (complaint,) = [row for row in one.call.journal if row.kind == "complaint"]
    assert 0 < complaint.at_ms < one.call.call.duration_ms
    assert follow_up(one, FollowUpKind.COMPLAINT_PAUSE_30D).detail["words"]


def test_the_transfer_went_its_whole_way(calls: Mapping[str, RealCall]) -> None:
    (transfer,) = calls["complaint"].call.transfers
    assert (transfer.reason, transfer.state) == ("complaint", "done")
    assert transfer.agent_id
    assert transfer.wrap_up


def test_who_is_interested_gets_a_named_owner_within_a_day(calls: Mapping[str, RealCall]) -> None:
    one = calls["interested"]
    owed = follow_up(one, FollowUpKind.ASSIGN_AGENT_24H)
    assert owed.owner
    assert one.call.call.ended_at is not None
    assert 0 < (owed.due_at - one.call.call.ended_at).total_seconds() <= 24 * 3600 + 60


def test_the_callee_hears_the_human(calls: Mapping[str, RealCall], recogniser: WhisperEngine) -> None:
    one = calls["complaint"]
    (heard,) = channels(one.heard)
    agent = one.turns("agent")
    assert agent, [turn.text for turn in one.call.turns]
    # Heard wherever it was heard: a machine that stalls delays words, and the two ends' clocks differ by that.
    begin = max(0, agent[0].start_ms - 500) * LINE_RATE // 1000
    found = list(stretches(heard[begin:]))
    assert found
    words = "".join(recogniser.transcribe(Audio(sound, LINE_RATE)).text for sound in found)
    known = ("主管", "李工", "情况", "对不起", "安排", "处理", "今天", "答复")
    assert sum(word in words for word in known) >= 4, words


def follow_up(one: RealCall, kind: FollowUpKind) -> FollowUp:
    (found,) = [item for item in one.call.follow_ups if item.kind == kind]
    return found
