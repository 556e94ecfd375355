"""When a batch must stop by itself: the carrier fails, people hang up at once, or they complain.

It looks at the attempts that ended in a sliding window and asks nothing below a minimum sample. It never starts
anything again: a person does, with a reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

EARLY_MS = 5000
"""Answered and hung up by the callee sooner than this: something is wrong with what they hear."""


class Fault(StrEnum):
    """What opened the breaker."""

    CARRIER = "carrier"
    HANG_UPS = "hang_ups"
    COMPLAINTS = "complaints"


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """Thresholds, in percent; part of the policy."""

    window_minutes: int = 30
    min_sample: int = 30
    """Attempts, or answered calls, below which nothing is concluded."""
    failures_percent: int = 40
    """Attempts that the carrier failed: no connection, 5xx causes, no sound."""
    hang_ups_percent: int = 40
    """Answered calls that the callee ended within 5 seconds."""
    complaints_percent: int = 15
    """Answered calls with a complaint or a do-not-call."""

    @property
    def window(self) -> timedelta:
        return timedelta(minutes=self.window_minutes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What ended in the window."""

    attempts: int = 0
    failures: int = 0
    answered: int = 0
    hang_ups: int = 0
    complaints: int = 0
    """Answered calls with at least one complaint or do-not-call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """The breaker opens."""

    fault: Fault
    because: str
    """One line, zh-CN."""


def trip(record: Record, breaker: Breaker) -> Trip | None:
    """Whether these figures stop the batch or the trunk that they were counted on; the gravest fault first."""
    minutes = breaker.window_minutes
    if over(record.complaints, record.answered, breaker.complaints_percent, breaker.min_sample):
        return Trip(
            fault=Fault.COMPLAINTS,
            because=f"近 {minutes} 分钟接通 {record.answered} 通，其中投诉或要求勿扰 {record.complaints} 通，"
            f"超过 {breaker.complaints_percent}%",
        )
    if over(record.failures, record.attempts, breaker.failures_percent, breaker.min_sample):
        return Trip(
            fault=Fault.CARRIER,
            because=f"近 {minutes} 分钟拨打 {record.attempts} 次，其中线路故障 {record.failures} 次，"
            f"超过 {breaker.failures_percent}%",
        )
    if over(record.hang_ups, record.answered, breaker.hang_ups_percent, breaker.min_sample):
        return Trip(
            fault=Fault.HANG_UPS,
            because=f"近 {minutes} 分钟接通 {record.answered} 通，其中 5 秒内挂断 {record.hang_ups} 通，"
            f"超过 {breaker.hang_ups_percent}%",
        )
    return None


def over(count: int, sample: int, percent: int, least: int) -> bool:
    """More than `percent` of a sample that is large enough."""
    return sample >= least and count * 100 > percent * sample
