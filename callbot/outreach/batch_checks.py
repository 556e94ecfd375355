"""What is wrong with a batch before it exists: every problem at once, so that nothing is dialled for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from callbot.audience.columns import INDUSTRIES
from callbot.conversation.flow import Flow
from callbot.errors import BadInput, Problem
from callbot.outreach.calendar import DayKind, day_kind, day_starts, openings, zone_of
from callbot.outreach.dossier import flow_for
from callbot.outreach.numbers import sequential_run
from callbot.outreach.policy import Hours, Policy, Purpose, policy_for
from callbot.store.phones import mask

EXAMPLES = 3
CHINA = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBatch:
    """What a supervisor asks for."""

    name: str
    flow: str
    customer_ids: Sequence[str]
    purpose: str = "marketing"
    lines: int = 1
    """Calls at the same time, over all processes."""
    priority: int = 0
    """Between batches: the higher one is served first."""
    starts_on: date | None = None
    ends_on: date | None = None
    """First and last day of calling, in the callee's own time."""
    offers: Sequence[str] = ()
    """Codes of the offers that may be made; empty: every offer that holds."""
    hold_out_percent: float = 5.0
    """Share of members kept uncontacted at random, so that the effect can be measured."""
    seed: int | None = None
    """Makes the choice of the hold-out repeatable."""
    policy: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""
    """Where the list came from: a file name, a segment."""
    created_by: str = ""

    @property
    def where(self) -> str:
        """What its problems are called after."""
        return self.source or f"批次“{self.name}”"


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Who a batch would call, as far as its checks ask: in the store already, or still on a list."""

    phones: Sequence[str]
    """E.164."""
    callees: Collection[tuple[str, str | None]]
    """Industries with time zones; None: not known."""


def people_problems(
    new: NewBatch, people: People, flows: Mapping[str, Flow] | None, now: datetime
) -> list[Problem]:
    """Numbers that were counted up, a flow that is not for them, a window that never opens for any of them.

    `flows`: those that exist; None leaves the flow unchecked.
    """
    problems = number_problems(people.phones, new.where)
    if flows is not None:
        problems += flow_problems(new.flow, {industry for industry, _ in people.callees}, flows)
    return problems + window_problems(new, people.callees, now)


def values_problems(new: NewBatch, now: datetime) -> list[Problem]:
    """Values that no batch can have, whoever its members are."""
    problems: list[Problem] = []

    def wrong(what: str, cure: str) -> None:
        problems.append(Problem(where=new.where, what=what, cure=cure))

    if new.purpose not in (Purpose.MARKETING, Purpose.SERVICE_FOLLOWUP):
        wrong(f"批次没有 {new.purpose!r} 这种目的", "写 marketing（营销）或 service_followup（服务回访）")
    if new.lines < 1:
        wrong(f"{new.lines} 路线路打不了电话", "写 1 或更多")
    if not 0 <= new.hold_out_percent < 100:
        wrong(f"对照组不能是 {new.hold_out_percent:g}%", "写 0 到不足 100")
    if not -1000 <= new.priority <= 1000:
        wrong(f"优先级 {new.priority} 超出范围", "写 -1000 到 1000，一般为 0")
    if new.starts_on and new.ends_on and new.ends_on < new.starts_on:
        wrong(f"截止日 {new.ends_on} 早于开始日 {new.starts_on}", "让截止日不早于开始日")
    elif new.ends_on and new.ends_on < now.astimezone(CHINA).date():
        wrong(f"截止日 {new.ends_on} 已经过去", "换一个以后的截止日")
    try:
        policy_for("", new.policy, where=f"{new.where} 的政策")
    except BadInput as error:
        problems.extend(error.problems)
    return problems


def member_problems(ids: Sequence[str], known: Collection[str], where: str) -> list[Problem]:
    """An empty list, people who do not exist, people listed twice."""
    if not ids:
        return [Problem(where=where, what="名单是空的", cure="至少给一位客户")]
    problems = []
    if missing := [customer_id for customer_id in dict.fromkeys(ids) if customer_id not in known]:
        what = f"{len(missing)} 位客户不在库中，例如 {'、'.join(missing[:EXAMPLES])}"
        problems.append(Problem(where=where, what=what, cure="先导入这些客户"))
    if double := [customer_id for customer_id, times in Counter(ids).items() if times > 1]:
        what = f"{len(double)} 位客户重复出现，例如 {'、'.join(double[:EXAMPLES])}"
        problems.append(Problem(where=where, what=what, cure="每位客户只写一次"))
    return problems


def number_problems(numbers: Sequence[str], where: str) -> list[Problem]:
    """Numbers that were counted up and not collected. Source: compliance section 1."""
    run = sequential_run(numbers)
    if run is None:
        return []
    return [
        Problem(
            where=where,
            what=f"{mask(run.first)} 到 {mask(run.last)} 的 {run.length} 个号码是按间隔 {run.step} 数出来的，"
            "不得对号段盲呼",
            cure="使用客户真实留下的号码，并保留同意记录和来源",
        )
    ]


def flow_problems(flow: str, industries: Collection[str], flows: Mapping[str, Flow]) -> list[Problem]:
    """A flow that does not exist, is missing for the industry of some members, or is made for another one.

    Without industries a pack's folder passes.
    """
    problems: dict[str, Problem] = {}
    named = flows.get(flow)
    others = [title for title, key in INDUSTRIES.items() if key in industries]
    if named is not None and named.industry in INDUSTRIES and {*others} - {named.industry}:
        what = f"流程是为{named.industry}写的，客户是{'、'.join(others)}的"
        family = flow.partition("/")[0]
        return [
            Problem(where=f"流程 {flow}", what=what, cure=f"写 --flow {family}，各行业用自己的流程；或拆开名单")
        ]
    if not industries and any(name.startswith(f"{flow}/") for name in flows):
        return []
    for industry in sorted(industries) or ["*"]:
        try:
            flow_for(flow, industry, flows)
        except BadInput as error:
            problems.update({str(problem): problem for problem in error.problems})
    return list(problems.values())


def window_problems(new: NewBatch, callees: Collection[tuple[str, str | None]], now: datetime) -> list[Problem]:
    """A batch none of whose members can ever be called, and why. `callees`: industries with time zones."""
    try:
        policies = {industry: policy_for(industry, new.policy) for industry, _ in callees}
    except BadInput:
        return []  # said already
    reasons: dict[str, None] = {}
    for industry, name in sorted(callees, key=str):
        zone = zone_of(name)
        if zone is None:
            continue
        reason = _never_opens(policies[industry], zone, new.starts_on, new.ends_on, now)
        if reason is None:
            return []
        reasons[reason] = None
    return [
        Problem(
            where=new.where,
            what=f"没有任何可以拨打的时段：{reason}",
            cure="改日期或时段；年份须在节假日表（chinesecalendar）之内",
        )
        for reason in reasons
    ]


def _never_opens(
    policy: Policy, zone: ZoneInfo, starts_on: date | None, ends_on: date | None, now: datetime
) -> str | None:
    if starts_on and ends_on and ends_on < starts_on:
        return None  # said already
    hours: Hours = policy.voice
    if not hours.workday and not hours.weekend:
        return "周一至周五（mon-fri）和周末（sat-sun）的时段都是空的"
    start = max(now, day_starts(starts_on, zone)) if starts_on else now
    end = day_starts(ends_on + timedelta(days=1), zone) if ends_on else None
    first = next(openings(start, zone, hours), None)
    if first is not None and (end is None or first.start < end):
        return None
    day = start.astimezone(zone).date()
    if day_kind(day) is DayKind.UNKNOWN:
        return f"节假日表还没有 {day.year} 年，未知即不拨打"
    days = f"{day} 至 {ends_on}" if ends_on else f"{day} 起的这些天"
    return f"{days} 都是法定节假日或没有时段的日子"
