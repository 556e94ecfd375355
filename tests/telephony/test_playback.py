"""What was heard: scripted cases, and laws over any order of events."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callbot.conversation.line import Played
from callbot.telephony.codec import BotEvent, ClearOut, MarkOut, MediaOut
from callbot.telephony.pacing import CarrierBuffer
from callbot.telephony.playback import MARK_GRACE_MS, Playback


def started(ms: int) -> Playback:
    playback = Playback(CarrierBuffer())
    playback.begin("s1")
    playback.feed(bytes(range(1, 251)) * (ms * 8 // 250 + 1))
    return playback


def marks(events: list[BotEvent]) -> list[str]:
    return [event.name for event in events if isinstance(event, MarkOut)]


def sound(events: list[BotEvent]) -> bytes:
    return b"".join(event.payload for event in events if isinstance(event, MediaOut))


def test_marks_lie_every_200_ms_and_at_the_end() -> None:
    playback = Playback(CarrierBuffer())
    playback.begin("s1")
    playback.feed(b"\x01" * 8 * 500)
    playback.complete()
    events = playback.take(0, 100)
    lengths = [len(event.payload) // 8 if isinstance(event, MediaOut) else event.name for event in events
               if not isinstance(event, ClearOut)]  # fmt: skip
    assert lengths == [200, "g1.1", 200, "g1.2", 100, "g1.3"]


def test_position_is_the_last_mark_and_the_time_since_within_what_was_sent() -> None:
    playback = started(1000)
    first, second = marks(playback.take(0, 20))
    assert playback.heard_ms(100) == 100
    playback.mark(first, 260)
    assert playback.heard_ms(300) == 240
    assert playback.heard_ms(5000) == 400
    playback.mark(second, 5000)
    assert playback.heard_ms(5000) == 400


def test_a_dry_spell_of_the_voice_is_not_counted_as_heard() -> None:
    playback = Playback(CarrierBuffer())
    playback.begin("s1")
    playback.feed(b"\x01" * 8 * 400)
    for name in marks(playback.take(0, 20)):
        playback.mark(name, 400)
    playback.feed(b"\x01" * 8 * 200)
    playback.take(3000, 20)
    assert playback.heard_ms(3000) == 400
    assert playback.heard_ms(3100) == 500


def test_marks_that_a_clear_gave_back_prove_nothing() -> None:
    playback = started(2000)
    old = marks(playback.take(0, 20))
    assert playback.pause(100) == [ClearOut()]
    for name in old:
        playback.mark(name, 110)
    assert playback.heard_ms(5000) == 100
    playback.resume()
    fresh = playback.take(6000, 20)
    assert marks(fresh) == ["g2.1", "g2.2"]
    assert playback.heard_ms(6000) == 100


def test_what_was_not_heard_is_sent_again_after_a_pause() -> None:
    playback = started(1000)
    first = sound(playback.take(0, 10))
    playback.pause(60)
    playback.resume()
    again = sound(playback.take(500, 7))
    assert again == first[60 * 8 :]


def test_a_pause_with_nothing_at_the_carrier_sends_no_clear() -> None:
    playback = started(1000)
    assert playback.pause(0) == []
    assert playback.take(0, 10) == []
    playback.resume()
    assert len(sound(playback.take(0, 10))) == 1600


def test_the_clock_is_believed_when_the_last_mark_does_not_come() -> None:
    playback = Playback(CarrierBuffer())
    playback.begin("s1")
    playback.feed(b"\x01" * 8 * 100)
    playback.complete()
    playback.take(0, 10)
    assert playback.ended(100) is None
    assert playback.ended(99 + MARK_GRACE_MS) is None
    assert playback.ended(100 + MARK_GRACE_MS) == Played(
        speech_id="s1", start_ms=0, end_ms=100 + MARK_GRACE_MS, heard_ms=100, finished=True
    )
    assert not playback.active


def test_a_speech_without_sound_ends_at_once() -> None:
    playback = Playback(CarrierBuffer())
    playback.begin("s1")
    assert playback.ended(0) is None
    playback.complete()
    playback.take(5, 10)
    assert playback.ended(5) == Played(speech_id="s1", start_ms=5, end_ms=5, heard_ms=0, finished=True)


def test_one_speech_at_a_time() -> None:
    playback = started(100)
    with pytest.raises(RuntimeError, match="s1"):
        playback.begin("s2")


steps = st.lists(
    st.one_of(
        st.tuples(st.just("feed"), st.integers(0, 4000)),
        st.tuples(st.just("take"), st.integers(0, 12)),
        st.tuples(st.just("mark"), st.integers(0, 30)),
        st.tuples(st.sampled_from(["pause", "resume", "complete", "ask"]), st.just(0)),
    ),
    max_size=60,
)


@given(steps, st.lists(st.integers(0, 300), min_size=60, max_size=60), st.booleans())
def test_heard_never_exceeds_sent_and_never_decreases(
    script: list[tuple[str, int]], waits: list[int], stop: bool
) -> None:
    playback = Playback(CarrierBuffer())
    playback.begin("s1")
    now, fed, furthest, heard = 0, 0, 0, 0
    at = 0
    """Where the next sound sent lies in the speech."""
    known: list[str] = []
    ended: Played | None = None
    completed = False
    for (step, value), wait in zip(script, waits, strict=False):
        now += wait
        match step:
            case "feed":
                playback.feed(b"\x01" * value)
                fed += 0 if completed else value
            case "take":
                events = playback.take(now, value)
                known += marks(events)
                at += len(sound(events))
                furthest = max(furthest, min(at, fed))
            case "mark":
                playback.mark(known[value % len(known)] if known else f"g9.{value}", now)
            case "pause":
                playback.pause(now)
                at = playback.heard_ms(now) * 8 + 7
            case "resume":
                playback.resume()
            case "complete":
                playback.complete()
                completed = True
        ended = playback.ended(now)
        now_heard = ended.heard_ms if ended else playback.heard_ms(now)
        assert heard <= now_heard <= -(-furthest // 8)
        heard = now_heard
        if ended:
            assert ended.finished
            assert ended.heard_ms == fed // 8
            return
    if stop:
        _, played = playback.stop(now)
        assert played is not None
        assert not played.finished
        assert heard <= played.heard_ms <= -(-furthest // 8)
        assert 0 <= played.start_ms <= played.end_ms
