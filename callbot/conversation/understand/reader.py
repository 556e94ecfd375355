"""The local reader: a deterministic look, then a model of meaning, then the question that was asked."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Protocol

from callbot.conversation.labels import Emotion, Intent
from callbot.conversation.reading import Context, Reading
from callbot.conversation.understand.context import answer, asked, impossible, timed
from callbot.conversation.understand.encoder import PACKAGED as ENCODER
from callbot.conversation.understand.encoder import load_encoder
from callbot.conversation.understand.felt import voted
from callbot.conversation.understand.heads import PACKAGED, Heads, Judgement, load
from callbot.conversation.understand.normal import essence, plain
from callbot.conversation.understand.phrases import NO_GRIEVANCE, NO_PERSON, THREAT, look
from callbot.conversation.understand.sentences import thread
from callbot.conversation.understand.slots import slots

SURE = 0.97
"""Confidence in what an empty utterance means."""
VOTE = 1.5
"""What a phrase adds to the log-odds of its intent: it decides between likely ones."""
ALSO = 0.2
"""Probability from which a further intent is reported."""
SERIOUS: Mapping[Intent, float] = {
    Intent.DO_NOT_CALL: 0.25,
    Intent.COMPLAINT: 0.25,
    Intent.REQUEST_HUMAN: 0.25,
}
"""What ends or hands over a call, with the probability from which it may be read into words."""

PLAIN = frozenset({Intent.DO_NOT_CALL, Intent.COMPLAINT})
"""What is believed when it is said in so many words, whatever the model makes of the rest."""

AFTER_GOODBYE = 0.65
"""The same once the bot has taken its leave: a mumbled goodbye is likelier then than a new wish."""

UNSURE = 0.5
"""Probability of the likeliest intent under which a bare 不升 at the end of a sentence decides."""
_WONT = re.compile(
    r"(?<![要是能可会差升办换买续报约做装去订加充领弄])不(?:升|办|换|买|续|报|约|做|装|去|参加|订|加|充|领|弄)(?:了|啊|的|呢|谢谢|你|哈)*$"
)
_REACHED_THEN = re.compile(r"[她他]在|在家|回来|有空|方便|再打|打给|打来|联系|找[她他]")
"""A relative says when the one who is meant can be reached."""
_FAREWELL = re.compile(r"再见[。！]?$")
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
    """Reads without a key or a network, about 5 ms of one core for a sentence, off the event loop."""

    def __init__(
        self, model: Path = PACKAGED, *, encoder: Path = ENCODER, classifier: Classifier | None = None
    ) -> None:
        """Loads encoder and heads; raises `BadInput` when one of their files is unusable.

        `classifier` judges first; what it does not know the heads judge.
        """
        self._heads: Heads = load(model)
        self._encoder = load_encoder(encoder)
        self._classifier = classifier
        self._encoder("你好")

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
        judgement = self._judge(text, core)
        asks = asked(context)
        heard = slots(spelled, context.choices)
        hits = look(spelled)
        answered = answer(core, asks, heard.get("concern", ""), context.bot_said)
        instead = impossible(core, asks, context.bot_said)
        if _FAREWELL.search(context.bot_said):
            instead = instead | {
                intent
                for intent in SERIOUS.keys() - {hit.intent for hit in hits}
                if judgement.intents.get(intent, 0.0) < AFTER_GOODBYE
            }
        spoken = heard.get("callback_time", "")
        likeliest = max(judgement.intents, key=judgement.intents.__getitem__)
        if not hits and answered is None and judgement.intents[likeliest] < UNSURE and _WONT.search(core):
            answered = Intent.REFUSE
        if not hits and answered is None and spoken:
            answered = timed(core, spoken, bot_said=context.bot_said, likeliest=likeliest)
        ranked = judged(spelled, judgement.intents, answered, impossible=instead)
        if (
            spoken
            and "relation" in heard
            and ranked[0][0] is Intent.WRONG_PERSON
            and _REACHED_THEN.search(core)
        ):
            ranked.insert(1, (Intent.BUSY_CALLBACK, UNSURE))
        if Intent.BUSY_CALLBACK not in {intent for intent, _ in ranked} and asks != "callback_time":
            heard.pop("callback_time", None)
        if Intent.DO_NOT_CALL not in {intent for intent, _ in ranked}:
            heard.pop("scope", None)
        emotions = voted(core, judgement.emotions)
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
            signals={signal: round(value, 4) for signal, value in judgement.signals.items()},
            because=tuple(hit.words for hit in hits) or self._telling(core, primary),
        )

    def _judge(self, text: str, core: str) -> Judgement:
        own = self._heads.judge(self._encoder(core), core)
        if self._classifier is None:
            return own
        likely, felt = self._classifier(text)
        return Judgement(
            intents=dict.fromkeys(Intent, 0.0) | likely if likely else own.intents,
            emotions=felt or own.emotions,
            signals=own.signals,
        )

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
    text: str,
    probabilities: dict[Intent, float],
    answered: Intent | None,
    *,
    impossible: Set[Intent] = frozenset(),
) -> list[tuple[Intent, float]]:
    """Intents in the order in which they count, with the confidence of each; never empty.

    `text` as `plain` spells it, `probabilities` from the model, `answered` from the question asked,
    `impossible` what its words would mean anywhere else.

    Phrases vote, the model decides. Of several likely intents that are said in so many words the order of
    `RANK` decides. An answer to a question outranks the model, unless a phrase says more: 不用了，别再打了
    stays a do_not_call. What is serious and not likely enough is unclear: the dialogue asks back.
    """
    said = {hit.intent for hit in look(text)} - impossible
    probabilities = {intent: 0.0 if intent in impossible else value for intent, value in probabilities.items()}
    chances = _voted(text, probabilities, said)
    best = sorted(chances.items(), key=lambda pair: -pair[1])
    top, chance = best[0]
    likely = [
        (intent, value)
        for intent, value in best
        if value >= max(ALSO, SERIOUS.get(intent, 0.0)) or (intent in said and intent in SERIOUS)
    ]
    ranked = sorted(
        (pair for pair in likely if pair[0] in said and pair[1] >= ALSO), key=lambda pair: _place(pair[0])
    )
    if ranked and (top in said or _place(ranked[0][0]) <= min(_place(top), len(RANK) - 1)):
        return ranked + [pair for pair in likely if pair not in ranked]
    if answered is not None:
        return [(answered, max(0.9, chances[answered]))] + [
            pair for pair in likely if pair[0] is Intent.DO_NOT_CALL and pair[0] is not answered
        ]
    if chance < SERIOUS.get(top, 0.0):
        return [(Intent.SILENCE_FILLER_UNCLEAR, max(chance, chances[Intent.SILENCE_FILLER_UNCLEAR]))]
    return [(top, chance), *(pair for pair in likely if pair[0] is not top)]


def _voted(text: str, probabilities: Mapping[Intent, float], said: Set[Intent]) -> dict[Intent, float]:
    """The model's probabilities with the phrases' votes; what a negation takes back is impossible."""
    taken_back = set()
    if THREAT.search(text) or NO_GRIEVANCE.search(text):
        taken_back.add(Intent.COMPLAINT)
    if NO_PERSON.search(text):
        taken_back.add(Intent.REQUEST_HUMAN)
    chances = {
        intent: 0.0 if intent in taken_back else value * (math.exp(VOTE) if intent in said else 1.0)
        for intent, value in probabilities.items()
    }
    whole = sum(chances.values()) or 1.0
    least = (said & PLAIN) - taken_back
    return {
        intent: max(value / whole, SERIOUS[intent] if intent in least else 0.0)
        for intent, value in chances.items()
    }


def _place(intent: Intent) -> int:
    return next((place for place, rank in enumerate(RANK) if intent in rank), len(RANK))
