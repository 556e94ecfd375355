"""How a written sentence is said: numbers, dates, times, money and signs turned into Chinese characters.

Pure text to text; every neural voice reads the result. Latin letters stay, `asr_tts.phonemes` says them.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import cn2an  # type: ignore[import-untyped]

_NUMBER = r"\d+(?:\.\d+)?"
_TO = r"\s*[-~～—–至到]\s*"
_DIGITS = "零一二三四五六七八九"
_PHONE_DIGITS = "零幺二三四五六七八九"
_WIDE = {
    code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))
}
_WIDE |= str.maketrans({"％": "%", "￥": "¥", "＋": "+", "－": "-", "／": "/", "．": ".", "＝": "="})
_COUNTED = (
    "个|位|件|台|天|次|年|周|分钟|小时|块|元|倍|张|条|份|家|种|遍|批|款|套"
    "|间|层|期|瓶|盒|杯|辆|双|箱|公里|人|名|只"
)
_SIGNS = {
    "+": "加",
    "=": "等于",
    "×": "乘",
    "÷": "除以",
    "&": "和",
    "@": "艾特",
    "#": "号",
    "℃": "度",
    "°": "度",
}


def digits(text: str) -> str:
    """`0731` said digit by digit: 零七三一."""
    return "".join(_DIGITS[int(c)] for c in text if c.isdigit())


def phone_digits(text: str) -> str:
    """Digits as telephone and card numbers are said, with 幺 for 1 and a pause between written groups."""
    groups = [group for group in re.split(r"[-\s]+", text) if group]
    return "，".join("".join(_PHONE_DIGITS[int(c)] for c in group if c.isdigit()) for group in groups)


def number(text: str) -> str:
    """A quantity: `1024` is 一千零二十四, `3.50` is 三点五; above 16 digits, digit by digit."""
    whole, _, part = text.partition(".")
    part = part.rstrip("0")
    if len(whole) > 16:
        said = digits(whole)
    else:
        said = str(cn2an.an2cn(whole.lstrip("0") or "0", "low"))
        said = re.sub("^二(?=[千万亿])", "两", said)
    return f"{said}点{digits(part)}" if part else said


def _year(text: str) -> str:
    return digits(text) + "年"


def _date(match: re.Match[str]) -> str:
    year, month, day = match.group(1, 2, 3)
    if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31):
        return "，".join(digits(part) for part in (year, month, day))
    return f"{_year(year)}{number(month)}月{number(day)}{match.groupdict().get('mark') or '日'}"


def _clock(hour: str, minute: str, second: str | None) -> str:
    said = "两点" if int(hour) == 2 else f"{number(hour)}点"
    if int(minute) or second:
        said += ("零" if int(minute) < 10 else "") + (number(minute) if int(minute) else "") + "分"
    if second:
        said += number(second) + "秒"
    return said


def _time(match: re.Match[str]) -> str:
    hour, minute, second = match.group(1, 2, 3)
    if int(hour) > 24 or int(minute) > 59:
        return f"{number(hour)}比{number(minute)}" + (f"比{number(second)}" if second else "")
    return _clock(hour, minute, second)


def _counted(match: re.Match[str]) -> str:
    return "两" + match.group(1)


_RULES: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    # thousands separators hold a number together
    (re.compile(r"(?<![\d,.])\d{1,3}(?:,\d{3})+(?![\d,])"), lambda m: m[0].replace(",", "")),
    # dates before hyphenated numbers, because 2026-03-12 is both
    (re.compile(r"(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)"), _date),
    (re.compile(r"(?<!\d)(\d{4})年(\d{1,2})月(\d{1,2})(?P<mark>[日号])"), _date),
    (re.compile(r"(?<!\d)((?:19|20)\d{2})(?=年)"), lambda m: digits(m[1])),
    # telephone, card and order numbers
    (re.compile(r"\+86[-\s]?(\d[\d\s-]{5,}\d)"), lambda m: phone_digits(m[1])),
    (
        re.compile(r"(?<![\d-])(?:\d{3,4}-\d{3,4}-\d{3,4}|0\d{2,3}-\d{7,8})(?![\d-])"),
        lambda m: phone_digits(m[0]),
    ),
    (re.compile(r"(?<![\d.])(1[3-9]\d)(\d{4})(\d{4})(?![\d.])"), lambda m: phone_digits(" ".join(m.groups()))),
    (
        re.compile(
            r"((?:尾号|工号|编号|单号|卡号|证号|账号|号码|验证码|热线|电话|拨打|致电)[是为:：\s]*)(\d[\d-]*)"
        ),
        lambda m: m[1] + phone_digits(m[2]),
    ),
    # clock times and their ranges
    (
        re.compile(rf"(?<=\d){_TO}(?=\d{{1,2}}[:：]\d{{2}}(?!\d))"),
        "到",
    ),
    (re.compile(r"(?<!\d)(\d{1,2})[:：](\d{2})(?:[:：](\d{2}))?(?!\d)分?"), _time),
    (re.compile(r"(?<![\d.])0\d+(?![\d.:：])"), lambda m: phone_digits(m[0])),
    # per cent, money, temperature
    (re.compile(rf"({_NUMBER})%?{_TO}({_NUMBER})%"), lambda m: f"百分之{number(m[1])}到百分之{number(m[2])}"),
    (re.compile(rf"(-?)({_NUMBER})%"), lambda m: ("负" if m[1] else "") + f"百分之{number(m[2])}"),
    (re.compile(rf"({_NUMBER})‰"), lambda m: f"千分之{number(m[1])}"),
    (re.compile(rf"¥\s*({_NUMBER})(万|亿)?元?"), lambda m: f"{m[1]}{m[2] or ''}元"),
    (re.compile(rf"\$\s*({_NUMBER})(万|亿)?"), lambda m: f"{m[1]}{m[2] or ''}美元"),
    (re.compile(rf"(?<![\d到])-({_NUMBER})(?=℃|°C|度)"), lambda m: f"零下{m[1]}"),
    (re.compile(r"°C"), "度"),
    # 85折 is said 八五折, 8.5折 is said 八点五折
    (re.compile(r"(?<![\d.])([1-9])([1-9])(?=折)"), lambda m: digits(m[0])),
    (re.compile(rf"(?<=\d){_TO}(?=\d)"), "到"),
    (re.compile(r"(?<![\d.])(\d+)/(\d+)(?![\d.])"), lambda m: f"{number(m[2])}分之{number(m[1])}"),
    (re.compile(rf"(?<![\d.第])2({_COUNTED})(?!\d)"), _counted),
    # what is left: long runs are codes, the rest are quantities
    (re.compile(r"(?<![\d.])\d{9,}(?![\d.万亿元])"), lambda m: phone_digits(m[0])),
    (re.compile(rf"(?<![\d.])-({_NUMBER})"), lambda m: f"负{number(m[1])}"),
    (re.compile(_NUMBER), lambda m: number(m[0])),
    (re.compile(r"[+=×÷&@#℃°]"), lambda m: _SIGNS[m[0]]),
    (re.compile(r"[~～]"), "，"),
)


def spoken_form(text: str) -> str:
    """Write out how `text` is said in Mandarin; the result has no ASCII digits.

    `3月12日15:30` becomes 三月十二日十五点三十分, `400-820-8888` 四零零，八二零，八八八八.
    """
    said = text.translate(_WIDE)
    for pattern, replacement in _RULES:
        said = pattern.sub(replacement, said)
    return said
