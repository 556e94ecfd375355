"""A written-down conversation judged as a live one: read turn by turn, then transfer and outcome."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from callbot.conversation.labels import Outcome
from callbot.conversation.outcome import LEADING, Decision, Stance, decide
from callbot.conversation.reading import Context, Reader, Reading
from callbot.conversation.took_over import took_over
from callbot.conversation.transfer import Need, Said, need
from callbot.conversation.understand.context import asked


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenTurn:
    """One turn as text."""

    role: Literal["bot", "callee"]
    text: str


def context_of(turns: Sequence[SpokenTurn]) -> Context:
    """Where a turn that follows `turns` stands. What was asked is taken from the bot's own words."""
    bot_said = next((turn.text for turn in reversed(turns) if turn.role == "bot"), "")
    return Context(bot_said=bot_said, asks=asked(Context(bot_said=bot_said)))


async def read_utterance(text: str, before: Sequence[SpokenTurn], reader: Reader) -> Reading:
    """One utterance that follows `before`."""
    return await reader.read(text, context_of(before))


async def read_turns(turns: Sequence[SpokenTurn], reader: Reader) -> tuple[Said, ...]:
    """Every callee turn with its reading; `Said.turn` is the index in `turns`, from 0."""
    history: list[Said] = []
    for index, turn in enumerate(turns):
        if turn.role == "callee":
            context = context_of(turns[:index])
            history.append(
                Said(
                    turn=index,
                    text=turn.text,
                    reading=await reader.read(turn.text, context),
                    bot_said=context.bot_said,
                    asks=context.asks,
                )
            )
    return tuple(history)


def judge_handoff(history: Sequence[Said]) -> Need | None:
    """Whether this conversation needs a human, and why. Source: labels, section Transfer."""
    return need(history)


def stances(history: Sequence[Said]) -> list[Stance]:
    """What each callee turn says for the outcome, with what the bot replied to it."""
    replies = [*(said.bot_said for said in history[1:]), ""]
    return [
        Stance(
            turn=said.turn,
            words=said.text,
            intents=(said.reading.intent, *said.reading.others),
            asks=said.asks,
            slots=said.reading.slots,
            confidence=said.reading.confidence,
            replied=reply,
        )
        for said, reply in zip(history, replies, strict=False)
    ]


def judge_outcome(turns: Sequence[SpokenTurn], history: Sequence[Said]) -> Decision:
    """What comes of this conversation: `turns` as written down, `history` as read from them.

    A transfer that the callee declines, or that the bot's own words don't tell of, is none. The outcome is
    one of `in_words`. Source: labels, section Outcome and follow-up.
    """
    bot_said = {index: turn.text for index, turn in enumerate(turns) if turn.role == "bot"}
    handover = took_over(bot_said, history)
    decision = decide(stances(history), handovers=[handover] if handover else [])
    return replace(
        decision,
        outcome=in_words(decision.outcome),
        callback_spoken=as_written(decision.callback_spoken, history),
    )


def as_written(spoken: str, history: Sequence[Said]) -> str:
    """`spoken` with the pauses of the turn that names it: a reading knows no blanks."""
    pattern = r"\s*".join(map(re.escape, spoken))
    found = (match[0] for said in reversed(history) if (match := re.search(pattern, said.text)))
    return next(found, spoken) if spoken else ""


def in_words(outcome: Outcome) -> Outcome:
    """`outcome` by the labels of a written-down conversation, which name no causes of the line.

    空号 is a wrong number, and every other way of reaching nobody a voicemail: what follows is the same.
    """
    follows = LEADING[outcome]
    if follows == LEADING[Outcome.WRONG_NUMBER]:
        return Outcome.WRONG_NUMBER
    return Outcome.VOICEMAIL if follows == LEADING[Outcome.VOICEMAIL] else outcome
