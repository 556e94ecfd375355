"""A learned model as plain numbers: for each business line a sum of polylines, calibrated."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from callbot.audience.score import features
from callbot.errors import BadInput

FORMAT: Final = 1
FILE: Final = "model.json"
_MOST: Final = 1e6
"""No honest coefficient is larger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """What one feature adds to the log-odds: a polyline through (knot, value), flat outside of its ends."""

    feature: str
    knots: tuple[float, ...]
    """Ascending."""
    values: tuple[float, ...]
    missing: float
    """Added where the feature cannot be told."""
    centre: float
    """What it adds on average; an explanation tells what deviates from it."""

    def adds(self, column: NDArray[np.float64]) -> NDArray[np.float64]:
        """What it adds for each value of a column."""
        told = np.interp(np.nan_to_num(column), self.knots, self.values)
        return np.where(np.isnan(column), self.missing, told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The model of one business line."""

    intercept: float
    terms: tuple[Term, ...]
    slope: float
    """Calibration: the log-odds are `slope` times the sum, plus `offset`. Positive, so that order is kept."""
    offset: float

    def adds(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """What each term adds, one column for each term; rows of `matrix` are features in their order."""
        return np.column_stack(
            [term.adds(matrix[:, features.NAMES.index(term.feature)]) for term in self.terms]
        )

    def calibrated(self, adds: NDArray[np.float64]) -> NDArray[np.float64]:
        """The probability from what the terms add."""
        return sigmoid(self.slope * (self.intercept + adds.sum(axis=1)) + self.offset)

    def probability(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """The probability for each row."""
        return self.calibrated(self.adds(matrix))


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """The lines whose model beat the scorecard."""

    horizon_days: int
    trained_until: str
    """ISO date: nothing later was seen in training or testing."""
    returns: str
    """What counted as coming back: `any` or `order`."""
    lines: Mapping[str, Line]
    """By industry: how likely the silent come back."""
    leaving: Mapping[str, Line]
    """By industry: how likely the active fall silent."""

    @property
    def version(self) -> str:
        """`wakeup-` and the start of the content's hash."""
        return f"wakeup-{_digest(_content(self))[:12]}"


def sigmoid(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-odds as probability."""
    odds: NDArray[np.float64] = 1 / (1 + np.exp(-np.clip(log_odds, -30, 30)))
    return odds


def save_model(model: Model, folder: Path) -> Path:
    """Write the model; a reader sees the old file or the new one, never half of one."""
    content = _content(model)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / FILE
    part = file.with_suffix(".part")
    part.write_text(
        json.dumps({**content, "sha256": _digest(content)}, ensure_ascii=False, indent=1) + "\n",
        encoding="utf-8",
    )
    part.replace(file)
    return file


def load_model(file: Path) -> Model:
    """The model in a file. Raises `BadInput` for one missing, changed, damaged or of another version."""
    cure = "重新训练：callbot audience train"
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInput.one(str(file), "没有模型", cure) from None
    except (OSError, ValueError) as error:
        raise BadInput.one(str(file), f"不是可读的 JSON（{error}）", cure) from None
    if not isinstance(found, dict):
        raise BadInput.one(str(file), "不是模型", cure)
    if found.get("format") != FORMAT:
        raise BadInput.one(str(file), f"格式是 {found.get('format')!r}，需要的是 {FORMAT}", cure)
    if found.get("features") != features.VERSION:
        raise BadInput.one(
            str(file), f"训练用的特征是 {found.get('features')!r}，现在计算的是 {features.VERSION}", cure
        )
    stated = found.pop("sha256", None)
    if stated != _digest(found):
        raise BadInput.one(str(file), "被改动或损坏：sha256 对不上", cure)
    try:
        return _model(found)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadInput.one(str(file), f"里面没有可用的模型（{error}）", cure) from None


def _content(model: Model) -> dict[str, Any]:
    # Through JSON once, so that what is hashed before writing is what is hashed after reading.
    fields = asdict(model)
    return dict(json.loads(json.dumps({"format": FORMAT, "features": features.VERSION, **fields})))


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _model(found: Mapping[str, Any]) -> Model:
    return Model(
        horizon_days=int(found["horizon_days"]),
        trained_until=str(found["trained_until"]),
        returns=str(found["returns"]),
        lines={str(name): _line(line) for name, line in found["lines"].items()},
        leaving={str(name): _line(line) for name, line in found["leaving"].items()},
    )


def _line(found: Mapping[str, Any]) -> Line:
    terms = tuple(_term(term) for term in found["terms"])
    if not terms:
        raise ValueError("a line without terms")
    slope = _number(found["slope"])
    if slope <= 0:
        raise ValueError("the slope of the calibration is not positive")
    return Line(
        intercept=_number(found["intercept"]), terms=terms, slope=slope, offset=_number(found["offset"])
    )


def _term(found: Mapping[str, Any]) -> Term:
    if found["feature"] not in features.NAMES:
        raise ValueError(f"no feature is called {found['feature']!r}")
    knots = tuple(_number(knot) for knot in found["knots"])
    values = tuple(_number(value) for value in found["values"])
    if not knots or len(knots) != len(values) or list(knots) != sorted(set(knots)):
        raise ValueError(f"the polyline of {found['feature']} is not one")
    return Term(
        feature=found["feature"],
        knots=knots,
        values=values,
        missing=_number(found["missing"]),
        centre=_number(found["centre"]),
    )


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= _MOST:
        raise ValueError(f"{value!r} is not a number in range")
    return float(value)
