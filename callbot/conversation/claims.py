"""What a sentence claims in numbers: discounts, money, dates, hours, durations, quantities."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from callbot.conversation.numerals import CHARACTERS, NUMERAL, english, value


class Kind(StrEnum):
    """What a number is about. Values of different kinds never vouch for each other."""

    PERCENT_OFF = "折扣"
    PERCENT = "百分比"
    MONEY = "金额"
    DATE = "日期"
    MONTH = "月份"
    DAY = "日"
    YEAR = "年份"
    CLOCK = "钟点"
    DURATION = "时长"
    COUNT = "数量"
    NUMBER = "数字"


THRESHOLD = "满"
"""满三百减五十: the three hundred is no gift, and never vouches for one."""
_SPENT = re.compile(r"(?:满|消费|买够|买到|达到?|超过)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One number with its meaning."""

    kind: Kind
    value: float
    """Percent taken off, money in fen, month*100+day, minutes since midnight, or the number itself."""
    unit: str = ""
    """For durations: 月 天 时 分 秒 (a year is twelve months, a week seven days);
    for money `THRESHOLD` when it is what must be spent first."""
    span: str
    """The words."""


_N = rf"(?P<n>{NUMERAL}|半)"
_BARE = rf"(?:{NUMERAL})"
_COUNT_UNITS = (
    "个份位张节次件名台款堂盒瓶套人单间期岁斤克种项条门课倍级场轮箱支只颗粒层座辆部"
    "本章页题分米里升席成桌排组批代把杯桶罐副枚针袋幅朵滴排户"
)

_DURATION_UNITS = (
    ("年", r"年(?!级|货|糕|终|底|初)|周年|载"),
    ("月", r"个?多?月(?!份|底|初|饼|供)"),
    ("周", r"个?(?:周(?!年|[一二三四五六日末])|星期(?![一二三四五六日天])|礼拜(?![一二三四五六日天]))"),
    ("天", r"(?:个?工作日|日(?!常|期)|天|个?自然日)"),
    ("时", r"个?半?(?:小时|钟头)"),
    ("分", r"分钟|刻钟"),
    ("秒", r"秒钟?"),
)

_RULES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(source))
    for name, source in (
        (
            "off",
            rf"(?P<n>\d+(?:\.\d+)?|[{CHARACTERS}]+(?:点[{CHARACTERS}]+)?)"
            r"折(?!叠|磨|腾|返|旧|中|服|断|纸|线|射|算|扣率)",
        ),
        (
            "half",
            r"(?:便宜|优惠|减|降|砍|省|少|打|退|赔|返|只要|只收|付)(?:了|您|到|掉|个|去|收)*一半|一半的?(?:价|钱)|腰斩|半价|对折|打个?对折|5折|halfprice|half-price|五折",
        ),
        (
            "percent_off",
            rf"(?:便宜|优惠|减免?|立减|直降|降价?|省|让利|返现?|下调|折扣)(?:了|您|到|高达|达)?(?:百分之(?P<a>{_BARE})|(?P<b>{_BARE})(?:%|percent|个百分点|个点|成))"
            rf"|(?:百分之(?P<c>{_BARE})|(?P<d>{_BARE})(?:%|percent|个点))(?:的)?(?:off|优惠|折扣|减免|让利|返现|补贴|discount)",
        ),
        ("percent", rf"百分之(?P<a>{_BARE})|(?P<b>{_BARE})(?:%|‰|percent|个百分点)|百分百|百分之百"),
        ("iso", r"(?P<y>20\d\d)[-/.年](?P<m>\d{1,2})[-/.月](?P<d>\d{1,2})[日号]?"),
        ("date", rf"(?:(?P<y>\d{{4}}|[二零〇一三四五六七八九]{{4}})年)?(?P<m>{_BARE})月(?P<d>{_BARE})[日号]?"),
        ("year", r"(?P<n>20\d\d|19\d\d|二[零〇][零〇一二三四五六七八九]{2})年"),
        ("month", rf"(?<!个)(?P<n>{_BARE})月(?:份|底|初)?(?!饼)"),
        ("day", rf"(?P<n>{_BARE})号(?!线|楼|店|码|电)"),
        (
            "money",
            rf"[¥￥$](?P<a>{_BARE})|(?P<b>{_BARE})(?:多|来)?(?:元|块钱|块(?P<c>[\d{CHARACTERS}])?(?!儿|头|状|聊|去|来)|人民币|rmb|yuan|大洋|美元|美金|港币|毛钱?(?!孩|病|衣|线|巾)|角钱?(?!场|楼|形|落|度|色|钢)|分钱|大毛|k(?![a-z]))",
        ),
        (
            "priced",
            rf"(?P<k>{_BARE})的?(?:代金券|优惠券|抵用券|现金券|券|红包|面值)|(?:满|减|立减|直减|省|抵|返|返现|降|直降|只要|只需|仅需|仅|才|原价|现价|售价|价格|特价|到手|立省|补贴|红包|额度|低至|便宜|月供|首付|一口价)(?:是|了|您|你|到|掉|为)?(?P<n>{_BARE})(?![个份位张节次件名台款堂天年月周小日号点分秒岁折%人单种项])",
        ),
        (
            "clock",
            rf"(?P<n>{_BARE})(?:点钟?(?!击|赞|评|头|数|餐|菜|名|心|半个|儿)|时(?!间|候|常|不|尚|刻|长))(?P<m>半|一刻|三刻|{_BARE}分?)?|(?P<h>\d{{1,2}}):(?P<i>\d\d)",
        ),
        *((f"span-{unit}", rf"{_N}(?:多|来|几)?(?:{pattern})") for unit, pattern in _DURATION_UNITS),
        ("count", rf"(?P<n>{_BARE})(?:多|来|余)?(?:[{_COUNT_UNITS}])"),
        ("number", rf"(?P<n>{_BARE})"),
    )
)

_INNOCENT = re.compile(
    r"(?:占用|耽误|打扰|借用?)(?:您|你|大家)?(?:的|宝贵)*[一两三123]分钟|三分钟热度|(?:大|好)?半天(?=都|才|也|没|不)|等了?(?:您|你)?(?:大|好)?半天"
    r"|[从打]一到十|十有八九|[三四五]口(?:人|之家)|这[一两三四]点(?!钟|半)|二选一|一[把杯桶罐副枚针袋朵根滴排户笔口](?![块元])|姓[一二三四五六七八九十百千万](?![元块])|[三四五六八]角(?=场|楼|形|大楼)"
    r"|一(?:下|位|直|起|点(?![零〇一二三四五六七八九十半\d])|些|样|般|遍|声|句|次|份|张|款|件|番|趟|通|听|看|想|聊|说|问|小?会儿?|旦|切|并|贯|致|律|向|路|生|共|同|概|再|时(?!间)|心|早(?!上)|项|种|家|段|条|步|边|方面|口气|定|味|度|系列|个(?!多?月|半?小时|钟头|工作日|星期|礼拜|周|季|亿|点|百分点|学期|疗程|自然日)|块(?:儿|聊|去|来|看|吃|玩)|对一|五一十|来二去|如既往|言为定|视同仁|举两得|帆风顺|臂之力|目了然|模一样|技之长|专家|线(?!城)|流|类|面|场|台|套|本|封|道|支|瓶|盒|组|群|堂|首|双|对|只|分心意|片|眼|念|刻(?!钟)|站式|键|体|手|筹莫展|肚子|阵|股|团|天到晚)"
    r"|[统唯同单专万均划合]一(?![折元块天年月周小]|个)|第[一二三](?=次|时间|回|个|步|位|点|遍|款|方|$|[，。])|[两三](?:句话?|点建议|方面|个小?问题|个方面|边|全|不误|位)|两三?(?:句|下|个字)|一两[句个分次](?:话|钟)?|三言两语|一二[三，]?"
    r"|不三不四|五花八门|七上八下|四通八达|四季|四面八方|五颜六色|乱七八糟|七七八八|三心二意|接二连三|再三|(?<![一二三四五六七八九几两\d])十分(?!钟|之|之一|满意度)|十足|十全十美|千万(?!元|块|级)|万一|万分|万事|千里|百忙|百般|成千上万|千家万户|百货|百姓|百年好合|百度|千变万化|万物|万象|万福|万安|九九归一|八成是|三番两次|三思|二维码|二手|三明治|三方|第三方|六神|七夕|双十[一二]|五一(?:节|假期|期间|劳动)|十一(?:假期|长假|黄金周|期间|国庆)|三八(?:节|妇女)|六一(?:节|儿童)|六一八|618(?!元|块)|元宵|八月十五|七匹狼|三星|五粮液|四川|九江|三亚|六安|八达岭|百合|千层|十字|三角|四方|五官|五险一金|三高|二胎|一对一"
    r"|(?:按|拨|输入|键入|按下)(?:数字)?键?[\d零一二三四五六七八九](?!\d)(?:号?键)?|(?:星期|礼拜|周)[一二三四五六](?![折元块])"
    r"|(?<![a-z])[a-z]{1,8}(?<!of)(?<!for)(?<!to)(?<!is)(?<!only)(?<!get)(?<!at)(?<!by)(?<!save)(?<!just)(?<!pay)(?<!cost)(?<!give)(?<!you)(?<!than)(?<!with)(?<!extra)(?<!rmb)(?<!cny)(?<!usd)(?<!vip)"
    r"-?\d+(?![a-z]*(?:yuan|rmb|cny|off|percent|dollar|buck|day|hour|week|month|year|free|people|left))[a-z]*(?=[一-鿿，。]|$)"
    rf"|(?<![{CHARACTERS}\d点第])[一二三四五六七八九十百千万](?=[一-鿿])(?![{CHARACTERS}{_COUNT_UNITS}点折元块毛角年月日号天周星礼时小分秒钟甲%两])"
)
"""Where numerals are words: they claim nothing."""


def spelled(text: str) -> str:
    """`text` in the spelling that claims are looked for in: half width, lower case, no spaces or marks."""
    text = unicodedata.normalize("NFKC", text).lower()
    text = "".join(c for c in text if unicodedata.category(c) not in {"Cf", "Mn", "Me", "Cc"})
    text = english(text)
    return re.sub(r"\s+", "", text)


def claims(text: str) -> tuple[Claim, ...]:
    """Every number in `text` with what it is about, in order of weight; harmless numerals left out."""
    return tuple(_claims(spelled(text)))


def _claims(text: str) -> Iterator[Claim]:
    rest = text
    for name, pattern in _RULES:
        if name == "count" or name == "number":
            rest = _INNOCENT.sub(lambda match: "\0" * len(match.group(0)), rest)
        for match in list(pattern.finditer(rest)):
            span = match.group(0)
            if "\0" in span or (
                name not in {"off", "half", "percent_off", "percent"} and _is_innocent(rest, match)
            ):
                continue
            found = _claim(name, match)
            if found is None:
                continue
            if found.kind is Kind.MONEY and (span.startswith("满") or _SPENT.search(rest[: match.start()])):
                found = replace(found, unit=THRESHOLD)
            rest = rest[: match.start()] + "\0" * len(span) + rest[match.end() :]
            yield found


def _is_innocent(text: str, match: re.Match[str]) -> bool:
    """Whether the numeral of `match` is part of a harmless word."""
    return any(
        innocent.start() <= match.start() < innocent.end() and innocent.end() >= match.start() + 2
        for innocent in _INNOCENT.finditer(text, max(0, match.start() - 8), min(len(text), match.end() + 4))
    )


def _claim(name: str, match: re.Match[str]) -> Claim | None:
    groups = {key: text for key, text in match.groupdict().items() if text}
    span = match.group(0)

    def claim(kind: Kind, amount: float | None, unit: str = "") -> Claim | None:
        return None if amount is None else Claim(kind=kind, value=round(amount, 4), unit=unit, span=span)

    first = value(next(iter(groups.values()))) if groups else None
    match name:
        case "off":
            tenths = _tenths(groups["n"])
            return claim(Kind.PERCENT_OFF, None if tenths is None else 100 - tenths * 10)
        case "half":
            return claim(Kind.PERCENT_OFF, 50)
        case "percent_off":
            return claim(Kind.PERCENT_OFF, None if first is None else first * (10 if "成" in span else 1))
        case "percent":
            return claim(Kind.PERCENT, 100 if not groups else first)
        case "iso" | "date":
            month, day = value(groups["m"]), value(groups["d"])
            if month is None or day is None or not (1 <= month <= 12 and 1 <= day <= 31):
                return None
            return claim(Kind.DATE, month * 100 + day)
        case "year":
            return claim(Kind.YEAR, first)
        case "month":
            return claim(Kind.MONTH, first)
        case "day":
            return claim(Kind.DAY, first)
        case "money":
            if first is None:
                return None
            fen = first * (
                10
                if re.search("[毛角]", span)
                else 1
                if "分钱" in span
                else 100_000
                if span.endswith("k")
                else 100
            )
            return claim(Kind.MONEY, fen + (value(groups["c"]) or 0) * 10 if "c" in groups else fen)
        case "priced":
            return claim(Kind.MONEY, None if first is None else first * 100)
        case "clock":
            return claim(Kind.CLOCK, _minutes(groups))
        case "count":
            return claim(Kind.COUNT, first)
        case "number":
            return claim(Kind.NUMBER, first)
        case _:
            if first is None:
                return None
            half = 0.5 if re.search(r"个?半(?:小时|钟头)", span) and not span.startswith("半") else 0.0
            scale = 15 if "刻钟" in span else 1
            unit = name.removeprefix("span-")
            times, unit = {"年": (12, "月"), "周": (7, "天")}.get(unit, (scale, unit))
            return claim(Kind.DURATION, (first + half) * times, unit)


def _tenths(words: str) -> float | None:
    """The tenths that are still paid: 八 and 8 are 8, 七五 and 75 are 7.5."""
    paid = value(words)
    if paid is None:
        return None
    return paid / 10 if paid > 10 else paid


def _minutes(groups: dict[str, str]) -> float | None:
    """Minutes since noon or midnight: three in the afternoon and three at night are one claim."""
    hour = value(groups.get("h") or groups.get("n", ""))
    if hour is None:
        return None
    words = groups.get("i") or groups.get("m", "")
    minute = {"": 0.0, "半": 30.0, "一刻": 15.0, "三刻": 45.0}.get(words)
    if minute is None:
        minute = value(words.removesuffix("分")) or 0.0
    return (hour % 12) * 60 + minute
