"""A running call as a supervisor may act on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from callbot.conversation.handing_over import Dismissed, TakenOver
from callbot.conversation.line import Line
from callbot.conversation.session import Session
from handoff.live_calls import Hear, LiveCall


@runtime_checkable
class Audible(Protocol):
    """A line that can be listened to; one without sound cannot."""

    def listen(self, hear: Hear) -> Callable[[], None]: ...


class SupervisedCall(LiveCall):
    """Passes a supervisor's wishes to the session, which follows them in its own order."""

    def __init__(self, session: Session, line: Line) -> None:
        self._session = session
        self._line = line

    def listen(self, hear: Hear) -> Callable[[], None]:
        return self._line.listen(hear) if isinstance(self._line, Audible) else lambda: None

    def take_over(self, supervisor: str) -> None:
        self._session.post(TakenOver(supervisor))

    def end(self) -> None:
        self._session.post(Dismissed())
