"""Messages without a model: one short text for one customer, every fact of it on the sheet."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from callbot.conversation.facts import Offer, Person
from callbot.conversation.guard import Sheet, check
from callbot.conversation.scripted_writer import CARE_ONLY, NO_PRESSURE
from callbot.conversation.wording import pitch

WRITER = "scripted-message/1"
LONGEST_MESSAGE = 140
"""Characters, signature and way out included: two parts of a text message."""


class Topic(StrEnum):
    """What a message is about."""

    OFFER = "offer"
    """A benefit from the offer sheet; a word of care where none may be offered."""
    CONSIDERED = "considered"
    """The offer after "I will think about it" (R143)."""
    UNREACHED = "unreached"
    """The second push, after calls that nobody answered (R021)."""
    CARE = "care"
    RECOVERY = "recovery"
    """What to mind in the first days after a visit: no selling (R033)."""
    UPKEEP = "upkeep"
    """Care at home, later on (R033)."""
    PROGRESS = "progress"
    """A course waits to be gone on with (R037)."""
    COMMUNITY = "community"
    CONTENT = "content"
    """Something new that fits the interests, without an offer."""


SELLS = frozenset({Topic.OFFER, Topic.CONSIDERED, Topic.UNREACHED})

_WITH_OFFER: Mapping[Topic, tuple[str, ...]] = {
    Topic.OFFER: (
        "给您申请了{offer}{until}，需要的话回复我们就好。",
        "这次给老客户准备了{offer}{until}，想用的时候回复我们。",
    ),
    Topic.CONSIDERED: (
        "上次您说再考虑一下，跟您聊到的{offer}还在{until}，想好了回复我们就行。",
        "上次跟您聊过的{offer}还给您留着{until}，有想了解的直接回复。",
    ),
    Topic.UNREACHED: (
        "前几天打电话没有联系上您，给您留了{offer}{until}，方便时回复我们。",
        "给您打过电话没打通，怕打扰就不再多拨了。给您留了{offer}{until}，需要请回复。",
    ),
}
_PLAIN: Mapping[Topic, tuple[str, ...]] = {
    Topic.OFFER: ("好久没联系，想听听您用下来的感受，有需要随时回复我们。",),
    Topic.CONSIDERED: ("上次聊的事不着急，您慢慢考虑，有想了解的直接回复我们。",),
    Topic.UNREACHED: ("前几天打电话没有联系上您，想做个回访，方便时回复我们就好。",),
    Topic.CARE: (
        "想做个回访，听听您的近况，有需要随时回复我们。",
        "好久没联系，问候您一声，有什么想说的直接回复就好。",
    ),
    Topic.RECOVERY: (
        "整理了到店以后的注意事项，哪里不舒服或有疑问，请直接回复，会有专人跟进。",
        "这几天感觉怎么样？有任何不适或疑问请直接回复，会有专人跟进。",
    ),
    Topic.UPKEEP: ("居家护理有几点小提醒，想了解的话直接回复，我们发给您。",),
    Topic.PROGRESS: (
        "您的课程还在等您，进度都保留着，遇到困难可以直接回复老师。",
        "上次的课程可以接着学，进度都保留着，有不懂的地方直接回复老师。",
    ),
    Topic.COMMUNITY: ("同学们在学习群里交流得很热闹，想一起来的话直接回复，老师拉您进群。",),
    Topic.CONTENT: ("整理了一些您可能喜欢的新内容，想看的话直接回复我们。",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A message as it may be sent."""

    text: str
    topic: Topic
    offer: Offer | None
    """The offer that it names."""
    writer: str = WRITER


def scripted_message(
    topic: Topic,
    person: Person,
    offers: Sequence[Offer],
    today: date,
    *,
    talked_of: Sequence[str] = (),
    channel: str = "sms",
) -> Text:
    """A message for `person`, at most 140 characters, guarded: no number that the sheet does not hold.

    `offers` hold today and are meant for this person, best first; `talked_of` are the codes that the call
    named, and go before the others. Who was hurt, and whose reason is not known, gets an offer only if the call
    named it (R181, C4); 体验受损 and 价值转移 never hear a deadline (C5). Every message says who writes and how
    to end it. There is always a text: the last resort is a word of care without any offer.
    Source: R143, R021, R032, R033, R037, C8.
    """
    allowed = _allowed(topic, person, offers, talked_of)
    for offer, body in _bodies(topic, person, allowed):
        text = _dressed(body, person, channel)
        sheet = Sheet(
            offers=(offer,) if offer else (), facts=(person.brand, person.salutation, person.name), today=today
        )
        if len(text) <= LONGEST_MESSAGE and not check(text, sheet):
            return Text(text=text, topic=topic, offer=offer)
    # A brand or a name can be too long, or say what no sheet vouches for.
    return Text(text="想做个回访，听听您的近况。如不想再收到，请回复“退订”。", topic=topic, offer=None)


def _allowed(topic: Topic, person: Person, offers: Sequence[Offer], talked_of: Sequence[str]) -> list[Offer]:
    if topic not in SELLS:
        return []
    named = [offer for offer in offers if offer.code in talked_of]
    if person.reason in CARE_ONLY:
        return named
    return [*named, *(offer for offer in offers if offer not in named)]


def _bodies(topic: Topic, person: Person, offers: Sequence[Offer]) -> Iterator[tuple[Offer | None, str]]:
    for offer in offers:
        until = ""
        if offer.valid_until is not None and person.reason not in NO_PRESSURE:
            until = f"（{offer.valid_until.month}月{offer.valid_until.day}日前有效）"
        for body in _ordered(_WITH_OFFER[topic], person.customer_id):
            yield offer, body.format(offer=pitch(offer), until=until)
    for body in _ordered(_PLAIN[topic], person.customer_id):
        yield None, body


def _dressed(body: str, person: Person, channel: str) -> str:
    # Where nobody knows Mr from Ms the salutation is 周您: nobody is greeted like that.
    you = "您好" if person.salutation.endswith("您") else f"{person.salutation}您好"
    signed = f"【{person.brand}】{you}，{body}"
    return signed + ("拒收请回复R" if channel == "sms" else "如不想再收到，请回复“退订”。")


def _ordered(lines: Sequence[str], key: str) -> tuple[str, ...]:
    """`lines`, begun at the place that `key` picks: one person always reads the same."""
    start = int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") % len(lines)
    return (*lines[start:], *lines[:start])
