"""Which engines hear and speak, by settings. Part of the composition root."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from asr_tts.kokoro_voice import KokoroVoice
from asr_tts.model_missing import ModelMissing
from asr_tts.models import model_directory
from asr_tts.openai_recogniser import OpenAiRecognizer
from asr_tts.openai_voice import OpenAiVoice
from asr_tts.recogniser import RecogniserFailed, Recognizer
from asr_tts.silero import SileroVoiceActivity
from asr_tts.system_voice import SystemEngine, SystemVoice
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
                f"{error} → run `callbot models verify`, or choose another engine in [models]"
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
        silero = model_directory(settings.directory, "silero-vad") / "silero_vad.onnx"
    except ModelMissing as error:
        where, what = str(error).split(": ", 1)
        raise BadInput.one(where, *what.split(" → ")) from None
    return Speech(
        recognizer=recognizer,
        voice=CachedVoice(voice, cache, background=background),
        voice_activity=SileroVoiceActivity(silero),
    )


def _recognizer(settings: ModelSettings) -> Recognizer:
    match settings.recogniser:
        case "openai":
            return OpenAiRecognizer(
                base_url=_speech_server(settings, "models.recogniser"),
                api_key=settings.speech_api_key.get_secret_value(),
                model=settings.transcription_model,
            )
        case "whisper":
            model = settings.whisper
            if model == "packaged":
                model = str(model_directory(settings.directory, "whisper-base"))
            return LocalRecognizer(model, settings.recogniser_workers)


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
                    "setting models.speaker",
                    f"{place}/voices has no voice {settings.speaker}",
                    "choose one of "
                    + ", ".join(sorted(path.stem for path in (place / "voices").glob("*.bin"))),
                )
            voice = KokoroVoice.start(place, settings.speaker, workers=settings.voice_workers)
            return voice, voice.background


def _speech_server(settings: ModelSettings, setting: str) -> str:
    if not settings.speech_base_url:
        raise BadInput.one(
            f"setting {setting}", "is openai, but no server is named", "set models.speech_base_url"
        )
    return settings.speech_base_url
