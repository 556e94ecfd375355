"""Lines become words: code fills in the person, the offer and what was heard, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from string import Formatter

from callbot.conversation import spoken
from callbot.conversation.condition import all_hold
from callbot.conversation.facts import Offer, Person
from callbot.conversation.flow import Line

PLACEHOLDERS = frozenset(
    {
        "brand",
        "salutation",
        "industry",
        "offer.title",
        "offer.pitch",
        "offer.benefit",
        "offer.discount",
        "offer.amount",
        "offer.min_spend",
        "offer.gift",
        "offer.until",
        "offer.deadline",
        "callback_time",
    }
)
"""Everything a line may name, besides `slot.…`."""

UNKNOWN = "未知"
"""The reason of whoever has none."""
_UNHURRIED = frozenset({"体验受损", "价值转移"})
_CLAUSE = re.compile(r"[^，。！？；]+[，。！？；]*")


def placeholders(text: str) -> tuple[str, ...]:
    """Names between braces. Raises `ValueError` for broken braces."""
    return tuple(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def values(
    person: Person,
    offer: Offer | None,
    slots: Mapping[str, str],
    *,
    callback_time: str = "",
    feels: str = "",
) -> dict[str, str]:
    """What can be filled in and what conditions look at, by name; what is unknown is absent."""
    # Where nobody knows Mr from Ms the salutation is 周您: nobody is greeted like that.
    salutation = "" if person.salutation.endswith("您") else person.salutation
    filled = {
        "person.salutation": salutation,
        "person.reason": person.reason or UNKNOWN,
        "person.strategy": person.strategy,
        "feels": feels,
        "brand": person.brand,
        "salutation": salutation,
        "industry": person.industry,
        "callback_time": callback_time,
        **{f"slot.{name}": value for name, value in slots.items()},
    }
    if offer is not None:
        filled |= _offer_values(offer, may_hurry=person.reason not in _UNHURRIED)
    return {name: value for name, value in filled.items() if value}


def _offer_values(offer: Offer, *, may_hurry: bool) -> dict[str, str]:
    until = spoken.day(offer.valid_until) if offer.valid_until else ""
    return {
        "offer.title": offer.title,
        "offer.pitch": pitch(offer),
        "offer.benefit": benefit(offer),
        "offer.discount": spoken.discount(offer.discount_percent) if offer.discount_percent else "",
        "offer.amount": spoken.yuan(offer.amount_fen) if offer.amount_fen else "",
        "offer.min_spend": spoken.yuan(offer.min_spend_fen) if offer.min_spend_fen else "",
        "offer.gift": offer.gift or "",
        "offer.until": until,
        "offer.deadline": until if may_hurry else "",
    }


def benefit(offer: Offer) -> str:
    """What the callee gets, in one breath: 满一百元减二十元, 八折, 送一年延保."""
    parts: list[str] = []
    floor = f"满{spoken.yuan(offer.min_spend_fen)}" if offer.min_spend_fen else ""
    if offer.discount_percent:
        parts.append(f"{floor and floor + '享'}{spoken.discount(offer.discount_percent)}")
    if offer.amount_fen:
        parts.append(f"{(floor and floor + '减') or '优惠'}{spoken.yuan(offer.amount_fen)}")
    if offer.gift:
        parts.append(f"送{offer.gift}")
    return "，还".join(parts) or offer.title


def pitch(offer: Offer) -> str:
    """Title and benefit, each value once: 老客户专属八折券, or 回归礼包，满一百元减二十元."""
    if offer.gift and offer.title in offer.gift and not (offer.amount_fen or offer.discount_percent):
        return offer.gift
    gains = benefit(offer)
    bare = gains == benefit(replace(offer, title="", gift=None, min_spend_fen=None))
    told = (
        (bare and offer.amount_fen and _money_in(offer.amount_fen, offer.title))
        or (bare and offer.discount_percent and _discount_in(offer.discount_percent, offer.title))
        or gains in offer.title
    )
    return offer.title if told else f"{offer.title}，{gains}"


def _money_in(fen: int, title: str) -> bool:
    """Does the title name the amount, in digits or in words?"""
    return f"{fen / 100:g}元" in title or spoken.yuan(fen) in title


def _discount_in(percent: int, title: str) -> bool:
    return f"{(100 - percent) / 10:g}折" in title or spoken.discount(percent) in title


def best_offer(offers: Sequence[Offer], *, today: date, mentioned: Sequence[str] = ()) -> Offer | None:
    """The offer to talk about: one that the opener mentioned, else the first of the sheet that is valid."""
    valid = [
        offer
        for offer in offers
        if (offer.valid_from is None or offer.valid_from <= today)
        and (offer.valid_until is None or today <= offer.valid_until)
        and (offer.stock is None or offer.stock > 0)
    ]
    return next((offer for offer in valid if offer.code in mentioned), valid[0] if valid else None)


def render(line: Line, filled: Mapping[str, str], *, turn: int = 0) -> tuple[str, bool]:
    """The words of `line`, and whether they speak of the offer.

    Wordings whose conditions do not hold are left out. Of the others those made for just such a case go
    first, then those whose placeholders can all be filled, with the offer before without; `turn` walks
    through equals. When none can be filled, the clauses that cannot are left out.
    """
    ranked: dict[tuple[bool, int], list[str]] = {}
    fitting = [variant for variant in line.variants if all_hold(line.only_if.get(variant, ()), filled)]
    for variant in fitting:
        names = placeholders(variant)
        if all(name in filled for name in names):
            about_offer = sum(name.startswith("offer.") for name in names)
            ranked.setdefault((variant in line.only_if, min(about_offer, 1)), []).append(variant)
    if ranked:
        rank = max(ranked)
        chosen = ranked[rank][turn % len(ranked[rank])]
        return _fill(chosen, filled), rank[1] > 0
    kept = [
        clause
        for clause in _CLAUSE.findall((fitting or line.variants)[0])
        if all(name in filled for name in placeholders(clause))
    ]
    text = _fill("".join(kept), filled)
    return re.sub(r"[，；]$", "。", text), False


def promised(line: Line, text: str, filled: Mapping[str, str]) -> str:
    """What `text` promises, a wording of `line` in final words; empty for none."""
    for variant, kind in line.promises.items():
        if all(name in filled for name in placeholders(variant)) and _fill(variant, filled) == text:
            return kind
    return ""


def _fill(text: str, filled: Mapping[str, str]) -> str:
    return re.sub(r"\{([^{}]+)\}", lambda match: filled[match.group(1)], text)


_NONE_OF = re.compile(r"(?:没有?|不|无|别|未)(?:什么|啥|太|怎么|觉得|遇到过?|碰到过?|有|大|是)*$")


def mentions(text: str, word: str) -> bool:
    """Does `text` say `word`, and not that there is none of it: 没什么麻烦?"""
    at = text.find(word)
    while at >= 0:
        if not _NONE_OF.search(text[:at]):
            return True
        at = text.find(word, at + 1)
    return False
