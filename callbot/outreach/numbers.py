"""Lists that were counted up and not collected. Source: compliance section 1, no number-range blind calling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_LARGEST_STEP = 10
_LEAST_RUN = 5
_LONG_RUN = 10
_SHARE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Numbers at one constant small distance."""

    first: str
    last: str
    length: int
    step: int


def sequential_run(numbers: Sequence[str]) -> Run | None:
    """The longest run of evenly counted numbers, if it shows that the list was made up; E.164 in.

    Ten in a row always show it, five do when they are 5 % of the list or more.
    """
    values = sorted({int(number.lstrip("+")) for number in numbers})
    best = (1, 0, 0)  # length, index of the first, step
    start, step = 0, 0
    for index in range(1, len(values)):
        gap = values[index] - values[index - 1]
        if gap != step:
            start, step = index - 1, gap
        if step <= _LARGEST_STEP:
            best = max(best, (index - start + 1, start, step))
    length, first, step = best
    if length < _LEAST_RUN or (length < _LONG_RUN and length < _SHARE * len(values)):
        return None
    return Run(
        first=f"+{values[first]}", last=f"+{values[first] + step * (length - 1)}", length=length, step=step
    )
