"""What is allowed by default, as one frozen value with a version. Source: docs/rules.md, compliance section 4.

Not legal advice: counsel confirms every default per country and industry before a launch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import time, timedelta
from enum import StrEnum
from typing import Any

from callbot.errors import BadInput, Problem
from callbot.outreach.breaker import Breaker
from callbot.outreach.pacing import Pacing


class Purpose(StrEnum):
    """Why a person is contacted."""

    MARKETING = "marketing"
    SERVICE_FOLLOWUP = "service_followup"
    REQUESTED = "requested"
    """The customer asked for it: a booked call-back, a human, the answer to a complaint."""


class Channel(StrEnum):
    """Every way to reach a person; one budget and one do-not-contact list cover them all."""

    VOICE = "voice"
    SMS = "sms"
    WECOM = "wecom"
    PUSH = "push"
    CHAT = "chat"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of one local day: `start` belongs to it, `end` does not."""

    start: time
    end: time

    @classmethod
    def parse(cls, text: str) -> Span:
        """`HH:MM-HH:MM`, the start before the end. Raises `ValueError`."""
        start, end = str(text).split("-")
        span = cls(start=time.fromisoformat(start.strip()), end=time.fromisoformat(end.strip()))
        if span.start >= span.end or span.start.tzinfo or span.end.tzinfo:
            raise ValueError(text)
        return span

    def __contains__(self, moment: object) -> bool:
        return isinstance(moment, time) and self.start <= moment < self.end

    def within(self, outer: Span) -> bool:
        return outer.start <= self.start < self.end <= outer.end

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """When a channel may be used, in the callee's own time. Holidays are off; make-up workdays are workdays."""

    workday: tuple[Span, ...]
    weekend: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """How often one person may be reached, over all batches (C2, R138, R140)."""

    answered_per_day: int = 1
    """Never more, whatever the other caps allow."""
    answered_per_7d: int = 2
    attempts_per_24h: int = 3
    attempts_per_30d: int = 10
    extra_after_own_enquiry: int = 1
    """One more answered call within 7 days of the customer's own enquiry (R140)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What a no, and a complaint, lead to (C1, R139, R167, R168)."""

    soft: timedelta = timedelta(days=30)
    complaint_pause: timedelta = timedelta(days=30)
    complaint_answer: timedelta = timedelta(hours=24)


def _spans(*texts: str) -> tuple[Span, ...]:
    return tuple(Span.parse(text) for text in texts)


OUTER = Span.parse("09:00-21:00")
"""No role, batch or industry widens this."""

VOICE_HOURS = Hours(workday=_spans("09:00-12:00", "14:00-20:00"), weekend=_spans("10:00-12:00", "14:00-20:00"))
TEXT_HOURS = Hours(workday=_spans("09:00-12:00", "14:00-21:00"), weekend=_spans("10:00-12:00", "14:00-21:00"))
"""Messages may go out until 21:00 (C10)."""
OUTER_HOURS = Hours(workday=(OUTER,), weekend=(OUTER,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Everything a rule measures a contact against."""

    version: str = "cn/1"
    """Names the defaults; a batch's own values add a digest. Every decision is stored with it."""
    purposes: frozenset[Purpose] = frozenset(Purpose)
    voice: Hours = VOICE_HOURS
    text: Hours = TEXT_HOURS
    caps: Caps = field(default_factory=Caps)
    refusal: Refusal = field(default_factory=Refusal)
    pacing: Pacing = field(default_factory=Pacing)
    breaker: Breaker = field(default_factory=Breaker)

    def hours(self, channel: Channel) -> Hours:
        return self.voice if channel is Channel.VOICE else self.text


DEFAULT = Policy()

INSURANCE = replace(
    DEFAULT,
    version="cn/1+insurance",
    voice=OUTER_HOURS,
    refusal=Refusal(soft=timedelta(days=183)),
)
"""Insurance: no sales calls from 21:00 to 09:00, a refusal holds at least six months."""

INDUSTRIES: Mapping[str, Policy] = {"insurance": INSURANCE}
"""Industries that differ from the default; all others are `DEFAULT`."""


def policy_for(industry: str, overrides: Mapping[str, Any] | None = None, *, where: str = "policy") -> Policy:
    """The policy of one batch: defaults, then the industry's, then the batch's own values.

    A batch may choose its windows inside 09:00-21:00, may lower caps and may lengthen pauses; it may never
    allow more. Pacing and circuit breaker disturb nobody by themselves and may be set either way. `overrides`
    has the shape
    `{"windows": {"mon-fri": ["09:00-12:00"], "sat-sun": []}, "caps": {"answered_per_7d": 1},
    "refusal": {"soft_days": 60}, "pacing": {"callback_slots": 20}, "breaker": {"complaints_percent": 5}}`.

    Raises `BadInput` that names every value which cannot be used.
    """
    base = INDUSTRIES.get(industry, DEFAULT)
    if not overrides:
        return base
    problems: list[Problem] = []
    blocks: dict[str, Callable[[Policy, Mapping[str, Any], str, list[Problem]], Policy]] = {
        "windows": _windows,
        "caps": _caps,
        "refusal": _refusal,
        "pacing": _pacing,
        "breaker": _breaker,
    }
    policy = base
    for name, values in overrides.items():
        here = f"{where}.{name}"
        if name not in blocks:
            problems.append(_problem(here, "没有这一组", f"可用：{'、'.join(blocks)}"))
        elif not isinstance(values, Mapping):
            problems.append(_problem(here, "不是一组值", "在下面逐行写名称和值"))
        else:
            policy = blocks[name](policy, values, here, problems)
    if problems:
        raise BadInput(problems)
    return replace(policy, version=f"{base.version}+{digest(policy)}")


def digest(policy: Policy) -> str:
    """Eight hex digits over every value, so that no two policies pass for one."""
    values = repr(replace(policy, version="", purposes=frozenset()))
    return hashlib.sha256(f"{values} {sorted(policy.purposes)}".encode()).hexdigest()[:8]


def _problem(where: str, what: str, cure: str) -> Problem:
    return Problem(where=where, what=what, cure=cure)


def _windows(policy: Policy, values: Mapping[str, Any], where: str, problems: list[Problem]) -> Policy:
    names = {"mon-fri": "workday", "sat-sun": "weekend"}
    changed: dict[str, tuple[Span, ...]] = {}
    for key, texts in values.items():
        here = f"{where}.{key}"
        if key not in names:
            problems.append(_problem(here, "没有这类日子", f"写 {' 或 '.join(names)}"))
        elif isinstance(texts, str) or not isinstance(texts, Sequence):
            problems.append(_problem(here, "不是列表", '写成 ["09:00-12:00", "14:00-20:00"]'))
        else:
            spans = (_read_span(text, f"{here}[{index}]", problems) for index, text in enumerate(texts))
            changed[names[key]] = tuple(sorted((span for span in spans if span), key=lambda span: span.start))
    return replace(policy, voice=replace(policy.voice, **changed), text=replace(policy.text, **changed))


def _read_span(text: Any, where: str, problems: list[Problem]) -> Span | None:
    try:
        span = Span.parse(text)
    except ValueError:
        problems.append(_problem(where, f"{text!r} 不是时段", "写成 HH:MM-HH:MM，例如 09:00-12:00"))
        return None
    if not span.within(OUTER):
        problems.append(_problem(where, f"{text} 超出 {OUTER}", "这个范围之外不能给任何人打电话"))
        return None
    return span


def _caps(policy: Policy, values: Mapping[str, Any], where: str, problems: list[Problem]) -> Policy:
    changed: dict[str, int] = {}
    for key, value in values.items():
        here = f"{where}.{key}"
        if key not in Caps.__dataclass_fields__:
            problems.append(_problem(here, "没有这个上限", f"可用：{'、'.join(Caps.__dataclass_fields__)}"))
            continue
        limit = getattr(policy.caps, key)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= limit:
            problems.append(_problem(here, f"不能是 {value!r}", f"写 0 到 {limit} 的整数"))
        else:
            changed[key] = value
    return replace(policy, caps=replace(policy.caps, **changed))


def _refusal(policy: Policy, values: Mapping[str, Any], where: str, problems: list[Problem]) -> Policy:
    fields = {"soft_days": "soft", "complaint_pause_days": "complaint_pause"}
    changed: dict[str, timedelta] = {}
    for key, value in values.items():
        here = f"{where}.{key}"
        if key not in fields:
            problems.append(_problem(here, "没有这个暂停期", f"可用：{'、'.join(fields)}"))
            continue
        least: timedelta = getattr(policy.refusal, fields[key])
        if isinstance(value, bool) or not isinstance(value, int) or not least.days <= value <= 3650:
            problems.append(_problem(here, f"不能是 {value!r}", f"写不少于 {least.days} 的整数天"))
        else:
            changed[fields[key]] = timedelta(days=value)
    return replace(policy, refusal=replace(policy.refusal, **changed))


def _pacing(policy: Policy, values: Mapping[str, Any], where: str, problems: list[Problem]) -> Policy:
    numbers = {key: value for key, value in values.items() if key != "stop_without_agents"}
    changed: dict[str, Any] = dict(_within(numbers, {"callback_slots": (0, 100_000)}, where, problems))
    if "stop_without_agents" in values:
        wanted = values["stop_without_agents"]
        if isinstance(wanted, bool):
            changed["stop_without_agents"] = wanted
        else:
            here = f"{where}.stop_without_agents"
            problems.append(_problem(here, f"不能是 {wanted!r}", "写 true 或 false"))
    return replace(policy, pacing=replace(policy.pacing, **changed))


def _breaker(policy: Policy, values: Mapping[str, Any], where: str, problems: list[Problem]) -> Policy:
    bounds = {
        "window_minutes": (5, 1440),
        "min_sample": (5, 1000),
        "failures_percent": (1, 100),
        "hang_ups_percent": (1, 100),
        "complaints_percent": (1, 100),
    }
    return replace(policy, breaker=replace(policy.breaker, **_within(values, bounds, where, problems)))


def _within(
    values: Mapping[str, Any], bounds: Mapping[str, tuple[int, int]], where: str, problems: list[Problem]
) -> dict[str, int]:
    """The whole numbers among `values` that lie inside their bounds; a problem for every other value."""
    found: dict[str, int] = {}
    for key, value in values.items():
        here = f"{where}.{key}"
        if key not in bounds:
            problems.append(_problem(here, "没有这个值", f"可用：{'、'.join(bounds)}"))
            continue
        least, most = bounds[key]
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            problems.append(_problem(here, f"不能是 {value!r}", f"写 {least} 到 {most} 的整数"))
        else:
            found[key] = value
    return found
