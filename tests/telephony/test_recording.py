"""Two channels on disk at the time they sounded, whatever comes late or breaks."""

from __future__ import annotations

import wave
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from asr_tts.g711 import decode_ulaw
from callbot.telephony.recording import Recording, Scribe, StereoTimeline


def read(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    with wave.open(str(path)) as wav:
        assert (wav.getnchannels(), wav.getframerate(), wav.getsampwidth()) == (2, 8000, 2)
        return np.frombuffer(wav.readframes(wav.getnframes()), dtype="<i2").reshape(-1, 2)


def sounding(ulaw: bytes) -> list[int]:
    """Where it is not silent."""
    return [at for at, code in enumerate(ulaw) if code != 0xFF]


def test_sound_lies_at_its_time_and_gaps_are_silence() -> None:
    timeline = StereoTimeline()
    timeline.place("callee", 100, b"\x10" * 50)
    timeline.place("bot", 20_000, b"\x20" * 50)
    first, rest = timeline.take(120), timeline.take(60_000)
    assert [len(channel) for channel in (*first, *rest)] == [120, 120, 59_880, 59_880]
    assert sounding(first[0] + rest[0]) == list(range(100, 150))
    assert sounding(first[1] + rest[1]) == list(range(20_000, 20_050))


def test_what_comes_too_late_is_cut_and_moves_nothing() -> None:
    timeline = StereoTimeline()
    timeline.take(1000)
    timeline.place("bot", 980, bytes(range(1, 41)))
    timeline.place("bot", 10, b"\x10" * 5)
    _, bot = timeline.take(1100)
    assert bot[:20] == bytes(range(21, 41))
    assert not sounding(bot[20:])


def test_ten_minutes_do_not_drift(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    with closing(Scribe()) as scribe:
        recording = Recording(path, scribe)
        frame, quiet = b"\x10" * 160, b"\xff" * 160
        for at_ms in range(0, 600_000, 20):
            recording.place("callee", at_ms, frame if at_ms % 60_000 == 0 else quiet)
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
        recording.place("callee", at_ms, b"\x10" * 160)
        recording.flush(at_ms + 20)
        scribe.tick()
    scribe.finish(lambda: None).result(10)
    stereo = read(path)
    assert 8000 * 8.5 <= len(stereo) <= 8000 * 9
    assert (stereo[:, 0] == decode_ulaw(b"\x10")[0]).all()
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
        recording.place("callee", 0, b"\x10" * 160)
        recording.flush(5000)
        recording.close(6000).result(10)
    assert len(read(tmp_path / "full.wav")) == 0
