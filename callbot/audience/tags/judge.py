"""Whether one customer meets a condition, with the figures that decide; agrees with the SQL of the store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import assert_never

from callbot.audience.tags.explain import said, shown, spoken, title, trait_title
from callbot.audience.tags.subject import Subject
from callbot.store.tag_tree import (
    CHINA,
    Compare,
    Every,
    Figure,
    Holds,
    Leaf,
    Node,
    Not,
    Number,
    OneOf,
    Op,
    Some,
    Test,
    Within,
)

UNKNOWN = "未知"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer and what it rests on."""

    met: bool | None
    """None: what the condition asks about is not known, which is not a yes."""
    figures: dict[str, str]
    """What was looked at, zh-CN, in the order of the condition."""


def judge(tree: Node, subject: Subject, now: datetime) -> Verdict:
    """Judge at `now` (UTC)."""
    figures = dict(_figure_of(leaf, subject, now) for leaf in _leaves(tree))
    return Verdict(met=_met(tree, subject, now), figures=figures)


def _met(tree: Node, subject: Subject, now: datetime) -> bool | None:
    match tree:
        case Every(parts=parts):
            found = [_met(part, subject, now) for part in parts]
            return False if False in found else None if None in found else True
        case Some(parts=parts):
            found = [_met(part, subject, now) for part in parts]
            return True if True in found else None if None in found else False
        case Not(part=part):
            met = _met(part, subject, now)
            return None if met is None else not met
        case Compare(figure=figure, op=op, value=wanted):
            value = measure(figure, subject, now)
            return None if value is None else _compare(value, op, wanted)
        case Within(figure=figure, low=low, high=high):
            value = measure(figure, subject, now)
            return None if value is None else low <= value <= high
        case OneOf(trait=trait, values=values):
            text = subject.traits.get(trait, "")
            return text in values if text else None
        case Holds():
            return _test(tree, subject, now)
    assert_never(tree)


def measure(figure: Figure, subject: Subject, now: datetime) -> int | None:
    """A figure of the customer at `now`; None where it is not known."""
    profile = subject.profile
    match figure.number:
        case Number.EVENTS:
            return _count(figure, (each.at for each in profile.happenings if each.kind in figure.kinds), now)
        case Number.ORDERS:
            return _count(figure, (each.at for each in profile.kept_orders), now)
        case Number.RETURNS:
            return _count(figure, (each.at for each in profile.orders if each.refunded), now)
        case Number.CALLS:
            return _count(figure, (each.at for each in profile.calls), now)
        case Number.ANSWERED:
            picked_up = (each.answered_at for each in profile.calls if each.answered_at is not None)
            return _count(figure, picked_up, now)
        case Number.SPENT:
            return sum(each.amount_fen for each in profile.kept_orders if _inside(figure, each.at, now))
        case Number.SINCE_ORDER:
            return _since(max((each.at for each in profile.kept_orders if each.at <= now), default=None), now)
        case Number.SINCE_EVENT:
            times = (each.at for each in profile.happenings if each.kind in figure.kinds and each.at <= now)
            return _since(max(times, default=None), now)
        case Number.SINCE_REGISTERED:
            return _since(profile.registered_at, now)
        case Number.AGE:
            return _age(profile.birthday, _today(now)) if profile.birthday else None
        case Number.BIRTHDAY_MONTH:
            return profile.birthday.month if profile.birthday else None
        case Number.MEMBER_DAYS_LEFT:
            return (profile.member_until - _today(now)).days if profile.member_until else None
        case Number.PRIORITY:
            return subject.priority
    assert_never(figure.number)


def _test(leaf: Holds, subject: Subject, now: datetime) -> bool:
    match leaf.test:
        case Test.HOLDS:
            return any(
                each.at <= now and (each.category == leaf.text or leaf.text in each.item)
                for each in subject.profile.kept_orders
            )
        case Test.TAG:
            return leaf.text in subject.tags
        case Test.INTEREST:
            return leaf.text in subject.profile.interests
        case Test.CONSENT:
            return leaf.text in subject.consents
    assert_never(leaf.test)


def _leaves(tree: Node) -> Iterator[Leaf]:
    match tree:
        case Every(parts=parts) | Some(parts=parts):
            for part in parts:
                yield from _leaves(part)
        case Not(part=part):
            yield from _leaves(part)
        case _:
            yield tree


def _figure_of(leaf: Leaf, subject: Subject, now: datetime) -> tuple[str, str]:
    match leaf:
        case Compare(figure=figure) | Within(figure=figure):
            value = measure(figure, subject, now)
            return title(figure), UNKNOWN if value is None else shown(figure, value)
        case OneOf(trait=trait):
            return trait_title(trait), spoken(trait, subject.traits.get(trait, "")) or UNKNOWN
        case Holds(test=Test.HOLDS, text=text):
            bought = [
                each
                for each in subject.profile.kept_orders
                if each.at <= now and (each.category == text or text in each.item)
            ]
            if bought:
                last = bought[-1]
                day = last.at.astimezone(CHINA).date().isoformat()
                return said(leaf, True), f"{len(bought)} 单，最近 {day} {last.item}"
            return said(leaf, True), "否"
        case Holds():
            return said(leaf, True), "是" if _test(leaf, subject, now) else "否"
    assert_never(leaf)


def _compare(value: int, op: Op, wanted: int) -> bool:
    match op:
        case Op.LT:
            return value < wanted
        case Op.LE:
            return value <= wanted
        case Op.GT:
            return value > wanted
        case Op.GE:
            return value >= wanted
        case Op.EQ:
            return value == wanted
        case Op.NE:
            return value != wanted
    assert_never(op)


def _count(figure: Figure, times: Iterator[datetime], now: datetime) -> int:
    return sum(_inside(figure, at, now) for at in times)


def _inside(figure: Figure, at: datetime, now: datetime) -> bool:
    return at <= now and (figure.period is None or at > figure.period.since(now))


def _since(at: datetime | None, now: datetime) -> int | None:
    return max(0, (now - at).days) if at is not None else None


def _age(birthday: date, today: date) -> int:
    return today.year - birthday.year - ((today.month, today.day) < (birthday.month, birthday.day))


def _today(now: datetime) -> date:
    return now.astimezone(CHINA).date()
