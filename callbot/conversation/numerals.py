"""Numbers as they are written and spoken in Chinese: 7, 3.5万, 七五, 一千二百, 二零二六, 柒."""

from __future__ import annotations

import re

_DIGITS = dict(zip("零〇一二三四五六七八九", (0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9), strict=True)) | {
    "两": 2,
    "俩": 2,
    "仨": 3,
}
_FORMAL = str.maketrans("壹贰叁肆伍陆柒捌玖拾佰仟萬億兩弌弍", "一二三四五六七八九十百千万亿两一二")
_SCALES = {"十": 10, "百": 100, "千": 1_000, "万": 10_000, "亿": 100_000_000}

CHARACTERS = "零〇一二两俩仨三四五六七八九十百千万亿壹贰叁肆伍陆柒捌玖拾佰仟萬億"
NUMERAL = (
    r"(?:\d+(?:,\d{3})*(?:\.\d+)?[百千万亿]*"
    rf"|[{CHARACTERS}]+(?:点[零〇一二三四五六七八九]+)?(?:万|亿)?|\d*[{CHARACTERS}]+)"
)
"""Pattern of one number, without its unit; not 几 and 多."""


def value(words: str) -> float | None:
    """The value of `words`, `None` when they are no number. 七五 is 75, 三千五 is 3500, 半 is 0.5."""
    words = words.translate(_FORMAL).replace(",", "")
    if not words:
        return None
    if words == "半":
        return 0.5
    if re.fullmatch(r"\d+(?:\.\d+)?", words):
        return float(words)
    if match := re.fullmatch(r"(\d+(?:\.\d+)?)([十百千万亿]+)(\d?)", words):
        scale = 1
        for character in match[2]:
            scale *= _SCALES[character]
        return float(match[1]) * scale + (int(match[3]) * scale / 10 if match[3] else 0)
    if "点" in words:
        whole, _, part = words.partition("点")
        scale_after = 1
        while part and part[-1] in "万亿":
            scale_after *= _SCALES[part[-1]]
            part = part[:-1]
        if not part or any(character not in _DIGITS for character in part):
            return None
        left = value(whole)
        return (
            None
            if left is None
            else (left + float("0." + "".join(str(_DIGITS[c]) for c in part))) * scale_after
        )
    if all(character in _DIGITS for character in words):
        return float("".join(str(_DIGITS[character]) for character in words))
    return _spelled(words)


def _spelled(words: str) -> float | None:
    """一千二百三十: digits and scales; a last digit without a scale is one step below (三千五)."""
    total = section = digit = 0
    last = 1
    for character in words:
        if character in _DIGITS:
            digit = digit * 10 + _DIGITS[character] if digit and last == 1 else _DIGITS[character]
            if character in "零〇":
                last = 1
            continue
        scale = _SCALES.get(character)
        if scale is None:
            return None
        if scale >= 10_000:
            total = (
                (total + section + digit) * scale if scale > last else total + (section + digit or 1) * scale
            )
            section = digit = 0
        else:
            section += (digit or 1) * scale
            digit = 0
        last = scale
    if digit and last > 10 and words[-2:-1] not in "零〇" and words[-2:-1] in _SCALES:
        digit = digit * last // 10
    return float(total + section + digit)


_ENGLISH = {
    "zero": 0,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "thirteen": 13,
    "fourteen": 14,
    "fifteen": 15,
    "sixteen": 16,
    "seventeen": 17,
    "eighteen": 18,
    "nineteen": 19,
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "seventy": 70,
    "eighty": 80,
    "ninety": 90,
}
_ENGLISH_NUMBER = re.compile(
    rf"(?<![a-z])(?:(?:{'|'.join(_ENGLISH)}|hundred|thousand)[\s-]+(?:and\s+)?)*(?:{'|'.join(_ENGLISH)}|hundred|thousand)(?![a-z])"
)


def english(text: str) -> str:
    """`text`, in lower case, with English number words in digits: twenty five percent is 25 percent."""
    return _ENGLISH_NUMBER.sub(_digits, text)


def _digits(match: re.Match[str]) -> str:
    total = section = 0
    for word in re.findall(r"[a-z]+", match.group(0)):
        if word == "hundred":
            section = (section or 1) * 100
        elif word == "thousand":
            total, section = total + (section or 1) * 1000, 0
        else:
            section += _ENGLISH.get(word, 0)
    return str(total + section)
