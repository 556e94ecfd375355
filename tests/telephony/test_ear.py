"""One model hears all calls: windows in batches, segments per call, nothing kept of who left."""

from __future__ import annotations

from collections.abc import Sequence

from virtual_carrier import LoudnessActivity, tone

from asr_tts.audio import Pcm
from asr_tts.g711 import decode_ulaw, encode_ulaw
from asr_tts.voice_activity import WINDOW, VoiceState
from callbot.conversation.line import SpeechEnded, SpeechStarted
from callbot.telephony.ear import Ear, SpeechEvent, Tape


class CountingActivity(LoudnessActivity):
    """Remembers how many windows each batch held."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def score(self, states: Sequence[VoiceState], windows: Sequence[Pcm]) -> list[float]:
        assert len({id(state) for state in states}) == len(states), "one window of each stream"
        self.batches.append(len(windows))
        return super().score(states, windows)


QUIET = b"\xff" * WINDOW


def test_windows_of_all_calls_are_scored_in_one_batch() -> None:
    activity = CountingActivity()
    ear = Ear(activity)
    events: list[SpeechEvent] = []
    calls = [ear.join(events.append) for _ in range(50)]
    for call in calls:
        call.hear(QUIET)
    calls[0].hear(QUIET)
    ear.tick()
    assert activity.batches == [50, 1]


def test_sound_in_any_pieces_gives_the_same_segments() -> None:
    sound = b"\xff" * 3000 + encode_ulaw(tone(600)) + b"\xff" * 8000
    found: list[list[tuple[int, int, int]]] = []
    for size in (1, 77, 160, 4000, len(sound)):
        events: list[SpeechEvent] = []
        ear = Ear(LoudnessActivity())
        hearing = ear.join(events.append)
        for at in range(0, len(sound), size):
            hearing.hear(sound[at : at + size])
            ear.tick()
        segments = [event for event in events if isinstance(event, SpeechEnded)]
        found.append([(each.start_ms, each.end_ms, len(each.audio.samples)) for each in segments])
    assert len(found[0]) == 1
    assert all(segments == found[0] for segments in found)


def test_a_call_that_left_is_not_heard() -> None:
    events: list[SpeechEvent] = []
    ear = Ear(LoudnessActivity())
    hearing = ear.join(events.append)
    ear.leave(hearing)
    hearing.hear(encode_ulaw(tone(1000)))
    ear.tick()
    assert events == []


def test_nothing_said_to_the_human_is_taken_for_a_turn_afterwards() -> None:
    events: list[SpeechEvent] = []
    ear = Ear(LoudnessActivity())
    hearing = ear.join(events.append)
    hearing.hear(encode_ulaw(tone(500)))
    ear.tick()
    hearing.deafen()
    hearing.hear(encode_ulaw(tone(2000)))
    ear.tick()
    hearing.listen()
    hearing.hear(b"\xff" * 4000)
    hearing.hear(encode_ulaw(tone(512)))
    hearing.hear(b"\xff" * 4000)
    ear.tick()
    assert [type(event) for event in events] == [SpeechStarted, SpeechStarted, SpeechEnded]
    last = events[-1]
    assert isinstance(last, SpeechEnded)
    assert abs(last.start_ms - 3000) <= 32, "the clock went on while nobody listened"


def test_a_backlog_is_bounded() -> None:
    activity = CountingActivity()
    ear = Ear(activity)
    hearing = ear.join(lambda _: None)
    hearing.hear(b"\xff" * (60 * 8000))
    ear.tick()
    assert sum(activity.batches) * 32 <= 5_100


def test_the_tape_gives_what_it_still_has() -> None:
    tape = Tape()
    for number in range(10):
        tape.add(bytes([0x80 + number]) * WINDOW)
    tape.keep(3 * 32)
    seven, eight, nine = decode_ulaw(bytes([0x87, 0x88, 0x89])).tolist()
    assert set(tape.cut(0, 10_000).samples.tolist()) == {seven, eight, nine}
    cut = tape.cut(8 * 32 + 16, 9 * 32 + 16)
    assert (cut.duration_ms, cut.samples.tolist()) == (32, [eight] * 128 + [nine] * 128)
    assert len(tape.cut(0, 32).samples) == 0
    assert len(Tape().cut(0, 100).samples) == 0
