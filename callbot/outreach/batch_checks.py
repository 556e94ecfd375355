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
        return self.source or f"batch {self.name!r}"


def values_problems(new: NewBatch, now: datetime) -> list[Problem]:
    """Values that no batch can have, whoever its members are."""
    problems: list[Problem] = []

    def wrong(what: str, cure: str) -> None:
        problems.append(Problem(where=new.where, what=what, cure=cure))

    if new.purpose not in (Purpose.MARKETING, Purpose.SERVICE_FOLLOWUP):
        wrong(f"purpose {new.purpose!r} is not one of a batch", "use marketing or service_followup")
    if new.lines < 1:
        wrong(f"{new.lines} lines cannot call anybody", "use 1 or more")
    if not 0 <= new.hold_out_percent < 100:
        wrong(f"a hold-out of {new.hold_out_percent} % is not possible", "use 0 to less than 100")
    if not -1000 <= new.priority <= 1000:
        wrong(f"priority {new.priority} is out of range", "use -1000 to 1000; 0 is usual")
    if new.starts_on and new.ends_on and new.ends_on < new.starts_on:
        wrong(f"it ends on {new.ends_on} and starts on {new.starts_on}", "let it end on or after its first day")
    elif new.ends_on and new.ends_on < now.astimezone(CHINA).date():
        wrong(f"it ended on {new.ends_on}, which has passed", "choose a later last day")
    try:
        policy_for("", new.policy, where=f"{new.where}: policy")
    except BadInput as error:
        problems.extend(error.problems)
    return problems


def member_problems(ids: Sequence[str], known: Collection[str], where: str) -> list[Problem]:
    """An empty list, people who do not exist, people listed twice."""
    if not ids:
        return [Problem(where=where, what="the list is empty", cure="give at least one customer")]
    problems = []
    if missing := [customer_id for customer_id in dict.fromkeys(ids) if customer_id not in known]:
        what = f"{len(missing)} customers do not exist, among them {', '.join(missing[:EXAMPLES])}"
        problems.append(Problem(where=where, what=what, cure="import them first"))
    if double := [customer_id for customer_id, times in Counter(ids).items() if times > 1]:
        what = f"{len(double)} customers are listed more than once, among them {', '.join(double[:EXAMPLES])}"
        problems.append(Problem(where=where, what=what, cure="list everybody once"))
    return problems


def number_problems(numbers: Sequence[str], where: str) -> list[Problem]:
    """Numbers that were counted up and not collected. Source: compliance section 1."""
    run = sequential_run(numbers)
    if run is None:
        return []
    return [
        Problem(
            where=where,
            what=f"{run.length} numbers from {mask(run.first)} to {mask(run.last)} are counted up in steps "
            f"of {run.step}: number ranges must not be called blindly",
            cure="use a list of customers whose consent you hold, with where it came from",
        )
    ]


def flow_problems(flow: str, industries: Collection[str], flows: Mapping[str, Flow]) -> list[Problem]:
    """A flow that does not exist, is missing for the industry of some members, or is made for another one."""
    problems: dict[str, Problem] = {}
    named = flows.get(flow)
    others = [title for title, key in INDUSTRIES.items() if key in industries]
    if named is not None and named.industry in INDUSTRIES and {*others} - {named.industry}:
        what = f"流程是为{named.industry}写的，客户是{'、'.join(others)}的"
        family = flow.partition("/")[0]
        return [
            Problem(where=f"flow {flow}", what=what, cure=f"写 --flow {family}，各行业用自己的流程；或拆开名单")
        ]
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
            what=f"its window never opens: {reason}",
            cure="change its days or windows; chinesecalendar must know the year",
        )
        for reason in reasons
    ]


def _never_opens(
    policy: Policy, zone: ZoneInfo, starts_on: date | None, ends_on: date | None, now: datetime
) -> str | None:
    hours: Hours = policy.voice
    if not hours.workday and not hours.weekend:
        return "the windows of mon-fri and of sat-sun are both empty"
    start = max(now, day_starts(starts_on, zone)) if starts_on else now
    end = day_starts(ends_on + timedelta(days=1), zone) if ends_on else None
    first = next(openings(start, zone, hours), None)
    if first is not None and (end is None or first.start < end):
        return None
    day = start.astimezone(zone).date()
    if day_kind(day) is DayKind.UNKNOWN:
        return f"the table of Chinese holidays does not hold {day.year} yet, and what is unknown blocks"
    last = f"{ends_on}" if ends_on else "the days ahead"
    kinds = "statutory holidays or days without a window"
    return f"from {day} to {last} there are only {kinds}"
