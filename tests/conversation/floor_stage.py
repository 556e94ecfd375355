"""A floor with a clock, for tests of the rules."""

from __future__ import annotations

from typing import Any

from callbot.conversation.floor import Floor
from callbot.conversation.floor_events import (
    Answered,
    CalleeEnded,
    CalleeStarted,
    FloorAction,
    FloorEvent,
    Play,
    Say,
    Sounding,
    Speech,
    Tick,
    Words,
)

OPENER = "您现在买东西，是更看重价格，还是更看重质量和售后呢？"


class Stage:
    """A floor with a clock: feeds events and ticks whenever the floor asks for it."""

    def __init__(self) -> None:
        self.floor = Floor()
        self.now = 0
        self.done: list[FloorAction] = []
        self.mute = False
        """No voice: what is told to play has no sound."""

    def at(self, now_ms: int, event: FloorEvent) -> list[FloorAction]:
        seen = self.until(now_ms)
        seen += self.take(event)
        return seen

    def until(self, now_ms: int) -> list[FloorAction]:
        seen: list[FloorAction] = []
        while (wake := self.floor.wake_at_ms) is not None and wake <= now_ms:
            self.now = max(self.now, wake)
            seen += self.take(Tick())
        self.now = now_ms
        return seen

    def take(self, event: FloorEvent) -> list[FloorAction]:
        actions = list(self.floor.handle(event, self.now))
        for action in list(actions):
            if isinstance(action, Play) and not self.mute:
                actions += self.floor.handle(Sounding(speech_id=action.speech_id), self.now)
        self.done += actions
        return actions

    def callee(self, text: str, start_ms: int, end_ms: int, *, failed: bool = False) -> list[FloorAction]:
        seen = self.at(start_ms + 60, CalleeStarted(at_ms=start_ms))
        seen += self.at(end_ms + 250, CalleeEnded(start_ms=start_ms, end_ms=end_ms))
        return seen + self.at(end_ms + 400, Words(text=text, start_ms=start_ms, end_ms=end_ms, failed=failed))


def kinds(actions: list[FloorAction]) -> list[str]:
    return [type(action).__name__ for action in actions]


def talking(**speech: Any) -> Stage:
    stage = Stage()
    stage.at(0, Answered())
    stage.at(10, Say(speeches=(Speech(id="a", **speech), Speech(id="b"))))
    return stage
