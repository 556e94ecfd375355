"""Speaking: every text passes the guard, becomes sound, and only what was heard counts as said."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace

from asr_tts.audio import Audio
from asr_tts.voice import Voice, VoiceFailed
from callbot.conversation.act import Utterance
from callbot.conversation.floor_events import Speech
from callbot.conversation.guard import Sheet, Violation
from callbot.conversation.line import Played
from callbot.conversation.playback import heard_prefix
from callbot.conversation.result import CallLog, GuardBlock, Turn, TurnLatency

GuardCheck = Callable[[str, Sheet], Sequence[Violation]]
"""What in a text must not be said; empty: all of it may be."""


@dataclass(slots=True, eq=False)
class Spoken:
    """One speech on its way to the callee."""

    id: str
    utterance: Utterance
    latency: TurnLatency | None = None
    """Of the answer it begins."""
    source: AsyncIterator[Audio] | None = None
    starting: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)
    first: Audio | None = None
    made_ms: int = 0
    whole: bool = False
    """All of its sound exists."""
    failed: bool = False
    play_ms: int = 0
    heard: str | None = None
    """None until playback ended."""
    finished: bool = False

    @property
    def speech(self) -> Speech:
        """As the floor knows it."""
        words = self.utterance
        return Speech(
            id=self.id,
            interruptible=words.interruptible,
            asks=words.asks,
            final=words.final,
            text=words.text,
        )


@dataclass(slots=True, eq=False)
class Speaking:
    """Makes speeches of utterances, and transcript turns of what was heard of them."""

    voice: Voice
    fallback: Voice | None
    check: GuardCheck
    log: CallLog
    now_ms: Callable[[], int]
    voice_s: float
    on_sound: Callable[[str], None] = lambda speech_id: None
    """Called with the id of a speech when it is played and its first sound exists."""
    speeches: dict[str, Spoken] = field(default_factory=dict)
    _made: int = 0
    blocks: list[GuardBlock] = field(default_factory=list)
    """What the guard stopped."""

    def guarded(self, utterances: Sequence[Utterance], sheet: Sheet) -> tuple[Utterance, ...]:
        """What may be said: refused texts are replaced by their plain line, or left out when that is
        refused as well. The promise and the offer of a refused text are not made."""
        allowed, blocks = self.sift(utterances, sheet)
        self.blocked(blocks)
        return allowed

    def blocked(self, blocks: Sequence[GuardBlock]) -> None:
        """The guard stopped what would have been said: write it down."""
        self.blocks.extend(blocks)
        for block in blocks:
            self.log.event(
                "guard-blocked",
                self.now_ms(),
                text=block.text,
                violations=[{"span": span, "why": why} for span, why in block.violations],
                instead=block.instead,
                step=block.step,
                act=block.act,
            )

    def sift(
        self, utterances: Sequence[Utterance], sheet: Sheet
    ) -> tuple[tuple[Utterance, ...], tuple[GuardBlock, ...]]:
        """As `guarded`, and what was stopped; nothing is written down."""
        allowed: list[Utterance] = []
        blocks: list[GuardBlock] = []
        for words in utterances:
            violations = self.check(words.text, sheet)
            if not violations:
                allowed.append(words)
                continue
            sayable = words.plain != words.text and not self.check(words.plain, sheet)
            blocks.append(
                GuardBlock(
                    at_ms=self.now_ms(),
                    text=words.text,
                    violations=tuple((found.span, found.why) for found in violations),
                    instead=words.plain if sayable else "",
                    step=words.step,
                    act=words.act,
                )
            )
            if words.plain and sayable:
                allowed.append(replace(words, text=words.plain, offers=(), promise="", prompts=()))
            elif words.final and allowed:
                allowed[-1] = replace(allowed[-1], final=True)
        return tuple(allowed), tuple(blocks)

    def prepare(self, words: Utterance) -> Spoken:
        """Give the utterance an id; no sound is made yet."""
        self._made += 1
        spoken = Spoken(id=f"s{self._made}", utterance=words)
        self.speeches[spoken.id] = spoken
        return spoken

    async def begin(self, spoken: Spoken) -> None:
        """Make the first sound of a speech before it is due, once. Never raises for a failing voice."""
        async with spoken.starting:
            if spoken.source is not None or spoken.failed:
                return
            for voice in (self.voice, self.fallback):
                if voice is None:
                    continue
                try:
                    spoken.source, spoken.first = await self._first(voice, spoken.utterance.text)
                except (VoiceFailed, TimeoutError) as error:
                    self.log.event("voice-failed", self.now_ms(), speech=spoken.id, error=repr(error))
                else:
                    return
            spoken.failed = True

    async def drop_unsaid(self) -> None:
        """Let go of sound that was begun and never played."""
        await self._let_go([spoken for spoken in self.speeches.values() if spoken.heard is None])

    async def drop(self, speeches: Sequence[Spoken]) -> None:
        """Forget speeches that were prepared and will not be played."""
        for spoken in speeches:
            self.speeches.pop(spoken.id, None)
        await self._let_go(speeches)

    @staticmethod
    async def _let_go(speeches: Sequence[Spoken]) -> None:
        for spoken in speeches:
            if isinstance(spoken.source, AsyncGenerator):
                with contextlib.suppress(RuntimeError, VoiceFailed):
                    await spoken.source.aclose()

    async def _first(self, voice: Voice, text: str) -> tuple[AsyncIterator[Audio], Audio | None]:
        source = voice.speak(text)
        async with asyncio.timeout(self.voice_s):
            return source, await anext(source, None)

    async def audio(self, spoken: Spoken) -> AsyncIterator[Audio]:
        """The sound of a speech, piece by piece. Ends early instead of raising when the voice fails."""
        await self.begin(spoken)
        if spoken.source is None:
            return
        if spoken.first is not None:
            self.on_sound(spoken.id)
            spoken.made_ms += spoken.first.duration_ms
            yield spoken.first
        try:
            while True:
                async with asyncio.timeout(self.voice_s):
                    piece = await anext(spoken.source, None)
                if piece is None:
                    break
                spoken.made_ms += piece.duration_ms
                yield piece
            spoken.whole = True
        except (VoiceFailed, TimeoutError) as error:
            # Once words went out no other voice takes over in mid-sentence.
            self.log.event("voice-failed", self.now_ms(), speech=spoken.id, error=repr(error))
            spoken.failed = True

    def played(self, event: Played) -> tuple[Spoken, Turn] | None:
        """Close a speech: what was heard of it, as a turn. None for a speech nobody knows."""
        spoken = self.speeches.get(event.speech_id)
        if spoken is None or spoken.heard is not None:
            return None
        words = spoken.utterance
        spoken.finished = event.finished and not spoken.failed
        spoken.heard = heard_prefix(
            words.text,
            heard_ms=event.heard_ms,
            made_ms=spoken.made_ms,
            whole=spoken.whole,
            finished=spoken.finished,
        )
        latency = spoken.latency
        if latency is not None and spoken.heard:
            latency = replace(latency, wire=max(0, event.start_ms - spoken.play_ms))
        return spoken, Turn(
            speaker="bot",
            text=words.text,
            heard=spoken.heard,
            start_ms=event.start_ms,
            end_ms=max(event.start_ms, event.end_ms),
            interrupted=not spoken.finished,
            step=words.step,
            act=words.act,
            offers=words.offers,
            latency=latency,
            prompts=words.prompts,
        )
