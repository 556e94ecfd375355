"""What if the policy were another one: a pure value for the question, never for a call.

A real batch may only lower what the outer limits allow (`policy_for`). A question may exceed them, and the
answer names every outer rule that it would break.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from callbot.errors import BadInput, Problem
from callbot.outreach.batch_life import existing
from callbot.outreach.batch_preview import Preview, previews
from callbot.outreach.policy import OUTER, Caps, Hours, Policy, Span, digest, policy_for
from callbot.store.database import Database

_CAPS: Mapping[str, str] = {
    "answered_per_day": "每人每天接通上限（C2）",
    "answered_per_7d": "每人 7 天接通上限（R138、C2）",
    "attempts_per_24h": "每人 24 小时触达上限（C2）",
    "attempts_per_30d": "每人 30 天触达上限（C2）",
    "extra_after_own_enquiry": "主动咨询后多一次（R140）",
}
_DAYS: Mapping[str, str] = {"mon-fri": "workday", "sat-sun": "weekend"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypothesis:
    """A policy to ask with, and what it would break."""

    policy: Policy
    breaks: tuple[str, ...]
    """Outer rules, zh-CN."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """A batch as it is and as it would be."""

    before: Preview
    after: Preview
    breaks: tuple[str, ...]

    @property
    def more_now(self) -> int:
        return len(self.after.now) - len(self.before.now)

    @property
    def more_later(self) -> int:
        return self.after.later_count - self.before.later_count


def hypothesis(base: Policy, outer: Policy, changes: Mapping[str, Any]) -> Hypothesis:
    """`base` with `changes`, in the shape of a batch's own values, and which limits of `outer` that exceeds.

    Raises `BadInput` for values that are no policy at all.
    """
    problems: list[Problem] = []
    caps = _numbers(changes.get("caps"), _CAPS, "caps", problems)
    windows = _windows(changes.get("windows"), problems)
    for name in changes:
        if name not in ("caps", "windows"):
            problems.append(_problem(name, "不能这样假设", "用 caps 或 windows"))
    if problems:
        raise BadInput(problems)
    asked = replace(
        base,
        caps=replace(base.caps, **caps),
        voice=_hours(base.voice, windows),
        text=_hours(base.text, windows),
    )
    return Hypothesis(
        policy=replace(asked, version=f"{base.version}?{digest(asked)}"),
        breaks=(
            *_broken_caps(asked.caps, outer.caps),
            *_broken_windows(asked),
        ),
    )


async def what_if(db: Database, batch_id: str, now: datetime, changes: Mapping[str, Any]) -> WhatIf:
    """The batch at `now` as it is, and with these changes. Changes nothing. Raises `BadInput`, `BatchState`."""
    async with db.read() as session:
        batch = await existing(session, batch_id)
    breaks = hypothesis(policy_for("", batch.policy), policy_for(""), changes).breaks

    def real(industry: str) -> Policy:
        return policy_for(industry, batch.policy, where="batch.policy")

    def asked(industry: str) -> Policy:
        return hypothesis(real(industry), policy_for(industry), changes).policy

    before, after = await previews(db, batch_id, now, [real, asked])
    return WhatIf(before=before, after=after, breaks=breaks)


def _broken_caps(asked: Caps, outer: Caps) -> list[str]:
    broken = []
    for cap in fields(Caps):
        limit, wanted = getattr(outer, cap.name), getattr(asked, cap.name)
        if wanted > limit:
            broken.append(f"{_CAPS[cap.name]}：最多 {limit}，假设为 {wanted}")
    return broken


def _broken_windows(asked: Policy) -> list[str]:
    spans = {
        str(span)
        for hours in (asked.voice, asked.text)
        for span in (*hours.workday, *hours.weekend)
        if not span.within(OUTER)
    }
    return [f"可联系时段的外边界 {OUTER}（任何角色都不能放宽）：假设为 {span}" for span in sorted(spans)]


def _hours(hours: Hours, windows: Mapping[str, tuple[Span, ...]]) -> Hours:
    return replace(hours, **{_DAYS[key]: spans for key, spans in windows.items()})


def _problem(where: str, what: str, cure: str) -> Problem:
    return Problem(where=f"假设 {where}", what=what, cure=cure)


def _numbers(values: Any, known: Mapping[str, Any], block: str, problems: list[Problem]) -> dict[str, int]:
    found: dict[str, int] = {}
    for key, value in (values or {}).items():
        if key not in known:
            problems.append(_problem(f"{block}.{key}", "没有这个值", f"可用：{'、'.join(known)}"))
        elif isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 10_000:
            problems.append(_problem(f"{block}.{key}", f"不能是 {value!r}", "写 0 到 10000 的整数"))
        else:
            found[key] = value
    return found


def _windows(values: Any, problems: list[Problem]) -> dict[str, tuple[Span, ...]]:
    found: dict[str, tuple[Span, ...]] = {}
    for key, texts in (values or {}).items():
        if key not in _DAYS or isinstance(texts, str) or not isinstance(texts, Sequence):
            problems.append(_problem(f"windows.{key}", "不是时段的列表", '写成 {"sat-sun": ["10:00-12:00"]}'))
            continue
        spans = []
        for text in texts:
            try:
                span = Span.parse(text)
            except ValueError:
                problems.append(_problem(f"windows.{key}", f"{text!r} 不是时段", "写成 HH:MM-HH:MM"))
            else:
                spans.append(span)
        found[key] = tuple(sorted(spans, key=lambda span: span.start))
    return found
