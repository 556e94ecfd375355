"""One dial: from the carrier's door to a line, or to the cause why there is none. Never dials a second time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from callbot.conversation.labels import Outcome
from callbot.conversation.line import Line
from callbot.outreach.case import Ended
from callbot.outreach.outcomes import LINE_OUTCOMES
from callbot.outreach.progress import LineChanged, OnProgress
from callbot.store.tables import Attempt
from callbot.telephony.control import (
    CallControl,
    CallProgress,
    CallState,
    CarrierRefused,
    DialRequest,
    LineCause,
)

_log = structlog.get_logger(__name__)

CARRIER_S = 10.0
"""What the carrier gets to answer a question about a call or to end one."""
_LATE_LINE_S = 2.0
"""An answered call that is over may still bring its media socket within this time."""


class Expected(Protocol):
    """A reserved media slot."""

    async def line(self, timeout: float) -> Line:  # noqa: ASYNC109 (a deadline is part of the contract)
        """The answered line. Raises `TimeoutError`."""
        ...

    def cancel(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """Somebody picked up and their sound arrives."""

    line: Line


class Dial:
    """The one attempt to reach somebody at the carrier."""

    def __init__(self, control: CallControl, attempt: Attempt, on_progress: OnProgress) -> None:
        self._control = control
        self._attempt = attempt
        self._emit = on_progress
        self.sid = ""
        """The carrier's id, once there is a call."""
        self.picked_up = False
        """The carrier saw an answer."""

    async def connect(
        self,
        request: DialRequest,
        expected: Expected,
        stop: asyncio.Event,
        placed: Callable[[str], Awaitable[None]],
        *,
        timeout: float,  # noqa: ASYNC109 (the line's own deadline)
    ) -> Connected | Ended:
        """Place the call and wait for its line, its end, or a stop, whichever comes first."""
        try:
            self.sid = await self._control.place(request)
        except CarrierRefused as refused:
            return self._without_line(refused.cause, error=str(refused))
        except Exception as error:
            # No usable answer: the call may exist. It is looked up by its token and never placed again.
            _log.warning("carrier.unknown", attempt_id=self._attempt.id, error=type(error).__name__)
            seen = await find(self._control, request.token)
            if seen is None:
                return self._interrupted("carrier-unknown", error=str(error))
            self.sid = seen.sid
            if seen.state is CallState.ENDED:
                return self._without_line(seen.cause or LineCause.NETWORK)
        await placed(self.sid)
        return await self._wait(request, expected, stop, timeout)

    async def _wait(
        self, request: DialRequest, expected: Expected, stop: asyncio.Event, seconds: float
    ) -> Connected | Ended:
        line = asyncio.ensure_future(expected.line(seconds))
        watch = asyncio.ensure_future(self._watch())
        stopped = asyncio.ensure_future(stop.wait())
        waiting: set[asyncio.Future[Any]] = {line, watch, stopped}
        try:
            while True:
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                if line.done():
                    return await self._line_or_cause(line, request.token)
                if watch.done():
                    waiting.discard(watch)
                    cause = _outcome_of(watch)
                    if cause is not None:
                        return await self._ended(cause, line)
                if stopped.done():
                    return self._interrupted("stopped")
        finally:
            for task in (line, watch, stopped):
                task.cancel()
            await asyncio.gather(line, watch, stopped, return_exceptions=True)

    async def _watch(self) -> LineCause | None:
        """Report what the carrier says; the cause once it says that the call is over."""
        async for progress in self._control.watch(self.sid):
            self._emit(
                LineChanged(
                    attempt_id=self._attempt.id,
                    customer_id=self._attempt.customer_id,
                    state=progress.state,
                )
            )
            if progress.state is CallState.ANSWERED:
                self.picked_up = True
            if progress.state is CallState.ENDED:
                return progress.cause or LineCause.NETWORK
        return None

    async def _line_or_cause(self, line: asyncio.Future[Line], token: str) -> Connected | Ended:
        try:
            return Connected(line=line.result())
        except TimeoutError:
            seen = await find(self._control, token)
            if seen is not None and seen.state is CallState.ENDED:
                return self._without_line(seen.cause or LineCause.NETWORK)
            if seen is not None and seen.state is CallState.ANSWERED:
                self.picked_up = True
            return self._without_line(LineCause.NORMAL if self.picked_up else LineCause.NO_ANSWER)

    async def _ended(self, cause: LineCause, line: asyncio.Future[Line]) -> Connected | Ended:
        if cause is LineCause.NORMAL or self.picked_up:
            await asyncio.wait({line}, timeout=_LATE_LINE_S)
            if line.done() and line.exception() is None:
                return Connected(line=line.result())
        return self._without_line(cause)

    def _without_line(self, cause: LineCause, *, error: str = "") -> Ended:
        if cause is LineCause.NORMAL:
            self.picked_up = True
            return self._interrupted("no-media", error=error)
        if cause is LineCause.CANCELLED:
            return self._interrupted("cancelled", error=error)
        return Ended(attempt_id=self._attempt.id, outcome=LINE_OUTCOMES[cause], cause=cause.value, error=error)

    def _interrupted(self, cause: str, *, error: str = "") -> Ended:
        return Ended(
            attempt_id=self._attempt.id,
            outcome=Outcome.INTERRUPTED,
            cause=cause,
            interrupted=True,
            error=error,
        )


def _outcome_of(watch: asyncio.Future[LineCause | None]) -> LineCause | None:
    """The cause, or None when the carrier could not be watched to the end: the line decides then."""
    if error := watch.exception():
        _log.warning("carrier.watch_failed", error=type(error).__name__)
        return None
    return watch.result()


async def find(control: CallControl, token: str) -> CallProgress | None:
    """What the carrier knows of this token; None when it knows nothing or does not answer in time."""
    try:
        async with asyncio.timeout(CARRIER_S):
            return await control.find(token)
    except Exception as error:
        _log.warning("carrier.find_failed", error=type(error).__name__)
        return None


async def hang_up(control: CallControl, sid: str) -> None:
    """End a call at the carrier; a carrier that does not answer is logged and not waited for."""
    try:
        async with asyncio.timeout(CARRIER_S):
            await control.hang_up(sid)
    except Exception as error:
        _log.warning("carrier.hang_up_failed", sid=sid, error=type(error).__name__)
