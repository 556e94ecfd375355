"""Understanding by an LLM where the local reader is unsure or much is at stake; the call never waits long.

Speech is data here: it stands delimited in the prompt, and the answer can only be one of the fixed labels.
"""

from __future__ import annotations

from dataclasses import replace

from pydantic import BaseModel, ConfigDict, ValidationError

from callbot.conversation.labels import Emotion, Intent
from callbot.conversation.llm_chain import LlmChain, Unreadable, as_data, json_object
from callbot.conversation.llm_server import Pace
from callbot.conversation.prompts import load_prompt
from callbot.conversation.reading import Context, Reader, Reading

READING = "1.0.0"
_LONGEST = 300
"""Characters of speech that are shown."""
UNSURE = 0.6
"""Confidence of the local reader under which the LLM is asked."""
SURE_OF_GRAVE = 0.9
"""The same for what must not be got wrong."""
GRAVE = frozenset({Intent.DO_NOT_CALL, Intent.COMPLAINT, Intent.REQUEST_HUMAN, Intent.WRONG_PERSON})
AGREED, OVERRULED = 0.95, 0.8
"""Confidence where both readers agree, and where the LLM alone decides."""


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    intent: Intent
    others: tuple[Intent, ...] = ()
    emotion: Emotion
    words: str = ""
    callback_time: str = ""


class LlmReader:
    """A local reader with OpenAI-compatible servers behind it.

    The local reading comes first and stands whenever the servers are late, down or talk nonsense.
    """

    def __init__(self, local: Reader, chain: LlmChain, *, pace: Pace) -> None:
        """`pace` is the servers' part of an answer. Raises `BadInput` when the prompt is unusable."""
        self._local = local
        self._chain = chain
        self._pace = pace
        self._prompt = load_prompt("reading", READING)

    async def read(self, text: str, context: Context) -> Reading:
        local = await self._local.read(text, context)
        if not is_worth_asking(local):
            return local
        content = self._prompt.render(
            bot_said=as_data(context.bot_said, _LONGEST),
            asks=context.asks,
            choices="、".join(as_data(choice) for choice in context.choices),
            heard=as_data(local.text, _LONGEST),
            likely="、".join((local.intent, *local.others)),
        )
        found = await self._chain.ask(self._prompt, content, pace=self._pace, read=_answer, max_tokens=200)
        reading = local if found.value is None else _merged(local, found.value)
        return replace(reading, prompts=found.uses)

    async def aclose(self) -> None:
        await self._chain.aclose()
        await self._local.aclose()


def _answer(answer: str) -> _Answer:
    try:
        return _Answer.model_validate(json_object(answer))
    except ValidationError as error:
        raise Unreadable(str(error)) from None


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
