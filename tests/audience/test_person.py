"""What may be said to a person: the right address, true facts, nothing about health or money."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from audience_histories import NOW, happened, orders, profile

from callbot.audience.person import facts, products, salutation
from callbot.audience.profile import Happening, Order
from callbot.audience.signals import days_until_anniversary


@pytest.mark.parametrize(
    ("name", "gender", "expected"),
    [
        ("王晓芸", "女", "王女士"),
        ("李建国", "男", "李先生"),
        ("欧阳娜", "女", "欧阳女士"),
        ("欧阳", "男", "欧先生"),
        ("王晓芸", "", "王您"),
        ("Alice", "女", "您"),
        ("", "男", "您"),
    ],
)
def test_salutations(name: str, gender: str, expected: str) -> None:
    assert salutation(name, gender) == expected


def test_facts_name_what_was_bought_and_looked_at() -> None:
    who = profile(
        bought=[Order(at=datetime(2026, 1, 12, 4, tzinfo=UTC), item="空气炸锅", amount_fen=1)],
        happenings=[Happening(kind="browse", at=datetime(2026, 2, 3, 4, tzinfo=UTC), note="儿童编程课")],
    )
    assert facts(who, NOW) == ("上个月浏览过儿童编程课", "1月12日购买了空气炸锅")


def test_days_are_those_of_china_and_name_the_year() -> None:
    """20:00 UTC on New Year's Eve is New Year's Day in China."""
    who = profile(bought=[Order(at=datetime(2024, 12, 31, 20, tzinfo=UTC), item="保温杯", amount_fen=1)])
    assert facts(who, NOW) == ("去年1月1日购买了保温杯",)
    assert facts(who, datetime(2027, 1, 1, tzinfo=UTC)) == ("2025年1月1日购买了保温杯",)


@pytest.mark.parametrize("industry", ["aesthetics", "finance"])
def test_health_and_money_are_not_spoken_of(industry: str) -> None:
    who = profile(
        industry=industry, bought=orders(40, yuan=8888), happenings=[happened("browse", 30, "祛斑项目")]
    )
    told = "".join(facts(who, NOW))
    assert told
    for secret in ("空气炸锅", "8888", "祛斑"):
        assert secret not in told
    assert products(who) == ()


def test_products_are_what_they_may_name_themselves() -> None:
    who = profile(bought=orders(40), happenings=[happened("browse", 30, "儿童编程课")])
    assert products(who) == ("空气炸锅", "儿童编程课")


def test_refunded_orders_are_not_mentioned() -> None:
    assert "购买" not in "".join(facts(profile(bought=orders(40, refunded=True)), NOW))


@pytest.mark.parametrize(
    ("day", "today", "days"),
    [
        (date(1990, 3, 2), date(2026, 3, 2), 0),
        (date(1990, 3, 1), date(2026, 3, 2), 364),
        (date(1992, 2, 29), date(2026, 2, 28), 1),
        (date(1992, 2, 29), date(2028, 2, 28), 1),
        (date(1990, 1, 1), date(2026, 12, 31), 1),
    ],
)
def test_anniversaries_return(day: date, today: date, days: int) -> None:
    assert days_until_anniversary(day, today) == days
