"""When a point of a load run counts as held, and when its figures keep what callbot promises. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

HELD_OVERHEAD_MS = 300
HELD_UNANSWERED = 0.01
PROMISED_OVERHEAD_MS = 150
PROMISED_BARGE_IN_MS = 350
PROMISED_RESUME_MS = 1_000
PROMISED_LATE_MS = 60
LATE_GENERATOR_MS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Percentiles in ms."""

    count: int
    p50: float
    p95: float
    p99: float

    def __str__(self) -> str:
        return f"{self.p50:.0f}/{self.p95:.0f}/{self.p99:.0f}" if self.count else "–"


def spread(values: Sequence[float]) -> Spread:
    """Zeros for no values."""
    ordered = sorted(values)
    p50, p95, p99 = (
        ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0
        for share in (0.50, 0.95, 0.99)
    )
    return Spread(count=len(ordered), p50=p50, p95=p95, p99=p99)


def breaches(point: Mapping[str, Any]) -> tuple[str, ...]:
    """Why a point is not held; empty when it is. `point` is what `bench.carrier` prints."""
    noticed = point["noticed"]
    found = []
    overhead = spread(noticed["overhead"])
    if overhead.p95 > HELD_OVERHEAD_MS:
        found.append(f"overhead p95 {overhead.p95:.0f} > {HELD_OVERHEAD_MS} ms")
    if point["failed_calls"]:
        found.append(f"{point['failed_calls']} calls failed")
    if not noticed["turns"] or noticed["unanswered"] > HELD_UNANSWERED * noticed["turns"]:
        found.append(f"{noticed['unanswered']} of {noticed['turns']} turns unanswered")
    return tuple(found)


def broken_promises(point: Mapping[str, Any]) -> tuple[str, ...]:
    """What of callbot's own promises a held point does not keep."""
    noticed = point["noticed"]
    limits = (
        ("overhead", PROMISED_OVERHEAD_MS),
        ("barge_in", PROMISED_BARGE_IN_MS),
        ("resumed", PROMISED_RESUME_MS),
        ("late", PROMISED_LATE_MS),
    )
    return tuple(
        f"{name} p95 {found.p95:.0f} > {limit} ms"
        for name, limit in limits
        if (found := spread(noticed[name])).p95 > limit
    )


def is_void(point: Mapping[str, Any]) -> bool:
    """The generator itself was late: the point says nothing about the server."""
    return bool(point["generator_late_p99_ms"] > LATE_GENERATOR_MS)
