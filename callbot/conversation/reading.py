"""What one utterance means, as a port: text and context in, a `Reading` out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from callbot.conversation.labels import Emotion, Intent, Signal
from callbot.conversation.prompt_use import PromptUse

UNSURE = 0.35
"""Confidence under which a reading is asked about instead of acted upon."""
COMMITS = 0.5
"""The same where acting upon it would be hard to take back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Where in the conversation an utterance was said."""

    bot_said: str = ""
    """The bot's last turn as far as the callee heard it."""
    step: str = ""
    """Name of the flow step that is waiting for an answer."""
    asks: str = ""
    """What that step asked: `yes_no`, `convenience`, `choice`, `open`, `anything_else`, `identity` or empty."""
    choices: tuple[str, ...] = ()
    """The options of a `choice` question, in the words of the flow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """An utterance understood."""

    text: str
    intent: Intent
    confidence: float
    """Calibrated probability of `intent`, 0..1."""
    emotion: Emotion = Emotion.NEUTRAL
    emotion_confidence: float = 0.0
    others: tuple[Intent, ...] = ()
    """Further intents in the same utterance, most likely first."""
    slots: Mapping[str, str] = field(default_factory=dict)
    """Values heard, e.g. `callback_time: 明天下午三点`, `concern: 价格`, `scope: voice`."""
    signals: Mapping[Signal, float] = field(default_factory=dict)
    """Probability of each signal that a human is needed; what a reader cannot tell is missing."""
    because: tuple[str, ...] = ()
    """The words that decided, for QA."""
    prompts: tuple[PromptUse, ...] = field(default=(), compare=False)
    """Requests made to models for it, the failed ones as well."""


class Reader(Protocol):
    """Understands utterances. Must not block the event loop for more than a few milliseconds."""

    async def read(self, text: str, context: Context) -> Reading: ...

    async def aclose(self) -> None: ...
