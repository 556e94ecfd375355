"""Whether a message that is due goes out now, later or never, and what its silence says. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from callbot.audience.profile import INTERACTIONS
from callbot.outreach.calendar import spans_of, zone_of
from callbot.outreach.contact import Contact
from callbot.outreach.permit import Block, Permit, Rule, earliest, permit
from callbot.outreach.policy import Channel, Policy
from callbot.outreach.sequences import Stop

STALE_AFTER = timedelta(days=14)
"""A message so much later than meant is not sent any more: it answers a talk that nobody remembers."""
LOOK_AGAIN = timedelta(hours=1)
"""For what only a person changes: a paused batch, a calendar without this year."""
OPENED_IN_TIME = timedelta(hours=24)
_ENDING = {
    Rule.DO_NOT_CONTACT: Stop.DO_NOT_CALL,
    Rule.REFUSAL_PAUSE: Stop.REFUSED,
    Rule.COMPLAINT_PAUSE: Stop.COMPLAINT,
}


class Failed(StrEnum):
    """Why a follow-up moved nobody (R014)."""

    CONTENT = "content"
    """内容不相关: they read it and did nothing."""
    TIMING = "timing"
    """时机不合适: it came too late, or was read long after."""
    CHANNEL = "channel"
    """通道不对劲: it did not arrive, or nobody opened it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """It may go out now and until `until`, when the window closes."""

    permit: Permit
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """Not now; `until` is when to ask again."""

    rule: str
    until: datetime
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Never:
    """Not at all."""

    rule: str
    because: str
    failed: Failed | None
    stops: Stop | None
    """What it means for the sequence that it belongs to."""


def judge(contact: Contact, policy: Policy, now: datetime, *, meant_for: datetime) -> Send | Later | Never:
    """The verdict on a message that was meant for `meant_for`. All times UTC.

    A pause after a refusal or complaint ends it, a window, holiday or cap moves it to the first moment that is
    allowed as far as is known today. What a batch started goes on when the batch is done, waits while it is
    paused, and ends with it when it is cancelled.
    Source: compliance section 4, C1, C10, R014, R139, R168, R170.
    """
    latest = meant_for + STALE_AFTER
    if contact.batch_state == "done":
        contact = replace(contact, batch_state="running")
    contact = replace(contact, starts_on=None, ends_on=None)  # the days of a batch are those of its calls
    if now >= latest:
        return Never(rule="stale", because="已过时效，不再发送", failed=Failed.TIMING, stops=None)
    decision = permit(contact, policy, now)
    if isinstance(decision, Permit):
        return Send(permit=decision, until=_window_ends(contact, policy, now))
    if decision.rule in _ENDING:
        return _never(decision, stops=_ENDING[decision.rule])
    if decision.rule is Rule.BATCH_RUNNING and contact.batch_state == "cancelled":
        return _never(decision, stops=Stop.BATCH_CANCELLED)
    if decision.rule in (Rule.BATCH_RUNNING, Rule.CALENDAR) and decision.until is None:
        return Later(rule=decision.rule, until=now + LOOK_AGAIN, because=decision.because)
    final = earliest(contact, policy, now)
    if isinstance(final, Block):
        return _never(final, stops=_ENDING.get(final.rule))
    if final.at >= latest:
        because = f"{decision.because}，允许时已过时效"
        return Never(rule=decision.rule, because=because, failed=Failed.TIMING, stops=None)
    return Later(rule=decision.rule, until=final.at, because=decision.because)


def _never(block: Block, *, stops: Stop | None) -> Never:
    failed = Failed.CHANNEL if block.rule is Rule.NUMBER_VALID else None
    return Never(rule=block.rule, because=block.because, failed=failed, stops=stops)


def _window_ends(contact: Contact, policy: Policy, now: datetime) -> datetime:
    zone = zone_of(contact.zone)
    if zone is None:
        return now
    local = now.astimezone(zone)
    spans = spans_of(local.date(), policy.hours(contact.channel))
    end = next((span.end for span in spans if local.time() in span), local.time())
    return datetime.combine(local.date(), end, tzinfo=zone).astimezone(UTC)


def channel_of(name: str) -> Channel:
    """The channel for a message to somebody who prefers `name`; else a text message."""
    known = {"sms": Channel.SMS, "wecom": Channel.WECOM, "push": Channel.PUSH, "chat": Channel.CHAT}
    return known.get(name) or {"app": Channel.PUSH, "mini_program": Channel.PUSH}.get(name, Channel.SMS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """They did something after the message."""

    kind: str
    at: datetime


def reaction(
    sent_at: datetime, did: Iterable[tuple[str, datetime]], *, delivered: bool, moved: bool = False
) -> Answered | Failed:
    """What came of a message: the first answer, or why there was none.

    `did` are the customer's own acts after it. Opening it is no answer: who opened it soon and did nothing had
    no use for the content, who opened it late got it at the wrong time, who never did on the wrong channel.
    `moved`: it could not go out on the day it was meant for. Source: R014.
    """
    acts = sorted(did, key=lambda act: act[1])
    answers = INTERACTIONS - {"message_open"} | {"order", "conversation"}
    if first := next((act for act in acts if act[0] in answers and act[1] > sent_at), None):
        return Answered(kind=first[0], at=first[1])
    if not delivered:
        return Failed.CHANNEL
    opened = next((at for kind, at in acts if kind == "message_open" and at > sent_at), None)
    if opened is None:
        return Failed.TIMING if moved else Failed.CHANNEL
    return Failed.CONTENT if opened - sent_at <= OPENED_IN_TIME else Failed.TIMING
