"""How much one person may still be disturbed: what the caps leave, over every channel, as one gauge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from callbot.outreach.calendar import next_day_starts, zone_of
from callbot.outreach.contact import Contact
from callbot.outreach.permit import Rule
from callbot.outreach.policy import Policy

_DAY = timedelta(hours=24)
_WEEK = timedelta(days=7)
_MONTH = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """One cap and how much of it is used."""

    rule: Rule
    """The rule of the permit that keeps this cap."""
    name: str
    """zh-CN."""
    used: int | None
    """None: not known, so nothing is left."""
    allowed: int
    left: int
    refreshes_at: datetime | None
    """When the next contact leaves the window, UTC; None: nothing is used, or it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """All caps of one person."""

    gauges: tuple[Gauge, ...]

    @property
    def tightest(self) -> Gauge:
        """The cap that leaves least; among equals the one that refreshes last."""
        return min(self.gauges, key=lambda gauge: (gauge.left, -_when(gauge)))

    @property
    def left(self) -> int:
        """Contacts that no cap forbids."""
        return self.tightest.left


def budget(contact: Contact, policy: Policy, now: datetime) -> Budget:
    """What the caps leave of one person at `now` (UTC), whoever made the contacts and on whatever channel.

    Calls, calls by humans and messages count as attempts, answered calls as answered. A cap without anything
    left is exactly one at which the permit blocks a contact that the person did not ask for. Source: C2, C3,
    R138, R140.
    """
    caps = policy.caps
    enquiry = contact.own_enquiry_at
    extra = caps.extra_after_own_enquiry if enquiry and enquiry <= now < enquiry + _WEEK else 0
    return Budget(
        gauges=(
            _today(contact, caps.answered_per_day, now),
            _rolling(
                Rule.ANSWERED_PER_WEEK,
                "7 天内接通",
                contact.answered_at,
                _WEEK,
                caps.answered_per_7d + extra,
                now,
            ),
            _rolling(
                Rule.ATTEMPTS_PER_DAY, "24 小时内触达", contact.attempts_at, _DAY, caps.attempts_per_24h, now
            ),
            _rolling(
                Rule.ATTEMPTS_PER_MONTH, "30 天内触达", contact.attempts_at, _MONTH, caps.attempts_per_30d, now
            ),
        )
    )


def _today(contact: Contact, allowed: int, now: datetime) -> Gauge:
    zone = zone_of(contact.zone)
    used = None
    refreshes_at = None
    if contact.answered_at is not None and zone is not None:
        today = now.astimezone(zone).date()
        answered = [at for at in contact.answered_at if at.astimezone(zone).date() >= today]
        used = len(answered)
        refreshes_at = _midnight(answered, now, zone)
    return _gauge(Rule.ANSWERED_PER_DAY, "当天接通", used, allowed, refreshes_at)


def _midnight(answered: Sequence[datetime], now: datetime, zone: ZoneInfo) -> datetime | None:
    return next_day_starts(max([now, *answered]), zone) if answered else None


def _rolling(
    rule: Rule,
    name: str,
    times: Sequence[datetime] | None,
    length: timedelta,
    allowed: int,
    now: datetime,
) -> Gauge:
    if times is None:
        return _gauge(rule, name, None, allowed, None)
    leaves = [at + length for at in times if at + length > now]
    return _gauge(rule, name, len(leaves), allowed, min(leaves, default=None))


def _gauge(rule: Rule, name: str, used: int | None, allowed: int, refreshes_at: datetime | None) -> Gauge:
    left = 0 if used is None else max(0, allowed - used)
    return Gauge(rule=rule, name=name, used=used, allowed=allowed, left=left, refreshes_at=refreshes_at)


def _when(gauge: Gauge) -> float:
    return gauge.refreshes_at.timestamp() if gauge.refreshes_at else 0.0
