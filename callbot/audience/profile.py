"""A customer as the rules see them: a frozen value with the whole history, oldest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from types import MappingProxyType
from typing import Any

from callbot.audience.lines import BusinessLine
from callbot.store.customers import History

INTERACTIONS = frozenset(
    {
        "login",
        "browse",
        "favourite",
        "cart",
        "form",
        "visit",
        "lesson",
        "enquiry",
        "ticket",
        "review",
        "refund",
        "share",
        "message_open",
        "message_click",
    }
)
"""What customers do of their own accord. Being called or sent a message is not among it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something the customer did or that happened with them."""

    kind: str
    at: datetime
    note: str = ""
    data: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One purchase; `amount_fen` in fen."""

    at: datetime
    item: str
    amount_fen: int
    category: str = ""
    refunded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One time they were phoned by callbot or before it."""

    at: datetime
    answered_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Everything the rules may look at; phones are not."""

    customer_id: str
    name: str = ""
    industry: str
    brand: str = ""
    gender: str = ""
    birthday: date | None = None
    region: str = ""
    preferred_channel: str = ""
    named_agent: str = ""
    member_level: str = ""
    member_until: date | None = None
    interests: tuple[str, ...] = ()
    registered_at: datetime | None = None
    own_enquiry_at: datetime | None = None
    low_priority: bool = False
    orders: tuple[Order, ...] = ()
    happenings: tuple[Happening, ...] = ()
    calls: tuple[Call, ...] = ()
    line: BusinessLine | None = None
    """The installed rules of silence of their business line; None: the shipped ones."""

    @cached_property
    def kept_orders(self) -> tuple[Order, ...]:
        """Orders that were not refunded."""
        return tuple(order for order in self.orders if not order.refunded)

    @cached_property
    def spent_fen(self) -> int:
        return sum(order.amount_fen for order in self.kept_orders)

    @cached_property
    def interactions(self) -> tuple[Happening, ...]:
        return tuple(each for each in self.happenings if each.kind in INTERACTIONS)

    def last(self, *kinds: str) -> Happening | None:
        """The latest happening of these kinds."""
        return next((each for each in reversed(self.happenings) if each.kind in kinds), None)


def profile_of(history: History) -> Profile:
    """The stored history as a value."""
    row = history.customer
    return Profile(
        customer_id=row.id,
        name=row.name,
        industry=row.industry,
        brand=row.brand,
        gender=row.gender,
        birthday=row.birthday,
        region=row.region,
        preferred_channel=row.preferred_channel,
        named_agent=row.named_agent,
        member_level=row.member_level,
        member_until=row.member_until,
        interests=tuple(row.interests),
        registered_at=row.registered_at,
        own_enquiry_at=row.own_enquiry_at,
        low_priority=row.low_priority,
        orders=tuple(
            Order(
                at=each.at,
                item=each.item,
                amount_fen=each.amount_fen,
                category=each.category,
                refunded=each.refunded,
            )
            for each in history.purchases
        ),
        happenings=tuple(
            Happening(kind=each.kind, at=each.at, note=each.note, data=MappingProxyType(each.data))
            for each in history.events
        ),
        calls=tuple(Call(at=each.at, answered_at=each.answered_at) for each in history.calls),
        line=BusinessLine(**history.silence_rules) if history.silence_rules else None,
    )
