"""Touch sequences as data: which contact follows after how many days, and what ends it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from callbot.outreach.policy import Channel, Purpose

PREFERRED = "preferred"
"""The channel that the customer answers."""
HUMAN = "human"
"""A task for a human instead of a message."""
CHANNELS = (PREFERRED, *(channel.value for channel in Channel if channel is not Channel.VOICE), HUMAN)
"""Calls are placed by batches, not by sequences."""


class Stop(StrEnum):
    """What ends a sequence before its last step."""

    REFUSED = "refused"
    DO_NOT_CALL = "do_not_call"
    COMPLAINT = "complaint"
    BATCH_CANCELLED = "batch_cancelled"
    ACTIVATED = "activated"
    """The customer came back of their own accord within the window."""
    HUMAN = "human"
    """A human has taken over."""


LATE = timedelta(days=3)
"""A step that is later than this is passed over: what happened long ago starts nothing today."""

ALWAYS = frozenset({Stop.REFUSED, Stop.DO_NOT_CALL, Stop.COMPLAINT, Stop.BATCH_CANCELLED})
"""What ends every sequence, whatever its file says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One touch: so long after the start, this way, for this purpose, about this."""

    after: timedelta
    channel: str
    """`preferred`, `human`, or a channel by name."""
    purpose: Purpose
    what: str
    """A topic of messages; for a human, the task in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    """Steps in the order of time, what starts them, what ends them."""

    name: str
    """Pack and sequence: aesthetics/aftercare."""
    version: int
    events: frozenset[str]
    """Kinds of events that start it; `order` is a purchase."""
    outcomes: frozenset[str]
    """Outcomes of a call that start it."""
    stops_on: frozenset[Stop]
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """What counts as 成功激活 in one pack, and how long after a contact (R028)."""

    within: timedelta
    by: frozenset[str]
    """Kinds of events; `order` is a purchase."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Touches:
    """The section `sequence` of one scenario pack."""

    industry: str
    version: int
    activation: Activation
    sequences: tuple[Sequence, ...]


NO_TOUCHES = Touches(
    industry="", version=0, activation=Activation(within=timedelta(), by=frozenset()), sequences=()
)
"""An industry without a pack: nothing follows by itself, nothing counts as activation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far one customer is: which steps were made or passed over, and what happened meanwhile."""

    started_at: datetime
    passed: int = 0
    """So many steps lie behind."""
    happened: frozenset[Stop] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """The step that comes next, and when."""

    step: int
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Over:
    """Nothing comes any more; `by` says what ended it early."""

    by: Stop | None


def next_touch(sequence: Sequence, history: Progress, now: datetime) -> Touch | Over:
    """What comes next for one customer. All times UTC.

    Days are counted from the start, not from the step before: a late step does not delay those behind it.
    A step that is more than three days late, or so late that the one after it is due as well, is passed over:
    nobody gets two touches at once, nor the advice of day 3 on day 9. Source: R032, R136.
    """
    if ended := sorted(history.happened & (sequence.stops_on | ALWAYS), key=list(Stop).index):
        return Over(by=ended[0])
    left = range(history.passed, len(sequence.steps))
    for step in left:
        due = history.started_at + sequence.steps[step].after
        following = step + 1
        overtaken = following in left and history.started_at + sequence.steps[following].after <= now
        if now - due < LATE and not overtaken:
            return Touch(step=step, due_at=due)
    return Over(by=None)


def as_plan(sequence: Sequence) -> dict[str, Any]:
    """The sequence as JSON, for the run that goes by it to its end."""
    return {
        "stops_on": sorted(sequence.stops_on),
        "steps": [
            {
                "after_s": step.after.total_seconds(),
                "channel": step.channel,
                "purpose": step.purpose.value,
                "what": step.what,
            }
            for step in sequence.steps
        ],
    }


def from_plan(name: str, version: int, plan: Mapping[str, Any]) -> Sequence:
    """What `as_plan` wrote."""
    return Sequence(
        name=name,
        version=version,
        events=frozenset(),
        outcomes=frozenset(),
        stops_on=frozenset(Stop(stop) for stop in plan["stops_on"]),
        steps=tuple(
            Step(
                after=timedelta(seconds=step["after_s"]),
                channel=step["channel"],
                purpose=Purpose(step["purpose"]),
                what=step["what"],
            )
            for step in plan["steps"]
        ),
    )


def touches_as_plain(touches: Touches) -> dict[str, Any]:
    """The section as JSON, for the pack that is installed."""
    return {
        "version": touches.version,
        "within_s": touches.activation.within.total_seconds(),
        "by": sorted(touches.activation.by),
        "sequences": [
            {
                "name": sequence.name,
                "events": sorted(sequence.events),
                "outcomes": sorted(sequence.outcomes),
                **as_plan(sequence),
            }
            for sequence in touches.sequences
        ],
    }


def touches_from_plain(industry: str, plain: Mapping[str, Any]) -> Touches:
    """What `touches_as_plain` wrote."""
    return Touches(
        industry=industry,
        version=plain["version"],
        activation=Activation(within=timedelta(seconds=plain["within_s"]), by=frozenset(plain["by"])),
        sequences=tuple(
            replace(
                from_plan(each["name"], plain["version"], each),
                events=frozenset(each["events"]),
                outcomes=frozenset(each["outcomes"]),
            )
            for each in plain["sequences"]
        ),
    )
