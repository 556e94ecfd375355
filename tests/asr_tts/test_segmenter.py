"""When speech begins and pauses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr_tts.segmenter import SegmenterOptions, SpeechBegan, SpeechEvent, SpeechPaused, SpeechSegmenter

WINDOW_MS = 32


def run(scores: list[float], options: SegmenterOptions | None = None) -> list[SpeechEvent]:
    segmenter = SpeechSegmenter(options)
    events = [segmenter.feed(score, (index + 1) * WINDOW_MS) for index, score in enumerate(scores)]
    return [event for event in events if event is not None]


YES, MAYBE, NO = 0.9, 0.4, 0.1


@pytest.mark.parametrize(
    ("scores", "events"),
    [
        pytest.param([NO] * 20, [], id="quiet"),
        pytest.param([NO, YES, YES, NO, NO], [], id="a click is not speech"),
        pytest.param([NO, NO, YES, YES, YES], [SpeechBegan(start_ms=64, at_ms=160)], id="three windows are"),
        pytest.param([MAYBE] * 20, [], id="what only keeps speech does not begin it"),
        pytest.param(
            [YES, MAYBE, MAYBE], [SpeechBegan(start_ms=0, at_ms=96)], id="a weak candidate still counts"
        ),
        pytest.param(
            [YES] * 3 + [NO] * 9 + [YES] * 3 + [NO] * 9,
            [SpeechBegan(start_ms=0, at_ms=96)],
            id="closures inside words do not pause",
        ),
        pytest.param(
            [YES] * 3 + [MAYBE] + [NO] * 10 + [YES] * 3,
            [
                SpeechBegan(start_ms=0, at_ms=96),
                SpeechPaused(start_ms=0, end_ms=128, at_ms=448),
                SpeechBegan(start_ms=448, at_ms=544),
            ],
            id="a pause ends where the voice ended",
        ),
    ],
)
def test_events(scores: list[float], events: list[SpeechEvent]) -> None:
    assert run(scores) == events


def test_lost_audio_counts_as_quiet_by_the_clock() -> None:
    segmenter = SpeechSegmenter()
    for at_ms in (32, 64, 96):
        segmenter.feed(YES, at_ms)
    assert segmenter.speaking
    assert segmenter.feed(NO, 1_000) == SpeechPaused(start_ms=0, end_ms=96, at_ms=1_000)
    assert not segmenter.speaking


@given(
    scores=st.lists(st.floats(0, 1), max_size=200),
    min_speech_ms=st.integers(1, 300),
    min_pause_ms=st.integers(1, 500),
)
def test_events_alternate_and_keep_their_lengths(
    scores: list[float], min_speech_ms: int, min_pause_ms: int
) -> None:
    options = SegmenterOptions(min_speech_ms=min_speech_ms, min_pause_ms=min_pause_ms)
    events = run(scores, options)
    kinds = [type(event) for event in events]
    assert kinds == [SpeechBegan, SpeechPaused] * (len(kinds) // 2) + [SpeechBegan] * (len(kinds) % 2)
    last_end = 0
    for event in events:
        match event:
            case SpeechBegan():
                assert event.start_ms >= last_end
                assert event.at_ms - event.start_ms >= min_speech_ms
            case SpeechPaused():
                assert event.at_ms - event.end_ms >= min_pause_ms
                assert event.end_ms > event.start_ms
                last_end = event.end_ms


def test_time_only_moves_forward() -> None:
    segmenter = SpeechSegmenter()
    segmenter.feed(NO, 64)
    with pytest.raises(ValueError, match="went back from 64 ms to 32 ms"):
        segmenter.feed(NO, 32)


@pytest.mark.parametrize("wrong", [{"keep_threshold": 0.8}, {"min_pause_ms": 0}, {"start_threshold": 1.5}])
def test_impossible_options_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"thresholds|positive"):
        SegmenterOptions(**wrong)  # type: ignore[arg-type]
