from __future__ import annotations

import wave
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from callbot.telephony.recording import Recording, Scribe, StereoTimeline


def read(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    with wave.open(str(path)) as wav:
        assert (wav.getnchannels(), wav.getframerate(), wav.getsampwidth()) == (2, 8000, 2)
        return np.frombuffer(wav.readframes(wav.getnframes()), dtype="<i2").reshape(-1, 2)


def test_sound_lies_at_its_time_and_gaps_are_silence() -> None:
    timeline = StereoTimeline()
    timeline.place("callee", 100, np.full(50, 7, dtype=np.int16))
    timeline.place("bot", 20_000, np.full(50, 9, dtype=np.int16))
    taken = np.concatenate([timeline.take(120), timeline.take(60_000)])
    assert taken.shape == (60_000, 2)
    assert list(np.flatnonzero(taken[:, 0])) == list(range(100, 150))
    assert list(np.flatnonzero(taken[:, 1])) == list(range(20_000, 20_050))


def test_what_comes_too_late_is_cut_and_moves_nothing() -> None:
    timeline = StereoTimeline()
    timeline.take(1000)
    timeline.place("bot", 980, np.arange(1, 41, dtype=np.int16))
    timeline.place("bot", 10, np.full(5, 9, dtype=np.int16))
    taken = timeline.take(1100)
    assert list(taken[:20, 1]) == list(range(21, 41))
    assert not taken[20:].any()


def test_ten_minutes_do_not_drift(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    with closing(Scribe()) as scribe:
        recording = Recording(path, scribe)
        frame = np.full(160, 100, dtype=np.int16)
        for at_ms in range(0, 600_000, 20):
            recording.place("callee", at_ms, frame if at_ms % 60_000 == 0 else frame * 0)
            if at_ms % 60_000 == 30_000:
                recording.place("bot", at_ms, frame)
            recording.flush(at_ms + 20)
            scribe.tick()
        recording.close(600_000).result(30)
    stereo = read(path)
    assert len(stereo) == 600 * 8000
    assert list(np.flatnonzero(stereo[:, 0])[::160]) == [minute * 480_000 for minute in range(10)]
    assert list(np.flatnonzero(stereo[:, 1])[::160]) == [minute * 480_000 + 240_000 for minute in range(10)]


def test_a_crash_loses_no_more_than_what_had_not_settled(tmp_path: Path) -> None:
    path = tmp_path / "crashed.wav"
    scribe = Scribe()
    recording = Recording(path, scribe)
    for at_ms in range(0, 10_000, 20):
        recording.place("callee", at_ms, np.full(160, 5, dtype=np.int16))
        recording.flush(at_ms + 20)
        scribe.tick()
    scribe.finish(lambda: None).result(10)
    stereo = read(path)
    assert 8000 * 8.5 <= len(stereo) <= 8000 * 9
    assert (stereo[:, 0] == 5).all()
    recording.close(10_000).result(10)
    scribe.close()
    assert len(read(path)) == 80_000


def test_a_full_disk_costs_the_recording_and_not_the_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with closing(Scribe()) as scribe:
        recording = Recording(tmp_path / "full.wav", scribe)
        monkeypatch.setattr("callbot.telephony.recording.StereoWav.append", full)
        recording.place("callee", 0, np.full(160, 5, dtype=np.int16))
        recording.flush(5000)
        recording.close(6000).result(10)
    assert len(read(tmp_path / "full.wav")) == 0
