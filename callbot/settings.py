"""Every setting, from `callbot.toml` and `CALLBOT_…` environment variables (`CALLBOT_LLM__API_KEY`).

The environment wins over the file. `callbot config show` prints what is in force, secrets hidden;
docs/settings.md lists them all and is checked against this module.
"""

from __future__ import annotations

from pathlib import Path
from tomllib import TOMLDecodeError
from typing import Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from callbot.errors import BadInput, Problem, objection


class Block(BaseModel):
    """A table of `callbot.toml`; unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class StoreSettings(Block):
    url: str = Field(
        default="",
        description="Database URL; empty means SQLite in the data directory. PostgreSQL: postgresql+asyncpg://…",
    )
    key_file: Path | None = Field(
        default=None,
        description="File with the keys for phone numbers, made at first start (mode 0600); empty means `keys.json` in the data directory.",
    )


class ModelSettings(Block):
    directory: Path = Field(
        default=Path("~/.cache/callbot/models"), description="Where `callbot models install` puts the models."
    )
    recogniser: Literal["whisper", "openai", "funasr", "tones"] = Field(
        default="whisper",
        description="whisper: faster-whisper on this machine; openai: an OpenAI-compatible server; funasr: a FunASR server; tones: callees of crash and load tests, who speak in pitches, with the simulator alone.",
    )
    whisper: str = Field(
        default="packaged",
        description="packaged, or a model's hub name (Systran/faster-whisper-small) or path.",
    )
    recogniser_workers: int = Field(
        default=1, ge=1, description="Worker processes for the local recogniser, one thread each."
    )
    recogniser_device: Literal["cpu", "cuda"] = Field(
        default="cpu", description="Where the local recogniser runs; cuda needs NVIDIA's cuBLAS and cuDNN."
    )
    recogniser_batch: int = Field(
        default=1,
        ge=1,
        le=64,
        description="Utterances of several calls that a busy recogniser takes together. Pays on a GPU; on a CPU it gains nothing.",
    )
    funasr_url: str = Field(
        default="", description="Address of the FunASR server, ws:// or wss://, for recogniser `funasr`."
    )
    hotwords: bool = Field(
        default=False,
        description="Tell the recogniser which words to expect: those of the flow, brand, products and name. The packaged one gains nothing by it and then hears the brand in short answers; funasr is made for it.",
    )
    voice: Literal["kokoro", "system", "openai", "tones"] = Field(
        default="kokoro",
        description="kokoro: neural voice on this machine; system: the operating system's voice through pyttsx3; openai: an OpenAI-compatible server; tones: a fast hum, with the simulator alone.",
    )
    tones: Path | None = Field(
        default=None,
        description="What recogniser `tones` knows: a file with one sentence in each line, 50 at most.",
    )
    speaker: str = Field(default="zf_xiaoxiao", description="The voice's name at its engine.")
    kokoro: str = Field(
        default="packaged", description="packaged, or a directory with model.onnx, vocab.json and voices/."
    )
    voice_workers: int = Field(
        default=1, ge=1, description="Worker processes for the local voice, one thread each."
    )
    speech_base_url: str = Field(
        default="",
        description="Base URL of the OpenAI-compatible speech server, for recogniser or voice `openai`.",
    )
    speech_api_key: SecretStr = Field(default=SecretStr(""), description="Its key.")
    transcription_model: str = Field(
        default="whisper-1", description="Model name sent to /audio/transcriptions."
    )
    speech_model: str = Field(default="tts-1", description="Model name sent to /audio/speech.")


class LlmServerSettings(Block):
    base_url: str = Field(default="", description="OpenAI-compatible server; empty means there is none.")
    api_key: SecretStr = Field(default=SecretStr(""), description="Its key.")
    model: str = Field(default="", description="Model name.")
    answers: Literal["json_schema", "json_object", "text"] = Field(
        default="json_schema",
        description="What it accepts as `response_format`; `text` sends none. Answers are checked all the same.",
    )
    input_price: float = Field(default=0.0, ge=0, description="Yuan for a million tokens read.")
    output_price: float = Field(default=0.0, ge=0, description="Yuan for a million tokens written.")


class LlmSettings(LlmServerSettings):
    fallback: LlmServerSettings = Field(
        default=LlmServerSettings(), description="The server that is asked where the first one fails."
    )
    timeout_s: float = Field(
        default=8.0,
        gt=0,
        description="Deadline for an opener, written before the call, over both servers and their repairs.",
    )
    turn_timeout_s: float = Field(
        default=1.5,
        gt=0,
        description="The same inside a call; then the scripted line is said, and the local reading counts.",
    )
    first_token_s: float = Field(
        default=3.0, gt=0, description="A server that has not begun an opener after so long is given up."
    )
    turn_first_token_s: float = Field(default=0.8, gt=0, description="The same inside a call.")
    gap_s: float = Field(
        default=0.8, gt=0, description="A server that pauses so long within an answer is given up."
    )


class ReaderSettings(Block):
    kind: Literal["local", "transformers"] = Field(
        default="local",
        description="What understands the callee. local: the packaged model; transformers: a text-classification model of your own, named by `reader.model`.",
    )
    model: str = Field(
        default="",
        description="Folder or hub name of that model: config.json with our labels, tokenizer, model.onnx or onnx/model.onnx.",
    )
    llm: bool = Field(
        default=False,
        description="Ask the server of [llm] too, where the reading is unsure or much is at stake, for at most `llm.turn_timeout_s`.",
    )


class CarrierSettings(Block):
    kind: Literal["simulator", "twilio"] = Field(
        default="simulator",
        description="simulator: callees played on this machine; twilio: Twilio Media Streams.",
    )
    base_url: str = Field(default="", description="REST address; empty means the carrier's own.")
    account: str = Field(default="", description="Account SID.")
    auth_token: SecretStr = Field(default=SecretStr(""), description="Auth token; signs webhooks too.")
    from_number: str = Field(
        default="", description="Caller id, E.164; the same for every attempt to a person."
    )
    public_media_url: str = Field(
        default="",
        description="wss:// address under which the carrier reaches a media process; `{port}` in it becomes that process's own port; Twilio reports on calls at https://…/status beside it; empty means the local address.",
    )
    ring_timeout_s: int = Field(default=40, ge=15, description="How long to let it ring.")
    calls_per_second: float = Field(
        default=5.0,
        gt=0,
        le=1000,
        description="Calls that may begin in one second on this carrier, over all processes; a new Twilio account grants 1.",
    )
    clock_shift_s: float = Field(
        default=0.0,
        description="Simulator alone: moves callbot's clock by so many seconds, so that calls are allowed at night.",
    )


class MediaSettings(Block):
    host: str = Field(default="127.0.0.1", description="Address the media server binds to.")
    port: int = Field(
        default=8091,
        ge=0,
        description="Its port; further media processes take the ports after it; 0 picks free ones.",
    )
    processes: int = Field(
        default=1, ge=1, le=64, description="Media processes that `callbot serve` starts on this host."
    )
    drain_s: float = Field(
        default=60.0, ge=0, description="What calls under way get when a media process is asked to end."
    )
    dead_after_s: float = Field(
        default=30.0,
        ge=2,
        description="Without a heartbeat for so long a process counts as dead and its calls are settled from the journal; the same in all processes of one database.",
    )
    max_calls: int = Field(
        default=20, ge=1, description="Hard cap of calls in one media process, reserved before dialling."
    )
    end_of_turn_ms: int = Field(
        default=700, ge=200, description="Silence after which the callee's turn is over."
    )


TELEPHONE = r"\+[1-9]\d{6,14}|sips?:[^\s@;?]+@[^\s@?]+"
"""What carriers dial: E.164 or a SIP address."""


class AgentSettings(Block):
    """A human agent who may sign in at the desk."""

    id: str
    name: str
    token: SecretStr
    skills: dict[str, int] = {}
    telephone: str = Field(default="", pattern=f"^({TELEPHONE})?$")


class DeskSettings(Block):
    host: str = Field(
        default="127.0.0.1", description="Address the desk server binds to; human agents connect here."
    )
    port: int = Field(default=8092, ge=0, description="Its port; 0 picks a free one.")
    url: str = Field(
        default="",
        pattern=r"^(wss?://[^\s/@]+/line)?$",
        description="The desk of another host, ws://host:port/line: set it for `callbot media`, and for a `callbot serve` whose customers shall ring in that office; empty: a desk of its own.",
    )
    line_token: SecretStr = Field(
        default=SecretStr(""),
        description="What other hosts sign in with at the desk, the same on both sides; `callbot serve` makes one for its own media processes.",
    )
    ring_timeout_s: float = Field(
        default=15.0, gt=0, description="How long an agent rings before the next one is tried."
    )
    sla_s: float = Field(
        default=20.0,
        gt=0,
        description="Promised time to an answer by a human; half of it asks every skill, all of it alarms.",
    )
    place_s: float = Field(
        default=45.0, gt=0, description="How long a customer waits for a human before the bot comes back."
    )
    return_s: float = Field(
        default=6.0,
        ge=0,
        description="How long an agent whose connection was lost may take to come back to the customer.",
    )
    wrap_up_s: float = Field(
        default=30.0, ge=0, description="How long a call waits for the agent's form; a later one still counts."
    )
    agents: tuple[AgentSettings, ...] = Field(
        default=(),
        description='Who may sign in, as [[desk.agents]] tables: id, name, token, skills such as {complaint = 3}, and for who talks on a telephone of their own telephone = "+86…" or "sip:…".',
    )


class WebSettings(Block):
    host: str = Field(
        default="127.0.0.1",
        description="Address the pages bind to; another one than loopback needs `web.public_url`.",
    )
    port: int = Field(default=8090, ge=0, description="Its port; 0 picks a free one.")
    public_url: str = Field(
        default="",
        pattern=r"^(https?://[^\s/@?#]+/?)?$",
        validate_default=True,
        description="Address by which browsers reach the pages, e.g. https://callbot.example.com; no other host name but loopback is answered.",
    )
    proxies: tuple[str, ...] = Field(
        default=(),
        description="Addresses of reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed.",
    )
    session_idle_min: int = Field(
        default=720, ge=1, description="Minutes without a request after which somebody is signed out."
    )
    session_max_h: int = Field(
        default=168, ge=1, description="Hours after which everybody has to sign in again."
    )
    upload_mb: int = Field(default=200, ge=1, description="Largest upload in MiB; other requests may have 8.")

    @field_validator("public_url")
    @classmethod
    def _known_by(cls, value: str, info: ValidationInfo) -> str:
        host = str(info.data.get("host", ""))
        if not value and host not in ("127.0.0.1", "localhost", "::1"):
            raise ValueError(f"must say how browsers reach us when web.host is {host}")
        return value.rstrip("/")


class WebhookSettings(Block):
    """A receiver of what happens, as a [[webhooks]] table."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,40}$")
    url: str = Field(pattern=r"^https?://[^\s/@]+(/\S*)?$")
    secret: SecretStr = Field(min_length=16)
    previous_secret: SecretStr = SecretStr("")
    kinds: frozenset[str] = frozenset()
    allow_private: bool = False
    timeout_s: float = Field(default=10.0, gt=0, le=60)
    max_tries: int = Field(default=16, ge=1, le=100)


class Settings(BaseSettings):
    """All of it."""

    model_config = SettingsConfigDict(
        env_prefix="CALLBOT_", env_nested_delimiter="__", toml_file="callbot.toml", extra="forbid", frozen=True
    )

    data: Path = Field(
        default=Path("var"), description="Data directory: database, recordings, voice cache, event logs."
    )
    packs: Path | None = Field(
        default=None,
        description="Folder with scenario packs of your own (`ecommerce.yaml`…); each replaces the shipped one of its name.",
    )
    store: StoreSettings = StoreSettings()
    models: ModelSettings = ModelSettings()
    llm: LlmSettings = LlmSettings()
    reader: ReaderSettings = ReaderSettings()
    carrier: CarrierSettings = CarrierSettings()
    media: MediaSettings = MediaSettings()
    desk: DeskSettings = DeskSettings()
    web: WebSettings = WebSettings()
    webhooks: tuple[WebhookSettings, ...] = Field(
        default=(),
        description="Who is told what happens, as [[webhooks]] tables: name, url, secret (16 characters or more), previous_secret while it is being replaced, kinds (empty: every kind but message.send), allow_private for a receiver inside, timeout_s, max_tries.",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def load_settings() -> Settings:
    """The settings in force. Raises `BadInput` that names each wrong setting."""
    try:
        return Settings()
    except TOMLDecodeError as error:
        raise BadInput.one("callbot.toml", str(error), "改正这个 TOML 文件") from None
    except ValidationError as error:
        raise BadInput(
            [
                Problem(
                    where=f"设置 {'.'.join(str(part) for part in detail['loc'])}",
                    what=f"{objection(dict(detail))}（写的是 {_shown(detail['input'])}）",
                    cure="在 callbot.toml 或环境变量里改正；docs/settings.md 列出每个设置",
                )
                for detail in error.errors()
            ]
        ) from None


def _shown(value: object) -> str:
    """A wrong value for an error message, without anything that could be a secret."""
    return repr(value) if isinstance(value, (int, float, bool)) else f"一个 {type(value).__name__}"
