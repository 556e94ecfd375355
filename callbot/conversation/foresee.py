"""What a call will or may say, known before the phone rings, so that its sound can be made ahead."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from datetime import datetime

from callbot.conversation import wording
from callbot.conversation.condition import all_hold
from callbot.conversation.dialogue import Dialogue
from callbot.conversation.flow import NEEDED_LINES, OPENER, Flow, Line, Reaction, Step
from callbot.conversation.plan import CallPlan

_RESCUE = ("filler", "not_understood", "technical_end")
"""Said when a helper is late or fails. That may be the voice, so they are made before the likely lines."""


def opening(plan: CallPlan, now: datetime) -> tuple[str, ...]:
    """The first words in their order: the disclosure, the opener, the first question."""
    _, act = _dialogue(plan, now).open()
    return tuple(words.text for words in act.utterances)


def foreseeable(plan: CallPlan, now: datetime) -> tuple[str, ...]:
    """Every text this call can say without having heard anything, no duplicates: the opening first, then what
    is said when something fails, then the steps as they come, and after all that the lines said once more.

    Lines that need a heard slot and answers of the knowledge base are not in it: they are spoken as they are
    made. The texts hold names where a line does: sound made of them
    expires with the attempt.
    """
    dialogue = _dialogue(plan, now)
    filled = wording.values(plan.person, dialogue.offer, {})
    lines = [line for line in _lines(plan, filled) if "callback_time" not in "".join(line.variants)]

    def worded(line: Line, heard: Mapping[str, str], turn: int) -> str:
        return wording.render(line, {**filled, **heard}, turn=turn)[0]

    texts = list(opening(plan, now))
    texts += [worded(line, {}, 0) for line in lines]
    for line in lines:
        texts += [worded(line, heard, turn) for heard in _hearings(line) for turn in range(len(line.variants))]
    return tuple(dict.fromkeys(text for text in texts if text))


def _hearings(line: Line) -> Iterator[Mapping[str, str]]:
    """Nothing heard, then whatever would bring up one of the wordings that depend on it."""
    yield {}
    for conditions in line.only_if.values():
        heard = {one.name: one.among[0] for one in conditions if one.name.startswith("slot.") and one.among}
        if heard:
            yield heard


def _dialogue(plan: CallPlan, now: datetime) -> Dialogue:
    return Dialogue(plan, now=now, parse_time=lambda text, at: None)


def _lines(plan: CallPlan, filled: Mapping[str, str]) -> Iterator[Line]:
    flow = plan.flow
    yield from (flow.line(name) for name in _RESCUE)
    for step in _within_reach(flow, filled):
        yield from (line for line in step.say if line.name != OPENER)
        for variation in step.when.values():
            yield from variation.say
        if step.ask is not None:
            yield step.ask.line
            if step.ask.again is not None:
                yield step.ask.again
        for reaction in _reactions(step):
            yield from reaction.say
    for reaction in flow.always.values():
        yield from reaction.say
    yield from (flow.line(name) for name in NEEDED_LINES)
    yield from (rung.line for rung in flow.silence if rung.line is not None)


def _within_reach(flow: Flow, filled: Mapping[str, str]) -> Iterator[Step]:
    """Steps that this person may come to, the nearest first."""
    seen: set[str] = set()
    heads = deque([flow.entry])
    while heads:
        name = heads.popleft()
        if name in seen:
            continue
        seen.add(name)
        step = flow.steps[name]
        yield step
        ways = step.next_steps
        if step.fork:
            ways = tuple(_branches(step, filled))
        if step.call:
            heads.append(flow.parts[step.call].entry)
        heads.extend(ways)
        heads.extend(flow.parts[reaction.call].entry for reaction in _reactions(step) if reaction.call)


def _branches(step: Step, filled: Mapping[str, str]) -> Iterator[str]:
    """Ways that are open: what only the call will tell may be so or not."""
    for branch in step.fork:
        heard = [one for one in branch.only_if if one.name == "feels" or one.name.startswith("slot.")]
        if all_hold((condition for condition in branch.only_if if condition not in heard), filled):
            yield branch.goto
            if not heard:
                return


def _reactions(step: Step) -> tuple[Reaction, ...]:
    return (*step.then.values(), *((step.otherwise,) if step.otherwise else ()))
