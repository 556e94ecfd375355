"""Before anything is spoken, its numbers, dates, prices and promises are checked against the sheet."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from callbot.conversation.claims import THRESHOLD, Claim, Kind, claims, spelled
from callbot.conversation.days_named import deadlines, meetings, memories, month_parts
from callbot.conversation.denial import denied, denied_everywhere
from callbot.conversation.facts import Offer
from callbot.conversation.numerals import NUMERAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """All that may be said as a fact in this call."""

    offers: tuple[Offer, ...]
    facts: tuple[str, ...]
    """Profile facts cited and knowledge entries used, in plain zh-CN."""
    slots: Mapping[str, str] = field(default_factory=dict)
    today: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One thing that must not be said."""

    span: str
    why: str


def check(text: str, sheet: Sheet) -> tuple[Violation, ...]:
    """What in `text` the sheet does not vouch for; empty means it may be spoken.

    Numbers in digits and Chinese numerals must equal a value of the same kind on the sheet (offers valid
    today, facts, slots); promise words, gifts and deadlines must stand there too. Pure, well below a
    millisecond. Source: docs/outcomes.md (Words), C5, C8.
    """
    known = _known(sheet)
    words = spelled(text)
    ends = [offer.valid_until for offer in _usable(sheet) if offer.valid_until is not None]
    return (
        *_numbers(words, known, sheet),
        *_promises(words, known.binding),
        *_gifts(words, sheet),
        *_effects(words, known.words),
        *(
            Violation(span=span, why=why)
            for span, why in (
                *deadlines(words, ends, sheet.today, known.binding),
                *month_parts(words, known.days, known.words),
                *memories(words, known.days, sheet.today, known.words),
                *meetings(words, known.days, sheet.today, known.words),
            )
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """The sheet, ready to be compared with."""

    claims: frozenset[tuple[Kind, float, str]]
    heard: frozenset[tuple[Kind, float, str]]
    """Values that the callee said: they may be repeated, but no offer is made of them."""
    left: frozenset[float]
    """What of an offer is left, or how many may have it. How much somebody bought says nothing of that."""
    words: str
    """All of it, spelled."""
    binding: str
    """Without the slots: what the callee said binds nobody."""

    @property
    def days(self) -> frozenset[tuple[int, int]]:
        """(month, day) of every date known."""
        return frozenset(
            (int(number) // 100, int(number) % 100)
            for kind, number, _ in self.claims | self.heard
            if kind is Kind.DATE
        )


_HEARD = frozenset(
    {Kind.DATE, Kind.MONTH, Kind.DAY, Kind.YEAR, Kind.CLOCK, Kind.DURATION, Kind.COUNT, Kind.NUMBER}
)
"""What a slot can vouch for. Who asks for 五折 or 一百块 on the phone has not been given it."""


def _usable(sheet: Sheet) -> Iterator[Offer]:
    """Offers that hold today and are not sold out."""
    for offer in sheet.offers:
        begun = offer.valid_from is None or offer.valid_from <= sheet.today
        open_ = offer.valid_until is None or offer.valid_until >= sheet.today
        if begun and open_ and offer.stock != 0:
            yield offer


def _known(sheet: Sheet) -> _Known:
    texts = [*sheet.facts]
    told = len(texts)
    values: set[tuple[Kind, float, str]] = set()
    for offer in _usable(sheet):
        texts += [offer.title, offer.gift or ""]
        for kind, amount in (
            (Kind.PERCENT_OFF, offer.discount_percent),
            (Kind.MONEY, offer.amount_fen),
            (Kind.COUNT, offer.stock),
        ):
            if amount is not None:
                values.add((kind, float(amount), ""))
        if offer.min_spend_fen is not None:
            values.add((Kind.MONEY, float(offer.min_spend_fen), THRESHOLD))
        for day in (offer.valid_from, offer.valid_until):
            if day is not None:
                values |= _dated(day)
        if offer.valid_until is not None:
            left = (offer.valid_until - sheet.today).days
            values |= {(Kind.DURATION, float(left), "天"), (Kind.DURATION, float(left + 1), "天")}
    values |= {found for found in _dated(sheet.today) if found[0] is not Kind.DATE}
    for index, text in enumerate(texts):
        for claim in claims(text):
            values.add((claim.kind, claim.value, claim.unit))
            if claim.kind is Kind.MONEY and index < told:
                values |= {(Kind.MONEY, claim.value, ""), (Kind.MONEY, claim.value, THRESHOLD)}
            if claim.kind is Kind.DATE:
                values |= {(Kind.MONTH, claim.value // 100, ""), (Kind.DAY, claim.value % 100, "")}
                values |= {(Kind.YEAR, float(year), "") for year in re.findall(r"20\d\d", text)}
    return _Known(
        claims=frozenset(values),
        heard=frozenset(
            found
            for slot in sheet.slots.values()
            for claim in claims(slot)
            if claim.kind in _HEARD
            for found in (
                (claim.kind, claim.value, claim.unit),
                *((Kind.MONTH, claim.value // 100, ""), (Kind.DAY, claim.value % 100, ""))[
                    : 2 if claim.kind is Kind.DATE else 0
                ],
            )
        ),
        left=frozenset(
            (
                *(float(offer.stock) for offer in _usable(sheet) if offer.stock is not None),
                *(claim.value for text in texts for claim in claims(text) if _limited(spelled(text), claim)),
            )
        ),
        words=spelled("。".join((*texts, *sheet.slots.values()))),
        binding=spelled("。".join(texts)),
    )


def _dated(day: date) -> set[tuple[Kind, float, str]]:
    return {
        (Kind.DATE, float(day.month * 100 + day.day), ""),
        (Kind.MONTH, float(day.month), ""),
        (Kind.DAY, float(day.day), ""),
        (Kind.YEAR, float(day.year), ""),
    }


_WISH = re.compile(r"您(?:是)?(?:想|打算|希望|觉得)[^。！？]*(?:还是|吗|呢)")
_TODAY = re.compile(r"(?:今天|今日)(?:是|已经|都)*[^，。！？]{0,8}$")


def _numbers(words: str, known: _Known, sheet: Sheet) -> Iterator[Violation]:
    vouched: set[float] = set()
    for claim in claims(words):
        if _limited(words, claim):
            vouches = claim.value in known.left
        else:
            repeated = not _offering(words, claim.span) and _vouched(claim, known.heard)
            vouches = repeated or _vouched(claim, known.claims)
        if vouches:
            vouched |= {claim.value, claim.value / 100 if claim.kind is Kind.MONEY else claim.value}
        elif not (
            (claim.kind is Kind.NUMBER and claim.value in vouched and _alone(words, claim.span))
            or (claim.kind is Kind.DATE and _is_today(words, claim, sheet.today))
            or (claim.kind is Kind.DURATION and any(claim.span in wish for wish in _WISH.findall(words)))
            or denied_everywhere(words, claim.span)
        ):
            yield Violation(span=claim.span, why=f"{claim.kind.value}不在优惠表和已知事实中")


def _vouched(claim: Claim, known: frozenset[tuple[Kind, float, str]]) -> bool:
    if (claim.kind, claim.value, claim.unit) in known:
        return True
    if claim.kind is Kind.NUMBER:
        return any(kind in {Kind.COUNT, Kind.NUMBER} and number == claim.value for kind, number, _ in known)
    return False


_LIMITED = re.compile(r"名额|[限余剩]|库存|最后|前(?=[\d零〇一二两三四五六七八九十百千])")


def _limited(words: str, claim: Claim) -> bool:
    """Whether the clause of a quantity says that only so many are left or may have it."""
    return claim.kind in {Kind.COUNT, Kind.NUMBER} and any(
        claim.span in clause and _LIMITED.search(clause) for clause in re.split(r"[，。！？,!?]", words)
    )


_OFFERING = re.compile(
    r"优惠|活动|折|券|有效|延长|截止|到期|名额|[只仅还就]剩|保修|质保|延保|[退赔送减免返]|到账|库存"
)


def _offering(words: str, span: str) -> bool:
    """Whether the clause around `span` offers something."""
    return any(span in clause and _OFFERING.search(clause) for clause in re.split(r"[，。！？,!?]", words))


def _alone(words: str, span: str) -> bool:
    """Whether `span` is a clause of its own: the echo of a number just said."""
    return span in re.split(r"[，。！？,!?]", words)


def _is_today(words: str, claim: Claim, today: date) -> bool:
    """今天是三月十八号: the date of today vouches for nothing else."""
    here = words.find(claim.span)
    return claim.value == today.month * 100 + today.day and bool(_TODAY.search(words[:here]))


_EFFECT = re.compile(
    rf"(?P<span>(?:{NUMERAL}|半|几)个?(?:年|月|周|星期|礼拜|天|工作日|小时|钟头|分钟|秒))(?:之?内|以内|时间)?(?:就|便|即|立马)(?:能|可以?|会|见|消|好|瘦|白|到|搞|出)"
)


def _effects(words: str, known: str) -> Iterator[Violation]:
    """三天就能消: a time in which something comes about is more than a time; a fact must say both."""
    for match in _EFFECT.finditer(words):
        said = {(claim.value, claim.unit) for claim in claims(match["span"])}
        promised = any(
            said & {(claim.value, claim.unit) for claim in claims(clause)}
            and re.search(r"[内能会]|可以|到账", clause)
            for clause in re.split(r"[，。！？,!?]", known)
        )
        if not promised and not denied(words, match.start(), match.end()):
            yield Violation(span=match.group(0), why="时效不在优惠表和已知事实中")


_PROMISES = re.compile(
    r"(?:保证(?!金)|承诺|担保|打包票|拍胸脯|绝对|绝不|决不|百分之?百|百分百|(?<!不)一定(?!程度|的|要|得|记|注意|别|不|很|特别|转|把|是(?!最|能|会))|肯定(?:能|会|可以|给|有|行|赚|过)|准(?:能|保)|铁定|包准|妥妥|十拿九稳|稳(?:上|拿|进|过|中|考)|必(?:赚|过|中|涨|瘦|能)"
    r"|包(?:您|你|过|治|退|换|赔|好|会|赚|瘦|满意|成功|邮|安装|教会)|保(?:本|过|收益|值|赚|息)|稳赚|稳过|稳赢|只赚不赔|躺赚|高收益"
    r"|(?<![避不难未以幸])免(?!疫|得|提|打扰|谈|贵|礼|责)(?:息|费|单|首付|年费|手续费|运费|邮|押金?|租|试用费|服务费|除)?|(?<![\d.])0(?:利息|利率|元|首付|风险|门槛|手续费)|零(?:利息|利率|首付|风险|门槛|手续费|元|副作用|伤害|痛)|无(?:利息|息|风险|副作用|门槛|条件退|理由退|痛|抵押|需还|限次)"
    r"|没有?(?:任何|一点|丝毫)?(?:风险|副作用|利息|手续费|后遗症|痛)|不(?:收|要|花)(?:您|你)?(?:一分|任何)?(?:钱|费|手续费|利息)|不反弹|永不|永久|永远|终身|终生|一辈子|一劳永逸"
    r"|全网最|全国最|最(?:低价?|便宜|优惠的?价|划算|好的?价|低折扣|高收益|大优惠)|史上|有史以来|行业(?:第一|最)|第一(?:品牌|名)|唯一(?:一家|指定|授权)|独家(?!新闻)|国家级|顶级|特批|破例|内部价|底价|骨折价?|跳楼价|白菜价|白送|白给|白拿|倒贴"
    r"|根治|治愈|痊愈|药到病除|立竿见影|(?:立刻|马上|当场|立即|一次)(?:见效|生效|到账|退款|变白|提分|返现)|无效(?:退|全退|包退)|(?:全额|无条件|随时|无理由)(?:可以?|都|能|就|给|帮|为|您|你)*(?:退|返)|退一赔|假一赔|双倍|翻倍|翻番|加倍"
    r"|返现|返利|返还|减免|豁免|赔(?:付|偿|您|你|钱)|补偿(?:您|你)?(?!型)|退(?:您|你|全)?(?:全)?(?:款|钱|费)|免除|清零|抵扣|封顶|不限(?:量|次|额)|无限(?:次|量|额)|买(?:一|二|两|三)送|第[二三]件|加送|额外|特权|优先(?:发货|安排|放款)|直接通过|秒批|必批|包批|百分之?百通过"
    r"|涨价|恢复原价|错过(?:就|不再|再等)|过期不候|手慢无|抢(?:完|光)|售罄|仅剩|只剩|最后(?:一次|机会|[几两三]|名额|一批|一天|一位|一个)|机会难得|限量|限额"
    r"|guarantee[ds]?|promise|free(?!lance)|nointerest|refund|cashback|lifetime|bestprice|risk-?free)"
)
"""Words that bind somebody: they may be said only where the sheet says them."""

_SYMPATHY = re.compile(
    r"(?:您|你|心里|路上|最近|平时|工作)(?:最近|平时|当时|心里)?(?:一定|肯定)(?:会|是|有|很|特别|能)?(?:觉得|很|挺|特别|不|着急|失望|生气|难过|难受|忙|辛苦|累|不好受|困扰|顾虑|自己的)"
)


_GRATIS = frozenset({"免费", "不收费", "不要钱", "不收钱", "不花钱"})


def _promises(words: str, known: str) -> Iterator[Violation]:
    stated = {match.group(0) for match in _PROMISES.finditer(known)}
    if stated & _GRATIS:
        stated |= _GRATIS
    for match in _PROMISES.finditer(words):
        span = match.group(0)
        if span in stated or (len(span) > 1 and span in known) or denied(words, match.start(), match.end()):
            continue
        if any(s.start() <= match.start() < s.end() for s in _SYMPATHY.finditer(words)):
            continue
        yield Violation(span=span, why="承诺性用语不在优惠表和已知事实中")


_GIFT = re.compile(
    r"(?:赠送?|附赠|(?<![发配运输护接断寄欢相目遣播推递传保])送(?!货|到|达|上门|修|检|餐|医|去|别|回|来|行|快递|件|祝福|上祝福|上问候|问候|出|走|外卖|给我|(?:给)?(?:父母|爸|妈|长辈|朋友|孩子|家里?人|老人|老公|爱人|对象|亲戚|别人|人)))(?:给)?(?:您|你|出|一|[0-9]|个|份|张|套|台|盒|瓶|的|了|一些|款|件|我们的?)*(?P<gift>[^，。！？,.!?；;]{1,14})?"
)


def _gifts(words: str, sheet: Sheet) -> Iterator[Violation]:
    gifts = [spelled(f"{offer.gift or ''}{offer.title}") for offer in _usable(sheet)]
    facts = [spelled(text) for text in sheet.facts]
    for match in _GIFT.finditer(words):
        named = match["gift"] or re.split(r"[，。！？,.!?；;]", words[: match.start()])[-1][-14:]
        if denied(words, match.start(), match.end()):
            continue
        pairs = {named[i : i + 2] for i in range(min(len(named), 8 if match["gift"] else 14) - 1)}
        if match.group(0) and any(match.group(0) in text for text in (*gifts, *facts)):
            continue
        if any(pairs & {text[i : i + 2] for i in range(len(text) - 1)} for text in gifts):
            continue
        yield Violation(span=match.group(0), why="赠品不在优惠表中")
