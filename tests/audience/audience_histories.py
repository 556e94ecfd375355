"""Histories for the tests of the audience, in days before `NOW`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from callbot.audience.profile import Happening, Order, Profile

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def orders(*days: float, yuan: int = 100, refunded: bool = False) -> tuple[Order, ...]:
    return tuple(
        Order(at=ago(each), item="空气炸锅", amount_fen=yuan * 100, refunded=refunded)
        for each in sorted(days, reverse=True)
    )


def happened(kind: str, days: float, note: str = "", **data: Any) -> Happening:
    return Happening(kind=kind, at=ago(days), note=note, data=data)


def profile(
    *,
    industry: str = "ecommerce",
    bought: Iterable[Order] = (),
    happenings: Iterable[Happening] = (),
    **fields: Any,
) -> Profile:
    return Profile(
        customer_id="c",
        name="王晓芸",
        brand="悦选商城",
        industry=industry,
        orders=tuple(sorted(bought, key=lambda order: order.at)),
        happenings=tuple(sorted(happenings, key=lambda each: each.at)),
        **fields,
    )
