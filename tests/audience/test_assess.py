"""Strategy, priority and tags of whole histories: each says why, and none sells to whoever was harmed."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from audience_histories import NOW, ago, happened, orders, profile
from hypothesis import given
from hypothesis import strategies as st

from callbot.audience.assess import assess, conclusion
from callbot.audience.eligibility import eligible
from callbot.audience.profile import Profile
from callbot.audience.reasons import Reason
from callbot.audience.silence import Stage
from callbot.audience.strategy import StrategyName

TODAY = NOW.date()
CASES: list[tuple[Profile, StrategyName | None, str]] = [
    (profile(bought=orders(3)), None, "active"),
    (profile(bought=orders(200)), StrategyName.SERVICE, "unknown reason"),
    (
        profile(bought=orders(100, 120), happenings=[happened("ticket", 90, "没人管")]),
        StrategyName.SERVICE,
        "harmed",
    ),
    (
        profile(bought=orders(100), happenings=[happened("conversation", 9, "换了平台")]),
        StrategyName.SERVICE,
        "moved on",
    ),
    (
        profile(bought=orders(100), happenings=[happened("conversation", 9, "用不着了")]),
        StrategyName.CONTENT,
        "need gone",
    ),
    (profile(bought=orders(100, 120)), StrategyName.COMPENSATE, "faded"),
    (
        profile(bought=orders(100, 120), member_level="金卡", member_until=TODAY + timedelta(days=20)),
        StrategyName.RIGHTS,
        "rights",
    ),
    (profile(bought=orders(100, 120), birthday=TODAY.replace(year=1990)), StrategyName.OCCASION, "birthday"),
    (profile(bought=orders(100, 120), registered_at=ago(355)), StrategyName.OCCASION, "anniversary"),
    (profile(bought=orders(100, 120), named_agent="刘顾问"), StrategyName.SERVICE, "own adviser"),
    (
        profile(
            bought=orders(100, 120), happenings=[happened("message_click", d, "新品视频") for d in (50, 60)]
        ),
        StrategyName.CONTENT,
        "reads",
    ),
    (
        profile(
            bought=orders(100, 120), happenings=[happened("enquiry", d, "问有没有优惠券") for d in (50, 60)]
        ),
        StrategyName.COMPENSATE,
        "price",
    ),
    (profile(bought=orders(200, 220, yuan=3000)), StrategyName.SERVICE, "worth much, silent for long"),
]


@pytest.mark.parametrize(("who", "expected", "why"), CASES, ids=[case[2] for case in CASES])
def test_the_strategy_fits(who: Profile, expected: StrategyName | None, why: str) -> None:
    chosen = assess(who, NOW).strategy
    assert (chosen.name if chosen else None) == expected


def some(**fields: Any) -> st.SearchStrategy[Profile]:
    happening = st.builds(
        happened,
        st.sampled_from(["login", "browse", "cart", "ticket", "conversation", "message_click", "form", "call"]),
        st.integers(0, 900),
        st.sampled_from(["", "空气炸锅", "没人管", "换了平台", "用不着了", "问优惠券", "一般"]),
    )
    return st.builds(
        profile,
        industry=st.sampled_from(["ecommerce", "aesthetics", "education", "finance"]),
        bought=st.lists(st.integers(0, 900), max_size=6).map(lambda days: orders(*days)),
        happenings=st.lists(happening, max_size=8),
        birthday=st.none() | st.dates(),
        named_agent=st.sampled_from(["", "刘顾问"]),
        low_priority=st.booleans(),
        registered_at=st.none() | st.integers(0, 2_000).map(ago),
        member_level=st.sampled_from(["", "金卡"]),
        member_until=st.none() | st.integers(-100, 100).map(lambda days: TODAY + timedelta(days=days)),
    )


@given(some())
def test_any_history_gets_a_complete_assessment(who: Profile) -> None:
    found = assess(who, NOW)
    assert 0 <= found.priority.score <= 1000
    assert 0 < found.score.probability < 1
    assert found.score.because in found.priority.because
    assert f"唤回概率约{found.score.probability:.0%}" in found.score.because
    assert (found.risk is None) == (found.stage is not Stage.ACTIVE)
    assert "\n" not in found.priority.because
    assert len({tag.name for tag in found.tags}) == len(found.tags)
    assert all(tag.rule for tag in found.tags)
    assert (found.strategy is None) == (found.stage in (Stage.ACTIVE, Stage.UNKNOWN))
    json.dumps([conclusion(found).assessment, [dict(tag.evidence) for tag in found.tags]])


@given(some())
def test_no_benefit_first_and_no_urgency_where_trust_is_broken(who: Profile) -> None:
    """C4 and C5."""
    found = assess(who, NOW)
    if found.strategy and found.reason in (Reason.HARMED, Reason.MOVED_ON, Reason.UNKNOWN):
        assert not found.strategy.benefit_first
        assert not found.strategy.urgency


def test_a_refusal_lowers_the_priority_and_an_enquiry_raises_it() -> None:
    def score(**fields: Any) -> int:
        return assess(profile(bought=orders(60, 80), **fields), NOW).priority.score

    assert score(low_priority=True) < score() < score(own_enquiry_at=ago(3))


@pytest.mark.parametrize(
    ("conditions", "holds"),
    [
        ({}, True),
        ({"min_silent_days": 90, "max_silent_days": 180}, True),
        ({"min_silent_days": 100}, True),
        ({"min_silent_days": 101}, False),
        ({"max_silent_days": 99}, False),
        ({"max_orders": 0}, False),
        ({"min_orders": 1}, True),
        ({"member_levels": ["金卡"]}, False),
        ({"something_new": 1}, False),
    ],
)
def test_an_offer_is_for_whom_its_conditions_name(conditions: dict[str, Any], holds: bool) -> None:
    who = profile(bought=orders(100))
    assert eligible(conditions, who, assess(who, NOW)) is holds
