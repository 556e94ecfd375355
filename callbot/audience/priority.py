"""Whom to call first: a score of named points that explains itself in one line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from callbot.audience import signals
from callbot.audience.profile import Profile
from callbot.audience.reasons import Evidence, Reason
from callbot.audience.rfm import Rfm
from callbot.audience.silence import Silence, Stage

HIGHEST: Final = 100
_STAGE: Final = {Stage.ACTIVE: 0, Stage.FIRST: 30, Stage.CONTINUED: 20, Stage.DEEP: 10, Stage.UNKNOWN: 0}
"""The sooner after falling silent, the likelier to come back (R003, R093)."""
_MONEY: Final = ((10_000_00, 30), (5_000_00, 25), (1_000_00, 18), (500_00, 10), (1, 5))
_ENQUIRY: Final = timedelta(days=14)
_OPEN_TROUBLE: Final = 4
"""Weight of evidence from an unsolved ticket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Priority:
    """0..100, higher is called first."""

    score: int
    because: str
    """One line, zh-CN: every part with its points."""


def priority(
    profile: Profile,
    silence: Silence,
    reason: Reason,
    evidence: tuple[Evidence, ...],
    figures: Rfm,
    now: datetime,
) -> Priority:
    """The score at `now` (UTC)."""
    parts = list(_parts(profile, silence, reason, evidence, figures, now))
    score = max(0, min(HIGHEST, sum(points for points, _ in parts)))
    told = "；".join(f"{words}{points:+d}" for points, words in parts) or "没有加分项"
    return Priority(score=score, because=f"{score}分：{told}")


def _parts(
    profile: Profile,
    silence: Silence,
    reason: Reason,
    evidence: tuple[Evidence, ...],
    figures: Rfm,
    now: datetime,
) -> Iterator[tuple[int, str]]:
    if points := _STAGE[silence.stage]:
        yield points, f"{silence.stage}{silence.days}天"
    for least, points in _MONEY:
        if figures.money_fen >= least:
            yield points, f"累计消费{figures.money_fen / 100:,.0f}元"
            break
    if figures.frequency >= 3:
        yield 8, f"买过{figures.frequency}次"
    if profile.own_enquiry_at and timedelta() <= now - profile.own_enquiry_at <= _ENQUIRY:
        yield 15, f"{(now - profile.own_enquiry_at).days}天前主动咨询"
    broken = (signals.cart_left(profile, now), signals.form_left(profile, now), signals.browsed(profile, now))
    if signal := next((each for each in broken if each), None):
        yield 12, f"{signal.figures['天前']}天前{signal.name}"
    if rights := signals.rights_expiring(profile, now):
        yield 8, rights.name
    if reason is Reason.HARMED and any(each.weight >= _OPEN_TROUBLE for each in evidence):
        yield 10, "有未解决的问题"
    if reason is Reason.NEED_GONE:
        yield -15, "需求已结束"
    if reason is Reason.MOVED_ON:
        yield -5, "已转向别处"
    if profile.low_priority:
        yield -30, "曾明确拒绝"
