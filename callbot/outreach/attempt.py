"""Owns one prepared attempt: claims it, dials once, and ends it with exactly one settlement."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import structlog

from callbot.conversation.labels import Outcome
from callbot.conversation.line import Line
from callbot.conversation.result import CallResult
from callbot.ids import new_id
from callbot.outreach.case import Ended
from callbot.outreach.claim import Taken, claim, set_aside
from callbot.outreach.dial import Connected, Dial, Expected, hang_up
from callbot.outreach.late_words import late_words
from callbot.outreach.permit import Block, Permit
from callbot.outreach.preparing import Ready
from callbot.outreach.progress import Blocked, Dialling, InCall, OnProgress, SetAside, Settled
from callbot.outreach.room import Wait
from callbot.outreach.settle import Settler
from callbot.outreach.station import Station
from callbot.store import ledger
from callbot.store.journal import DatabaseJournal
from callbot.store.tables import Attempt, Call
from callbot.telephony.control import DialRequest
from callbot.telephony.media_server import Full

_log = structlog.get_logger(__name__)

_LINE_MARGIN_S = 15.0
"""Between the end of ringing and the carrier's media socket."""
_ROOM_S = 60.0
"""A prepared attempt waits so long for a line, the desk or the trunk; then its row is left to anybody."""
_FRESH_S = 1.0
"""A claim that took longer is looked at again before anybody is dialled by it."""
_GOODBYE_S = 10.0
"""What a conversation gets to come to its end once the line is gone."""


class AttemptRunner:
    """Runs prepared attempts for one media process."""

    def __init__(self, station: Station, on_progress: OnProgress, *, grace_s: float = 0.0) -> None:
        """`grace_s`: how long calls under way may go on after a stop."""
        self._station = station
        self._emit = on_progress
        self._grace_s = grace_s
        self.cut = asyncio.Event()
        """Set when calls under way end at once, grace or not."""
        self._settler = Settler(station.db, station.clock, data=station.data)

    async def run(self, ready: Ready, stop: asyncio.Event) -> None:
        """Dial, talk, settle. `stop` ends the call early. Raises only when the store does."""
        attempt, station = ready.attempt, self._station
        token, call_id = secrets.token_hex(16), new_id()
        recording = Path("recordings") / f"{call_id}.wav"
        try:
            expected = station.media.expect(token, station.data / recording)
        except Full as error:
            await self._set_aside(attempt, str(error))
            return
        try:
            decision = await self._claim(ready, token, stop)
            if decision is None:
                return
            if isinstance(decision, Block):
                self._emit(Blocked(attempt_id=attempt.id, customer_id=attempt.customer_id, block=decision))
                return
            if isinstance(decision, Taken):
                self._emit(
                    SetAside(attempt_id=attempt.id, customer_id=attempt.customer_id, because=decision.because)
                )
                return
            name = ready.dossier.person.name
            self._emit(Dialling(attempt_id=attempt.id, customer_id=attempt.customer_id, name=name))
            ended = await self._call(ready, expected, token, call_id, recording, stop)
        finally:
            expected.cancel()
        await station.forget(ready.opener.text)
        settlement = await self._settler.settle(ended)
        if settlement is not None:
            self._emit(
                Settled(
                    attempt_id=attempt.id, customer_id=attempt.customer_id, name=name, settlement=settlement
                )
            )

    async def _claim(self, ready: Ready, token: str, stop: asyncio.Event) -> Permit | Block | Taken | None:
        """Claim the row once there is room for the call. None, and nobody dialled: stopped, or no room came."""
        station, has_slot = self._station, False
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _ROOM_S
        while not stop.is_set() and loop.time() < deadline:
            asked_at = loop.time()
            decision = await claim(
                station.db,
                ready.attempt,
                worker_id=station.worker_id,
                token=token,
                opener=asdict(ready.opener),
                now=station.clock.now(),
                trunk=station.trunk,
                has_slot=has_slot,
            )
            if (
                isinstance(decision, Permit)
                and loop.time() - asked_at > _FRESH_S
                and not await self._ours(token)
            ):
                return Taken(because="本进程一度停顿，已被判定失联，该任务已另行结清")
            if not isinstance(decision, Wait):
                return decision
            has_slot = decision.slot
            seconds = (decision.until - station.clock.now()).total_seconds()
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), max(0.0, seconds))
        return None

    async def _ours(self, token: str) -> bool:
        """Nobody has settled the claim with this token while this process stood still."""
        async with self._station.db.read() as session:
            return await ledger.holds(session, token, self._station.worker_id)

    async def _call(
        self,
        ready: Ready,
        expected: Expected,
        token: str,
        call_id: str,
        recording: Path,
        stop: asyncio.Event,
    ) -> Ended:
        """From the carrier's door to the end of the conversation. Always comes back with how it ended."""
        station, attempt = self._station, ready.attempt
        dial = Dial(station.control, attempt, self._emit)
        request = DialRequest(
            to=ready.dossier.number,
            from_=station.from_number,
            media_url=station.media_url or station.media.url,
            token=token,
            ring_timeout_s=station.ring_timeout_s,
        )

        async def placed(sid: str) -> None:
            async with station.db.write() as session:
                await ledger.placed(session, attempt.id, token, sid)

        try:
            reached = await dial.connect(
                request, expected, stop, placed, timeout=station.ring_timeout_s + _LINE_MARGIN_S
            )
            if isinstance(reached, Ended):
                if dial.picked_up:
                    await self._answered(ready, token, call_id, recording)
                return reached
            return await self._converse(ready, reached, token, call_id, recording, stop)
        except Exception as error:
            _log.exception("attempt.failed", attempt_id=attempt.id)
            return _interrupted(attempt, "failed", error)
        finally:
            if dial.sid:
                await hang_up(station.control, dial.sid)

    async def _answered(self, ready: Ready, token: str, call_id: str, recording: Path) -> bool:
        station, attempt, flow = self._station, ready.attempt, ready.dossier.flow
        now = station.clock.now()
        call = Call(
            id=call_id,
            attempt_id=attempt.id,
            customer_id=attempt.customer_id,
            flow=flow.name,
            flow_version=flow.version,
            started_at=now,
            recording=recording.as_posix(),
            event_log=_event_log(call_id).as_posix(),
        )
        async with station.db.write() as session:
            return await ledger.answered(session, attempt.id, token=token, call=call, now=now)

    async def _converse(
        self,
        ready: Ready,
        reached: Connected,
        token: str,
        call_id: str,
        recording: Path,
        stop: asyncio.Event,
    ) -> Ended:
        station, attempt, dossier = self._station, ready.attempt, ready.dossier
        line = reached.line
        if not await self._answered(ready, token, call_id, recording):
            await line.hang_up()
            return _interrupted(attempt, "lost-claim")
        self._emit(
            InCall(
                attempt_id=attempt.id,
                customer_id=attempt.customer_id,
                call_id=call_id,
                name=dossier.person.name,
            )
        )
        plan = ready.plan(call_id)
        journal = DatabaseJournal(
            station.db,
            attempt_id=attempt.id,
            call_id=call_id,
            customer_id=attempt.customer_id,
            clock=station.clock,
            late=late_words,
        )
        talk = asyncio.ensure_future(
            station.conversation(plan, line, journal, station.data / _event_log(call_id))
        )
        cut = await self._until_over(talk, line, stop)
        try:
            result = talk.result()
        except asyncio.CancelledError:
            return _interrupted(attempt, "stopped")
        except Exception as error:
            _log.error("conversation.failed", attempt_id=attempt.id, call_id=call_id, exc_info=error)
            with suppress(Exception):
                await line.hang_up()
            return _interrupted(attempt, "conversation-failed", error)
        if cut and result.outcome is not Outcome.TRANSFERRED:
            # What they said before we hung up is in the journal; a stance cut short is none.
            result = replace(result, outcome=Outcome.INTERRUPTED, follow_ups=())
            return Ended(
                attempt_id=attempt.id,
                outcome=Outcome.INTERRUPTED,
                cause="stopped",
                result=result,
                interrupted=True,
            )
        return Ended(
            attempt_id=attempt.id,
            outcome=result.outcome,
            result=result,
            interrupted=result.outcome is Outcome.INTERRUPTED,
        )

    async def _until_over(self, talk: asyncio.Future[CallResult], line: Line, stop: asyncio.Event) -> bool:
        """Wait for the conversation; after `stop` give it the grace, then hang up. True when it was cut."""
        stopped = asyncio.ensure_future(stop.wait())
        cut = asyncio.ensure_future(self.cut.wait())
        first: set[asyncio.Future[Any]] = {talk, stopped, cut}
        then: set[asyncio.Future[Any]] = {talk, cut}
        try:
            await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
            if not talk.done():
                await asyncio.wait(then, timeout=self._grace_s, return_when=asyncio.FIRST_COMPLETED)
            if talk.done():
                return False
            with suppress(Exception):
                await line.hang_up()
            await asyncio.wait({talk}, timeout=_GOODBYE_S)
            if not talk.done():
                talk.cancel()
                await asyncio.wait({talk})
            return True
        finally:
            stopped.cancel()
            cut.cancel()
            if not talk.done():
                talk.cancel()

    async def _set_aside(self, attempt: Attempt, because: str) -> None:
        await set_aside(self._station.db, attempt, because=because, now=self._station.clock.now())
        self._emit(SetAside(attempt_id=attempt.id, customer_id=attempt.customer_id, because=because))


def _event_log(call_id: str) -> Path:
    return Path("events") / f"{call_id}.jsonl"


def _interrupted(attempt: Attempt, cause: str, error: BaseException | None = None) -> Ended:
    return Ended(
        attempt_id=attempt.id,
        outcome=Outcome.INTERRUPTED,
        cause=cause,
        interrupted=True,
        error=f"{type(error).__name__}: {error}" if error else "",
    )
