"""When a learned score may replace the scorecard: only where it is better for certain, and no less truthful."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from callbot.audience.score.measures import Duel

TOLERANCE: Final = 0.01
"""Calibration errors closer than a percentage point count as equal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Who scores a business line from now on."""

    takes_over: bool
    why: str
    """zh-CN, with the figures."""


def verdict(found: Duel) -> Verdict:
    """The learned score takes over if the lower bound of its gain in AUC is above 0, its Brier score no worse
    and its calibration error at most a percentage point above the scorecard's.
    """
    gain, learned, points = found.gain, found.learned, found.points
    told = f"AUC 之差 {gain.value:+.3f}（95% 区间 {gain.low:+.3f} 至 {gain.high:+.3f}）"
    if gain.low <= 0:
        return Verdict(takes_over=False, why=f"{told}，下限不大于 0：不能确定比规则评分好")
    if learned.brier > points.brier:
        return Verdict(
            takes_over=False, why=f"{told}，但 Brier {learned.brier:.3f} 差于规则评分的 {points.brier:.3f}"
        )
    if learned.calibration_error > points.calibration_error + TOLERANCE:
        return Verdict(
            takes_over=False,
            why=f"{told}，但校准误差 {learned.calibration_error:.1%} "
            f"高于规则评分的 {points.calibration_error:.1%}",
        )
    return Verdict(
        takes_over=True,
        why=f"{told}，Brier {learned.brier:.3f} 对 {points.brier:.3f}，"
        f"校准误差 {learned.calibration_error:.1%} 对 {points.calibration_error:.1%}",
    )
