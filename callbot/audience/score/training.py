"""Learns to score from a base's own past. The only module that needs scikit-learn; scoring does without it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from callbot.audience.score.features import FEATURES
from callbot.audience.score.measures import brier, duel
from callbot.audience.score.model import Line, Model, Term
from callbot.audience.score.report import CAME, Influence, LineReport, Report, Slice
from callbot.audience.score.snapshots import Asked, Examples, Question
from callbot.audience.score.takeover import verdict

_QUANTILES: Final = (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99)
_STRENGTHS: Final = (0.03, 0.3, 3.0)
"""Inverses of the penalty that keeps rare values from shouting: little, some and much trust in the data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """Rows that each slice must hold of customers who came back, and as many of those who did not."""

    learn: int = 150
    calibrate: int = 40
    test: int = 80


def train(
    base: Mapping[Question, Mapping[str, Examples]],
    asked: Asked,
    until: datetime,
    needed: Needed | None = None,
) -> tuple[Model, Report]:
    """Learn each question and business line and let it compete with the scorecard on the latest moments.

    The model holds only the lines that won. Deterministic.
    """
    needed = needed or Needed()
    won: dict[Question, dict[str, Line]] = {about: {} for about in Question}
    reports: list[LineReport] = []
    for about in Question:
        for industry, examples in sorted(base.get(about, {}).items()):
            line, report = _compete(about, industry, examples, asked, needed)
            reports.append(report)
            if line is not None and report.takes_over:
                won[about][industry] = line
    model = Model(
        horizon_days=asked.horizon.days,
        trained_until=until.date().isoformat(),
        returns=asked.returns.value,
        lines=won[Question.WAKE],
        leaving=won[Question.LEAVE],
    )
    return model, Report(
        model=model.version,
        until=until.date().isoformat(),
        horizon_days=asked.horizon.days,
        returns=asked.returns.value,
        moments=tuple(moment.date().isoformat() for moment in asked.moments),
        lines=tuple(reports),
    )


def _compete(
    about: Question, industry: str, examples: Examples, asked: Asked, needed: Needed
) -> tuple[Line | None, LineReport]:
    moments = slices(len(asked.moments))
    parts = {name: examples.where(np.isin(examples.moment, places)) for name, places in moments.items()}
    told = {name: _told(parts[name], asked, moments[name]) for name in moments}
    report = partial(
        LineReport,
        about=about.value,
        industry=industry,
        learn=told["learn"],
        calibrate=told["calibrate"],
        test=told["test"],
    )
    least = {"learn": needed.learn, "calibrate": needed.calibrate, "test": needed.test}
    lacking = [
        _lacking(about, told[name], least[name]) for name in moments if _too_few(told[name], least[name])
    ]
    if lacking:
        return None, report(takes_over=False, why="历史太少：" + "；".join(lacking), enough=False)
    line = _best(parts["learn"], parts["calibrate"])
    if line is None:
        why = "在校准时段上，模型的排序与实际相反"
        return None, report(takes_over=False, why=why)
    test = parts["test"]
    found = duel(test.came, line.probability(test.matrix), test.points, test.customer)
    decided = verdict(found)
    return line, report(
        takes_over=decided.takes_over,
        why=decided.why,
        duel=found,
        influences=_influences(line, parts["learn"].matrix),
    )


def slices(count: int) -> dict[str, list[int]]:
    """Moments by purpose, in the order of time: a quarter each for calibration and test, at least one."""
    share = max(1, count // 4)
    places = list(range(count))
    return {
        "learn": places[: -2 * share],
        "calibrate": places[-2 * share : -share],
        "test": places[-share:],
    }


def _told(part: Examples, asked: Asked, places: list[int]) -> Slice:
    return Slice(
        first=asked.moments[places[0]].date().isoformat() if places else "",
        last=asked.moments[places[-1]].date().isoformat() if places else "",
        rows=len(part.came),
        customers=len(np.unique(part.customer)),
        came=int(part.came.sum()),
    )


def _too_few(part: Slice, least: int) -> bool:
    return part.came < least or part.rows - part.came < least


def _lacking(about: Question, part: Slice, least: int) -> str:
    span = part.first if part.first == part.last else f"{part.first} 至 {part.last}"
    yes, no = CAME[about.value], f"没{CAME[about.value]}"
    found = f"有{yes}的 {part.came} 例、{no}的 {part.rows - part.came} 例"
    return f"时点 {span or '（无）'} {found}，各需要 {least} 例"


def _best(learn: Examples, calibrate: Examples) -> Line | None:
    """The line whose penalty fits the calibration slice best; None where the order is the wrong way round."""
    found = [_calibrated(line, calibrate) for line in _fitted(learn)]
    usable = [line for line in found if line is not None]
    return min(usable, key=lambda line: brier(calibrate.came, line.probability(calibrate.matrix)), default=None)


def _fitted(part: Examples) -> Iterator[Line]:
    """Logistic regression on hat functions, once for each penalty."""
    knots = {
        place: found
        for place in range(len(FEATURES))
        if len(found := _knots(part.matrix[:, place])) > 1 or np.isnan(part.matrix[:, place]).any()
    }
    columns = [_hats(part.matrix[:, place], found) for place, found in knots.items()]
    widths = np.cumsum([each.shape[1] for each in columns])[:-1]
    for strength in _STRENGTHS:
        fitted = LogisticRegression(C=strength, max_iter=2_000).fit(np.column_stack(columns), part.came)
        heights = np.split(fitted.coef_[0], widths)
        terms = tuple(
            _term(part.matrix[:, place], FEATURES[place].name, knots[place], height)
            for place, height in zip(knots, heights, strict=True)
        )
        yield Line(intercept=float(fitted.intercept_[0]), terms=terms, slope=1.0, offset=0.0)


def _term(
    column: NDArray[np.float64], feature: str, knots: NDArray[np.float64], heights: NDArray[np.float64]
) -> Term:
    """The polyline of one feature; the last height is that of what cannot be told."""
    term = Term(
        feature=feature,
        knots=tuple(float(knot) for knot in knots),
        values=tuple(float(value) for value in heights[:-1]),
        missing=float(heights[-1]),
        centre=0.0,
    )
    centre = float(term.adds(column).mean())
    # Where it was always told, one that is not told later adds what is usual.
    return replace(term, centre=centre, missing=term.missing if np.isnan(column).any() else centre)


def _knots(column: NDArray[np.float64]) -> NDArray[np.float64]:
    told = column[~np.isnan(column)]
    if not len(told):
        return np.zeros(1)
    # A figure that is mostly 0 has its quantiles there too; what lies above gets knots of its own.
    positive = told[told > told.min()]
    return np.unique(
        np.concatenate(
            [np.quantile(told, _QUANTILES), np.quantile(positive, (0.5, 0.9)) if len(positive) else []]
        ).round(3)
    )


def _hats(column: NDArray[np.float64], knots: NDArray[np.float64]) -> NDArray[np.float64]:
    """One column for each knot, 1 at it and falling to 0 at its neighbours, and one for what cannot be told."""
    missing = np.isnan(column)
    value = np.nan_to_num(column)
    hats = np.column_stack([np.interp(value, knots, row) for row in np.eye(len(knots))])
    hats[missing] = 0.0
    return np.column_stack([hats, missing.astype(np.float64)])


def _calibrated(line: Line, part: Examples) -> Line | None:
    """With slope and offset that fit a later slice (Platt); None where the slope is not positive."""
    raw = line.intercept + line.adds(part.matrix).sum(axis=1)
    fitted = LogisticRegression(C=1e6, max_iter=2_000).fit(raw.reshape(-1, 1), part.came)
    slope = float(fitted.coef_[0, 0])
    if slope <= 0:
        return None
    return replace(line, slope=slope, offset=float(fitted.intercept_[0]))


def _influences(line: Line, matrix: NDArray[np.float64]) -> tuple[Influence, ...]:
    """The features by how far they move the log-odds among customers, the strongest first."""
    titles = {feature.name: (place, feature.title) for place, feature in enumerate(FEATURES)}
    found = []
    for term in line.terms:
        place, title = titles[term.feature]
        column = matrix[:, place]
        adds = line.slope * term.adds(column)
        found.append(
            Influence(
                feature=term.feature, title=title, spread=float(adds.std()), direction=_direction(column, adds)
            )
        )
    return tuple(sorted(found, key=lambda each: -each.spread))


def _direction(column: NDArray[np.float64], adds: NDArray[np.float64]) -> str:
    told = ~np.isnan(column)
    if told.sum() < 2 or column[told].std() == 0 or adds[told].std() == 0:
        return "有无"
    ranks = [np.unique(each[told], return_inverse=True)[1] for each in (column, adds)]
    along = float(np.corrcoef(ranks[0], ranks[1])[0, 1])
    return "越大越可能" if along > 0.5 else "越小越可能" if along < -0.5 else "中间与两端不同"
