"""How well labels were predicted: accuracy, macro-F1, precision and recall, each with its 95 % interval.

Intervals are percentiles of a bootstrap over the items: drawing n items with replacement is one multinomial
draw over the cells of the confusion matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
SEED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A share from 0 to 1 with the bounds of its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassScore:
    """How one label fared."""

    label: str
    true: int
    """Items that carry the label."""
    predicted: int
    precision: Measure | None
    """`None` where the label was never predicted."""
    recall: Measure | None
    """`None` where no item carries the label."""
    f1: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """Items with the label `true` that were predicted as `predicted`."""

    true: str
    predicted: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """One prediction task measured."""

    count: int
    accuracy: Measure
    macro_f1: Measure
    """Mean F1 over the labels that were carried or predicted."""
    classes: tuple[ClassScore, ...]
    """In the order of their labels."""
    confusions: tuple[Confusion, ...]
    """The most frequent first."""

    def of(self, label: str) -> ClassScore | None:
        """The score of `label`; `None` where it neither occurs nor was predicted."""
        return next((score for score in self.classes if score.label == label), None)


def score(true: Sequence[str], predicted: Sequence[str]) -> Scores:
    """Compare label by label. Raises `ValueError` for nothing to compare or lists of different lengths."""
    if not true:
        raise ValueError("there is nothing to compare")
    labels = sorted({*true, *predicted})
    place = {label: index for index, label in enumerate(labels)}
    cells = np.zeros((len(labels), len(labels)), dtype=np.int64)
    for carried, guessed in zip(true, predicted, strict=True):
        cells[place[carried], place[guessed]] += 1
    drawn = _drawn(cells.ravel() / len(true), len(true)).reshape(-1, len(labels), len(labels))
    found, many = _ratios(cells[None]), _ratios(drawn)
    return Scores(
        count=len(true),
        accuracy=_measure(found.accuracy, many.accuracy),
        macro_f1=_measure(_mean(found.f1), _mean(many.f1)),
        classes=tuple(
            ClassScore(
                label=label,
                true=int(cells[index].sum()),
                predicted=int(cells[:, index].sum()),
                precision=_measure(found.precision[:, index], many.precision[:, index])
                if cells[:, index].any()
                else None,
                recall=_measure(found.recall[:, index], many.recall[:, index]) if cells[index].any() else None,
                f1=float(found.f1[0, index]),
            )
            for index, label in enumerate(labels)
        ),
        confusions=tuple(
            sorted(
                (
                    Confusion(true=carried, predicted=guessed, count=int(cells[row, column]))
                    for row, carried in enumerate(labels)
                    for column, guessed in enumerate(labels)
                    if row != column and cells[row, column]
                ),
                key=lambda confusion: (-confusion.count, confusion.true, confusion.predicted),
            )
        ),
    )


def share(hits: Sequence[bool]) -> Measure | None:
    """The share of hits; `None` for an empty sequence."""
    if not hits:
        return None
    value = sum(hits) / len(hits)
    drawn = _drawn(np.array([value, 1 - value]), len(hits))[:, 0] / len(hits)
    return _measure(np.array([value]), drawn)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Ratios:
    """Of many confusion matrices at once, the first axis counting them; NaN where nothing is divided."""

    accuracy: NDArray[np.float64]
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]


def _ratios(cells: NDArray[np.int64]) -> _Ratios:
    hits = np.diagonal(cells, axis1=1, axis2=2)
    carried, guessed = cells.sum(axis=2), cells.sum(axis=1)
    return _Ratios(
        accuracy=_divided(hits.sum(axis=1), carried.sum(axis=1)),
        precision=_divided(hits, guessed),
        recall=_divided(hits, carried),
        f1=_divided(2 * hits, carried + guessed),
    )


def _divided(above: NDArray[np.int64], below: NDArray[np.int64]) -> NDArray[np.float64]:
    ratio = np.full(above.shape, np.nan)
    np.divide(above, below, out=ratio, where=below > 0)
    return ratio


def _mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean over labels; at least one label occurs in every matrix."""
    mean: NDArray[np.float64] = np.nanmean(values, axis=1)
    return mean


def _drawn(chances: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    return np.random.default_rng(SEED).multinomial(count, chances / chances.sum(), size=RESAMPLES)


def _measure(found: NDArray[Any], drawn: NDArray[np.float64]) -> Measure:
    known = drawn[~np.isnan(drawn)]
    low, high = np.percentile(known, [2.5, 97.5]) if known.size else (found[0], found[0])
    return Measure(value=float(found[0]), low=float(low), high=float(high))
