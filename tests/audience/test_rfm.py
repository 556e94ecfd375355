"""R129–R131 to the letter, and value and stage of life inside them."""

from __future__ import annotations

import pytest
from audience_histories import NOW, ago, happened, orders, profile
from hypothesis import given
from hypothesis import strategies as st

from callbot.audience.rfm import Lifecycle, Rfm, Segment, Tier, lifecycle, rfm, segment, tier
from callbot.audience.silence import silence


@pytest.mark.parametrize(
    ("recency", "frequency", "yuan", "expected"),
    [
        (30, 5, 1000, Segment.HIGH_VALUE_ACTIVE),
        (31, 5, 1000, Segment.WATCH),
        (30, 4, 1000, Segment.WATCH),
        (30, 5, 999, Segment.WATCH),
        (91, 1, 499, Segment.LOW_VALUE_LOST),
        (90, 1, 499, Segment.WATCH),
        (91, 2, 499, Segment.WATCH),
        (91, 1, 500, Segment.WATCH),
        (None, 0, 0, Segment.WATCH),
    ],
)
def test_segments_at_their_borders(recency: int | None, frequency: int, yuan: int, expected: Segment) -> None:
    assert segment(Rfm(recency_days=recency, frequency=frequency, money_fen=yuan * 100))[0] is expected


@given(st.none() | st.integers(0, 4_000), st.integers(0, 50), st.integers(0, 10_000_00))
def test_every_figure_has_exactly_one_segment_with_its_rule(recency: int | None, count: int, fen: int) -> None:
    found, rule = segment(Rfm(recency_days=recency, frequency=count, money_fen=fen))
    assert {Segment.HIGH_VALUE_ACTIVE: "R129", Segment.LOW_VALUE_LOST: "R130", Segment.WATCH: "R131"}[
        found
    ] in rule


def test_refunded_orders_do_not_count() -> None:
    found = rfm(profile(bought=[*orders(40, 50, yuan=300), *orders(3, yuan=900, refunded=True)]), NOW)
    assert (found.recency_days, found.frequency, found.money_fen) == (40, 2, 600_00)


@pytest.mark.parametrize(("yuan", "expected"), [(1000, Tier.HIGH), (999, Tier.MIDDLE), (499, Tier.LOW)])
def test_tiers(yuan: int, expected: Tier) -> None:
    assert tier(Rfm(recency_days=1, frequency=1, money_fen=yuan * 100))[0] is expected


@pytest.mark.parametrize(
    ("registered", "bought", "expected"),
    [
        (10, (3,), Lifecycle.NEW),
        (300, (3, 20), Lifecycle.GROWING),
        (300, (3, 10, 17, 24, 31), Lifecycle.MATURE),
        (300, (200,), Lifecycle.LOST),
    ],
)
def test_stages_of_life(registered: int, bought: tuple[int, ...], expected: Lifecycle) -> None:
    who = profile(bought=orders(*bought), happenings=[happened("login", 1)], registered_at=ago(registered))
    assert lifecycle(who, rfm(who, NOW), silence(who, NOW), NOW)[0] is expected
