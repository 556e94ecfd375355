"""Wording by an OpenAI-compatible model, checked as strictly as if a stranger had written it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from openai import AsyncOpenAI, OpenAIError, Timeout

from callbot.conversation.facts import Offer, Opener, Person
from callbot.conversation.guard import Sheet, check
from callbot.conversation.prompts import Prompt, load_prompt
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
from callbot.conversation.writing import Moment

OPENER = "1.0.0"
TRANSITION = "1.0.0"


class NoWords(Exception):
    """The model gave nothing that can be read as its answer; the message says what happened."""


class LlmWriter:
    """Asks the model, validates, asks once for a repair, then falls back to the scripted writer."""

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        model: str,
        timeout_s: float = 8.0,
        turn_timeout_s: float = 1.5,
    ) -> None:
        """Deadlines in seconds: `timeout_s` for a whole opener with its repair, `turn_timeout_s` inside a call.

        Raises `BadInput` when a prompt file is missing or broken.
        """
        self._model = model
        self._timeout_s = timeout_s
        self._turn_timeout_s = turn_timeout_s
        self._opener = load_prompt("opener", OPENER)
        self._transition = load_prompt("transition", TRANSITION)
        self._client = AsyncOpenAI(
            base_url=base_url,
            api_key=api_key or "none",
            max_retries=0,
            timeout=Timeout(max(timeout_s, turn_timeout_s), connect=min(1.0, timeout_s)),
        )

    async def opener(self, person: Person, offers: tuple[Offer, ...], today: date) -> Opener:
        """The opener for one attempt, guarded; scripted when the model fails or insists on untruths."""
        rejected: list[str] = []
        try:
            async with asyncio.timeout(self._timeout_s):
                written = await self._written(person, offers, today, rejected)
        except (TimeoutError, OpenAIError, NoWords) as error:
            rejected.append(f"({_named(error, self._timeout_s)})")
            written = None
        if written is not None:
            return replace(written, rejected=tuple(rejected))
        scripted = scripted_opener(person, offers, today)
        return replace(scripted, rejected=(*rejected, *scripted.rejected))

    async def transition(self, moment: Moment) -> str:
        """At most 40 characters without any fact; the scripted line when the model is late or wrong."""
        prompt = self._transition.render(
            act=moment.act,
            heard=_data(moment.heard),
            intent=moment.intent,
            emotion=moment.emotion,
            longest=LONGEST_TRANSITION,
        )
        try:
            async with asyncio.timeout(self._turn_timeout_s):
                answer = await self._ask(self._transition, [{"role": "user", "content": prompt}])
                text = _text(answer)
        except (TimeoutError, OpenAIError, NoWords):
            return scripted_transition(moment)
        nothing = Sheet(offers=(), facts=(), today=date.min)
        if len(text) > LONGEST_TRANSITION or BANNED.search(text) or re.search(r"[?？\d]|优惠|折", text):
            return scripted_transition(moment)
        return scripted_transition(moment) if check(text, nothing) else text

    async def aclose(self) -> None:
        await self._client.close()

    async def _written(
        self, person: Person, offers: Sequence[Offer], today: date, rejected: list[str]
    ) -> Opener | None:
        selling = person.reason not in CARE_ONLY | NO_PRESSURE
        shown = tuple(offers) if selling else ()
        messages = [
            {
                "role": "user",
                "content": self._opener.render(
                    salutation=_data(person.salutation),
                    brand=_data(person.brand),
                    facts=[_data(fact) for fact in person.facts],
                    offers=[_data(offer.title) for offer in shown],
                    reason=person.reason or "未知",
                    selling=bool(shown),
                    longest=LONGEST_OPENER,
                    today=today.isoformat(),
                ),
            }
        ]
        for _ in range(2):
            raw = ""
            try:
                raw = await self._ask(self._opener, messages)
                text, why = _text(raw), None
                if not any(_remembers(text, fact) for fact in person.facts) and person.facts:
                    why = "没有说起客户的任何一件具体的事"
                else:
                    why = refusal(text, person, shown, today)
            except NoWords as error:
                text, why = raw[:200], str(error)
            if why is None:
                return Opener(
                    text=text,
                    writer=f"{self._model} {self._opener.label}",
                    cites=tuple(fact for fact in person.facts if _remembers(text, fact)),
                    offers=tuple(offer.code for offer in shown if offer.title in text),
                )
            rejected.append(f"{text} — {why}")
            messages += [
                {"role": "assistant", "content": raw or "{}"},
                {"role": "user", "content": f"这句不能用：{why}。请按原来的要求重写，只输出 JSON。"},
            ]
        return None

    async def _ask(self, prompt: Prompt, messages: Any) -> str:
        completion: Any = await self._client.chat.completions.create(
            model=self._model,
            messages=messages,
            temperature=prompt.temperature,
            max_tokens=300,
            response_format={
                "type": "json_schema",
                "json_schema": {"name": prompt.name, "schema": dict(prompt.schema), "strict": True},
            },
        )
        choices = getattr(completion, "choices", None)
        content = getattr(choices[0].message, "content", None) if choices else None
        if not isinstance(content, str) or not content.strip():
            raise NoWords("模型没有给出内容")
        return content


def _text(answer: str) -> str:
    """The words in the model's JSON answer, on one line; a Markdown fence around it is forgiven."""
    match = re.search(r"\{.*\}", answer, flags=re.DOTALL)
    try:
        found: Any = json.loads(match.group(0)) if match else None
    except ValueError:
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("text"), str):
        raise NoWords("回答不是要求的 JSON")
    return re.sub(r"\s+", "", found["text"]).strip('"“”')


def _data(text: str) -> str:
    """Customer data for a prompt: on one line, unable to close its own delimiters, of bounded length."""
    return re.sub(r"[<>{}\r\n`]+", " ", text)[:200]


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


def _named(error: Exception, timeout_s: float) -> str:
    if isinstance(error, TimeoutError):
        return f"模型 {timeout_s:g} 秒内没有写完"
    return f"模型出错：{type(error).__name__}"
