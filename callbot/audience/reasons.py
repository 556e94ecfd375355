"""Why a customer went quiet: one of four reasons or unknown, always with the evidence that led there.

Sources: R002, R052–R055 (reasons), R009 (mild negative words), R056 (class with evidence, rules as fallback).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from callbot.audience.profile import Happening, Profile
from callbot.audience.silence import Silence


class Reason(StrEnum):
    NEED_GONE = "需求消失"
    HARMED = "体验受损"
    MOVED_ON = "价值转移"
    FADED = "自然流失"
    UNKNOWN = "未知"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One thing in the history that speaks for a reason."""

    at: datetime | None
    kind: str
    """Event kind, `order` or `silence`."""
    words: str
    """zh-CN, for the supervisor."""
    weight: int
    """3 settles it alone, 1 only hints."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The reason and everything that speaks for it, the heaviest first."""

    reason: Reason
    evidence: tuple[Evidence, ...]


_HINT: Final = 1
_LOOK_BACK: Final = timedelta(days=730)
_FADE_WINDOW: Final = timedelta(days=90)
_TOLD: Final = frozenset({"ticket", "review", "enquiry", "refund", "conversation", "call", "form"})
"""Kinds whose note holds the customer's words or what was noted of them."""
_NOT: Final = r"(?<![不没无未])(?<!不是)(?<!没有)(?<!不算)"
_HARM: Final = re.compile(
    _NOT
    + r"(投诉|差评|太差|很差|质量差|态度差|坏了|破损|损坏|漏发|错发|没人管|不处理|被骗|受骗|失望|生气|过敏|红肿"
    r"|没效果|没有效果|不满|迟迟|拖了|一直没到|退款没到|乱收费|强制|推销太多)"
)
_MILD: Final = re.compile(r"(还行吧?|一般|不好说|麻烦)")
_GONE: Final = re.compile(
    r"(不再需要|不需要了|用不着了?|用不上|没需求|没有需求|孩子大了|长大了|毕业了|已经上大学|搬家|搬走|出国|怀孕|已经治好|"
    r"宠物.{0,4}(走了|去世)|车卖了|房子卖了|还清了|提前结清)"
)
_ELSEWHERE: Final = re.compile(
    r"(别家|别人家|其他平台|其它平台|另一家|换了一家|换了平台|竞品|别的(机构|平台|店|银行|公司)|同行|对手|朋友开的|"
    r"在(?!.{0,4}(你们|咱们|贵|我们|这))[^，。]{1,8}(买了|报了|做了|办了))"
)
_SETTLED: Final = frozenset({"resolved", "closed", "已解决", "已处理", "已关闭"})


def reason(profile: Profile, silence: Silence, now: datetime) -> Finding:
    """The most likely reason at `now` (UTC), from the last two years.

    The heaviest evidence decides; a tie goes to the one that needs most care: 体验受损 before 价值转移 before
    需求消失. Mild words (R009) and a settled ticket only hint: with nothing weightier the contact simply faded,
    or the reason is 未知.
    """
    recent = [each for each in profile.happenings if now - each.at <= _LOOK_BACK]
    found = {
        Reason.HARMED: [e for each in recent for e in _harm(each)] + list(_refunds(profile, now)),
        Reason.MOVED_ON: [e for each in recent for e in _words(each, _ELSEWHERE, "提到已转向别处")],
        Reason.NEED_GONE: [e for each in recent for e in _words(each, _GONE, "提到需求已经结束")],
    }
    weights = {each: sum(e.weight for e in evidence) for each, evidence in found.items()}
    best = max(weights, key=lambda each: weights[each])
    if weights[best] <= _HINT and (faded := list(_fading(profile, silence))):
        return Finding(reason=Reason.FADED, evidence=tuple(faded))
    heaviest = sorted(found[best], key=lambda e: (-e.weight, -e.at.timestamp() if e.at else 0.0))
    if weights[best] > _HINT:
        return Finding(reason=best, evidence=tuple(heaviest))
    words = "记录中没有能说明原因的线索" if silence.silent else "客户没有沉默，无需解释原因"
    missing = Evidence(at=None, kind="silence", words=words, weight=0)
    return Finding(reason=Reason.UNKNOWN, evidence=tuple(heaviest) or (missing,))


def mild_warnings(profile: Profile, now: datetime) -> tuple[Evidence, ...]:
    """Lukewarm words in earlier contacts: a 负面预警, whatever the reason turns out to be (R009)."""
    recent = (each for each in profile.happenings if now - each.at <= _LOOK_BACK)
    return tuple(e for each in recent for e in _words(each, _MILD, "语气冷淡", weight=1))


def _harm(each: Happening) -> Iterator[Evidence]:
    if each.kind == "ticket":
        status = str(each.data.get("status", ""))
        settled = status.lower() in _SETTLED
        state = "已解决" if settled else "未解决"
        weight = 1 if settled else 4
        yield Evidence(at=each.at, kind=each.kind, words=f"工单{state}：{_short(each.note)}", weight=weight)
    elif each.kind == "review" and _rating(each) is not None:
        if (rating := _rating(each) or 0) <= 2:
            yield Evidence(at=each.at, kind=each.kind, words=f"{rating}星评价：{_short(each.note)}", weight=3)
    elif each.kind == "refund":
        weight = 4 if _HARM.search(each.note) else 2
        yield Evidence(at=each.at, kind=each.kind, words=f"退款：{_short(each.note)}", weight=weight)
    elif each.kind in _TOLD and _HARM.search(each.note):
        yield Evidence(at=each.at, kind=each.kind, words=f"表达不满：{_short(each.note)}", weight=3)
    else:
        yield from _words(each, _MILD, "语气冷淡", weight=1)


def _refunds(profile: Profile, now: datetime) -> Iterator[Evidence]:
    for order in profile.orders:
        if order.refunded and now - order.at <= _LOOK_BACK:
            yield Evidence(at=order.at, kind="order", words=f"退掉了{order.item}", weight=2)


def _words(each: Happening, pattern: re.Pattern[str], label: str, weight: int = 3) -> Iterator[Evidence]:
    if each.kind in _TOLD and pattern.search(each.note):
        yield Evidence(at=each.at, kind=each.kind, words=f"{label}：{_short(each.note)}", weight=weight)


def _fading(profile: Profile, silence: Silence) -> Iterator[Evidence]:
    """Contact that became rarer, or simply ended after several purchases, with nothing to blame (R055)."""
    times = [each.at for each in profile.interactions] + [each.at for each in profile.orders]
    last = max(times, default=None)
    if last is None or not silence.silent:
        return
    late = sum(last - _FADE_WINDOW < each.at for each in profile.interactions)
    early = sum(last - 2 * _FADE_WINDOW < each.at <= last - _FADE_WINDOW for each in profile.interactions)
    if early >= 2 and 2 * late <= early:
        words = f"离开前90天互动{late}次，再之前90天{early}次"
        yield Evidence(at=last, kind="silence", words=words, weight=2)
    elif len(profile.kept_orders) >= 2:
        words = f"买过{len(profile.kept_orders)}次，此后没有不满记录，{silence.days}天没有再来"
        yield Evidence(at=profile.kept_orders[-1].at, kind="order", words=words, weight=1)
    elif any(each.kind in ("browse", "cart", "favourite", "login") for each in profile.interactions):
        words = f"曾自行浏览或登录，没有不满记录，{silence.days}天没有再来"
        yield Evidence(at=last, kind="silence", words=words, weight=1)


def _rating(each: Happening) -> int | None:
    rating = each.data.get("rating")
    return rating if isinstance(rating, int) else None


def _short(note: str) -> str:
    return note if len(note) <= 40 else note[:39] + "…"
