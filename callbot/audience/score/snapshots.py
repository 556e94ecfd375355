"""The past as examples to learn from: who was silent at a moment and came back, who was active and left."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from callbot.audience.profile import Profile
from callbot.audience.reasons import reason
from callbot.audience.rfm import rfm
from callbot.audience.risk import churn_risk
from callbot.audience.score.as_of import as_of
from callbot.audience.score.case import Case
from callbot.audience.score.features import NAMES, features
from callbot.audience.score.scorecard import SCORECARD
from callbot.audience.silence import silence

_Row: TypeAlias = tuple[int, tuple[float, ...], float, bool]
"""Place of the moment, features, the scorecard's probability, whether it came true."""
LOOK_BACK: Final = timedelta(days=90)
"""So much history must lie before the first moment."""
MOST_MOMENTS: Final = 12
_ACTIVE_AGAIN: Final = frozenset({"login", "browse", "favourite", "cart", "form", "visit", "lesson"})
"""What shows that somebody uses the service again. A complaint, a review or an opened message does not."""


class Question(StrEnum):
    """What is foretold of whom."""

    WAKE = "wake"
    """Of the silent: that they come back within the horizon (R003)."""
    LEAVE = "leave"
    """Of the active: that they are silent at the end of the horizon (R086)."""


class Returns(StrEnum):
    """What counts as coming back."""

    ANY = "any"
    """An order, a login, or use of the service."""
    ORDER = "order"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the past is asked."""

    moments: tuple[datetime, ...]
    """UTC, ascending, `horizon` apart, so that no outcome reaches into the next moment's past."""
    horizon: timedelta
    returns: Returns = Returns.ANY


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """Customers of whom something could be foretold, at several moments, a row each."""

    matrix: NDArray[np.float64]
    """Features in the order of `features.FEATURES`."""
    points: NDArray[np.float64]
    """The scorecard's probability."""
    came: NDArray[np.float64]
    """1: it came true."""
    moment: NDArray[np.int64]
    """Which of the moments."""
    customer: NDArray[np.int64]
    """Which customer, numbered from 0 in the order in which they were added."""

    def where(self, chosen: NDArray[np.bool_]) -> Examples:
        """Some of the rows; customers are numbered anew."""
        _, customer = np.unique(self.customer[chosen], return_inverse=True)
        return Examples(
            matrix=self.matrix[chosen],
            points=self.points[chosen],
            came=self.came[chosen],
            moment=self.moment[chosen],
            customer=customer.astype(np.int64),
        )


class Gathered:
    """Examples of one question and business line, collected customer by customer."""

    def __init__(self, about: Question = Question.WAKE) -> None:
        self.about = about
        self.customers = 0
        self._matrix = array("d")
        self._points = array("d")
        self._came = array("b")
        self._moment = array("l")
        self._customer = array("l")

    def add(self, profile: Profile, asked: Asked) -> None:
        rows = _silent_rows if self.about is Question.WAKE else _active_rows
        for moment, figures, points, came in rows(profile, asked):
            self._matrix.extend(figures)
            self._points.append(points)
            self._came.append(came)
            self._moment.append(moment)
            self._customer.append(self.customers)
        self.customers += 1

    def examples(self) -> Examples:
        return Examples(
            matrix=np.array(self._matrix, dtype=np.float64).reshape(-1, len(NAMES)),
            points=np.array(self._points, dtype=np.float64),
            came=np.array(self._came, dtype=np.float64),
            moment=np.array(self._moment, dtype=np.int64),
            customer=np.array(self._customer, dtype=np.int64),
        )


def moments(first: datetime, until: datetime, horizon: timedelta) -> tuple[datetime, ...]:
    """The moments to look from: the last one `horizon` before `until`, each `horizon` before the next, none
    within `LOOK_BACK` of the first record, twelve at most.
    """
    count = int((until - first - LOOK_BACK) / horizon)
    return tuple(until - horizon * back for back in range(min(count, MOST_MOMENTS), 0, -1))


def came_back(profile: Profile, moment: datetime, asked: Asked) -> bool:
    """Did the customer come back after `moment` and within the horizon (end included)?"""
    until = moment + asked.horizon
    if any(moment < order.at <= until for order in profile.orders):
        return True
    return asked.returns is Returns.ANY and any(
        each.kind in _ACTIVE_AGAIN and moment < each.at <= until for each in profile.happenings
    )


def went_silent(profile: Profile, moment: datetime, asked: Asked) -> bool:
    """Was the customer silent at the end of the horizon, by what had happened until then?"""
    end = moment + asked.horizon
    return silence(as_of(profile, end), end).silent


def _active_rows(profile: Profile, asked: Asked) -> Iterator[_Row]:
    for index, moment in enumerate(asked.moments):
        then = as_of(profile, moment)
        if risk := churn_risk(then, moment):
            yield index, features(then, moment), risk.probability, went_silent(profile, moment, asked)


def _silent_rows(profile: Profile, asked: Asked) -> Iterator[_Row]:
    for index, moment in enumerate(asked.moments):
        then = as_of(profile, moment)
        quiet = silence(then, moment)
        if not quiet.silent:
            continue
        found = reason(then, quiet, moment)
        case = Case(
            profile=then,
            silence=quiet,
            reason=found.reason,
            evidence=found.evidence,
            figures=rfm(then, moment),
            now=moment,
        )
        points = SCORECARD.score(case).probability
        yield index, features(then, moment), points, came_back(profile, moment, asked)
