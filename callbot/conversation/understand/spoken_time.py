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
_ABOUT = rf"(?:{_NUMBER}来?|个把)"
"""十来, 个把: a number that is not meant to the minute."""

_AFTER = r"(?:之后|以后|过后|后)"
_FEAST = r"(?:国庆|十一|五一|元旦|春节|清明|端午|中秋)(?:节|假期|长假)?"
SEASON = (
    rf"(?:等|到)?过(?:了|完)(?:{_FEAST}|年)(?:{_AFTER})?|(?:等|到)?(?:{_FEAST}|过年){_AFTER}|(?:过了?)?年后(?=$|再|吧|，|。|你|您|打|联系)"
    rf"|(?:等|到)(?:我|我们|孩子|学校)?(?:放假|放(?:寒|暑)假|开学|开春)|(?:放假|放寒假|放暑假|开学|开春)(?:{_AFTER}|(?=$|再|吧))"
    rf"|(?:等)?下半年|年底|年中|明年(?:(?:{_NUMBER})月份?|年?初|春天)?"
)
"""Weeks or months away; 再说 beside one of these puts the decision off rather than the call."""
_DAY = (
    rf"(?:{SEASON}|(?:下个?|这个?|本)月(?:[上中下]旬|[初中底]|(?:{_NUMBER})[号日])|(?:{_NUMBER})月[上中下]旬|月中(?!旬)"
    r"|(?:周|星期|礼拜)[一二三四五六](?:到|至|和|或者?)(?:周|星期|礼拜)?[二三四五六日天]|周六日|双休日|工作日(?:白天)?|过了(?:十五|二十|初[五八十])(?!天|个|年|分)"
    r"|(?<![最当起上读念])(?:正月|腊月)?初[一二三四五六七八九十](?![月中高一二三年级天次个了的生])"
    r"|今天|今儿个?|今(?=早|晚|天)|明天|明儿个?|明朝(?=早|上|中|下|夜|[，。]|$)|听朝|明(?=早|晚|天)|后天|后儿|大后天|听日|第二天|当天|改天"
    r"|(?:这个?|本|下个?|下下个?|上个?)?(?:周|星期|礼拜)(?:[一二三四五六日天末1-7])|(?:下个?|下下个?|这个?|本)(?:周|星期|礼拜|月)(?!几)|周末|礼拜天|月底|月初|下月初?"
    rf"|(?:(?:{_NUMBER})月)?(?:{_NUMBER})(?:号|日)(?!线|楼|店|电话|码)|(?:{_NUMBER})月底"
    rf"|(?:过|等|再过)?个?(?:{_NUMBER})(?:天|个?(?:星期|礼拜|周|月))(?:之后|以后|后)?|过个把(?:星期|礼拜|周|月)|过(?:两|几|这)(?:天|个?(?:星期|礼拜|周)))"
)
_PART = (
    r"(?:(?:(?:等|到)(?:我|俺|孩子|娃|他|她)?(?:们)?|(?:孩子|娃)(?=睡))?(?:(?:下了?班|下了?课|放了?学|收了?工|睡(?:了|着)|吃(?:完|过|了)(?:早|午|中午|中|晚)?饭(?=$|[再吧之以后，。]))(?:之后|以后|后)?|(?:早|午|中|晚)饭(?:之?后|以后))"
    r"|中午吃饭|(?:差不多)?(?:这个?(?:时候|点儿?(?!钱))|同一时间)|清早|大清早|一早|早晨|早上|早|上午|中午|晌午|下午|午后|傍晚|"
    r"晚上|晚间|晚|夜里|夜间|凌晨|黑了|今晚|明早|明晚|下班|饭后|午休)"
)
_HOUR = rf"(?:{_ABOUT})(?:点(?:来?钟)?|时(?!间|候)|:|：)(?:半|一刻|三刻|整|钟|过|{_NUMBER}分?)?(?:多|左右|钟)?"
_ANY_DAY = r"(?:随便|任意|不管|随时)?(?:哪|啥|什么|任何)一?天(?:的)?(?=早|上|中|下|晚)"
"""Between a stretch of days and a part of the day: 周末随便哪天上午."""
_CLOCK = rf"(?:{_HOUR}(?:(?:到|至){_HOUR})?)"
_TAIL = r"(?:以后|之后|后(?!天)|左右|前后|以前|之前|前|那会儿|那时候|的时候)?"
_EVENT = (
    r"(?:等|到)?(?:我|俺|我们)?"
    r"(?:忙完(?:这阵子?|这段时间|这段|这两天|手头(?:的事)?)?|开完会|散了?会|发了工资|发完工资|办完事)(?:之后|以后|后)?"
)
_SPOKEN = re.compile(
    rf"(?P<wait>(?:过|等|再过|再等)个?(?:{_ABOUT})个?半?(?:小时|钟头|分钟|刻钟)半?(?:之后|以后|后|再)?|(?:{_ABOUT})个?半?(?:小时|钟头|分钟|刻钟)半?(?:之?以?后|过后|再打|再联系|再来|打过来|打给我|你再|您再)"
    rf"|(?:过|等)?半个?(?:小时|钟头)(?:之?以?后|再|打过来|打给我)?|(?:过|等|待)(?:一会儿?|会儿)|一会儿?(?=再|打|联系|给|吧|你|您|$)|{_EVENT})"
    rf"|(?P<day>{_DAY})?(?:的|{_ANY_DAY})?(?P<part>{_PART})?的?(?P<clock>{_CLOCK})?(?P<tail>{_TAIL})"
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
    "早饭": 9,
    "午饭": 13,
    "中饭": 13,
    "中午吃饭": 12,
    "饭后": 19,
    "午": 13,
    "饭": 19,
    "收": 18,
    "课": 18,
    "学": 18,
    "睡": 20,
}
"""The hour that a part of the day stands for when no hour is named."""
_DEFAULT_HOUR = 10
"""When only a day is named."""
_LATER = timedelta(minutes=30)
"""过一会儿."""
_BUSY = timedelta(hours=2)
"""开完会, 忙完."""
_A_WHILE = timedelta(days=7)
"""忙完这阵."""
_WEEKDAYS = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6, "末": 5} | {
    str(number): number - 1 for number in range(1, 8)
}


_SAME_HOUR = re.compile(r"这个?(?:时候|点)|同一时间")


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
        if not match["day"] and _SAME_HOUR.search(match["part"] or ""):
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


def is_far(spoken: str) -> bool:
    """Whether `spoken`, as `find` returns it, is a season or a feast and no hour or day."""
    return re.fullmatch(SEASON, spoken) is not None


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
    if _SAME_HOUR.search(match["part"] or ""):
        clock = here.time().replace(second=0, microsecond=0)
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
    if words == "个把":
        return 1.0
    words = words.removesuffix("来")
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
    if re.fullmatch(_EVENT, words):
        return utc + (_A_WHILE if re.search(r"这[阵段]|工资", words) else _BUSY)
    if re.fullmatch(r"(?:过|等|待)?一?会儿?", words):
        return utc + _LATER
    match = re.search(rf"({_ABOUT})(个?)(半?)(小时|钟头|分钟|刻钟)(半?)", words)
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
    if re.fullmatch(SEASON, words):
        return _season(words, today)
    if not words or words.startswith("今") or words == "当天":
        return today
    for name, days in (("大后", 3), ("后", 2), ("明", 1), ("听", 1), ("第二天", 1)):
        if words.startswith(name):
            return today + timedelta(days=days)
    if words.startswith("工作日"):
        ahead = 1 if today.weekday() < 4 else 7 - today.weekday()
        return today + timedelta(days=ahead)
    if words in {"周六日", "双休日"}:
        return _day_of("周末", today, part)
    if match := re.fullmatch(r"((?:周|星期|礼拜)[一二三四五六])(?:到|至|和|或者?).+", words):
        return _day_of(match[1], today, part)
    if match := re.fullmatch(r"过了初?([一二五八十]+)", words):
        return _date_of(today, None, int(number(match[1]) or 0) + 1)
    if match := re.fullmatch(rf"(下个?|这个?|本|{_NUMBER})?月([上中下]旬|[初中底]|(?:{_NUMBER})[号日])", words):
        return _in_month(match[1] or "", match[2], today)
    if match := re.fullmatch(
        rf"(?:过|等|再过)?个?({_NUMBER}|几|这|个把)(天|个?(?:星期|礼拜|周|月))(?:之后|以后|后)?", words
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


_SEASONS: tuple[tuple[str, int, int], ...] = (
    ("国庆", 10, 8),
    ("十一", 10, 8),
    ("五一", 5, 6),
    ("元旦", 1, 4),
    ("清明", 4, 7),
    ("端午", 6, 25),
    ("中秋", 10, 8),
    ("年底", 12, 15),
    ("年中", 6, 15),
    ("下半年", 7, 1),
    ("年", 3, 1),
    ("春", 3, 1),
)
"""The first day on which the named time is surely over or there: month and day."""


def _season(words: str, today: date) -> date | None:
    """The day that a season or a feast stands for; the next one to come."""
    if words.startswith("明年"):
        match = re.search(rf"({_NUMBER})月", words)
        month = int(number(match[1]) or 0) if match else 3 if "春" in words else 1
        return (
            date(today.year + 1, month, 10 if match is None and month == 1 else 1) if 1 <= month <= 12 else None
        )
    if "假" in words or "开学" in words:
        summer, winter = ((7, 5), (1, 25)) if "假" in words and "开学" not in words else ((9, 2), (3, 2))
        days = [found for found in (_date_of(today, *summer), _date_of(today, *winter)) if found]
        return min(days)
    month, day = next((month, day) for name, month, day in _SEASONS if name in words)
    return _date_of(today, month, day)


def _in_month(which: str, where: str, today: date) -> date | None:
    """下月十号, 这个月底, 五月中旬, 月中."""
    first = today.replace(day=1)
    if which.startswith("下"):
        first = (first + timedelta(days=32)).replace(day=1)
    elif which and which[0] not in "这本":
        month = int(number(which) or 0)
        if not 1 <= month <= 12:
            return None
        first = date(today.year + (month < today.month), month, 1)
    if where == "底":
        return _last_day(today, first.month)
    day = {"上旬": 5, "初": 1, "中旬": 15, "中": 15, "下旬": 25}.get(where) or int(number(where[:-1]) or 0)
    try:
        named = first.replace(day=day)
    except ValueError:
        return None
    return named if which or named >= today else (first + timedelta(days=32)).replace(day=day)


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
    usual = _HOURS.get(part, 0) or next(
        (hour for name, hour in _HOURS.items() if part and name in part and len(name) > 1),
        next((hour for name, hour in _HOURS.items() if part and name in part), _DEFAULT_HOUR),
    )
    if not words:
        return time(usual)
    match = re.match(rf"({_ABOUT})(?:点(?:来?钟)?|时|:|：)(半|一刻|三刻|{_NUMBER})?", words)
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
