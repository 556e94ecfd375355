"""Openers without a model: who is calling, one thing remembered, and what is in it for the customer.

Every line is picked from several by the customer's id, so that one person always hears the same and a
batch does not sound like one tape.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from datetime import date

from callbot.conversation.facts import Offer, Opener, Person
from callbot.conversation.guard import Sheet, check
from callbot.conversation.writing import Moment, Transition

WRITER = "scripted/2"
LONGEST_OPENER = 60
LONGEST_TRANSITION = 40

BANNED = re.compile(
    r"请问(?:您)?(?:还)?需要再来一次|需要再来一次吗|您需要吗|打扰您?(?:一下)?了?，?推销|了解一下(?:吗|不)|亲爱的用户|尊敬的(?:用户|客户)|恭喜您?(?:被|获|中)|系统(?:检测|抽中)|最后机会"
)
"""Wording that a supervisor would not launch with (R019)."""

CARE_ONLY = frozenset({"体验受损", "未知", ""})
"""Reasons that get a health check instead of an offer (R181, C4)."""
NO_PRESSURE = frozenset({"体验受损", "价值转移"})
"""Reasons that never hear a deadline (C5)."""

_GREETINGS = ("{you}，", "{you}，好久没联系了，", "{you}，跟您问声好，")
"""The disclosure before them has said who is calling; 小助手 again would be the second introduction."""

_CARE = (
    "{memory}，今天想听听您用下来的感受。",
    "{memory}，这次不推销，就想听听您的感受。",
    "{memory}，想跟您做个回访，听听您的近况。",
)
_CARE_HURT = (
    "{memory}，今天不推销，只想听您说说哪里没做好。",
    "{memory}，之前有让您不舒心的地方，想听您亲口说说。",
    "{memory}，这通电话只想听您的真实感受。",
)
_WITH_OFFER = (
    "{memory}。这次特意给您留了{offer}，想跟您说一声。",
    "{memory}。这回给您申请了{offer}，跟您说一声。",
    "{memory}。打给您是想说一声，{offer}给您留着了。",
)
_WITH_OFFER_SHORT = "{memory}，给您留了{offer}。"
_BY_STRATEGY: dict[str, tuple[str, ...]] = {
    "内容再激活": (
        "{memory}，我们整理了一些相关的新内容，想说给您听听。",
        "{memory}，有几样您可能喜欢的新内容，想跟您说说。",
    ),
    "服务触达": (
        "{memory}，想看看有什么能帮上您的。",
        "{memory}，后面有专人可以帮到您，想先听听您的情况。",
    ),
    "场景召回": (
        "{memory}，正好借这个时候问候您一声。",
        "{memory}，想问候您一声，也听听您的近况。",
    ),
    "等级权益升级": (
        "{memory}，您的会员权益有更新，想跟您说一声。",
        "{memory}，想跟您说说会员权益的变化。",
    ),
    "优惠补偿": (
        "{memory}，想听听您现在更看重什么。",
        "{memory}，想了解一下您最近的需要。",
    ),
}
_SWITCHED = (
    "{memory}，这次不推销，只想听听您现在更看重什么。",
    "{memory}，想听听您对我们的建议。",
)
_ENDED = (
    "{memory}，想知道您现在的需要有没有变化。",
    "{memory}，问候您一声，也想了解您最近关注什么。",
)
_USED = re.compile(r"买过|上过|到过|是我们的客户")
"""Memories of something that one can have an impression of."""
_NO_MEMORY = "您是我们的老朋友"

_SYMPATHY: dict[str, tuple[str, ...]] = {
    "angry": ("这件事让您受委屈了，我很抱歉。", "让您不痛快了，对不住，我先把情况记清楚。"),
    "sad_worried": ("您的担心我明白。", "我明白您的心情。"),
    "impatient": ("好的，我长话短说。", "明白，我直接说重点。"),
    "hesitant": ("不着急，您慢慢考虑。", "您的顾虑我理解。"),
    "positive": ("听您这么说真高兴。", "谢谢您这么说。"),
}
_TRANSITIONS: dict[str, tuple[str, ...]] = {
    "complaint": ("给您添麻烦了，真的抱歉。", "这件事让您受委屈了，我很抱歉。"),
    "request_human": ("好的，我明白您想和同事聊。",),
    "already_bought_elsewhere": ("明白，您已经有合适的了。",),
    "no_longer_needed": ("明白，谢谢您告诉我。",),
    "wrong_person": ("不好意思，打扰您了。",),
    "privacy_concern": ("您的担心很有道理。",),
    "cannot_hear_repeat": ("不好意思，我再说一遍。",),
    "considering": ("不着急，您慢慢考虑。",),
    "busy_callback": ("好的，您先忙。",),
    "refuse": ("好的，没关系。",),
    "do_not_call": ("好的，抱歉打扰您了。",),
}


class ScriptedWriter:
    """The writer that needs no model: same person, same words; every line passes the guard."""

    async def opener(self, person: Person, offers: tuple[Offer, ...], today: date) -> Opener:
        """The opener for one attempt, at most 60 characters, guarded."""
        return scripted_opener(person, offers, today)

    async def transition(self, moment: Moment) -> Transition:
        """A few words of sympathy or transition, or none; never a fact."""
        return Transition(text=scripted_transition(moment))

    async def aclose(self) -> None: ...


def scripted_opener(person: Person, offers: Sequence[Offer], today: date) -> Opener:
    """One opener for `person`: greeting, who calls, one memory, purpose.

    Benefit first where the customer simply faded away or the strategy is 优惠补偿; a health check without
    any offer for 体验受损 and unknown reasons; no pressure for 体验受损 and 价值转移. The shortest form that
    passes length, style and guard is the last resort, so there is always one.
    Source: R018, R019, R023, R149, R155–R158, R181, C4, C5.
    """
    rejected: list[str] = []
    for text, cites, used in _candidates(person, offers, today):
        why = refusal(text, person, offers, today)
        if why is None:
            return Opener(
                text=text,
                writer=WRITER,
                cites=cites,
                offers=tuple(offer.code for offer in used),
                rejected=tuple(rejected),
            )
        if len(text) <= LONGEST_OPENER:
            rejected.append(f"{text} — {why}")
    # Names and brands come from the customer's list: even they are not trusted to say numbers.
    return Opener(text="好久没联系了，想跟您做个回访，听听您的近况。", writer=WRITER, rejected=tuple(rejected))


def refusal(text: str, person: Person, offers: Sequence[Offer], today: date) -> str | None:
    """Why an opener may not be used; `None` when it may."""
    if not text.strip():
        return "没有内容"
    if len(text) > LONGEST_OPENER:
        return f"{len(text)} 字，超过 {LONGEST_OPENER} 字"
    if banned := BANNED.search(text):
        return f"用了禁用的说法“{banned.group(0)}”"
    if person.reason in CARE_ONLY and re.search(
        r"优惠|折|券|礼包|补贴|福利|下单|抢|购买吧|办理一", _without(text, person.facts)
    ):
        return "这位客户这次只问候，不推销"
    if person.reason in NO_PRESSURE and re.search(
        r"限时|截止|最后|仅剩|到期|抓紧|尽快", _without(text, person.facts)
    ):
        return "这位客户不能催促"
    allowed = offers if person.reason not in CARE_ONLY else ()
    names = (person.brand, person.salutation)
    if violations := check(text, Sheet(offers=tuple(allowed), facts=(*person.facts, *names), today=today)):
        return "；".join(f"“{violation.span}”{violation.why}" for violation in violations)
    return None


def scripted_transition(moment: Moment) -> str:
    """Sympathy first, then a transition by intent, or an empty string."""
    lines = (
        _TRANSITIONS.get(moment.intent)
        if moment.intent in {"complaint", "do_not_call", "wrong_person"}
        else _SYMPATHY.get(moment.emotion) or _TRANSITIONS.get(moment.intent)
    )
    return _ordered(lines, moment.heard)[0] if lines else ""


def _candidates(
    person: Person, offers: Sequence[Offer], today: date
) -> Iterator[tuple[str, tuple[str, ...], tuple[Offer, ...]]]:
    memories: list[tuple[str, tuple[str, ...]]] = [
        (_memory(fact), (fact,)) for fact in _ordered(person.facts, person.customer_id) if _tellable(fact)
    ]
    memories.append((_NO_MEMORY, ()))
    greetings = _ordered(_GREETINGS, f"{person.customer_id} greeting")
    bodies = _bodies(person)
    # Where nobody knows Mr from Ms the salutation is 周您: nobody is greeted like that.
    you = "" if person.salutation.endswith("您") else person.salutation
    sells = person.reason not in CARE_ONLY | NO_PRESSURE and (
        person.strategy == "优惠补偿" or person.reason == "自然流失"
    )
    valid = [offer for offer in offers if offer.valid_until is None or offer.valid_until >= today]
    for memory, cites in memories:
        for greeting in greetings:
            if "联系" in greeting and "联系" in memory:
                continue
            start = greeting.format(you=you) if you else greeting.format(you="您好")
            if sells:
                for offer in valid:
                    for body in (*_ordered(_WITH_OFFER, person.customer_id), _WITH_OFFER_SHORT):
                        yield (
                            start + body.format(memory=memory, offer=offer.title),
                            cites,
                            (offer,),
                        )
            for body in bodies:
                if "用下来" in body and not _USED.search(memory):
                    continue
                yield start + body.format(memory=memory), cites, ()


def _bodies(person: Person) -> tuple[str, ...]:
    lines: tuple[str, ...]
    match person.reason:
        case "体验受损":
            lines = _CARE_HURT
        case "价值转移":
            lines = _SWITCHED
        case "需求消失":
            lines = _ENDED
        case "自然流失":
            lines = _BY_STRATEGY.get(person.strategy, _CARE)
        case _:
            lines = _CARE
    return _ordered(lines, person.customer_id)


_SPOKEN: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(written), spoken)
    for written, spoken in (
        (r"(\d+月)\d+[日号]", r"\1"),
        (r"购买了(.+)", r"在我们这儿买过\1"),
        (r"浏览过(.+)", r"看过\1"),
        (r"填写过(.+)", r"填过\1"),
        (r"把(.+)加入了购物车", r"把\1放进过购物车"),
        (r"^(\d{4}年)起是.+的客户$", r"从\1起就是我们的客户"),
        (r"^是.+的客户$", "一直是我们的客户"),
        (r"与.+有过联系$", "跟我们有过联系"),
    )
)
"""A fact of the profile as one says it to the customer."""


def _memory(fact: str) -> str:
    """`3月12日购买了空气炸锅` as the beginning of a sentence to the customer: 您3月在我们这儿买过空气炸锅."""
    told = fact.strip("。；，, ")
    if told.startswith(("您", "你")):
        return told
    for written, spoken in _SPOKEN:
        told = written.sub(spoken, told)
    return f"您{told}"


def _tellable(fact: str) -> bool:
    """Whether a fact may open a call: short, something the customer did, nothing that shames or scores them."""
    return 3 <= len(fact) <= 24 and not re.search(
        r"投诉|退款|退货|售后|维修|报修|差评|逾期|欠|病|负面|标签|评分|积分为|RFM|流失|沉默|预警"
        r"|\{|\}|<|>|忽略|指令",
        fact,
    )


def _without(text: str, facts: Sequence[str]) -> str:
    for fact in facts:
        text = text.replace(fact.strip("。；，, "), "")
    return text


def _ordered(lines: Sequence[str], key: str) -> tuple[str, ...]:
    """`lines`, begun at the place that `key` picks; stable across processes and versions of Python."""
    if not lines:
        return ()
    start = int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") % len(lines)
    return (*lines[start:], *lines[:start])
