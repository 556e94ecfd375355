"""Wording by an OpenAI-compatible model, checked as strictly as if a stranger had written it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

from callbot.conversation.facts import Offer, Opener, Person
from callbot.conversation.guard import Sheet, check
from callbot.conversation.llm_chain import LlmChain, Refused, Unreadable, as_data, json_object
from callbot.conversation.llm_server import Pace
from callbot.conversation.prompts import load_prompt
from callbot.conversation.scripted_writer import (
    BANNED,
    CARE_ONLY,
    LONGEST_OPENER,
    LONGEST_TRANSITION,
    NO_PRESSURE,
    refusal,
    scripted_opener,
    scripted_transition,
)
from callbot.conversation.writing import Moment, Transition

OPENER = "1.0.0"
TRANSITION = "1.0.0"


class LlmWriter:
    """Asks the servers in turn, validates, asks each once for a repair, then falls back to the script."""

    def __init__(self, chain: LlmChain, *, pace: Pace, turn_pace: Pace) -> None:
        """`pace` is for an opener, written before the call; `turn_pace` for words inside one.

        Raises `BadInput` when a prompt file is missing or broken.
        """
        self._chain = chain
        self._pace = pace
        self._turn_pace = turn_pace
        self._opener = load_prompt("opener", OPENER)
        self._transition = load_prompt("transition", TRANSITION)

    async def opener(self, person: Person, offers: tuple[Offer, ...], today: date) -> Opener:
        """The opener for one attempt, guarded; scripted when the models fail or insist on untruths."""
        selling = person.reason not in CARE_ONLY | NO_PRESSURE
        shown = offers if selling else ()
        content = self._opener.render(
            salutation=as_data(person.salutation),
            brand=as_data(person.brand),
            facts=[as_data(fact) for fact in person.facts],
            offers=[as_data(offer.title) for offer in shown],
            reason=person.reason or "未知",
            selling=bool(shown),
            longest=LONGEST_OPENER,
            today=today.isoformat(),
        )

        def read(answer: str) -> str:
            text = _text(answer)
            if why := _why_not(text, person, shown, today):
                raise Refused(text, why)
            return text

        found = await self._chain.ask(self._opener, content, pace=self._pace, read=read, repairs=1)
        if found.value is None:
            scripted = scripted_opener(person, offers, today)
            return replace(scripted, rejected=(*found.rejected, *scripted.rejected), prompts=found.uses)
        return Opener(
            text=found.value,
            writer=f"{found.model} {self._opener.label}",
            cites=tuple(fact for fact in person.facts if _remembers(found.value, fact)),
            offers=tuple(offer.code for offer in shown if offer.title in found.value),
            rejected=found.rejected,
            prompts=found.uses,
        )

    async def transition(self, moment: Moment) -> Transition:
        """At most 40 characters without any fact; the scripted line when the models are late or wrong."""
        content = self._transition.render(
            act=moment.act,
            heard=as_data(moment.heard),
            intent=moment.intent,
            emotion=moment.emotion,
            longest=LONGEST_TRANSITION,
        )
        found = await self._chain.ask(self._transition, content, pace=self._turn_pace, read=_without_facts)
        text = scripted_transition(moment) if found.value is None else found.value
        return Transition(text=text, prompts=found.uses)

    async def aclose(self) -> None:
        await self._chain.aclose()


def _text(answer: str) -> str:
    """The words in the model's JSON answer, on one line."""
    text = json_object(answer).get("text")
    if not isinstance(text, str):
        raise Unreadable("回答不是要求的 JSON")
    return re.sub(r"\s+", "", text).strip('"“”')


def _why_not(text: str, person: Person, offers: tuple[Offer, ...], today: date) -> str | None:
    if not _is_chinese(text):
        return "不是中文"
    if person.facts and not any(_remembers(text, fact) for fact in person.facts):
        return "没有说起客户的任何一件具体的事"
    return refusal(text, person, offers, today)


def _without_facts(answer: str) -> str:
    text = _text(answer)
    nothing = Sheet(offers=(), facts=(), today=date.min)
    if text and not _is_chinese(text):
        raise Refused(text, "不是中文")
    if len(text) > LONGEST_TRANSITION:
        raise Refused(text, f"超过 {LONGEST_TRANSITION} 个字")
    if BANNED.search(text) or re.search(r"[?？\d]|优惠|折", text) or check(text, nothing):
        raise Refused(text, "含有事实、承诺、提问或不能说的话")
    return text


def _is_chinese(text: str) -> bool:
    """Mostly Chinese characters; a brand or a model number in Latin letters may stand among them."""
    letters = [sign for sign in text if sign.isalpha()]
    return bool(letters) and 2 * sum("\u4e00" <= sign <= "\u9fff" for sign in letters) > len(letters)


def _remembers(text: str, fact: str) -> bool:
    """Whether `text` speaks of `fact`: it shares a run of three characters with it that is not a date."""
    core = re.sub(r"\d+年|\d+月|\d+[日号]|[您你了的过，。]", " ", fact)
    told = re.sub(r"[您你了的过，。]", "", text)
    return any(
        run[i : i + size] in told
        for run in core.split()
        for size in (min(3, len(run)),)
        if size >= 2
        for i in range(len(run) - size + 1)
    )
