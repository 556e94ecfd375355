"""The answer that is on its way: prepared in the callee's pause, confirmed with their turn, or forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from callbot.conversation.answering import Answer, Answering, AnswerLate, AnswerReady, unclear
from callbot.conversation.floor_events import TakeTurn
from callbot.conversation.result import CallLog


class Stage(Protocol):
    """What answers need of the session."""

    def new_answer(self, turn: TakeTurn) -> Answer:
        """An empty answer to `turn` as the conversation stands now."""
        ...

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]: ...

    def post(self, message: AnswerReady | AnswerLate) -> None: ...


class Replying:
    """At most one answer that will be said, and at most one that may be needed.

    Nothing that was only prepared leaves a trace: journal, slots and transcript change after `take` alone.
    """

    def __init__(
        self,
        stage: Stage,
        *,
        answering: Answering,
        log: CallLog,
        now_ms: Callable[[], int],
        filler_s: float,
    ) -> None:
        self._stage = stage
        self._answering = answering
        self._log = log
        self._now_ms = now_ms
        self._filler_s = filler_s
        self._guess: Answer | None = None
        self.answer: Answer | None = None
        self.orphans: list[Answer] = []
        """Answered no more, but their words still count."""

    def prepare(self, turn: TakeTurn) -> None:
        """The callee may be done with this turn."""
        self.discard()
        self._guess = self._begin(turn)

    def discard(self) -> None:
        """They were not."""
        guess, self._guess = self._guess, None
        if guess is not None:
            if guess.task is not None:
                guess.task.cancel()
            self._stage.start(self._answering.forget(guess))

    def take(self, turn: TakeTurn) -> None:
        """They were: answer this turn, with what was prepared for it if that still fits."""
        self.drop()
        guess = self._guess
        if guess is not None and guess.fits(self._stage.new_answer(turn)):
            self._guess = None
        else:
            self.discard()
            guess = self._begin(turn)
        self.answer = guess
        self._log.event(
            "turn",
            self._now_ms(),
            text=turn.text,
            start_ms=turn.start_ms,
            end_ms=turn.end_ms,
            prepared=guess.reading is not None,
        )
        guess.confirm(self._now_ms())
        guess.late = asyncio.get_running_loop().call_later(self._filler_s, self._stage.post, AnswerLate(guess))

    def withdraw(self) -> Answer | None:
        """The callee went on before the answer sounded: it is forgotten with everything but its notes."""
        answer, self.answer = self.answer, None
        if answer is not None and answer.task is not None:
            answer.task.cancel()
        return answer

    def drop(self) -> None:
        """Answer no more what is being answered; its words are still read and journalled."""
        answer, self.answer = self.answer, None
        if answer is not None and not answer.committed:
            self.orphans.append(answer)

    def abort(self) -> None:
        """The call is over: stop all work on answers."""
        for answer in (self._guess, self.answer, *self.orphans):
            if answer is not None and answer.task is not None:
                answer.task.cancel()

    def _begin(self, turn: TakeTurn) -> Answer:
        answer = self._stage.new_answer(turn)
        answer.task = self._stage.start(self._make(answer))
        return answer

    async def _make(self, answer: Answer) -> None:
        try:
            await self._answering.make(answer)
        except Exception as error:
            await answer.confirmed.wait()
            self._log.event("answer-failed", self._now_ms(), error=repr(error))
            self._answering.apologise(answer, unclear(answer.turn.text))
        finally:
            if answer.late is not None:
                answer.late.cancel()
        self._stage.post(AnswerReady(answer))
