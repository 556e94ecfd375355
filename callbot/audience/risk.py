"""Whether a customer who is still with us is about to go quiet: the early warning before the silence.

Sources: R086 (30 days ahead), R087 (logins halved and browse depth down by 30 %), R093 (about to lapse
counts as well), R099 (a level for each customer).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from callbot.audience.profile import Happening, Profile
from callbot.audience.reasons import mild_warnings
from callbot.audience.score.points import VERSION, probability_of
from callbot.audience.silence import Silence, Stage, silence

HORIZON_DAYS: Final = 30
"""How far ahead the risk looks (R086)."""
_MONTH: Final = timedelta(days=30)
_LOGIN_DROP: Final = 0.5
_DEPTH_DROP: Final = 0.3
_LOGINS_BEFORE: Final = 4
"""Fewer logins in the month before are too few to speak of a drop."""
_BROWSES_BEFORE: Final = 3
_TROUBLE: Final = frozenset({"ticket", "refund"})
_HIGH: Final = 0.5
_MIDDLE: Final = 0.2


class Level(StrEnum):
    """R099; 高 from 50 %, 中 from 20 %."""

    HIGH = "高"
    MIDDLE = "中"
    LOW = "低"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """A figure of the last 30 days beside that of the 30 days before."""

    name: str
    """zh-CN."""
    before: float
    after: float
    warns: bool
    """It fell by at least as much as R087 names."""

    @property
    def share(self) -> float:
        """How much is gone, 0..1; negative where it grew."""
        return 1 - self.after / self.before

    @property
    def words(self) -> str:
        """zh-CN, with both figures."""
        moved = f"下降{self.share:.0%}" if self.share >= 0 else f"上升{-self.share:.0%}"
        return f"{self.name}近30天{self.after:g}，此前30天{self.before:g}，{moved}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """The risk that a customer who is active now will be silent 30 days from now."""

    probability: float
    """0..1, by the stated mapping of points; measured on past behaviour where a learned model gave it."""
    level: Level
    model: str
    """Version of what gave the probability: `points/1`, or the name of a learned model with its hash."""
    early_warning: bool
    """Logins halved and browse depth down by 30 % (R087)."""
    days_left: int
    """Days until the silence rule applies if nothing happens; 0: from tomorrow on."""
    drops: tuple[Drop, ...]
    """Those that could be measured, whether they warn or not."""
    because: str
    """One line, zh-CN: every part with its figures and points."""


def churn_risk(profile: Profile, now: datetime, quiet: Silence | None = None) -> Risk | None:
    """The risk at `now` (UTC); None for whoever is silent already or of whom nothing dated is known.

    `quiet` saves working out the silence again where the caller has it.
    """
    quiet = quiet or silence(profile, now)
    if quiet.stage is not Stage.ACTIVE or quiet.days is None:
        return None
    drops = tuple(drop for drop in (login_drop(profile, now), depth_drop(profile, now)) if drop)
    early = len(drops) == 2 and all(drop.warns for drop in drops)
    days, limit = _nearest(profile, quiet, now)
    parts = list(_parts(profile, days, limit, drops, now))
    points = sum(points for points, _ in parts)
    probability = probability_of(points)
    told = "；".join(f"{words}{points:+d}" for points, words in parts) or "没有流失迹象"
    return Risk(
        probability=probability,
        level=level_of(probability),
        model=VERSION,
        early_warning=early,
        days_left=limit - days,
        drops=drops,
        because=f"{HORIZON_DAYS}天内沉默的风险约{probability:.0%}（{told}）",
    )


def level_of(probability: float) -> Level:
    """The level of a probability 0..1."""
    return Level.HIGH if probability >= _HIGH else Level.MIDDLE if probability >= _MIDDLE else Level.LOW


def login_drop(profile: Profile, now: datetime) -> Drop | None:
    """Login frequency of the last 30 days beside the 30 before (R087); None with too few to compare."""
    after, before = _two_months(profile, "login", now)
    if len(before) < _LOGINS_BEFORE:
        return None
    drop = Drop(name="登录次数", before=len(before), after=len(after), warns=False)
    return Drop(name=drop.name, before=drop.before, after=drop.after, warns=drop.share >= _LOGIN_DROP)


def depth_drop(profile: Profile, now: datetime) -> Drop | None:
    """Browse depth of the last 30 days beside the 30 before (R087); None with too little to compare.

    Depth is the mean of `pages` in the data of browse events. Where the source does not count pages, it is the
    number of things looked at on a day with browsing.
    """
    after, before = _two_months(profile, "browse", now)
    if len(before) < _BROWSES_BEFORE:
        return None
    was, is_now = _depth(before), _depth(after)
    drop = Drop(name="浏览深度", before=round(was, 1), after=round(is_now, 1), warns=False)
    return Drop(name=drop.name, before=drop.before, after=drop.after, warns=1 - is_now / was >= _DEPTH_DROP)


def _parts(
    profile: Profile, days: int, limit: int, drops: tuple[Drop, ...], now: datetime
) -> Iterator[tuple[int, str]]:
    if 4 * days >= 3 * limit:
        yield 45, f"{days}天没有来，离沉默只剩{limit - days}天"
    elif 2 * days >= limit:
        yield 25, f"{days}天没有来，离沉默还有{limit - days}天"
    if len(drops) == 2 and all(drop.warns for drop in drops):
        yield 45, "，".join(drop.words for drop in drops)
    else:
        for drop in drops:
            if drop.warns:
                yield 20, drop.words
    trouble = [
        each for each in profile.happenings if each.kind in _TROUBLE and now - 3 * _MONTH < each.at <= now
    ]
    if trouble:
        yield 20, f"近90天工单或退款{len(trouble)}次"
    if mild_warnings(profile, now):
        yield 8, "沟通中语气冷淡"
    if profile.member_until and -30 <= (profile.member_until - now.date()).days <= 15:
        yield 8, "会员权益将到期或刚到期"


def _nearest(profile: Profile, quiet: Silence, now: datetime) -> tuple[int, int]:
    """Days passed and days allowed under the rule of silence that will apply first."""
    reached = [(quiet.days or 0, quiet.limit)]
    if quiet.habit_days is None and profile.kept_orders:
        since = max(0, (now - profile.kept_orders[-1].at).days)
        reached.append((since, quiet.line.purchase_days))
    return min(reached, key=lambda pair: pair[1] - pair[0])


def _two_months(profile: Profile, kind: str, now: datetime) -> tuple[list[Happening], list[Happening]]:
    """Happenings of a kind in the last 30 days, and in the 30 days before."""
    found = [each for each in profile.happenings if each.kind == kind and now - 2 * _MONTH < each.at <= now]
    return (
        [each for each in found if each.at > now - _MONTH],
        [each for each in found if each.at <= now - _MONTH],
    )


def _depth(browses: list[Happening]) -> float:
    if not browses:
        return 0.0
    pages = [float(each.data["pages"]) for each in browses if _counted(each.data.get("pages"))]
    if pages:
        return sum(pages) / len(pages)
    return len(browses) / len({each.at.date() for each in browses})


def _counted(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0
