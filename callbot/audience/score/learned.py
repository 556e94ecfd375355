"""Scores by the learned model, in the business lines in which it beat the scorecard."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import structlog
from numpy.typing import NDArray

from callbot.audience.risk import Risk, level_of
from callbot.audience.score.case import Case, Score, Scorer, standing
from callbot.audience.score.features import FEATURES, NAMES, features
from callbot.audience.score.model import Line, Model, load_model
from callbot.audience.score.scorecard import SCORECARD
from callbot.audience.silence import Stage
from callbot.errors import BadInput

_log = structlog.get_logger(__name__)
_TOLD: Final = 3
"""Features named in an explanation."""
_NOTABLE: Final = 0.05
"""Log-odds below which a feature is not worth a word."""


class LearnedScorer:
    """The model where it holds, the scorecard everywhere else."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.version = model.version

    def score(self, case: Case) -> Score:
        return self.score_all([case])[0]

    def score_all(self, cases: Sequence[Case]) -> list[Score]:
        scores: list[Score | None] = [None] * len(cases)
        for place, probability, told in _foretold(self._model.lines, cases, lambda case: case.silence.silent):
            scores[place] = Score(
                probability=probability,
                model=self.version,
                because=f"{standing(cases[place])}，唤回概率约{probability:.0%}（模型：{told}）",
            )
        return [score or SCORECARD.score(case) for score, case in zip(scores, cases, strict=True)]

    def risk_all(self, cases: Sequence[Case]) -> list[Risk | None]:
        risks = SCORECARD.risk_all(cases)
        for place, probability, told in _foretold(
            self._model.leaving, cases, lambda case: case.silence.stage is Stage.ACTIVE
        ):
            if risk := risks[place]:
                risks[place] = replace(
                    risk,
                    probability=probability,
                    level=level_of(probability),
                    model=self.version,
                    because=f"{self._model.horizon_days}天后沉默的风险约{probability:.0%}（模型：{told}）",
                )
        return risks


def _foretold(
    lines: Mapping[str, Line], cases: Sequence[Case], holds: Callable[[Case], bool]
) -> Iterator[tuple[int, float, str]]:
    """Place, probability and what moves it, of the cases that a line has a model for."""
    for industry, line in lines.items():
        places = [
            place for place, case in enumerate(cases) if case.profile.industry == industry and holds(case)
        ]
        if not places:
            continue
        matrix = np.array(
            [features(cases[place].profile, cases[place].now) for place in places], dtype=np.float64
        )
        adds = line.adds(matrix)
        probability = line.calibrated(adds).round(6)
        deviation = line.slope * (adds - np.array([term.centre for term in line.terms]))
        for row, place in enumerate(places):
            yield place, float(probability[row]), _told(line, matrix[row], deviation[row])


def read_scorer(file: Path) -> Scorer:
    """The learned scorer of a file, else the scorecard; why not is logged.

    A missing file is the normal state before the first training and only told at debug level.
    """
    if not file.exists():
        _log.debug("the scorecard scores: no model was trained", file=str(file))
        return SCORECARD
    try:
        model = load_model(file)
    except BadInput as error:
        _log.warning("the scorecard scores: the model cannot be used", problem=str(error))
        return SCORECARD
    if not model.lines and not model.leaving:
        _log.info("the scorecard scores: no business line has a model that beats it", file=str(file))
        return SCORECARD
    return LearnedScorer(model)


def _told(line: Line, row: NDArray[np.float64], deviation: NDArray[np.float64]) -> str:
    """The features that move this customer most, with their figures and direction."""
    order = np.argsort(-np.abs(deviation), kind="stable")[:_TOLD]
    told = [
        f"{_BY_NAME[line.terms[place].feature](row[NAMES.index(line.terms[place].feature)])}"
        f"{'↑' if deviation[place] > 0 else '↓'}"
        for place in order
        if abs(deviation[place]) >= _NOTABLE
    ]
    return "；".join(told) or "各项都接近平均"


_BY_NAME: Final = {feature.name: feature.words for feature in FEATURES}
