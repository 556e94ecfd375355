"""A condition over customers as a small typed tree: what the tag factory parses to and every evaluator reads.

Three-valued: a condition about something unknown (no birthday, never bought) is neither met nor not met, and
`not` does not change that. Money is in fen.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

CHINA: Final = ZoneInfo("Asia/Shanghai")
EARLIEST: Final = datetime(1, 1, 2, tzinfo=UTC)
"""Stands for "before anything was recorded"."""


class Unit(StrEnum):
    DAY = "d"
    WEEK = "w"
    MONTH = "m"
    YEAR = "y"


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The last so many days, weeks, calendar months or years."""

    count: int
    unit: Unit

    def since(self, now: datetime) -> datetime:
        """The moment from which it reaches to `now`; months and years end on the same day in China's time."""
        match self.unit:
            case Unit.DAY:
                return days_before(now, self.count)
            case Unit.WEEK:
                return days_before(now, 7 * self.count)
            case Unit.MONTH:
                return _months_before(now, self.count)
            case Unit.YEAR:
                return _months_before(now, 12 * self.count)


class Number(StrEnum):
    """What can be counted or measured of a customer; always a whole number."""

    EVENTS = "events"
    """Events of `Figure.kinds`."""
    ORDERS = "orders"
    """Orders that were kept."""
    RETURNS = "returns"
    """Orders that were refunded."""
    SPENT = "spent"
    """Fen of the orders that were kept."""
    CALLS = "calls"
    """Times the customer was dialled."""
    ANSWERED = "answered"
    """Times the customer picked up."""
    SINCE_ORDER = "since_order"
    """Days since the last order that was kept; unknown for whoever never bought."""
    SINCE_EVENT = "since_event"
    """Days since the last event of `Figure.kinds`; unknown where there is none."""
    SINCE_REGISTERED = "since_registered"
    AGE = "age"
    """Full years in China's time."""
    BIRTHDAY_MONTH = "birthday_month"
    MEMBER_DAYS_LEFT = "member_days_left"
    """Negative once the member rights have ended."""
    PRIORITY = "priority"


class Trait(StrEnum):
    """What a customer is, as text; empty is unknown."""

    GENDER = "gender"
    REGION = "region"
    INDUSTRY = "industry"
    BRAND = "brand"
    MEMBER_LEVEL = "member_level"
    NAMED_AGENT = "named_agent"
    STAGE = "stage"
    REASON = "reason"
    SEGMENT = "segment"
    STRATEGY = "strategy"
    PREFERRED_CHANNEL = "preferred_channel"
    """As the customer stated it."""
    TIER = "tier"
    LIFECYCLE = "lifecycle"
    BEST_CHANNEL = "best_channel"
    """As the customer's behaviour shows it."""


TAG_OF_TRAIT: Final = {Trait.TIER: "价值", Trait.LIFECYCLE: "生命周期", Trait.BEST_CHANNEL: "渠道偏好"}
"""Traits that stand as the value of a tag; all others are columns of the customer."""


class Test(StrEnum):
    """What is true or not of a customer, never unknown."""

    __test__ = False

    HOLDS = "holds"
    """Has an order that was kept, of this category or with this text in its item."""
    TAG = "has_tag"
    INTEREST = "interest"
    CONSENT = "consent"
    """The last word on this purpose is a yes with evidence."""


class Op(StrEnum):
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="
    EQ = "=="
    NE = "!="


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number of a customer. `kinds` and `period` only where the number counts events, orders or calls."""

    number: Number
    kinds: tuple[str, ...] = ()
    period: Period | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Compare:
    figure: Figure
    op: Op
    value: int
    """In the figure's own unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Within:
    """From `low` to `high`, both included."""

    figure: Figure
    low: int
    high: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOf:
    trait: Trait
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Holds:
    """A test on one text."""

    test: Test
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Every:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Some:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    part: Node


Leaf: TypeAlias = Compare | Within | OneOf | Holds
Node: TypeAlias = Leaf | Every | Some | Not


def tags_named(node: Node) -> frozenset[str]:
    """The tags a condition builds on."""
    match node:
        case Holds(test=Test.TAG, text=name):
            return frozenset({name})
        case Every(parts=parts) | Some(parts=parts):
            return frozenset().union(*(tags_named(part) for part in parts))
        case Not(part=part):
            return tags_named(part)
        case _:
            return frozenset()


def days_before(now: datetime, days: int) -> datetime:
    """`now` less so many days, but never before the first recordable moment."""
    try:
        return max(EARLIEST, now - timedelta(days=days))
    except OverflowError:
        return EARLIEST


def _months_before(now: datetime, months: int) -> datetime:
    here = now.astimezone(CHINA)
    year, month = divmod(12 * here.year + here.month - 1 - months, 12)
    if year < 1:
        return EARLIEST
    day = min(here.day, monthrange(year, month + 1)[1])
    return max(EARLIEST, here.replace(year=year, month=month + 1, day=day).astimezone(UTC))
