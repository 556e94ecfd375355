"""Scores by the learned model, for silent customers of the business lines in which it beat the scorecard."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import structlog
from numpy.typing import NDArray

from callbot.audience.score.case import Case, Score, Scorer, standing
from callbot.audience.score.features import FEATURES, NAMES, features
from callbot.audience.score.model import Line, Model, load_model
from callbot.audience.score.scorecard import SCORECARD
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
        for industry, line in self._model.lines.items():
            places = [
                place
                for place, case in enumerate(cases)
                if case.profile.industry == industry and case.silence.silent
            ]
            if places:
                for place, score in zip(
                    places, self._scored(line, [cases[place] for place in places]), strict=True
                ):
                    scores[place] = score
        return [score or SCORECARD.score(case) for score, case in zip(scores, cases, strict=True)]

    def _scored(self, line: Line, cases: Sequence[Case]) -> list[Score]:
        matrix = np.array([features(case.profile, case.now) for case in cases], dtype=np.float64)
        adds = line.adds(matrix)
        probability = line.calibrated(adds).round(6)
        deviation = line.slope * (adds - np.array([term.centre for term in line.terms]))
        return [
            Score(
                probability=float(probability[row]),
                model=self.version,
                because=f"{standing(case)}，唤回概率约{probability[row]:.0%}"
                f"（模型：{_told(line, matrix[row], deviation[row])}）",
            )
            for row, case in enumerate(cases)
        ]


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
    if not model.lines:
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
