"""Figures of a past moment know nothing of what came later."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from math import isnan

import pytest
from audience_histories import NOW, ago, happened, orders, profile
from hypothesis import given
from hypothesis import strategies as st

from callbot.audience.profile import Call, Happening, Order, Profile
from callbot.audience.score.as_of import as_of
from callbot.audience.score.features import FEATURES, NAMES, features
from callbot.audience.score.snapshots import Asked, Gathered, Question, Returns, came_back, moments

KINDS = [
    "login",
    "browse",
    "cart",
    "ticket",
    "refund",
    "review",
    "message_open",
    "message_sent",
    "conversation",
    "call",
]
PAST = st.lists(st.floats(0.01, 700), max_size=8)
LATER = st.lists(st.floats(0.01, 400), max_size=8)
HAPPENED = st.lists(st.tuples(st.sampled_from(KINDS), st.floats(0.01, 700)), max_size=12)


def told(found: tuple[float, ...]) -> dict[str, float | None]:
    """By name; None for nan, which equals nothing."""
    return {name: None if isnan(value) else value for name, value in zip(NAMES, found, strict=True)}


def history(bought: list[float], past: list[tuple[str, float]]) -> Profile:
    return profile(
        bought=orders(*bought), happenings=[happened(kind, days) for kind, days in past], registered_at=ago(800)
    )


def with_later(known: Profile, bought: list[float], later: list[tuple[str, float]], shift: float) -> Profile:
    """The same past, and things after `NOW`, all of them moved by `shift` days."""
    return replace(
        known,
        orders=known.orders
        + tuple(
            Order(at=NOW + timedelta(days=days + shift), item="later", amount_fen=99_999_00)
            for days in sorted(bought)
        ),
        happenings=known.happenings
        + tuple(
            Happening(kind=kind, at=NOW + timedelta(days=days + shift))
            for kind, days in sorted(later, key=lambda pair: pair[1])
        ),
        calls=(*known.calls, Call(at=NOW + timedelta(days=1 + shift))),
    )


@given(PAST, HAPPENED, LATER, HAPPENED, st.floats(0, 100))
def test_later_happenings_change_no_figure(
    bought: list[float],
    past: list[tuple[str, float]],
    later_bought: list[float],
    later: list[tuple[str, float]],
    shift: float,
) -> None:
    known = history(bought, past)
    extended = with_later(known, later_bought, later, shift)
    assert told(features(extended, NOW)) == told(features(known, NOW))
    assert as_of(extended, NOW) == as_of(known, NOW)


def test_what_is_overwritten_without_a_date_changes_no_figure() -> None:
    """Refund marks, states of tickets, member rights and refusals may all have been written later."""
    before = profile(
        bought=orders(40, 80),
        happenings=[happened("ticket", 50, "坏了", status="未解决")],
        calls=(Call(at=NOW - timedelta(seconds=1)),),
    )
    after = replace(
        before,
        orders=tuple(replace(order, refunded=True) for order in before.orders),
        happenings=(happened("ticket", 50, "坏了", status="已解决"),),
        calls=(replace(before.calls[0], answered_at=NOW + timedelta(seconds=1)),),
        low_priority=True,
        member_level="金卡",
        member_until=ago(-10).date(),
        preferred_channel="sms",
        named_agent="刘顾问",
        interests=("美妆",),
    )
    assert as_of(after, NOW) == as_of(before, NOW)
    assert told(features(after, NOW)) == told(features(before, NOW))


def test_whom_they_are_ranks_nobody() -> None:
    """Gender, age and region are not looked at."""
    plain = profile(bought=orders(40, 80))
    described = replace(plain, gender="女", birthday=ago(9_000).date(), region="上海")
    assert told(features(described, NOW)) == told(features(plain, NOW))


def test_figures_of_a_history() -> None:
    who = profile(
        bought=orders(20, 50, 80, yuan=300),
        happenings=[
            happened("login", 10),
            happened("login", 70),
            happened("cart", 5),
            happened("message_open", 100),
            happened("review", 30, "差", rating=1),
            happened("review", 31, "好", rating=5),
            happened("conversation", 12, "refused"),
        ],
        registered_at=ago(200),
        calls=(Call(at=ago(12), answered_at=ago(11.99)), Call(at=ago(14)), Call(at=ago(100))),
    )
    found = told(features(who, NOW))
    expected = {
        "order_days": 20,
        "orders_90": 3,
        "cycle_days": 30,
        "overdue": 20 / 30,
        "unsteadiness": 0,
        "spent_365": 900,
        "order_yuan": 300,
        "active_days": 5,
        "logins_60": 1,
        "wanting_60": 1,
        "read_180": 1,
        "touched_90": 1,
        "unanswered_90": 1,
        "trouble_180": 1,
        "known_days": 200,
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected)


def test_who_never_did_anything_has_figures_too() -> None:
    found = told(features(profile(), NOW))
    assert found["order_days"] is None
    assert found["orders_all"] == 0
    assert all(feature.words(value) for feature, value in zip(FEATURES, features(profile(), NOW), strict=True))


@pytest.mark.parametrize(
    ("later", "returns", "expected"),
    [
        ([("login", 1)], Returns.ANY, True),
        ([("login", 1)], Returns.ORDER, False),
        ([("order", 30)], Returns.ORDER, True),
        ([("order", 30.01)], Returns.ORDER, False),
        ([("login", 0)], Returns.ANY, False),
        ([("ticket", 1), ("message_open", 1), ("review", 2), ("call", 3)], Returns.ANY, False),
        ([("visit", 29)], Returns.ANY, True),
    ],
)
def test_coming_back_is_use_within_the_horizon(
    later: list[tuple[str, float]], returns: Returns, expected: bool
) -> None:
    who = profile(
        bought=[
            Order(at=NOW + timedelta(days=d), item="x", amount_fen=1) for kind, d in later if kind == "order"
        ],
        happenings=[Happening(kind=k, at=NOW + timedelta(days=d)) for k, d in later if k != "order"],
    )
    asked = Asked(moments=(NOW,), horizon=timedelta(days=30), returns=returns)
    assert came_back(who, NOW, asked) is expected


@given(st.integers(0, 1_500), st.integers(7, 180))
def test_moments_lie_a_horizon_apart_and_end_a_horizon_before_the_end(days: int, horizon: int) -> None:
    first, step = NOW - timedelta(days=days), timedelta(days=horizon)
    found = moments(first, NOW, step)
    assert len(found) <= 12
    assert all(later - earlier == step for earlier, later in pairwise(found))
    if found:
        assert found[-1] + step == NOW
        assert found[0] - first >= timedelta(days=90)


def test_only_the_silent_are_examples_and_each_moment_is_judged_by_itself() -> None:
    who = profile(bought=orders(300, 100), registered_at=ago(400))
    asked = Asked(moments=tuple(ago(days) for days in (220, 130, 90, 40)), horizon=timedelta(days=30))
    gathered = Gathered()
    gathered.add(who, asked)
    found = gathered.examples()
    assert list(found.moment) == [0, 1, 3]  # ten days after the order of day 100 they are not silent
    assert list(found.came) == [0, 1, 0]
    assert list(found.matrix[:, NAMES.index("orders_all")]) == [1, 1, 2]


def test_examples_of_a_moment_do_not_see_the_order_that_made_them_one() -> None:
    def examples(at: datetime) -> list[float]:
        bought = (*orders(300), Order(at=at, item="later", amount_fen=1))
        gathered = Gathered()
        gathered.add(profile(bought=bought), Asked(moments=(ago(60),), horizon=timedelta(days=30)))
        return [*gathered.examples().matrix[0], *gathered.examples().points]

    assert examples(ago(59)) == pytest.approx(examples(ago(31)), nan_ok=True)


def test_the_active_are_examples_of_leaving() -> None:
    who = profile(bought=orders(300, 110, 100), registered_at=ago(400))
    asked = Asked(moments=tuple(ago(days) for days in (295, 95, 60)), horizon=timedelta(days=30))
    gathered = Gathered(Question.LEAVE)
    gathered.add(who, asked)
    found = gathered.examples()
    assert list(found.moment) == [0, 1, 2]  # with three orders the own rhythm of 200 days holds
    assert list(found.came) == [1, 0, 0]
