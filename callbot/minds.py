"""What understands, words and speaks, as the settings name it."""

from __future__ import annotations

from dataclasses import dataclass, field

from callbot.conversation.briefing import BriefWriter, NoBriefWriter
from callbot.conversation.llm_brief import LlmBriefWriter
from callbot.conversation.llm_chain import LlmChain
from callbot.conversation.llm_reader import LlmReader
from callbot.conversation.llm_server import LlmServer, Pace
from callbot.conversation.llm_writer import LlmWriter
from callbot.conversation.lookup import Lookup, MeaningLookup, PieceLookup
from callbot.conversation.reading import Reader
from callbot.conversation.scripted_writer import ScriptedWriter
from callbot.conversation.transformers_reader import transformers_reader
from callbot.conversation.understand.reader import LocalReader
from callbot.conversation.writing import Writer
from callbot.errors import BadInput
from callbot.settings import LlmSettings, Settings
from callbot.speech import Speech, build_speech

_BRIEF_S = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Minds:
    """What understands, words and speaks; shared by all calls of a process."""

    speech: Speech
    reader: Reader
    writer: Writer
    lookup: Lookup = field(default_factory=PieceLookup)
    briefs: BriefWriter = field(default_factory=NoBriefWriter)

    async def aclose(self) -> None:
        await self.writer.aclose()
        await self.reader.aclose()
        await self.speech.aclose()


def build_chain(settings: LlmSettings) -> LlmChain | None:
    """The LLM servers that are set, in the order they are asked; None without any.

    Raises `BadInput` for a fallback without a server before it, or a server without a model.
    """
    if not settings.base_url:
        if settings.fallback.base_url:
            raise BadInput.one(
                "设置 llm.base_url",
                "没有填，却填了 llm.fallback.base_url",
                "填第一个服务器，或清空备用的",
            )
        return None
    named = (("primary", "llm", settings), ("secondary", "llm.fallback", settings.fallback))
    servers = []
    for name, where, server in named:
        if not server.base_url:
            continue
        if not server.model:
            raise BadInput.one(f"设置 {where}.model", "没有填", f"写 {where}.base_url 上的一个模型")
        servers.append(
            LlmServer(
                name=name,
                base_url=server.base_url,
                api_key=server.api_key.get_secret_value(),
                model=server.model,
                answers=server.answers,
                input_price=server.input_price,
                output_price=server.output_price,
            )
        )
    return LlmChain(servers=tuple(servers))


def build_writer(settings: LlmSettings, chain: LlmChain | None) -> Writer:
    """The scripted writer, or LLMs in front of it where one is configured."""
    if chain is None:
        return ScriptedWriter()
    pace = Pace(whole_s=settings.timeout_s, first_token_s=settings.first_token_s, gap_s=settings.gap_s)
    return LlmWriter(chain, pace=pace, turn_pace=_turn_pace(settings))


def build_reader(settings: Settings, chain: LlmChain | None = None) -> Reader:
    """The reader that the settings name, with LLMs behind it where that is wanted; `chain` may be shared.

    Raises `BadInput` for a model that cannot be used or a server that is not named.
    """
    kind = settings.reader.kind
    if not settings.reader.llm:
        return LocalReader() if kind == "local" else transformers_reader(settings.reader.model)
    chain = chain or build_chain(settings.llm)
    if chain is None:
        raise BadInput.one(
            "设置 llm.base_url",
            "没有填，而理解要用大模型帮助",
            "填上它，或设 reader.llm = false",
        )
    local = LocalReader() if kind == "local" else transformers_reader(settings.reader.model)
    return LlmReader(local, chain, pace=_turn_pace(settings.llm))


def _turn_pace(settings: LlmSettings) -> Pace:
    return Pace(
        whole_s=settings.turn_timeout_s, first_token_s=settings.turn_first_token_s, gap_s=settings.gap_s
    )


def _brief_pace(settings: LlmSettings) -> Pace:
    """An agent reads the card while it rings; a sentence that comes later than that is of no use."""
    return Pace(
        whole_s=min(_BRIEF_S, settings.timeout_s), first_token_s=settings.first_token_s, gap_s=settings.gap_s
    )


async def check_minds(settings: Settings) -> None:
    """Raises `BadInput` for missing models, unreadable prompts and settings that cannot be; loads little."""
    _check_tones(settings)
    speech = build_speech(settings.models, cache=settings.data / "voices")
    try:
        writer = build_writer(settings.llm, build_chain(settings.llm))
        await writer.aclose()
    finally:
        await speech.aclose()


def build_minds(settings: Settings) -> Minds:
    """The engines that the settings name. Raises `BadInput` when one of them cannot be."""
    _check_tones(settings)
    # Speech comes last: it starts processes, which nobody would end if a prompt could not be read.
    chain = build_chain(settings.llm)
    reader, writer = build_reader(settings, chain), build_writer(settings.llm, chain)
    briefs = LlmBriefWriter(chain, pace=_brief_pace(settings.llm)) if chain else NoBriefWriter()
    return Minds(
        speech=build_speech(settings.models, cache=settings.data / "voices"),
        reader=reader,
        writer=writer,
        lookup=MeaningLookup(),
        briefs=briefs,
    )


def _check_tones(settings: Settings) -> None:
    if "tones" in (settings.models.recogniser, settings.models.voice) and settings.carrier.kind != "simulator":
        raise BadInput.one(
            "设置 [models]",
            "用的是音调代替语音，而接了真实运营商",
            "换一个识别器和声音",
        )
