"""The past as examples to learn from: who was silent at a moment, and who of them came back in time."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from callbot.audience.profile import Profile
from callbot.audience.reasons import reason
from callbot.audience.rfm import rfm
from callbot.audience.score.as_of import as_of
from callbot.audience.score.case import Case
from callbot.audience.score.features import NAMES, features
from callbot.audience.score.scorecard import SCORECARD
from callbot.audience.silence import silence

LOOK_BACK: Final = timedelta(days=90)
"""So much history must lie before the first moment."""
MOST_MOMENTS: Final = 12
_ACTIVE_AGAIN: Final = frozenset({"login", "browse", "favourite", "cart", "form", "visit", "lesson"})
"""What shows that somebody uses the service again. A complaint, a review or an opened message does not."""


class Returns(StrEnum):
    """What counts as coming back."""

    ANY = "any"
    """An order, a login, or use of the service."""
    ORDER = "order"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The question put to the past."""

    moments: tuple[datetime, ...]
    """UTC, ascending, `horizon` apart, so that no outcome reaches into the next moment's past."""
    horizon: timedelta
    returns: Returns = Returns.ANY


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """Silent customers at several moments, a row each."""

    matrix: NDArray[np.float64]
    """Features in the order of `features.FEATURES`."""
    points: NDArray[np.float64]
    """The scorecard's probability."""
    came: NDArray[np.float64]
    """1: came back within the horizon."""
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
    """Examples of one business line, collected customer by customer."""

    def __init__(self) -> None:
        self.customers = 0
        self._matrix = array("d")
        self._points = array("d")
        self._came = array("b")
        self._moment = array("l")
        self._customer = array("l")

    def add(self, profile: Profile, asked: Asked) -> None:
        for moment, figures, points, came in _rows(profile, asked):
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


def _rows(profile: Profile, asked: Asked) -> Iterator[tuple[int, tuple[float, ...], float, bool]]:
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
