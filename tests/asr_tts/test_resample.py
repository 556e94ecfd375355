"""Rate conversion: exact counts, no seams, clean pass band, no aliases."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr_tts.audio import Audio, Pcm
from asr_tts.resample import Resampler, resample

RATIOS = [
    (8_000, 16_000),
    (16_000, 8_000),
    (24_000, 8_000),
    (24_000, 16_000),
    (44_100, 8_000),
    (11_025, 16_000),
]


def tone(hertz: float, rate: int, seconds: float = 0.5, amplitude: float = 10_000) -> Pcm:
    time = np.arange(round(rate * seconds)) / rate
    return np.rint(amplitude * np.sin(2 * np.pi * hertz * time)).astype(np.int16)


def level_db(samples: Pcm) -> float:
    """Loudness against the test tone, edges left out."""
    inner = samples[len(samples) // 4 : -len(samples) // 4].astype(np.float64)
    return float(20 * np.log10(max(np.sqrt(np.mean(inner**2)), 1e-3) / (10_000 / np.sqrt(2))))


@pytest.mark.parametrize(
    ("source", "target"), [(8_000, 16_000), (16_000, 8_000), (24_000, 8_000), (24_000, 16_000)]
)
def test_every_20_ms_in_are_20_ms_out(source: int, target: int) -> None:
    resampler = Resampler(source, target)
    frame = np.zeros(source // 50, dtype=np.int16)
    assert [len(resampler.process(frame)) for _ in range(5)] == [target // 50] * 5


@given(
    ratio=st.sampled_from(RATIOS),
    cuts=st.lists(st.integers(0, 900), max_size=8),
    seed=st.integers(0, 2**32 - 1),
)
def test_chunks_do_not_matter(ratio: tuple[int, int], cuts: list[int], seed: int) -> None:
    sound = np.random.default_rng(seed).integers(-32_768, 32_767, 900, dtype=np.int16)
    whole = Resampler(*ratio).process(sound)
    assert len(whole) == -(-900 * ratio[1] // ratio[0])
    streaming = Resampler(*ratio)
    pieces = [streaming.process(piece) for piece in np.split(sound, sorted(cuts))]
    assert np.array_equal(np.concatenate(pieces), whole)


def test_long_recordings_equal_their_chunks() -> None:
    sound = np.random.default_rng(7).integers(-9_000, 9_000, 40_000, dtype=np.int16)
    streaming = Resampler(24_000, 16_000)
    pieces = [streaming.process(sound[at : at + 480]) for at in range(0, len(sound), 480)]
    assert np.array_equal(np.concatenate(pieces), Resampler(24_000, 16_000).process(sound))


@pytest.mark.parametrize(("source", "target"), RATIOS)
@pytest.mark.parametrize("hertz", [300, 1_000, 3_000])
def test_speech_band_passes_unchanged(source: int, target: int, hertz: int) -> None:
    assert abs(level_db(resample(Audio(tone(hertz, source), source), target).samples)) < 0.2


@pytest.mark.parametrize(
    ("source", "hertz"), [(16_000, 4_600), (16_000, 7_000), (24_000, 4_600), (24_000, 11_000)]
)
def test_nothing_above_the_line_folds_back(source: int, hertz: int) -> None:
    assert level_db(resample(Audio(tone(hertz, source), source), 8_000).samples) < -50


def test_upsampling_leaves_no_image() -> None:
    spectrum = np.abs(np.fft.rfft(resample(Audio(tone(1_000, 8_000), 8_000), 16_000).samples[2_000:6_000]))
    assert spectrum[2_000 * 5_000 // 8_000 :].max() < spectrum.max() / 1_000


def test_recordings_stay_in_time_and_length() -> None:
    click = np.zeros(1_600, dtype=np.int16)
    click[800] = 20_000
    doubled = resample(Audio(click, 8_000), 16_000)
    assert len(doubled.samples) == 3_200
    assert int(np.argmax(doubled.samples)) == 1_600


def test_reset_forgets_the_past() -> None:
    resampler = Resampler(24_000, 16_000)
    resampler.process(tone(500, 24_000))
    resampler.reset()
    assert not resampler.process(np.zeros(481, dtype=np.int16)).any()


def test_full_scale_is_clipped_not_wrapped() -> None:
    square = np.where(np.arange(800) // 20 % 2, 32_767, -32_768).astype(np.int16)
    loud = Resampler(8_000, 16_000).process(square)
    assert loud[200:].max() == 32_767
    assert loud[200:].min() == -32_768


def test_same_rate_is_untouched() -> None:
    audio = Audio(tone(500, 8_000), 8_000)
    assert resample(audio, 8_000) is audio
    assert np.array_equal(Resampler(8_000, 8_000).process(audio.samples), audio.samples)


def test_rates_are_positive() -> None:
    with pytest.raises(ValueError, match="positive"):
        Resampler(0, 8_000)
