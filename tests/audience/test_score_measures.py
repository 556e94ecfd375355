"""Figures of quality: AUC against counting pairs, intervals over people, calibration, and who may take over."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callbot.audience.score.measures import (
    Bin,
    Duel,
    Interval,
    Quality,
    auc,
    bins,
    brier,
    calibration_error,
    duel,
)
from callbot.audience.score.takeover import verdict

ROWS = st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=40).filter(
    lambda rows: len({came for came, _ in rows}) == 2
)


@given(ROWS)
def test_auc_is_the_share_of_pairs_in_order(rows: list[tuple[bool, int]]) -> None:
    back = [score for came, score in rows if came]
    away = [score for came, score in rows if not came]
    pairs = [1.0 if one > other else 0.5 if one == other else 0.0 for one in back for other in away]
    found = auc(np.array([came for came, _ in rows], float), np.array([score for _, score in rows], float))
    assert found == pytest.approx(sum(pairs) / len(pairs))


def test_auc_of_one_label_is_not_a_number() -> None:
    assert np.isnan(auc(np.ones(3), np.arange(3.0)))


def test_a_duel_is_drawn_over_people() -> None:
    """Ten copies of every row are ten rows of the same people: the interval does not shrink."""
    dice = np.random.default_rng(3)
    came = (dice.random(300) < 0.4).astype(float)
    good = 0.3 + 0.3 * came + 0.1 * dice.standard_normal(300)
    poor = dice.random(300)
    once = duel(came, good, poor, np.arange(300))
    ten = duel(np.tile(came, 10), np.tile(good, 10), np.tile(poor, 10), np.tile(np.arange(300), 10))
    assert (ten.gain.low, ten.gain.high) == pytest.approx((once.gain.low, once.gain.high), abs=1e-9)
    assert once.gain.low < once.gain.value < once.gain.high
    assert once.gain.low > 0
    assert once == duel(came, good, poor, np.arange(300))


def test_a_duel_needs_both_kinds_of_customers() -> None:
    with pytest.raises(ValueError, match="came back"):
        duel(np.zeros(9), np.arange(9.0), np.arange(9.0), np.arange(9))


def test_calibration_sets_what_was_said_beside_what_came() -> None:
    came = np.array([0.0] * 8 + [1.0] * 2)
    assert brier(came, came) == 0
    assert calibration_error(bins(came, came)) == 0
    flat = bins(came, np.full(10, 0.5))
    assert calibration_error(flat) == pytest.approx(0.5)
    assert sum(each.count for each in flat) == 10


def quality(auc: float, brier: float, error: float) -> Quality:
    return Quality(
        auc=Interval(value=auc, low=auc, high=auc),
        brier=brier,
        calibration_error=error,
        bins=(Bin(count=1, said=0.5, came=0.5),),
    )


@pytest.mark.parametrize(
    ("low", "brier", "error", "takes_over", "says"),
    [
        (0.02, 0.10, 0.02, True, "Brier 0.100 对 0.120"),
        (0.0, 0.10, 0.02, False, "不能确定"),
        (-0.01, 0.10, 0.02, False, "不能确定"),
        (0.02, 0.121, 0.02, False, "差于规则评分"),
        (0.02, 0.12, 0.06, True, "校准误差 6.0% 对 5.0%"),
        (0.02, 0.12, 0.0601, False, "校准误差"),
    ],
)
def test_a_model_takes_over_only_where_it_is_better_for_certain(
    low: float, brier: float, error: float, takes_over: bool, says: str
) -> None:
    found = verdict(
        Duel(
            learned=quality(0.80, brier, error),
            points=quality(0.75, 0.12, 0.05),
            gain=Interval(value=0.05, low=low, high=0.08),
        )
    )
    assert found.takes_over is takes_over
    assert says in found.why
    assert f"{low:+.3f}" in found.why
