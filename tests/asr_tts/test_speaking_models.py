"""The real voices make speech that a recogniser understands."""

from __future__ import annotations

import re
import sys
from collections.abc import AsyncIterator
from difflib import SequenceMatcher
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from asr_tts.audio import HEARING_RATE, Audio
from asr_tts.kokoro import KOKORO_RATE, KokoroEngine
from asr_tts.kokoro_voice import KokoroVoice
from asr_tts.levelling import SPEECH_LEVEL_DB
from asr_tts.model_missing import ModelMissing
from asr_tts.resample import resample
from asr_tts.system_voice import SystemEngine, SystemVoice
from asr_tts.voice import VoiceFailed
from asr_tts.whisper import LocalRecognizer
from asr_tts.worker import EnginePool

pytestmark = pytest.mark.slow

MODELS = Path("~/.cache/callbot/models").expanduser()
KOKORO = MODELS / "kokoro-82m"
SPEAKERS = [path.stem for path in sorted((KOKORO / "voices").glob("*.bin"))]
QUESTION = "请问您是对价格不满意，还是最近没有需要呢？"


@pytest.fixture(scope="module")
def engine() -> KokoroEngine:
    return KokoroEngine(KOKORO, "zf_xiaoxiao")


@pytest.fixture
async def recogniser() -> AsyncIterator[LocalRecognizer]:
    listening = LocalRecognizer(str(MODELS / "whisper-base"))
    yield listening
    await listening.aclose()


def only_words(text: str) -> str:
    return re.sub(r"\W", "", text)


def level(audio: Audio) -> float:
    frame = audio.rate // 100
    whole = len(audio.samples) // frame * frame
    rms = np.sqrt(np.mean(np.square(audio.samples[:whole].reshape(-1, frame) / 32768), axis=1))
    return float(20 * np.log10(np.sqrt(np.mean(np.square(rms[rms > rms.max() * 0.01])))))


async def test_a_recogniser_understands_the_voice(engine: KokoroEngine, recogniser: LocalRecognizer) -> None:
    heard = await recogniser.transcribe(resample(engine.synthesise(QUESTION), HEARING_RATE))
    assert SequenceMatcher(None, only_words(heard.text), only_words(QUESTION)).ratio() > 0.8, heard.text


async def test_numbers_are_heard_as_the_numbers_they_are(
    engine: KokoroEngine, recogniser: LocalRecognizer
) -> None:
    spoken = resample(engine.synthesise("活动三月12日15:30结束，全场打8折，满300元减50元。"), HEARING_RATE)
    text = (await recogniser.transcribe(spoken)).text
    # 十五点三十 is both a time and a decimal: the recogniser may write either.
    text = re.sub(r"(?<=\d)[.:：](?=\d)", "点", text)
    for digits, characters in [("15点30", "十五点三十"), ("8折", "八折"), ("300", "三百"), ("50", "五十")]:
        assert digits in text or characters in text, text


@pytest.mark.parametrize("speaker", SPEAKERS)
def test_every_speaker_speaks_at_one_level(speaker: str) -> None:
    audio = KokoroEngine(KOKORO, speaker).synthesise("您好，我是客服小美。")
    assert audio.rate == KOKORO_RATE
    assert 1200 <= audio.duration_ms <= 4000
    assert level(audio) == pytest.approx(SPEECH_LEVEL_DB, abs=1.5)


def test_faster_speech_is_shorter(engine: KokoroEngine) -> None:
    slow, fast = engine.synthesise(QUESTION, 0.8), engine.synthesise(QUESTION, 1.4)
    assert fast.duration_ms < slow.duration_ms * 0.75
    with pytest.raises(ValueError, match="speed"):
        engine.synthesise(QUESTION, 3.0)


def test_text_beyond_the_models_limit_is_spoken_to_its_end(engine: KokoroEngine) -> None:
    text = "我们的客服热线每天早上九点到晚上九点都有人接听，" * 6
    assert engine.synthesise(text).duration_ms > 6 * 2500


@pytest.mark.parametrize("text", ["", "……", "😀"])
def test_nothing_to_say_is_no_audio(engine: KokoroEngine, text: str) -> None:
    assert engine.synthesise(text).duration_ms == 0


def test_a_speaker_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(ValueError, match=r"no speaker named 'nobody'.*zf_xiaoxiao"):
        KokoroEngine(KOKORO, "nobody")


def test_a_missing_model_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="callbot models install"):
        KokoroEngine(tmp_path, "zf_xiaoxiao")


async def test_kokoro_speaks_from_a_worker_process() -> None:
    voice = KokoroVoice.start(KOKORO, "zf_xiaoxiao")
    await voice.warm_up()
    pieces = [audio async for audio in voice.speak("好的，没问题，我这就帮您登记。")]
    await voice.aclose()
    assert len(pieces) == 2
    assert all(audio.duration_ms > 500 for audio in pieces)


async def test_a_worker_without_its_model_says_what_to_run(tmp_path: Path) -> None:
    voice = KokoroVoice.start(tmp_path, "zf_xiaoxiao")
    with pytest.raises(VoiceFailed, match="callbot models install"):
        await voice.warm_up()
    await voice.aclose()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it needs an installed Mandarin voice")
async def test_the_system_voice_is_audible_without_a_system_package() -> None:
    voice = SystemVoice(EnginePool(partial(SystemEngine), 1))
    pieces = [audio async for audio in voice.speak("您好，我是客服小美。打8折。")]
    again = [audio async for audio in voice.speak("您好，我是客服小美。打8折。", speed=1.5)]
    await voice.aclose()
    assert sum(audio.duration_ms for audio in pieces) > 1500
    assert all(level(audio) == pytest.approx(SPEECH_LEVEL_DB, abs=1.5) for audio in pieces)
    assert sum(audio.duration_ms for audio in again) < sum(audio.duration_ms for audio in pieces)
