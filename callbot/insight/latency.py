"""Where the time between the callee's last word and the bot's first frame goes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import quantiles

PARTS = ("turn_end", "recogniser", "reader", "writer", "voice", "wire")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """One part over many turns, in ms."""

    part: str
    turns: int
    p50: float
    p95: float
    worst: float


def latency_table(latencies: Iterable[Mapping[str, int]]) -> tuple[Spread, ...]:
    """One row for each part and one for the total; empty without turns.

    Each mapping is one bot turn's split as stored with the turn.
    """
    rows = [row for row in latencies if row]
    if not rows:
        return ()
    columns = {part: [float(row.get(part, 0)) for row in rows] for part in PARTS}
    columns["total"] = [sum(float(row.get(part, 0)) for part in PARTS) for row in rows]
    return tuple(_spread(part, values) for part, values in columns.items())


def _spread(part: str, values: list[float]) -> Spread:
    if len(values) == 1:
        return Spread(part=part, turns=1, p50=values[0], p95=values[0], worst=values[0])
    cuts = quantiles(values, n=100, method="inclusive")
    return Spread(part=part, turns=len(values), p50=cuts[49], p95=cuts[94], worst=max(values))
