"""What a history shows at a glance: broken funnels, price or content as the draw, dates that are near."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from callbot.audience.cells import CHINA
from callbot.audience.profile import Happening, Profile

_RECENT: Final = timedelta(days=60)
_RIGHTS_AHEAD_DAYS: Final = 60
_RIGHTS_PAST_DAYS: Final = 30
_NODE_AHEAD_DAYS: Final = 30
_CONTENT_CLICKS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One trait that holds, with its rule and figures."""

    name: str
    """zh-CN; the name of the tag."""
    rule: str
    figures: Mapping[str, Any]


def cart_left(profile: Profile, now: datetime) -> Signal | None:
    """加入购物车未结算 (R010): the last cart of the last 60 days was not followed by an order."""
    cart = profile.last("cart")
    if cart is None or now - cart.at > _RECENT or any(order.at >= cart.at for order in profile.orders):
        return None
    return Signal(name="加购未结算", rule="60天内加购，此后没有下单（R010）", figures=_what(cart, now))


def form_left(profile: Profile, now: datetime) -> Signal | None:
    """填写表单未提交 (R011)."""
    form = profile.last("form")
    if form is None or now - form.at > _RECENT or form.data.get("submitted") is not False:
        return None
    return Signal(name="表单未提交", rule="60天内填写表单而未提交（R011）", figures=_what(form, now))


def visit_without_trial(profile: Profile, now: datetime) -> Signal | None:
    """到店未体验 (R012)."""
    visit = profile.last("visit")
    if visit is None or now - visit.at > _RECENT or visit.data.get("experienced") is not False:
        return None
    return Signal(name="到店未体验", rule="60天内到店而未体验（R012）", figures=_what(visit, now))


def browsed(profile: Profile, now: datetime) -> Signal | None:
    """浏览未下单 (R017): looked around in the last 60 days and bought nothing since."""
    look = profile.last("browse", "favourite")
    if look is None or now - look.at > _RECENT or any(order.at >= look.at for order in profile.orders):
        return None
    return Signal(name="浏览未下单", rule="60天内浏览或收藏，此后没有下单（R017）", figures=_what(look, now))


def price_sensitive(profile: Profile) -> Signal | None:
    """价格敏感 (R101, R113): half of what was asked or clicked is about price, two times at least."""
    told = [each for each in profile.happenings if each.kind in _PRICE_KINDS]
    about = [each for each in told if any(word in each.note for word in _PRICE_WORDS)]
    if len(about) < 2 or 2 * len(about) < len(told):
        return None
    figures = {"与价格有关": len(about), "全部": len(told), "例": about[-1].note}
    return Signal(name="价格敏感", rule="咨询、浏览与点击中至少两次且过半与价格有关（R101）", figures=figures)


_PRICE_KINDS: Final = frozenset({"cart", "enquiry", "message_click", "browse", "favourite"})
_PRICE_WORDS: Final = (
    "券",
    "优惠",
    "价格",
    "多少钱",
    "打折",
    "折扣",
    "便宜",
    "满减",
    "促销",
    "活动价",
    "利率",
    "费率",
)


def content_responsive(profile: Profile) -> Signal | None:
    """内容点击高 (R101): opened or clicked at least two messages and at least a third of those sent."""
    opened = sum(each.kind in ("message_open", "message_click") for each in profile.happenings)
    sent = sum(each.kind == "message_sent" for each in profile.happenings)
    if opened < _CONTENT_CLICKS or 3 * opened < sent:
        return None
    return Signal(
        name="内容点击高",
        rule="打开或点击消息不少于2次，且不低于送达的三分之一（R101）",
        figures={"打开或点击": opened, "送达": sent},
    )


def rights_expiring(profile: Profile, now: datetime) -> Signal | None:
    """Member rights end within 60 days, or ended in the last 30 (R117)."""
    if profile.member_until is None or not profile.member_level:
        return None
    left = (profile.member_until - _today(now)).days
    if not -_RIGHTS_PAST_DAYS <= left <= _RIGHTS_AHEAD_DAYS:
        return None
    figures = {"会员等级": profile.member_level, "到期日": profile.member_until.isoformat()}
    return Signal(
        name="权益将到期" if left >= 0 else "权益刚到期",
        rule="权益在60天内到期或30天内刚到期（R117）",
        figures=figures,
    )


def birthday_near(profile: Profile, now: datetime) -> Signal | None:
    """The birthday lies in the next 30 days (R069, R116)."""
    if profile.birthday is None:
        return None
    ahead = days_until_anniversary(profile.birthday, _today(now))
    if ahead > _NODE_AHEAD_DAYS:
        return None
    return Signal(
        name="生日临近",
        rule="30天内过生日（R116）",
        figures={"生日": f"{profile.birthday:%m-%d}", "还有天数": ahead},
    )


def anniversary_near(profile: Profile, now: datetime) -> Signal | None:
    """The day of registration returns within 30 days, from the first year on (R116)."""
    if profile.registered_at is None:
        return None
    day, today = profile.registered_at.astimezone(CHINA).date(), _today(now)
    ahead = days_until_anniversary(day, today)
    years = (today + timedelta(days=ahead)).year - day.year
    if ahead > _NODE_AHEAD_DAYS or years < 1:
        return None
    return Signal(
        name="入会纪念日临近", rule="30天内满注册周年（R116）", figures={"周年": years, "还有天数": ahead}
    )


def days_until_anniversary(day: date, today: date) -> int:
    """Days until the month and day return, 0 on the day; 29 February returns on 1 March in other years."""
    for year in (today.year, today.year + 1):
        try:
            returns = day.replace(year=year)
        except ValueError:
            returns = date(year, 3, 1)
        if returns >= today:
            return (returns - today).days
    raise AssertionError("an anniversary returns within a year")


def _today(now: datetime) -> date:
    return now.astimezone(CHINA).date()


def _what(each: Happening, now: datetime) -> dict[str, Any]:
    return {"内容": each.note, "天前": max(0, (now - each.at).days)}
