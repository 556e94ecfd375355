"""Times as people say them on the phone: 明天下午三点, 下周一, 晚上八点以后, 过两个小时."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_DIGITS = {
    "零": 0,
    "〇": 0,
    "一": 1,
    "二": 2,
    "两": 2,
    "俩": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
}
_NUMBER = r"(?:\d{1,4}|[零〇一二两俩三四五六七八九十百]+|半)"

_DAY = (
    r"(?:今天|今儿个?|今(?=早|晚|天)|明天|明儿个?|明(?=早|晚|天)|后天|后儿|大后天|听日|第二天|当天|改天"
    r"|(?:这个?|本|下个?|下下个?|上个?)?(?:周|星期|礼拜)(?:[一二三四五六日天末1-7])|(?:下个?|下下个?|这个?|本)(?:周|星期|礼拜|月)(?!几)|周末|礼拜天|月底|月初|下月初?"
    rf"|(?:(?:{_NUMBER})月)?(?:{_NUMBER})(?:号|日)(?!线|楼|店|电话|码)|(?:{_NUMBER})月底"
    rf"|(?:过|等|再过)?(?:{_NUMBER})(?:天|个?(?:星期|礼拜|周|月))(?:之后|以后|后)?|过(?:两|几|这)(?:天|个?(?:星期|礼拜|周)))"
)
_PART = (
    r"(?:清早|大清早|一早|早晨|早上|早|上午|中午|晌午|下午|午后|傍晚|"
    r"晚上|晚间|晚|夜里|夜间|凌晨|黑了|今晚|明早|明晚|下班(?:以后|之后|后)?|饭后|午休)"
)
_CLOCK = rf"(?:(?:{_NUMBER})(?:点钟?|时(?!间|候)|:|：)(?:半|一刻|三刻|整|钟|过|{_NUMBER}分?)?(?:多|左右|钟)?)"
_TAIL = r"(?:以后|之后|后|左右|前后|以前|之前|前)?"
_SPOKEN = re.compile(
    rf"(?P<wait>(?:过|等|再过|再等)(?:{_NUMBER})个?半?(?:小时|钟头|分钟|刻钟)半?(?:之后|以后|后|再)?|(?:{_NUMBER})个?半?(?:小时|钟头|分钟|刻钟)半?(?:之?以?后|过后|再打|再联系|再来|打过来|打给我|你再|您再)"
    rf"|(?:过|等)?半个?(?:小时|钟头)(?:之?以?后|再|打过来|打给我)?|(?:过|等)(?:一会儿?|会儿))"
    rf"|(?P<day>{_DAY})?的?(?P<part>{_PART})?的?(?P<clock>{_CLOCK})?(?P<tail>{_TAIL})"
)

_HOURS = {
    "清早": 7,
    "大清早": 7,
    "一早": 8,
    "早晨": 8,
    "早上": 9,
    "早": 9,
    "明早": 9,
    "上午": 10,
    "中午": 12,
    "晌午": 12,
    "午休": 12,
    "下午": 15,
    "午后": 14,
    "傍晚": 18,
    "晚上": 19,
    "晚间": 19,
    "晚": 19,
    "今晚": 19,
    "明晚": 19,
    "夜里": 20,
    "夜间": 20,
    "黑了": 19,
    "凌晨": 1,
    "下班": 18,
    "饭后": 19,
}
"""The hour that a part of the day stands for when no hour is named."""
_DEFAULT_HOUR = 10
"""When only a day is named."""
_LATER = timedelta(minutes=30)
"""过一会儿."""
_WEEKDAYS = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6, "末": 5} | {
    str(number): number - 1 for number in range(1, 8)
}


def find(text: str) -> str:
    """The words in `text` that name a time to come, as spoken; empty when there are none."""
    best = ""
    for match in _SPOKEN.finditer(text):
        words = match.group(0)
        if not (match["wait"] or match["day"] or match["part"] or match["clock"]):
            continue
        if not (match["wait"] or match["day"] or match["clock"]) and match["part"] in {"早", "晚"}:
            continue
        if _is_a_little(match["clock"] or "", match["part"] or "", match["day"] or "", text[match.end() :]):
            continue
        if match["day"] == "改天" or (not match["clock"] and _is_past(text, match.start())):
            continue
        if len(words) > len(best):
            best = words
    return _trim(best)


def _is_a_little(clock: str, part: str, day: str, after: str) -> bool:
    """一点 as an amount, as in 便宜一点, 晚一点 and 一点都不好: an hour only beside a day or part of it."""
    return clock == "一点" and (not (day or part not in {"", "早", "晚"}) or after[:1] in set("都也不没儿"))


def _is_past(text: str, start: int) -> bool:
    return bool(re.search(r"(?:买了|用了|都|已经|等了|上了|做了|昨天|上个?|前)$", text[:start]))


def _trim(words: str) -> str:
    return re.sub(r"(?:再打|再联系|再来|打过来|打给我|你再|您再|再|的)$", "", words)


def when(text: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    """The moment that `text` names, in UTC, or `None` when it names none or only one that has passed.

    `now` is timezone-aware; days and hours count in `zone`, the callee's own. A day without an hour is
    ten in the morning; a part of the day stands for its usual hour; 一点 to 六点 without 早上 or 凌晨 is
    the afternoon, because nobody asks to be called at night. "以后" is fifteen minutes after.
    """
    spoken = find(re.sub(r"\s+", "", text))
    if not spoken:
        return None
    here = now.astimezone(zone)
    if moment := _after_waiting(spoken, now):
        return moment
    match = _SPOKEN.fullmatch(spoken)
    if match is None:
        return None
    day = _day_of(match["day"] or "", here.date(), match["part"] or "")
    if day is None:
        return None
    clock = _clock_of(match["clock"] or "", match["part"] or "")
    if clock is None:
        return None
    moment = datetime.combine(day, clock, tzinfo=zone)
    if match["tail"] in {"以后", "之后", "后"} and (match["clock"] or match["part"]):
        moment += timedelta(minutes=15)
    if moment <= here and not match["day"] and match["part"] not in {"今晚"}:
        if match["clock"] and not match["part"] and clock.hour < 12 and moment + timedelta(hours=12) > here:
            moment += timedelta(hours=12)
        else:
            moment += timedelta(days=1)
    utc = moment.astimezone(ZoneInfo("UTC"))
    return utc if utc > now.astimezone(ZoneInfo("UTC")) else None


def number(words: str) -> float | None:
    """A spoken number up to 9999, `半` as one half; `None` when it is none."""
    if words == "半":
        return 0.5
    if words.isdigit():
        return float(words)
    total, digit = 0, 0
    for character in words:
        if character in _DIGITS:
            digit = _DIGITS[character]
        elif character == "十":
            total += (digit or 1) * 10
            digit = 0
        elif character == "百":
            total += (digit or 1) * 100
            digit = 0
        else:
            return None
    return float(total + digit) if words else None


def _after_waiting(words: str, now: datetime) -> datetime | None:
    utc = now.astimezone(ZoneInfo("UTC"))
    if re.search(r"一会儿?|会儿", words):
        return utc + _LATER
    match = re.search(rf"({_NUMBER})(个?)(半?)(小时|钟头|分钟|刻钟)(半?)", words)
    if match is None:
        return None
    count = number(match[1])
    if count is None or (match[1] == "半" and match[4] not in {"小时", "钟头"}):
        return None
    if match[3] or match[5]:
        count += 0.5
    minutes = count * {"小时": 60, "钟头": 60, "分钟": 1, "刻钟": 15}[match[4]]
    return utc + timedelta(minutes=minutes) if minutes > 0 else None


def _day_of(words: str, today: date, part: str) -> date | None:
    """The day that `words` names; today for none."""
    if part in {"明早", "明晚"}:
        return today + timedelta(days=1)
    if not words or words.startswith("今") or words == "当天":
        return today
    for name, days in (("大后", 3), ("后", 2), ("明", 1), ("听日", 1), ("第二天", 1)):
        if words.startswith(name):
            return today + timedelta(days=days)
    if match := re.fullmatch(
        rf"(?:过|等|再过)?({_NUMBER}|几|这)(天|个?(?:星期|礼拜|周|月))(?:之后|以后|后)?", words
    ):
        count = 3 if match[1] in {"几", "这"} else number(match[1])
        if count is None:
            return None
        step = 1 if match[2] == "天" else 30 if match[2].endswith("月") else 7
        return today + timedelta(days=max(1, round(count * step)))
    if match := re.fullmatch(
        r"(这个?|本|下个?|下下个?|上个?)?(?:周|星期|礼拜)([一二三四五六日天末1-7])?", words
    ):
        if (match[1] or "").startswith("上"):
            return None
        weeks = (match[1] or "").count("下")
        monday = today - timedelta(days=today.weekday())
        if match[2] is None:
            return monday + timedelta(days=7 * weeks) if weeks else today + timedelta(days=1)
        named = monday + timedelta(days=7 * weeks + _WEEKDAYS[match[2]])
        if match[1] is None and named <= today:
            named += timedelta(days=7)
        return named
    if words.endswith("月底") or words == "月底":
        month = number(words[:-2].removesuffix("月")) if len(words) > 2 else float(today.month)
        return None if month is None else _last_day(today, int(month))
    if words in {"下个月", "下月", "下月初", "月初"}:
        return (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    if words.endswith("月"):
        return (
            (today.replace(day=1) + timedelta(days=32)).replace(day=1)
            if "下" in words
            else _last_day(today, today.month)
        )
    if match := re.fullmatch(rf"(?:({_NUMBER})月)?({_NUMBER})[号日]", words):
        month = number(match[1]) if match[1] else None
        day = number(match[2])
        return None if day is None else _date_of(today, None if month is None else int(month), int(day))
    return None


def _last_day(today: date, month: int) -> date | None:
    if not 1 <= month <= 12:
        return None
    year = today.year + (month < today.month)
    first = date(year + month // 12, month % 12 + 1, 1)
    return first - timedelta(days=1)


def _date_of(today: date, month: int | None, day: int) -> date | None:
    """The next date with this day, and month if one is named."""
    for ahead in range(13 if month is None else 25):
        place = today.month - 1 + ahead
        year, number_of_month = today.year + place // 12, place % 12 + 1
        if month is not None and number_of_month != month:
            continue
        try:
            named = date(year, number_of_month, day)
        except ValueError:
            continue
        if named >= today:
            return named
    return None


def _clock_of(words: str, part: str) -> time | None:
    """The time of day; the usual hour of `part`, or of a day, when no clock is named."""
    usual = next((hour for name, hour in _HOURS.items() if part and part.startswith(name)), _DEFAULT_HOUR)
    if part and part in _HOURS:
        usual = _HOURS[part]
    if not words:
        return time(usual)
    match = re.match(rf"({_NUMBER})(?:点钟?|时|:|：)(半|一刻|三刻|{_NUMBER})?", words)
    hour = number(match[1]) if match else None
    if match is None or hour is None or hour > 24:
        return None
    minute = {"半": 30.0, "一刻": 15.0, "三刻": 45.0, None: 0.0}.get(match[2], -1.0)
    if minute < 0:
        minute = number(match[2]) or 0.0
    if minute > 59:
        return None
    hour = int(hour) % 24
    morning = bool(re.search("早|凌晨|上午", part))
    noon = part in {"中午", "晌午", "午休"} and hour >= 10
    afternoon = hour < 12 and not morning and not noon if part else 1 <= hour <= 6
    if afternoon:
        hour += 12
    return time(hour, int(minute))
