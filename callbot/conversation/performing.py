"""The act that is being said: its speeches in order, what was heard of it, and what was not."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from callbot.conversation.act import Draft, Utterance
from callbot.conversation.line import Line, Played
from callbot.conversation.promises import was_heard
from callbot.conversation.record import Record
from callbot.conversation.result import CallLog, JournalKind
from callbot.conversation.speaking import Speaking, Spoken

_MUTE_IN_A_ROW = 2
"""So many speeches without a voice end the call."""


@dataclass(slots=True, eq=False)
class Performing:
    """Plays one act after the other on one line."""

    line: Line
    speaking: Speaking
    record: Record
    log: CallLog
    start: Callable[[Coroutine[Any, Any, None]], object]
    """Runs work beside the call."""
    act: tuple[Spoken, ...] = ()
    mute: int = 0
    """Speeches in a row whose voice failed."""

    @property
    def silent(self) -> bool:
        """All that was to be said has been played."""
        return all(spoken.heard is not None for spoken in self.act)

    @property
    def bot_said(self) -> str:
        """What the callee heard of the act."""
        return "".join(spoken.heard or "" for spoken in self.act)

    @property
    def unsaid(self) -> tuple[Utterance, ...]:
        """From the first speech that was not heard to its end."""
        for index, spoken in enumerate(self.act):
            if not spoken.finished:
                return tuple(item.utterance for item in self.act[index:])
        return ()

    @property
    def hopeless(self) -> bool:
        """No voice is left to apologise with."""
        return self.mute >= _MUTE_IN_A_ROW

    def play(self, speech_id: str) -> None:
        """Let the callee hear a speech, and make the beginning of the next, so that no gap parts them."""
        spoken = self.speaking.speeches[speech_id]
        spoken.play_ms = self.line.now_ms
        self.log.event("play", self.line.now_ms, speech=spoken.id, text=spoken.utterance.text)
        self.line.play(spoken.id, self.speaking.audio(spoken))
        for playing, following in itertools.pairwise(self.act):
            if playing is spoken:
                self.start(self.speaking.begin(following))

    async def played(self, event: Played) -> Spoken | None:
        """Playback ended: the transcript gets what was heard, the journal a promise that was."""
        closed = self.speaking.played(event)
        if closed is None:
            return None
        spoken, turn = closed
        self.log.event(
            "played",
            event.end_ms,
            speech=spoken.id,
            heard=turn.heard,
            heard_ms=event.heard_ms,
            finished=spoken.finished,
        )
        if turn.heard or spoken.made_ms:
            self.record.turns.append(turn)
        words = spoken.utterance
        if words.promise and was_heard(words.text, turn.heard):
            data = {"what": words.promise, "offer": words.offers[0] if words.offers else ""}
            await self.record.note(Draft(kind=JournalKind.PROMISE, data=data), turn.heard, event.end_ms)
        self.mute = self.mute + 1 if spoken.failed else 0
        return spoken
