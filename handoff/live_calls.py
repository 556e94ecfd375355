"""Calls that are running, wherever they run: to be listened to, taken over, ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeAlias

from handoff.bridge import Frame

Hear: TypeAlias = Callable[[Frame, Frame], None]
"""20 ms of both sides: the customer, and who talks to them. Must not wait."""


class LiveCall(Protocol):
    """One running call."""

    def listen(self, hear: Hear) -> Callable[[], None]:
        """Let somebody hear both sides from now on; the result stops it. Never holds the call up."""
        ...

    def take_over(self, supervisor: str) -> None:
        """The bot announces the supervisor, asks the desk for them, and leaves."""
        ...

    def end(self) -> None:
        """The bot apologises and hangs up; with a human on the line the call ends at once."""
        ...


class CallsHere:
    """The running calls of this process."""

    def __init__(self) -> None:
        self._calls: dict[str, LiveCall] = {}
        self._watchers: list[Callable[[str, bool], None]] = []

    @contextmanager
    def running(self, call_id: str, call: LiveCall) -> Iterator[None]:
        """While the block runs, the call can be found."""
        self._calls[call_id] = call
        self._tell(call_id, True)
        try:
            yield
        finally:
            del self._calls[call_id]
            self._tell(call_id, False)

    def find(self, call_id: str) -> LiveCall | None:
        return self._calls.get(call_id)

    def ids(self) -> tuple[str, ...]:
        return tuple(self._calls)

    def watch(self, watcher: Callable[[str, bool], None]) -> Callable[[], None]:
        """Hear of every call that begins (True) or ends; the result stops it."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def _tell(self, call_id: str, begins: bool) -> None:
        for watcher in tuple(self._watchers):
            watcher(call_id, begins)
