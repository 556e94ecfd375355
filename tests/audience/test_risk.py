"""Early warning: who is about to go quiet, with the figures behind it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from audience_histories import NOW, ago, happened, orders, profile
from hypothesis import given
from hypothesis import strategies as st

from callbot.audience.profile import Happening, Profile
from callbot.audience.risk import Level, churn_risk, depth_drop, login_drop
from callbot.audience.score.as_of import as_of


def browsing(*days: float, pages: int | None) -> list[Happening]:
    counted: dict[str, Any] = {"pages": pages} if pages else {}
    return [happened("browse", day, **counted) for day in days]


def logins(before: int, after: int) -> list[Happening]:
    """Logins in the 30 days before last month, and in the last 30 days."""
    return [happened("login", 31 + index) for index in range(before)] + [
        happened("login", 2 + index) for index in range(after)
    ]


def warned(found: Profile) -> bool:
    risk = churn_risk(found, NOW)
    assert risk is not None
    return risk.early_warning


@pytest.mark.parametrize(
    ("login", "before", "after", "warns"),
    [
        ((10, 5), 10, 7, True),
        ((10, 6), 10, 7, False),
        ((10, 5), 10, 8, False),
        ((10, 0), 10, 0, True),
        ((3, 1), 10, 7, False),
    ],
    ids=["both as R087 names", "logins fell too little", "depth fell too little", "both ended", "few logins"],
)
def test_both_drops_together_warn(login: tuple[int, int], before: int, after: int, warns: bool) -> None:
    """R087."""
    depth = browsing(35, 40, 50, pages=before) + (browsing(5, 10, pages=after) if after else [])
    assert warned(profile(bought=orders(20), happenings=[*logins(*login), *depth])) is warns


def test_depth_without_page_counts_is_what_was_seen_on_a_day() -> None:
    seen = browsing(40, 40.1, 40.2, 40.3, 45, 45.1, pages=None) + browsing(5, 10, pages=None)
    drop = depth_drop(profile(happenings=seen), NOW)
    assert drop
    assert (drop.before, drop.after, drop.warns) == (3.0, 1.0, True)
    assert drop.words == "浏览深度近30天1，此前30天3，下降67%"


def test_too_little_to_compare_is_no_drop() -> None:
    assert depth_drop(profile(happenings=browsing(40, 45, pages=9)), NOW) is None
    assert login_drop(profile(happenings=logins(3, 0)), NOW) is None


def test_the_silent_and_the_unknown_have_no_risk_of_going_silent() -> None:
    assert churn_risk(profile(bought=orders(200)), NOW) is None
    assert churn_risk(profile(), NOW) is None


def test_levels_rise_with_what_speaks_for_leaving() -> None:
    calm = churn_risk(profile(bought=orders(2)), NOW)
    late = churn_risk(profile(bought=orders(28), happenings=[happened("ticket", 10)]), NOW)
    leaving = profile(
        bought=orders(25),
        happenings=[*logins(10, 2), *browsing(35, 40, 50, pages=10), happened("refund", 12, "退货")],
    )
    worst = churn_risk(leaving, NOW)
    assert calm
    assert late
    assert worst
    assert (calm.level, late.level, worst.level) == (Level.LOW, Level.MIDDLE, Level.HIGH)
    assert late.days_left == 2
    for words in ("离沉默只剩5天", "登录次数近30天2，此前30天10，下降80%", "近90天工单或退款1次"):
        assert words in worst.because
    assert f"约{worst.probability:.0%}" in worst.because


@given(st.lists(st.tuples(st.sampled_from(["login", "browse", "ticket"]), st.floats(0.01, 400)), max_size=20))
def test_what_happens_later_changes_nothing_now(later: list[tuple[str, float]]) -> None:
    known = [*logins(6, 2), *browsing(35, 40, 50, pages=10)]
    future = [Happening(kind=kind, at=NOW + timedelta(days=days)) for kind, days in later]
    later_known = profile(bought=orders(3), happenings=[*known, *future])
    assert churn_risk(as_of(later_known, NOW), NOW) == churn_risk(
        profile(bought=orders(3), happenings=known), NOW
    )


def test_rights_that_run_out_count() -> None:
    near = profile(bought=orders(20), member_level="金卡", member_until=ago(-10).date())
    assert "会员权益" in (churn_risk(near, NOW) or pytest.fail("active")).because
