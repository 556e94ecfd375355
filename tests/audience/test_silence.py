"""Stages by the business line and by the customer's own rhythm."""

from __future__ import annotations

import pytest
from audience_histories import NOW, ago, happened, orders, profile
from hypothesis import given
from hypothesis import strategies as st

from callbot.audience.lines import DEFAULT_LINE, BusinessLine, shipped_lines
from callbot.audience.silence import Stage, habit_days, silence

ORDER = [Stage.ACTIVE, Stage.FIRST, Stage.CONTINUED, Stage.DEEP]


@pytest.mark.parametrize(
    ("industry", "days", "stage"),
    [
        ("ecommerce", 30, Stage.ACTIVE),
        ("ecommerce", 31, Stage.FIRST),
        ("ecommerce", 90, Stage.FIRST),
        ("ecommerce", 91, Stage.CONTINUED),
        ("ecommerce", 180, Stage.CONTINUED),
        ("ecommerce", 181, Stage.DEEP),
        ("aesthetics", 90, Stage.ACTIVE),
        ("aesthetics", 91, Stage.FIRST),
        ("aesthetics", 361, Stage.DEEP),
        ("finance", 365, Stage.ACTIVE),
        ("finance", 366, Stage.FIRST),
        ("unheard of", 31, Stage.FIRST),
    ],
)
def test_days_without_purchase_per_business_line(industry: str, days: int, stage: Stage) -> None:
    who = profile(industry=industry, bought=orders(days), happenings=[happened("login", 1)])
    assert silence(who, NOW).stage is stage


@pytest.mark.parametrize(("days", "stage"), [(30, Stage.ACTIVE), (31, Stage.FIRST), (91, Stage.CONTINUED)])
def test_days_without_interaction_where_the_last_purchase_is_fresh(days: int, stage: Stage) -> None:
    who = profile(industry="education", bought=orders(100), happenings=[happened("lesson", days)])
    assert silence(who, NOW).stage is stage


@pytest.mark.parametrize(("days", "stage"), [(14, Stage.ACTIVE), (15, Stage.FIRST)])
def test_who_bought_weekly_is_silent_after_fifteen_days(days: int, stage: Stage) -> None:
    """R008: the own rhythm decides although the shop's rule says 30 days."""
    found = silence(profile(bought=orders(days, days + 7, days + 14)), NOW)
    assert (found.stage, found.habit_days, found.limit) == (stage, 7, 14)
    assert "7 天" in found.rule


def test_the_own_rhythm_wins_for_rare_buyers_too() -> None:
    """C7: every hundred days, so ninety days of quiet are nothing."""
    assert silence(profile(bought=orders(90, 190, 290)), NOW).stage is Stage.ACTIVE


def test_two_purchases_are_no_rhythm() -> None:
    assert silence(profile(bought=orders(31, 38)), NOW).limit == DEFAULT_LINE.purchase_days


def test_the_rule_that_finds_the_deeper_silence_decides() -> None:
    """Bought 181 days ago and never seen since: silent for finance by the 90 days without an interaction."""
    found = silence(profile(industry="finance", bought=orders(366)), NOW)
    assert (found.stage, found.limit) == (Stage.DEEP, 90)


def test_a_purchase_is_an_interaction() -> None:
    who = profile(industry="education", bought=orders(10), happenings=[happened("lesson", 60)])
    assert silence(who, NOW).stage is Stage.ACTIVE


def test_a_line_of_ones_own_replaces_the_shipped_one() -> None:
    """R046: twelve months without active behaviour."""
    year = BusinessLine(purchase_days=365, interaction_days=365, continued_after=90, deep_after=270)
    who = profile(bought=orders(200))
    assert silence(who, NOW).silent
    assert silence(who, NOW, year).stage is Stage.ACTIVE


def test_refunded_orders_make_no_rhythm() -> None:
    assert habit_days(profile(bought=[*orders(20, 27), *orders(34, refunded=True)]).kept_orders) is None


def test_being_called_is_not_an_interaction() -> None:
    who = profile(
        industry="education",
        happenings=[happened("call", 1), happened("message_sent", 2)],
        registered_at=ago(60),
    )
    assert silence(who, NOW).stage is Stage.FIRST


def test_nothing_dated_is_unknown_and_not_silent() -> None:
    found = silence(profile(), NOW)
    assert found.stage is Stage.UNKNOWN
    assert not found.silent


@given(st.lists(st.integers(0, 900), max_size=6), st.sampled_from([*shipped_lines()]), st.integers(1, 400))
def test_silence_only_deepens_while_nothing_happens(days: list[int], industry: str, wait: int) -> None:
    who = profile(industry=industry, bought=orders(*days), registered_at=ago(1_000))
    later = NOW + (NOW - ago(wait))
    before, after = silence(who, NOW).stage, silence(who, later).stage
    assert ORDER.index(after) >= ORDER.index(before)
