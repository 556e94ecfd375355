"""What a scorecard's points mean: every 15 points double the odds, 45 points stand for one in five."""

from __future__ import annotations

from typing import Final

VERSION: Final = "points/1"
"""Changes whenever points or their mapping change."""
HIGHEST: Final = 100
DOUBLING: Final = 15
"""So many points double the odds."""
ANCHOR: Final = 45
"""Points at which the odds are 1 to 4, a probability of 20 %."""
_ANCHOR_ODDS: Final = 0.25


def probability_of(points: int) -> float:
    """Points as a probability-like figure: 0 → 3 %, 30 → 11 %, 45 → 20 %, 75 → 50 %, 100 → 76 %.

    Points outside 0..100 count as the nearer end. The mapping is a convention, not a measurement.
    """
    odds: float = _ANCHOR_ODDS * 2.0 ** ((max(0, min(HIGHEST, points)) - ANCHOR) / DOUBLING)
    return odds / (1 + odds)
