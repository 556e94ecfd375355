"""Understanding by an LLM where the local reader is unsure or much is at stake; the call never waits long.

Speech is data here: it stands delimited in the prompt, and the answer can only be one of the fixed labels.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from openai import AsyncOpenAI, OpenAIError, Timeout
from pydantic import BaseModel, ConfigDict, ValidationError

from callbot.conversation.breaker import Breaker
from callbot.conversation.labels import Emotion, Intent
from callbot.conversation.prompts import load_prompt
from callbot.conversation.reading import Context, Reader, Reading

READING = "1.0.0"
UNSURE = 0.6
"""Confidence of the local reader under which the LLM is asked."""
SURE_OF_GRAVE = 0.9
"""The same for what must not be got wrong."""
GRAVE = frozenset({Intent.DO_NOT_CALL, Intent.COMPLAINT, Intent.REQUEST_HUMAN, Intent.WRONG_PERSON})
AGREED, OVERRULED = 0.95, 0.8
"""Confidence where both readers agree, and where the LLM alone decides."""


class NoAnswer(Exception):
    """The server's answer cannot be read as one."""


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    intent: Intent
    others: tuple[Intent, ...] = ()
    emotion: Emotion
    words: str = ""
    callback_time: str = ""


class LlmReader:
    """A local reader with an OpenAI-compatible server behind it.

    The local reading comes first and stands whenever the server is late, down or talks nonsense. After
    three failures in a row the server is left alone for half a minute.
    """

    def __init__(
        self,
        local: Reader,
        *,
        base_url: str,
        api_key: str,
        model: str,
        timeout_s: float = 1.5,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`timeout_s` is the deadline of the server's part. Raises `BadInput` when the prompt is unusable."""
        self._local = local
        self._model = model
        self._timeout_s = timeout_s
        self._now = now
        self._breaker = Breaker()
        self._prompt = load_prompt("reading", READING)
        self._client = AsyncOpenAI(
            base_url=base_url,
            api_key=api_key or "none",
            max_retries=0,
            timeout=Timeout(timeout_s, connect=min(1.0, timeout_s)),
        )

    async def read(self, text: str, context: Context) -> Reading:
        local = await self._local.read(text, context)
        if not is_worth_asking(local) or not self._breaker.lets_through(self._now()):
            return local
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await self._ask(local, context)
        except (TimeoutError, OpenAIError, NoAnswer):
            self._breaker.failed(self._now())
            return local
        self._breaker.succeeded()
        return _merged(local, answer)

    async def aclose(self) -> None:
        await self._client.close()
        await self._local.aclose()

    async def _ask(self, local: Reading, context: Context) -> _Answer:
        prompt = self._prompt
        completion: Any = await self._client.chat.completions.create(
            model=self._model,
            messages=[
                {
                    "role": "user",
                    "content": prompt.render(
                        bot_said=_data(context.bot_said),
                        asks=context.asks,
                        choices="、".join(_data(choice) for choice in context.choices),
                        heard=_data(local.text),
                        likely="、".join((local.intent, *local.others)),
                    ),
                }
            ],
            temperature=prompt.temperature,
            max_tokens=200,
            response_format={
                "type": "json_schema",
                "json_schema": {"name": prompt.name, "schema": dict(prompt.schema), "strict": True},
            },
        )
        choices = getattr(completion, "choices", None)
        content = getattr(choices[0].message, "content", None) if choices else None
        # Some servers wrap the JSON in a Markdown fence whatever the schema says.
        match = re.search(r"\{.*\}", content, flags=re.DOTALL) if isinstance(content, str) else None
        try:
            return _Answer.model_validate(json.loads(match.group(0)) if match else None)
        except (ValueError, ValidationError) as error:
            raise NoAnswer(str(error)) from None


def is_worth_asking(local: Reading) -> bool:
    """Whether a local reading is too unsure for what is at stake; an empty utterance never is."""
    if not local.text.strip():
        return False
    grave = GRAVE & {local.intent, *local.others}
    return local.confidence < (SURE_OF_GRAVE if grave else UNSURE)


def _merged(local: Reading, answer: _Answer) -> Reading:
    """The LLM's reading, with what the local one knows better.

    The LLM may find a do_not_call the local reader missed; it takes one away only where the local reader
    itself thought it less likely than not, so that nobody is called again for a model's whim.
    """
    others = tuple(dict.fromkeys(intent for intent in answer.others if intent is not answer.intent))
    if answer.intent is local.intent:
        intent, confidence = local.intent, max(AGREED, local.confidence)
        others = tuple(dict.fromkeys((*others, *local.others)))
    elif local.intent is Intent.DO_NOT_CALL and local.confidence >= 0.5:
        intent, confidence = local.intent, local.confidence
        others = tuple(dict.fromkeys((answer.intent, *(each for each in others if each is not intent))))
    else:
        intent, confidence = answer.intent, OVERRULED
    slots = dict(local.slots)
    if intent is Intent.BUSY_CALLBACK and answer.callback_time and answer.callback_time in local.text:
        slots.setdefault("callback_time", answer.callback_time)
    quoted = (answer.words,) if answer.words and answer.words in local.text else local.because
    return replace(
        local,
        intent=intent,
        confidence=confidence,
        others=others,
        emotion=answer.emotion if local.emotion_confidence < UNSURE else local.emotion,
        slots=slots,
        because=quoted,
    )


def _data(text: str) -> str:
    """Speech for a prompt: on one line, unable to close its own delimiters, of bounded length."""
    return re.sub(r"[<>{}\r\n`]+", " ", text)[:300]
