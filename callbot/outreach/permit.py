"""The only door to a person: a contact happens with a `Permit` or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from callbot.outreach.calendar import (
    DayKind,
    day_kind,
    day_starts,
    is_open,
    next_day_starts,
    next_opening,
    spans_of,
    zone_of,
)
from callbot.outreach.contact import Contact
from callbot.outreach.policy import OUTER_HOURS, Policy, Purpose


class Rule(StrEnum):
    """Every rule that may object, in order of weight."""

    NUMBER_VALID = "number_valid"
    DO_NOT_CONTACT = "do_not_contact"
    BATCH_RUNNING = "batch_running"
    BATCH_DAYS = "batch_days"
    HOLD_OUT = "hold_out"
    CONSENT = "consent"
    COMPLAINT_PAUSE = "complaint_pause"
    REFUSAL_PAUSE = "refusal_pause"
    TIME_ZONE = "time_zone"
    CALENDAR = "calendar"
    WINDOW = "window"
    ANSWERED_PER_DAY = "answered_per_day"
    ANSWERED_PER_WEEK = "answered_per_week"
    ATTEMPTS_PER_DAY = "attempts_per_day"
    ATTEMPTS_PER_MONTH = "attempts_per_month"


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """This contact is allowed at this moment."""

    customer_id: str
    policy: str
    """Version of the policy that allowed it."""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Why a contact is not allowed, and when to ask again."""

    rule: Rule
    """The one rule that decided."""
    until: datetime | None
    """UTC; None: not before somebody changes something."""
    because: str
    """zh-CN, shown to the supervisor."""
    policy: str = ""
    """Version of the policy that was asked; `permit` gives it."""


def permit(contact: Contact, policy: Policy, now: datetime) -> Permit | Block:
    """May this person be contacted on this channel for this purpose at `now` (UTC)?

    Rules are asked in order of weight; the first that objects decides. A fact that is missing objects. At
    `Block.until` the rule that decided no longer objects; another one may.
    Source: compliance section 4, C1-C3, C10, R138-R140, R164, R168, R170.
    """
    for rule in RULES:
        if block := rule(contact, policy, now):
            return replace(block, policy=policy.version)
    return Permit(customer_id=contact.customer_id, policy=policy.version, at=now)


def earliest(contact: Contact, policy: Policy, now: datetime) -> Permit | Block:
    """The first moment from `now` on with a permit, as far as is known today: `Permit.at` says when.

    A `Block` means never, until somebody changes something.
    """
    moment = now
    while True:
        decision = permit(contact, policy, moment)
        if isinstance(decision, Permit) or decision.until is None:
            return decision
        moment = decision.until


def number_valid(contact: Contact, policy: Policy, now: datetime) -> Block | None:
    """空号 and wrong numbers are never dialled again (R014, compliance section 5)."""
    if contact.number_valid:
        return None
    known = contact.number_valid is False
    return Block(
        rule=Rule.NUMBER_VALID,
        until=None,
        because="号码无效（空号或号主不符），请先更正号码" if known else "号码是否有效未知，默认不联系",
    )


def do_not_contact(contact: Contact, policy: Policy, now: datetime) -> Block | None:
    """A hard no holds without end, on all channels or the named one; nothing goes past it (C1, R170)."""
    scopes = contact.do_not_contact
    if scopes is None:
        return Block(
            rule=Rule.DO_NOT_CONTACT, until=None, because="勿扰名单查询没有结果，默认不联系，请检查名单服务"
        )
    if "all" in scopes:
        because = "客户已明确要求不再联系（全渠道黑名单），须双人审批才能解除"
    elif contact.channel.value in scopes:
        because = "客户已要求不再通过此渠道联系，须双人审批才能解除"
    else:
        return None
    return Block(rule=Rule.DO_NOT_CONTACT, until=None, because=because)


def batch_running(contact: Contact, policy: Policy, now: datetime) -> Block | None:
    """Only a running batch reaches people."""
    if contact.batch_state == "running":
        return None
    names = {
        "making": "正在创建",
        "draft": "尚未启动",
        "paused": "已暂停",
        "done": "已结束",
        "cancelled": "已取消",
    }
    state = names.get(contact.batch_state or "", "状态未知")
    return Block(rule=Rule.BATCH_RUNNING, until=None, because=f"批次{state}，运行中的批次才会联系客户")


def batch_days(contact: Contact, policy: Policy, now: datetime) -> Block | None:
    """A batch calls from its first to its last day in the callee's own time; promises are kept after it."""
    zone = zone_of(contact.zone)
    if zone is None or contact.purpose is Purpose.REQUESTED:
        return None
    today = now.astimezone(zone).date()
    if contact.ends_on is not None and today > contact.ends_on:
        return Block(rule=Rule.BATCH_DAYS, until=None, because=f"批次已于 {contact.ends_on} 截止")
    if contact.starts_on is not None and today < contact.starts_on:
        until = day_starts(contact.starts_on, zone)
        return Block(rule=Rule.BATCH_DAYS, until=until, because=f"批次从 {contact.starts_on} 开始")
    return None


def hold_out(contact: Contact, policy: Policy, now: datetime) -> Block | None:
    """The hold-out stays untouched so that the effect can be measured; promises made are kept."""
    if contact.hold_out is False or contact.purpose is Purpose.REQUESTED:
        return None
    because = "客户在对照组，不做触达，用于衡量效果" if contact.hold_out else "是否属于对照组未知，默认不联系"
    return Block(rule=Rule.HOLD_OUT, until=None, because=because)


def consent(contact: Contact, policy: Policy, now: datetime) -> Block | None:
    """Marketing needs explicit consent with evidence, service a contract or consent, `requested` the request.

    The latest word on a purpose counts, so a withdrawal ends a contract's ground too (R164).
    """
    if contact.purpose not in policy.purposes:
        return Block(rule=Rule.CONSENT, until=None, because="本批次的联系目的未获政策允许")
    if contact.purpose is Purpose.REQUESTED:
        if contact.requested_by:
            return None
        return Block(rule=Rule.CONSENT, until=None, because="没有客户主动要求联系的记录，不能按“客户要求”联系")
    said = [given for given in contact.consents if given.purpose == contact.purpose and given.at <= now]
    latest = max(said, key=lambda given: (given.at, not given.granted), default=None)
    if latest is not None and not latest.granted:
        return Block(rule=Rule.CONSENT, until=None, because="客户已撤回同意")
    if latest is not None and latest.evidence.strip():
        return None
    if contact.purpose is Purpose.SERVICE_FOLLOWUP and contact.contract:
        return None
    what = "营销" if contact.purpose is Purpose.MARKETING else "服务回访"
    because = f"{what}同意缺少证据" if latest else f"没有客户对{what}联系的同意记录"
    return Block(rule=Rule.CONSENT, until=None, because=because)


def complaint_pause(contact: Contact, policy: Policy, now: datetime) -> Block | None:
    """After a complaint everything pauses but what the customer asked for (R168)."""
    until = contact.complaint_pause_until
    if until is None or until <= now or contact.purpose is Purpose.REQUESTED:
        return None
    return Block(rule=Rule.COMPLAINT_PAUSE, until=until, because="客户有投诉，暂停一切跟进")


def refusal_pause(contact: Contact, policy: Policy, now: datetime) -> Block | None:
    """A soft no is respected on every channel (C1, R139)."""
    until = contact.no_touch_until
    if until is None or until <= now or contact.purpose is Purpose.REQUESTED:
        return None
    return Block(rule=Rule.REFUSAL_PAUSE, until=until, because="客户近期已拒绝，冷静期内不打扰")


def time_zone(contact: Contact, policy: Policy, now: datetime) -> Block | None:
    """The window is the callee's own; a zone is stored, never guessed."""
    if zone_of(contact.zone):
        return None
    return Block(rule=Rule.TIME_ZONE, until=None, because="客户所在时区未知，无法确认当地时间，请补充时区")


def calendar(contact: Contact, policy: Policy, now: datetime) -> Block | None:
    """Statutory holidays are off, make-up workdays are on; a year without a table objects."""
    zone = zone_of(contact.zone)
    if zone is None or contact.purpose is Purpose.REQUESTED:
        return None
    day = now.astimezone(zone).date()
    match day_kind(day):
        case DayKind.WORKDAY | DayKind.WEEKEND:
            return None
        case DayKind.HOLIDAY:
            until = next_opening(now, zone, policy.hours(contact.channel))
            return Block(rule=Rule.CALENDAR, until=until, because="法定节假日不联系客户")
        case DayKind.UNKNOWN:
            because = f"{day.year} 年节假日表缺失，默认不联系，请更新 chinesecalendar"
            return Block(rule=Rule.CALENDAR, until=None, because=because)


def window(contact: Contact, policy: Policy, now: datetime) -> Block | None:
    """Inside the windows of the day; `requested` is bound by the outer window alone, on any day."""
    zone = zone_of(contact.zone)
    if zone is None:
        return None
    requested = contact.purpose is Purpose.REQUESTED
    hours = OUTER_HOURS if requested else policy.hours(contact.channel)
    if is_open(now, zone, hours, every_day=requested):
        return None
    until = next_opening(now, zone, hours, every_day=requested)
    local = now.astimezone(zone)
    spans = "、".join(str(span) for span in spans_of(local.date(), hours, every_day=requested)) or "当天不开放"
    because = f"客户当地时间 {local:%H:%M} 不在可联系时段（{spans}）"
    return Block(rule=Rule.WINDOW, until=until, because=because)


def answered_per_day(contact: Contact, policy: Policy, now: datetime) -> Block | None:
    """At most one answered call per person and local day, except for what the customer asked for (C2)."""
    if contact.purpose is Purpose.REQUESTED:
        return None
    if contact.answered_at is None:
        return _unknown(Rule.ANSWERED_PER_DAY)
    zone = zone_of(contact.zone)
    if zone is None:
        return None
    today = now.astimezone(zone).date()
    answered = [at for at in contact.answered_at if at.astimezone(zone).date() >= today]
    if len(answered) < policy.caps.answered_per_day:
        return None
    until = next_day_starts(max([now, *answered]), zone) if policy.caps.answered_per_day else None
    return Block(rule=Rule.ANSWERED_PER_DAY, until=until, because="今天已与客户通过话，一天最多一次")


def answered_per_week(contact: Contact, policy: Policy, now: datetime) -> Block | None:
    """At most two answered calls in any 7 days, one more after the customer's own enquiry (R138, R140, C3)."""
    if contact.answered_at is None:
        return _unknown(Rule.ANSWERED_PER_WEEK)
    week = timedelta(days=7)
    enquiry = contact.own_enquiry_at

    def allowed(moment: datetime) -> int:
        recent = enquiry is not None and enquiry <= moment < enquiry + week
        return policy.caps.answered_per_7d + (policy.caps.extra_after_own_enquiry if recent else 0)

    return _rolling(Rule.ANSWERED_PER_WEEK, contact.answered_at, week, allowed, now, "近 7 天通话次数已达上限")


def attempts_per_day(contact: Contact, policy: Policy, now: datetime) -> Block | None:
    """At most three attempts in any 24 hours, except for what the customer asked for (C2)."""
    if contact.purpose is Purpose.REQUESTED:
        return None
    if contact.attempts_at is None:
        return _unknown(Rule.ATTEMPTS_PER_DAY)
    cap = policy.caps.attempts_per_24h
    return _rolling(
        Rule.ATTEMPTS_PER_DAY,
        contact.attempts_at,
        timedelta(hours=24),
        lambda _: cap,
        now,
        "近 24 小时拨打次数已达上限",
    )


def attempts_per_month(contact: Contact, policy: Policy, now: datetime) -> Block | None:
    """At most ten attempts in any 30 days (C2)."""
    if contact.attempts_at is None:
        return _unknown(Rule.ATTEMPTS_PER_MONTH)
    cap = policy.caps.attempts_per_30d
    return _rolling(
        Rule.ATTEMPTS_PER_MONTH,
        contact.attempts_at,
        timedelta(days=30),
        lambda _: cap,
        now,
        "近 30 天拨打次数已达上限",
    )


RULES: tuple[Callable[[Contact, Policy, datetime], Block | None], ...] = (
    number_valid,
    do_not_contact,
    batch_running,
    batch_days,
    hold_out,
    consent,
    complaint_pause,
    refusal_pause,
    time_zone,
    calendar,
    window,
    answered_per_day,
    answered_per_week,
    attempts_per_day,
    attempts_per_month,
)


def _rolling(
    rule: Rule,
    times: tuple[datetime, ...],
    length: timedelta,
    allowed: Callable[[datetime], int],
    now: datetime,
    because: str,
) -> Block | None:
    """A cap over a window that moves with `now`; a contact leaves it exactly `length` after it was made."""

    def full(moment: datetime) -> bool:
        return sum(at + length > moment for at in times) >= allowed(moment)

    if not full(now):
        return None
    leaves = sorted(at + length for at in times if at + length > now)
    until = next((moment for moment in leaves if not full(moment)), None)
    return Block(rule=rule, until=until, because=f"{because}（{allowed(now)} 次）")


def _unknown(rule: Rule) -> Block:
    return Block(rule=rule, until=None, because="近期联系记录未知，默认不联系")
