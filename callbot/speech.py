"""Which engines hear and speak, by settings. Part of the composition root."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from asr_tts.funasr_recogniser import FunAsrRecognizer
from asr_tts.kokoro_voice import KokoroVoice
from asr_tts.model_missing import ModelMissing
from asr_tts.models import model_directory
from asr_tts.openai_recogniser import OpenAiRecognizer
from asr_tts.openai_voice import OpenAiVoice
from asr_tts.recogniser import RecogniserFailed, Recognizer
from asr_tts.silero import SileroVoiceActivity
from asr_tts.system_voice import SystemEngine, SystemVoice
from asr_tts.testing import FakeVoiceActivity
from asr_tts.testing_voice import FakeVoice
from asr_tts.tones import ToneRecognizer, sentences
from asr_tts.voice import Voice, VoiceFailed
from asr_tts.voice_activity import VoiceActivity
from asr_tts.voice_cache import CachedVoice
from asr_tts.whisper import LocalRecognizer
from asr_tts.worker import EnginePool
from callbot.errors import BadInput, CallbotError
from callbot.settings import ModelSettings


class SpeechUnavailable(CallbotError):
    """A speech engine did not start."""

    code = "speech-unavailable"
    retryable = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """The engines of one process."""

    recognizer: Recognizer
    voice: CachedVoice
    voice_activity: VoiceActivity

    async def warm_up(self) -> None:
        """Load local models now, so that no callee waits for it. Raises `SpeechUnavailable`."""
        try:
            if isinstance(self.recognizer, LocalRecognizer):
                await self.recognizer.warm_up()
            await self.voice.prepare("您好，")
        except (RecogniserFailed, VoiceFailed) as error:
            raise SpeechUnavailable(
                f"{error} → 运行 callbot models verify，或在 [models] 里换一个引擎"
            ) from error

    async def aclose(self) -> None:
        await self.recognizer.aclose()
        await self.voice.aclose()


def build_speech(settings: ModelSettings, *, cache: Path) -> Speech:
    """The engines that `settings` name; spoken audio is kept in `cache`.

    Raises `BadInput` with one line that says what to run when a packaged model is missing.
    """
    try:
        recognizer = _recognizer(settings)
        voice, background = _voice(settings)
        voice_activity = _voice_activity(settings)
    except ModelMissing as error:
        where, what = str(error).split(": ", 1)
        raise BadInput.one(where, *what.split(" → ")) from None
    return Speech(
        recognizer=recognizer,
        voice=CachedVoice(voice, cache, background=background),
        voice_activity=voice_activity,
    )


_HUM_MS = 25
"""Of one character in the voice `tones`."""


def _voice_activity(settings: ModelSettings) -> VoiceActivity:
    if settings.recogniser == "tones":
        return FakeVoiceActivity()  # a pitch is no speech to a model; it is loud
    return SileroVoiceActivity(model_directory(settings.directory, "silero-vad") / "silero_vad.onnx")


def _known_tones(settings: ModelSettings) -> ToneRecognizer:
    where = "设置 models.tones"
    if settings.tones is None:
        raise BadInput.one(where, "没有填，而识别器是 tones", "写一个放句子的文件")
    try:
        return ToneRecognizer(sentences(settings.tones))
    except (OSError, ValueError) as error:
        raise BadInput.one(f"{where} ({settings.tones})", str(error), "改正这个文件") from None


def _recognizer(settings: ModelSettings) -> Recognizer:
    match settings.recogniser:
        case "openai":
            return OpenAiRecognizer(
                base_url=_speech_server(settings, "models.recogniser"),
                api_key=settings.speech_api_key.get_secret_value(),
                model=settings.transcription_model,
            )
        case "funasr":
            if not settings.funasr_url:
                raise BadInput.one(
                    "设置 models.recogniser", "是 funasr，却没有写服务器", "填 models.funasr_url"
                )
            return FunAsrRecognizer(url=settings.funasr_url)
        case "tones":
            return _known_tones(settings)
        case "whisper":
            model = settings.whisper
            if model == "packaged":
                model = str(model_directory(settings.directory, "whisper-base"))
            return LocalRecognizer(
                model,
                settings.recogniser_workers,
                device=settings.recogniser_device,
                batch=settings.recogniser_batch,
            )


def _voice(settings: ModelSettings) -> tuple[Voice, Voice | None]:
    """The voice, and the same voice for speech made ahead where the engine tells the two apart."""
    match settings.voice:
        case "openai":
            return OpenAiVoice(
                base_url=_speech_server(settings, "models.voice"),
                api_key=settings.speech_api_key.get_secret_value(),
                model=settings.speech_model,
                speaker=settings.speaker,
            ), None
        case "tones":
            return FakeVoice(ms_per_character=_HUM_MS), None
        case "system":
            speaker = "" if settings.speaker.startswith("z") else settings.speaker
            return SystemVoice(EnginePool(partial(SystemEngine, speaker)), speaker), None
        case "kokoro":
            packaged = settings.kokoro == "packaged"
            place = (
                model_directory(settings.directory, "kokoro-82m")
                if packaged
                else Path(settings.kokoro).expanduser()
            )
            if not (place / "voices" / f"{settings.speaker}.bin").is_file():
                raise BadInput.one(
                    "设置 models.speaker",
                    f"{place}/voices 里没有声音 {settings.speaker}",
                    "可选：" + "、".join(sorted(path.stem for path in (place / "voices").glob("*.bin"))),
                )
            voice = KokoroVoice.start(place, settings.speaker, workers=settings.voice_workers)
            return voice, voice.background


def _speech_server(settings: ModelSettings, setting: str) -> str:
    if not settings.speech_base_url:
        raise BadInput.one(f"设置 {setting}", "是 openai，却没有写服务器", "填 models.speech_base_url")
    return settings.speech_base_url
