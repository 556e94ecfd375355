"""The local reader: a deterministic look, then a model of meaning, then the question that was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from callbot.conversation.labels import Emotion, Intent
from callbot.conversation.reading import Context, Reading
from callbot.conversation.understand.context import answer, asked
from callbot.conversation.understand.heads import PACKAGED, Heads, load
from callbot.conversation.understand.normal import essence, plain
from callbot.conversation.understand.phrases import NO_GRIEVANCE, NO_PERSON, THREAT, look
from callbot.conversation.understand.sentences import meaning, thread
from callbot.conversation.understand.slots import slots

SURE = 0.97
"""Confidence of a phrase that decides."""
LONGEST = 40
"""Characters at the end of an utterance that count for its sentence vector, whose cost grows with them."""
ALSO = 0.25
"""Probability from which a further intent is reported."""
SERIOUS: Mapping[Intent, float] = {
    Intent.DO_NOT_CALL: 0.5,
    Intent.COMPLAINT: 0.6,
    Intent.REQUEST_HUMAN: 0.6,
}
"""What ends or hands over a call, with the probability from which the model alone may read it into words."""
OVERRULES = 0.85
"""Probability from which the model is believed against a phrase that asks for nothing to be done."""

RANK: tuple[frozenset[Intent], ...] = (
    frozenset({Intent.ANNOUNCEMENT}),
    frozenset({Intent.DO_NOT_CALL}),
    frozenset({Intent.COMPLAINT, Intent.REQUEST_HUMAN}),
    frozenset({Intent.PRIVACY_CONCERN}),
    frozenset({Intent.ABUSIVE}),
    frozenset({Intent.WRONG_PERSON}),
)
"""Which of several intents is the primary one; a threat to complain if called again is do_not_call."""


class Classifier(Protocol):
    """Another model of meaning in place of the packaged heads. Raises nothing; called on one thread."""

    def __call__(self, text: str) -> tuple[dict[Intent, float], dict[Emotion, float]]:
        """Probabilities by label. Labels may be missing; an empty dict leaves the matter to the heads."""
        ...


class LocalReader:
    """Reads without a key or a network, about 20 ms of one core for a sentence, off the event loop."""

    def __init__(self, model: Path = PACKAGED, *, classifier: Classifier | None = None) -> None:
        """Loads the heads and the sentence engine; raises `BadInput` when the model file is unusable.

        `classifier` judges first; what it does not know the heads judge.
        """
        self._heads: Heads = load(model)
        self._classifier = classifier
        meaning("你好")

    async def read(self, text: str, context: Context) -> Reading:
        return await asyncio.get_running_loop().run_in_executor(thread(), self.understand, text, context)

    async def aclose(self) -> None:
        """Nothing to close: engine and thread are shared by the process."""

    def understand(self, text: str, context: Context) -> Reading:
        """`read` on the calling thread; one thread at a time."""
        spelled, core = plain(text), essence(text)
        if not core:
            return Reading(
                text=text, intent=Intent.SILENCE_FILLER_UNCLEAR, confidence=SURE, emotion_confidence=SURE
            )
        intents, emotions = self._judge(text, core)
        asks = asked(context)
        heard = slots(spelled, context.choices)
        hits = look(spelled)
        answered = answer(core, asks, heard.get("concern", ""), context.bot_said)
        spoken = heard.get("callback_time", "")
        if not hits and answered is None and spoken and len(spoken) >= 0.5 * len(core):
            answered = Intent.BUSY_CALLBACK
        ranked = judged(spelled, intents, answered)
        if Intent.BUSY_CALLBACK not in {intent for intent, _ in ranked} and asks != "callback_time":
            heard.pop("callback_time", None)
        if Intent.DO_NOT_CALL not in {intent for intent, _ in ranked}:
            heard.pop("scope", None)
        emotion = max(emotions, key=emotions.__getitem__)
        primary, confidence = ranked[0]
        return Reading(
            text=text,
            intent=primary,
            confidence=round(confidence, 4),
            emotion=emotion,
            emotion_confidence=round(emotions[emotion], 4),
            others=tuple(intent for intent, _ in ranked[1:3]),
            slots=heard,
            because=tuple(hit.words for hit in hits) or self._telling(core, primary),
        )

    def _judge(self, text: str, core: str) -> tuple[dict[Intent, float], dict[Emotion, float]]:
        likely, felt = self._classifier(text) if self._classifier is not None else ({}, {})
        if likely and felt:
            return dict.fromkeys(Intent, 0.0) | likely, felt
        intents, emotions = self._heads.judge(meaning(core[-LONGEST:]), core)
        return dict.fromkeys(Intent, 0.0) | likely if likely else intents, felt or emotions

    def _telling(self, text: str, intent: Intent) -> tuple[str, ...]:
        """The characters that spoke most for `intent`: up to two runs of two or three."""
        heads = self._heads
        column = heads.intent.labels.index(intent.value)
        scored = []
        for size in (3, 2):
            for start in range(len(text) - size + 1):
                run = text[start : start + size]
                if (index := heads.vocabulary.get("c:" + run)) is not None:
                    scored.append((float(heads.intent.pieces[index, column] * heads.weights[index]), run))
        best: list[str] = []
        for score, run in sorted(scored, reverse=True):
            if score > 0 and not any(run in other or other in run for other in best):
                best.append(run)
            if len(best) == 2:
                break
        return tuple(best) or (text,)


def judged(
    text: str, probabilities: dict[Intent, float], answered: Intent | None
) -> list[tuple[Intent, float]]:
    """Intents in the order in which they count, with the confidence of each; never empty.

    `text` as `plain` spells it, `probabilities` from the model, `answered` from the question asked.

    Phrases outrank the model; among several the order of `RANK` decides, within a rank the model. A model
    that is sure of something else outranks a phrase without consequences, and its complaint an insult.
    An answer to a question outranks the model only, so that 不用了，别再打了 stays a do_not_call. What is
    serious and neither said in so many words nor likely enough is unclear: the dialogue asks back.
    """
    hits = look(text)
    if THREAT.search(text) or NO_GRIEVANCE.search(text):
        probabilities = probabilities | {Intent.COMPLAINT: 0.0}
    if NO_PERSON.search(text):
        probabilities = probabilities | {Intent.REQUEST_HUMAN: 0.0}
    best = sorted(probabilities.items(), key=lambda pair: -pair[1])
    top, chance = best[0]
    likely = [(intent, value) for intent, value in best if value >= SERIOUS.get(intent, ALSO)]
    certain = {hit.intent for hit in hits}
    if Intent.ABUSIVE in certain and probabilities[Intent.COMPLAINT] > probabilities[Intent.ABUSIVE]:
        certain.add(Intent.COMPLAINT)
    if top not in certain and chance >= OVERRULES:
        certain -= {intent for intent in certain if intent not in SERIOUS and intent is not Intent.ANNOUNCEMENT}
    if certain:
        ordered = sorted(
            certain,
            key=lambda intent: (
                next((place for place, rank in enumerate(RANK) if intent in rank), len(RANK)),
                -probabilities[intent],
            ),
        )
        first = [(intent, max(SURE, probabilities[intent])) for intent in ordered]
        return first + [pair for pair in likely if pair[0] not in certain]
    if answered is not None:
        return [(answered, max(0.9, probabilities[answered]))] + [
            pair for pair in likely if pair[0] is Intent.DO_NOT_CALL and pair[0] is not answered
        ]
    if chance < SERIOUS.get(top, 0.0):
        return [(Intent.SILENCE_FILLER_UNCLEAR, max(chance, probabilities[Intent.SILENCE_FILLER_UNCLEAR]))]
    return [(top, chance), *(pair for pair in likely if pair[0] is not top)]
