"""Days that a sentence names without a number: deadlines, appointments, 月底 and 下周三."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Collection, Iterator
from datetime import date, timedelta

from callbot.conversation.denial import denied
from callbot.conversation.numerals import NUMERAL, value

_WEEKDAY = r"(?:本|这个?|下个?)?(?:周|星期|礼拜)[一二三四五六日天]"
_NEAR = r"今天|今日|今晚|明天|明日|明早|明晚|大后天|后天"
_DAY = (
    rf"{_NEAR}|{_WEEKDAY}|(?:本|这个?|下个?)?周末|本周|这周|这个?星期|下周|下个?星期|本月底?|这个?月底?"
    r"|下个?月底?|月底|月末|年底|年末|节前|明年|后年"
)
_DEADLINE = re.compile(
    rf"(?P<day>{_DAY})(?:之?内|以?前|之前|就|当天|为止)?.{{0,3}}"
    r"(?:截止|结束|到期|过期|失效|为止|作废|最后|有效|收官|关闭|清零|下架|恢复|内下单|前下单|下单|前办理|内办理|前报名|前付款|不能用|用不了|就没)"
    rf"|(?:截止|有效期?|活动|优惠|折扣|折|券)(?:日期)?(?:只)?(?:能|可以)?(?:到|至|持续到|在|是|用到|延长到|延期到|延到)(?P<end>{_DAY}|当天)"
    rf"|(?P<only>仅限|只限|只到|限|就到|就在|就)(?P<limit>今天|今日|今晚|本周|本月|明天|当天|当日|(?:这个?|本)?周末(?=[，。！？,.!?]|$))"
    r"|(?P<hurry>限时|倒计时|过了就没|(?:马上|即将|快)(?:要)?(?:截止|结束|过期|到期))"
)
_MEETING = re.compile(
    r"(?!(?:今天|今日)[^，。！？]{0,6}(?:电话|致电|联系))"
    rf"(?P<day>{_NEAR}|{_WEEKDAY}|下周)(?:一早|早上|上午|中午|下午|傍晚|晚上|之?前)?[^，。！？,.!?]{{0,10}}?"
    r"(?:您|你)?(?:回个?(?:电话|电)|回电|打给(?:您|你)|打(?:过去|个?电话|来|过来)|联系(?:您|你)|致电|到货|送到|送达|发货|发出|到账|上门)"
)
_ASKS = re.compile(r"[^。！!]{0,8}(?:[吗呢?？]|您看)")
"""A day that is put to the callee is no appointment yet."""
_PAST = re.compile(
    r"(?P<day>上个?月|昨天|前天|上周|上个?星期)[^，。！？吗]{0,4}(?:买|下单|下的单|来|到店|做|入会|办|消费|报名|体验)"
)
_PART = re.compile(rf"(?P<m>{NUMERAL})月份?(?P<part>底|末|初|中旬|上旬|下旬)")


def deadlines(words: str, ends: Collection[date], today: date, known: str) -> Iterator[tuple[str, str]]:
    """Deadlines in `words` that no offer has, each with the reason; `ends` are the offers' last days.

    A deadline without a day (限时, 快到期了) needs an offer that ends within 14 days. Source: C5.
    """
    for match in _DEADLINE.finditer(words):
        named = match["day"] or match["end"] or match["limit"]
        if match.group(0) in known or denied(words, match.start(), match.end()):
            continue
        if named is None:
            if not any((end - today).days <= 14 for end in ends):
                yield match.group(0), "优惠表中没有这样近的截止日期"
        elif not any(names(named, end, today) for end in ends):
            yield match.group(0), "截止日期不在优惠表中"


def month_parts(words: str, days: Collection[tuple[int, int]], known: str) -> Iterator[tuple[str, str]]:
    """八月底 and its like where no known (month, day) lies in that part of the month."""
    for match in _PART.finditer(words):
        if match.group(0) not in known and not any(
            month == value(match["m"]) and _in_part(match["part"], month, day) for month, day in days
        ):
            yield match.group(0), "日期不在优惠表和已知事实中"


def meetings(
    words: str, days: Collection[tuple[int, int]], today: date, known: str
) -> Iterator[tuple[str, str]]:
    """后天给您回电 and its like where nobody agreed on that day; `days` are the known (month, day)."""
    agreed = _same_day(known)
    for match in _MEETING.finditer(words):
        if (
            _same_day(match["day"]) in agreed
            or _ASKS.match(words[match.end() :])
            or denied(words, match.start(), match.end())
        ):
            continue
        if any(
            names(match["day"], date(today.year + late, *day), today)
            for day in days
            for late in (0, 1)
            if day != (2, 29)
        ):
            continue
        yield match.group(0), "没有约过这个时间"


def memories(
    words: str, days: Collection[tuple[int, int]], today: date, known: str
) -> Iterator[tuple[str, str]]:
    """上个月买的 and its like where no known (month, day) lies there."""
    for match in _PAST.finditer(words):
        if match["day"] not in known and not any(_was(match["day"], month, day, today) for month, day in days):
            yield match.group(0), "不在已知事实中"


def _was(words: str, month: int, day: int, today: date) -> bool:
    if words.endswith("月"):
        return month == (today.replace(day=1) - timedelta(days=1)).month
    monday = today - timedelta(days=today.weekday())
    first, last = {"昨天": (1, 1), "前天": (2, 2)}.get(
        words, ((today - monday).days + 1, (today - monday).days + 7)
    )
    return any(
        (then.month, then.day) == (month, day)
        for then in (today - timedelta(days=back) for back in range(first, last + 1))
    )


def _same_day(words: str) -> str:
    for spoken, plain in (
        ("明早", "明天"),
        ("明日", "明天"),
        ("明晚", "明天"),
        ("今日", "今天"),
        ("今晚", "今天"),
    ):
        words = words.replace(spoken, plain)
    return re.sub(r"(?:本|这个?)?(?:周|星期|礼拜)(?=[一二三四五六日天])", "周", words)


def _in_part(part: str, month: int, day: int) -> bool:
    match part:
        case "底" | "末":
            return day >= monthrange(2024, month)[1] - 3
        case "初":
            return day <= 5
        case "上旬":
            return day <= 10
        case "中旬":
            return 11 <= day <= 20
        case _:
            return day >= 21


def names(words: str, day: date, today: date) -> bool:
    """Whether `words`, said today, name `day`."""
    sunday = today + timedelta(days=6 - today.weekday())
    next_month = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    if match := re.fullmatch(r"(本|这个?|下个?)?(?:周|星期|礼拜)([一二三四五六日天])", words):
        weekday = "一二三四五六日".index(match[2].replace("天", "日"))
        if match[1] is None:
            return day.weekday() == weekday and 0 <= (day - today).days < 7
        return day == sunday + timedelta(days=weekday - 6 + (7 if match[1].startswith("下") else 0))
    match words:
        case "今天" | "今日" | "今晚" | "当天" | "当日":
            return day == today
        case "明天" | "明日" | "明早" | "明晚":
            return (day - today).days == 1
        case "后天" | "大后天":
            return (day - today).days == (2 if words == "后天" else 3)
        case "本周" | "这周" | "周末" | "本周末" | "这周末" | "这个周末" | "这星期" | "这个星期":
            return today <= day <= sunday and (not words.endswith("末") or day.weekday() >= 5)
        case "下周" | "下星期" | "下个星期" | "下周末" | "下个周末":
            return sunday < day <= sunday + timedelta(days=7) and (
                not words.endswith("末") or day.weekday() >= 5
            )
        case "本月" | "这个月" | "这月" | "月底" | "月末" | "本月底" | "这个月底" | "这月底":
            return day == next_month - timedelta(days=1)
        case "下月" | "下个月":
            return (day.year, day.month) == (next_month.year, next_month.month)
        case "下月底" | "下个月底":
            return day == next_month.replace(day=monthrange(next_month.year, next_month.month)[1])
        case "明年" | "后年":
            return day.year - today.year == (1 if words == "明年" else 2)
        case "年底" | "年末":
            return (day.year, day.month) == (today.year, 12) and day.day >= 25
        case _:
            return False
