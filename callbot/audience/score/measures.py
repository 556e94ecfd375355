"""How good a score is: AUC with its interval, Brier score, calibration. Labels are 1 for who came back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

RESAMPLES: Final = 500
SEED: Final = 7
BINS: Final = 10

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A figure with the bounds of its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """A tenth of the customers, from the lowest probability to the highest."""

    count: int
    said: float
    """Mean probability."""
    came: float
    """Share that came back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """One score on one set of customers."""

    auc: Interval
    brier: float
    calibration_error: float
    """Mean distance between what was said and what came, over the bins."""
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Duel:
    """Two scores on the same customers."""

    learned: Quality
    points: Quality
    gain: Interval
    """AUC of the learned score less that of the scorecard."""


def duel(came: Numbers, learned: Numbers, points: Numbers, customers: NDArray[np.int64]) -> Duel:
    """Compare two scores. `customers` numbers from 0 the customer of each row.

    Intervals are percentiles of a bootstrap over customers, not rows: the rows of one customer belong together,
    and both scores are drawn alike, so that the gain is that on equal samples. Raises `ValueError` where all
    rows have one label.
    """
    first, second = _Ranking(came, learned), _Ranking(came, points)
    ones = np.ones(len(came))
    values = np.array([first.auc(ones), second.auc(ones)])
    if np.isnan(values).any():
        raise ValueError("AUC needs customers who came back and customers who did not")
    people = int(customers.max()) + 1
    dice = np.random.default_rng(SEED)
    drawn = np.empty((RESAMPLES, 2))
    for row in range(RESAMPLES):
        times = np.bincount(dice.integers(0, people, people), minlength=people)[customers].astype(np.float64)
        drawn[row] = first.auc(times), second.auc(times)
    drawn = drawn[~np.isnan(drawn).any(axis=1)]
    return Duel(
        learned=_quality(came, learned, _interval(values[0], drawn[:, 0])),
        points=_quality(came, points, _interval(values[1], drawn[:, 1])),
        gain=_interval(values[0] - values[1], drawn[:, 0] - drawn[:, 1]),
    )


def auc(came: Numbers, score: Numbers) -> float:
    """Chance that who came back scores above who did not; ties count half; nan where all have one label."""
    return _Ranking(came, score).auc(np.ones(len(came)))


def brier(came: Numbers, probability: Numbers) -> float:
    """Mean squared distance between probability and what came; lower is better."""
    return float(np.mean((probability - came) ** 2))


def bins(came: Numbers, probability: Numbers) -> tuple[Bin, ...]:
    """The calibration table: equally many customers in each row."""
    parts = np.array_split(np.argsort(probability, kind="stable"), BINS)
    return tuple(
        Bin(count=len(part), said=float(probability[part].mean()), came=float(came[part].mean()))
        for part in parts
        if len(part)
    )


def calibration_error(table: tuple[Bin, ...]) -> float:
    """Mean distance between said and came, weighted by customers."""
    total = sum(each.count for each in table)
    return sum(each.count * abs(each.said - each.came) for each in table) / total


class _Ranking:
    """Rows grouped by equal score, so that AUC under many weightings costs one pass each."""

    def __init__(self, came: Numbers, score: Numbers) -> None:
        self._order = np.argsort(score, kind="stable")
        ranked = score[self._order]
        self._starts = np.flatnonzero(np.concatenate(([True], ranked[1:] != ranked[:-1])))
        self._came = came[self._order]

    def auc(self, weights: Numbers) -> float:
        weighted = weights[self._order]
        back = np.add.reduceat(weighted * self._came, self._starts)
        away = np.add.reduceat(weighted * (1 - self._came), self._starts)
        pairs = back.sum() * away.sum()
        if pairs == 0:
            return float("nan")
        below = np.cumsum(away) - away
        return float((back * (below + away / 2)).sum() / pairs)


def _quality(came: Numbers, probability: Numbers, interval: Interval) -> Quality:
    table = bins(came, probability)
    return Quality(
        auc=interval, brier=brier(came, probability), calibration_error=calibration_error(table), bins=table
    )


def _interval(value: float, drawn: Numbers) -> Interval:
    low, high = np.percentile(drawn, (2.5, 97.5))
    return Interval(value=float(value), low=float(low), high=float(high))
