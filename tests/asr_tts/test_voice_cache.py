"""What was said once is there at once the next time."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import pytest

from asr_tts.audio import LINE_RATE, Audio
from asr_tts.testing_voice import MS_PER_CHARACTER, FakeVoice
from asr_tts.voice import Voice, VoiceFailed
from asr_tts.voice_cache import CachedVoice
from asr_tts.voice_files import VoiceFiles
from asr_tts.voice_memory import VoiceMemory

OPENER = "王女士您好，我是客服小美，想占用您一分钟。"


class SteppedVoice:
    """Yields one clause of 100 ms each time `step` is called."""

    def __init__(self, name: str = "stepped/1", clauses: int = 3) -> None:
        self.identity = name
        self.clauses = clauses
        self.started = 0
        self.made = 0
        self.stopped = 0
        self.closed = False
        self._steps = asyncio.Semaphore(0)

    def step(self, count: int = 1) -> None:
        for _ in range(count):
            self._steps.release()

    async def speak(self, text: str, *, speed: float = 1.0) -> AsyncIterator[Audio]:
        self.started += 1
        try:
            for number in range(1, self.clauses + 1):
                await self._steps.acquire()
                self.made += 1
                yield Audio(np.full(800, number, dtype=np.int16), LINE_RATE)
        except (asyncio.CancelledError, GeneratorExit):
            self.stopped += 1
            raise

    async def aclose(self) -> None:
        self.closed = True


async def heard(voice: CachedVoice, text: str, *, speed: float = 1.0) -> list[Audio]:
    return [audio async for audio in voice.speak(text, speed=speed)]


async def remembered(voice: Voice, directory: Path, text: str, *, speed: float = 1.0) -> list[Audio]:
    """Hear it from a cache that is opened for it and closed again."""
    cached = CachedVoice(voice, directory)
    pieces = await heard(cached, text, speed=speed)
    await cached.aclose()
    return pieces


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - looks at another object's progress, one step at a time
            await asyncio.sleep(0)


def together(pieces: list[Audio]) -> list[int]:
    return [int(sample) for piece in pieces for sample in piece.samples]


def files(directory: Path) -> list[Path]:
    return sorted(path for path in directory.rglob("*") if path.is_file())


async def test_the_second_time_comes_from_disk_and_sounds_the_same(tmp_path: Path) -> None:
    fake = FakeVoice()
    first = await remembered(fake, tmp_path, OPENER)
    assert len(first) > 1
    restarted = CachedVoice(fake, tmp_path)
    assert restarted.has(OPENER)
    second = await heard(restarted, OPENER)
    assert len(second) == 1
    assert together(second) == together(first)
    assert fake.spoken == [OPENER]


async def test_everything_is_ready_for_the_line(tmp_path: Path) -> None:
    cached = CachedVoice(FakeVoice(rate=24_000), tmp_path)
    pieces = await heard(cached, OPENER)
    assert {piece.rate for piece in pieces} == {LINE_RATE}
    said = sum(character.isalnum() for character in OPENER)
    assert sum(piece.duration_ms for piece in pieces) == pytest.approx(said * MS_PER_CHARACTER, abs=30)


async def test_text_speed_and_voice_are_different_sounds(tmp_path: Path) -> None:
    fake = FakeVoice()
    await remembered(fake, tmp_path, OPENER)
    await remembered(fake, tmp_path, OPENER, speed=1.2)
    await remembered(fake, tmp_path, OPENER + "好吗？")
    other = FakeVoice(tone_hz=200)
    await remembered(other, tmp_path, OPENER)
    assert fake.spoken == [OPENER, OPENER, OPENER + "好吗？"]
    assert other.spoken == [OPENER]


async def test_prepared_text_needs_no_voice_in_the_call(tmp_path: Path) -> None:
    live, background = FakeVoice(), FakeVoice()
    cached = CachedVoice(live, tmp_path, background=background)
    assert not cached.has(OPENER)
    await cached.prepare(OPENER)
    await cached.prepare(OPENER)
    assert cached.has(OPENER)
    assert await heard(cached, OPENER)
    assert (live.spoken, background.spoken) == ([], [OPENER])


async def test_the_first_clause_is_heard_before_the_last_is_made(tmp_path: Path) -> None:
    voice = SteppedVoice()
    stream = aiter(CachedVoice(voice, tmp_path).speak(OPENER))
    voice.step()
    first = await anext(stream)
    assert first.samples[0] == 1
    voice.step(2)
    assert [piece.samples[0] async for piece in stream] == [2, 3]


async def test_many_calls_for_one_line_share_one_synthesis(tmp_path: Path) -> None:
    voice = SteppedVoice()
    cached = CachedVoice(voice, tmp_path)
    first = asyncio.create_task(heard(cached, OPENER))
    voice.step()
    await until(lambda: voice.made == 1)
    late = asyncio.create_task(heard(cached, OPENER))
    preparing = asyncio.create_task(cached.prepare(OPENER))
    await asyncio.sleep(0)
    voice.step(2)
    assert together(await first) == together(await late)
    await preparing
    assert voice.started == 1
    assert cached.has(OPENER)


async def test_a_live_line_does_not_wait_behind_work_ahead_of_time(tmp_path: Path) -> None:
    live, background = SteppedVoice(), SteppedVoice()
    cached = CachedVoice(live, tmp_path, background=background)
    preparing = asyncio.create_task(cached.prepare(OPENER))
    await until(lambda: background.started == 1)
    speaking = asyncio.create_task(heard(cached, OPENER))
    live.step(3)
    assert len(await speaking) == 3
    await preparing
    assert (background.started, background.stopped) == (1, 1)
    assert cached.has(OPENER)


async def test_an_interrupted_line_stops_the_voice_and_can_be_said_again(tmp_path: Path) -> None:
    voice = SteppedVoice()
    cached = CachedVoice(voice, tmp_path)
    speaking = asyncio.create_task(heard(cached, OPENER))
    voice.step()
    await until(lambda: voice.made == 1)
    speaking.cancel()
    await asyncio.wait([speaking])
    again = asyncio.create_task(heard(cached, OPENER))
    await until(lambda: voice.started == 2)
    assert voice.stopped == 1
    voice.step(3)
    assert [piece.samples[0] for piece in await again] == [1, 2, 3]


async def test_who_stays_hears_the_end_when_another_leaves(tmp_path: Path) -> None:
    voice = SteppedVoice()
    cached = CachedVoice(voice, tmp_path)
    pieces: list[Audio] = []

    async def stay() -> None:
        async for piece in cached.speak(OPENER):
            pieces.append(piece)

    leaving = asyncio.create_task(heard(cached, OPENER))
    staying = asyncio.create_task(stay())
    voice.step()
    await until(lambda: voice.made == 1 and len(pieces) == 1)  # both listen to the one synthesis
    leaving.cancel()
    voice.step(2)
    await staying
    assert len(pieces) == 3


async def test_a_failure_is_told_and_not_kept(tmp_path: Path) -> None:
    fake = FakeVoice(failures=2)
    cached = CachedVoice(fake, tmp_path)
    with pytest.raises(VoiceFailed) as told:
        await heard(cached, OPENER)
    assert told.value.retryable
    with pytest.raises(VoiceFailed):
        await cached.prepare(OPENER)
    assert not cached.has(OPENER)
    assert await heard(cached, OPENER)


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "foreign"])
async def test_a_damaged_file_is_made_again(tmp_path: Path, damage: str) -> None:
    fake = FakeVoice()
    good = together(await remembered(fake, tmp_path, OPENER))
    (path,) = files(tmp_path)
    raw = bytearray(path.read_bytes())
    match damage:
        case "empty":
            raw.clear()
        case "cut":
            del raw[-100:]
        case "flipped":
            raw[-5] ^= 1
        case "foreign":
            raw[:] = b"RIFF" + bytes(200)
    path.write_bytes(raw)
    assert together(await remembered(fake, tmp_path, OPENER)) == good
    assert fake.spoken == [OPENER, OPENER]
    assert together(await remembered(fake, tmp_path, OPENER)) == good
    assert fake.spoken == [OPENER, OPENER]


async def test_forgotten_speech_leaves_nothing_behind(tmp_path: Path) -> None:
    cached = CachedVoice(FakeVoice(), tmp_path)
    await cached.prepare(OPENER)
    await cached.prepare("再见。")
    await cached.forget(OPENER)
    assert not cached.has(OPENER)
    assert cached.has("再见。")
    assert len(files(tmp_path)) == 1


async def test_what_was_heard_lately_needs_no_disk_until_it_is_forgotten(tmp_path: Path) -> None:
    voice = FakeVoice()
    cached = CachedVoice(voice, tmp_path)
    await cached.prepare(OPENER)
    first = await heard(cached, OPENER)
    for file in tmp_path.glob("??/*"):
        file.unlink()
    again = await heard(cached, OPENER)
    assert [audio.samples.tolist() for audio in again] == [audio.samples.tolist() for audio in first]
    assert voice.spoken == [OPENER]
    await cached.forget(OPENER)
    await heard(cached, OPENER)
    assert voice.spoken == [OPENER, OPENER]


def test_memory_is_bounded_and_keeps_what_is_used() -> None:
    memory = VoiceMemory(max_bytes=3_000)
    sound = Audio(np.zeros(500, dtype=np.int16), LINE_RATE)
    for key in ("a", "b", "c"):
        memory.keep(key, sound)
    assert memory.get("a") is sound
    memory.keep("d", sound)
    assert [key for key in "abcd" if memory.get(key) is not None] == ["a", "c", "d"]
    memory.keep("e", Audio(np.zeros(5_000, dtype=np.int16), LINE_RATE))
    assert all(memory.get(key) is None for key in "abcde")


async def test_speech_forgotten_while_it_is_made_is_heard_and_not_kept(tmp_path: Path) -> None:
    voice = SteppedVoice()
    cached = CachedVoice(voice, tmp_path)
    speaking = asyncio.create_task(heard(cached, OPENER))
    voice.step()
    await until(lambda: voice.made == 1)
    await cached.forget(OPENER)
    voice.step(2)
    assert len(await speaking) == 3
    await cached.aclose()
    assert files(tmp_path) == []


async def test_names_are_readable_by_the_owner_only(tmp_path: Path) -> None:
    cached = CachedVoice(FakeVoice(), tmp_path / "voice")
    await cached.prepare(OPENER)
    (path,) = files(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
    assert stat.S_IMODE((tmp_path / "voice").stat().st_mode) & 0o077 == 0


async def test_a_disk_that_refuses_costs_the_cache_and_not_the_call(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    directory = tmp_path / "voice"
    cached = CachedVoice(FakeVoice(), directory)
    directory.rmdir()
    directory.write_text("a file where the directory was")
    assert await heard(cached, OPENER)
    await until(lambda: "voice cache" in caplog.text)


async def test_closing_ends_speech_under_way(tmp_path: Path) -> None:
    voice = SteppedVoice()
    cached = CachedVoice(voice, tmp_path)
    speaking = asyncio.create_task(heard(cached, OPENER))
    await until(lambda: voice.started == 1)
    await cached.aclose()
    with pytest.raises(VoiceFailed):
        await speaking
    assert voice.closed


def pcm(length: int) -> Audio:
    return Audio(np.arange(length, dtype=np.int16), LINE_RATE)


def test_the_longest_unused_goes_first(tmp_path: Path) -> None:
    store = VoiceFiles(tmp_path, max_bytes=3500)
    for age, key in enumerate(["aa1", "bb2", "cc3"]):
        store.write(key, pcm(500))
        os.utime(tmp_path / key[:2] / f"{key}.voice", (1000 + age, 1000 + age))
    assert store.read("aa1") is not None
    store.write("dd4", pcm(500))
    assert [key for key in ("aa1", "bb2", "cc3", "dd4") if store.has(key)] == ["aa1", "cc3", "dd4"]


def test_space_used_before_a_restart_counts(tmp_path: Path) -> None:
    VoiceFiles(tmp_path, max_bytes=10_000).write("aa1", pcm(1000))
    os.utime(tmp_path / "aa" / "aa1.voice", (1000, 1000))
    store = VoiceFiles(tmp_path, max_bytes=3000)
    store.write("bb2", pcm(1000))
    assert not store.has("aa1")
    assert store.has("bb2")


def test_leftovers_of_a_killed_writer_are_removed(tmp_path: Path) -> None:
    leftover = tmp_path / "aa" / "tmpx.part"
    leftover.parent.mkdir()
    leftover.write_bytes(b"half")
    os.utime(leftover, (1000, 1000))
    VoiceFiles(tmp_path, max_bytes=10_000)
    assert not leftover.exists()
