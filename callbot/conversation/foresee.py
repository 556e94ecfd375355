"""What a call will or may say, known before the phone rings, so that its sound can be made ahead."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from callbot.conversation import wording
from callbot.conversation.dialogue import Dialogue
from callbot.conversation.flow import OPENER, Line
from callbot.conversation.plan import CallPlan


def opening(plan: CallPlan, now: datetime) -> tuple[str, ...]:
    """The first words in their order: the disclosure, the opener, the first question."""
    _, act = _dialogue(plan, now).open()
    return tuple(words.text for words in act.utterances)


def foreseeable(plan: CallPlan, now: datetime) -> tuple[str, ...]:
    """Every text this call can say without having heard anything, the opening first, no duplicates.

    Lines that need a heard slot are not in it. The texts hold names where a line does: sound made of them
    expires with the attempt.
    """
    dialogue = _dialogue(plan, now)
    filled = wording.values(plan.person, dialogue.offer, {})
    texts = list(opening(plan, now))
    for line in _lines(plan):
        for turn in range(len(line.variants)):
            text, _ = wording.render(line, filled, turn=turn)
            if "callback_time" not in "".join(line.variants):
                texts.append(text)
    return tuple(dict.fromkeys(text for text in texts if text))


def _dialogue(plan: CallPlan, now: datetime) -> Dialogue:
    return Dialogue(plan, now=now, parse_time=lambda text, at: None)


def _lines(plan: CallPlan) -> Iterator[Line]:
    flow = plan.flow
    for step in flow.steps.values():
        yield from (line for line in step.say if line.name != OPENER)
        for variation in step.when.values():
            yield from variation.say
        if step.ask is not None:
            yield step.ask.line
            if step.ask.again is not None:
                yield step.ask.again
        for reaction in step.then.values():
            yield from reaction.say
    yield from flow.lines.values()
    yield from (rung.line for rung in flow.silence if rung.line is not None)
