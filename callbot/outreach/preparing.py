"""Before the phone rings: the opener is written, and what will be said first is spoken into the cache."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from callbot.conversation.facts import Opener
from callbot.conversation.foresee import foreseeable
from callbot.conversation.plan import SHANGHAI, CallPlan
from callbot.ids import new_id
from callbot.outreach.calendar import zone_of
from callbot.outreach.claim import set_aside
from callbot.outreach.dossier import Dossier
from callbot.outreach.progress import OnProgress, Prepared, SetAside
from callbot.outreach.station import Station
from callbot.store.tables import Attempt

_log = structlog.get_logger(__name__)

_OPENING = 3
"""Disclosure, opener and first question: nobody is dialled without their sound."""
_BEFORE_DIALLING = 20
"""So many texts of a call, those for failures and the likeliest, are spoken before the phone rings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """An attempt whose opener is written, checked and synthesised."""

    attempt: Attempt
    dossier: Dossier
    opener: Opener

    def plan(self, call_id: str) -> CallPlan:
        """What its conversation goes by."""
        dossier = self.dossier
        return CallPlan(
            call_id=call_id,
            attempt_id=self.attempt.id,
            person=dossier.person,
            offers=dossier.offers,
            opener=self.opener,
            flow=dossier.flow,
            zone=zone_of(dossier.zone) or SHANGHAI,
        )


class Preparer:
    """Prepares attempts for one media process."""

    def __init__(self, station: Station, on_progress: OnProgress) -> None:
        self._station = station
        self._emit = on_progress
        self._speaking: set[asyncio.Future[None]] = set()

    async def prepare(self, attempt: Attempt) -> Ready | None:
        """Write and synthesise the opener. None when that failed: the attempt is set aside, nobody dialled."""
        station = self._station
        try:
            dossier = await station.dossier(attempt)
            zone = zone_of(dossier.zone) or SHANGHAI
            today = station.clock.now().astimezone(zone).date()
            opener = await station.writer.opener(dossier.person, dossier.offers, today)
            ready = Ready(attempt=attempt, dossier=dossier, opener=opener)
            texts = foreseeable(ready.plan(new_id()), station.clock.now())
            await asyncio.gather(*(station.prepare(text) for text in texts[:_OPENING]))
            await self._speak_likely(texts[_OPENING:_BEFORE_DIALLING])
        except Exception as error:
            _log.warning("attempt.prepare_failed", attempt_id=attempt.id, error=type(error).__name__)
            because = f"{type(error).__name__}: {error}"
            await set_aside(station.db, attempt, because=because, now=station.clock.now())
            self._emit(SetAside(attempt_id=attempt.id, customer_id=attempt.customer_id, because=because))
            return None
        self._speak_meanwhile(texts[_BEFORE_DIALLING:])
        self._emit(
            Prepared(
                attempt_id=attempt.id,
                customer_id=attempt.customer_id,
                name=dossier.person.name,
                opener=opener.text,
            )
        )
        return ready

    async def _speak_likely(self, texts: Sequence[str]) -> None:
        """Synthesise lines that will probably be said; one that fails is made again when its time comes."""
        for failed in await asyncio.gather(
            *(self._station.prepare(text) for text in texts), return_exceptions=True
        ):
            if isinstance(failed, Exception):
                _log.warning("voice.prepare_failed", error=type(failed).__name__)

    def _speak_meanwhile(self, texts: Sequence[str]) -> None:
        """Synthesise the rarer lines while it rings; one that is not there in time is spoken as it is made."""
        for text in texts:
            task = asyncio.ensure_future(self._station.prepare(text))
            self._speaking.add(task)
            task.add_done_callback(self._spoken)

    def _spoken(self, task: asyncio.Future[None]) -> None:
        self._speaking.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.warning("voice.prepare_failed", error=type(error).__name__)

    async def aclose(self) -> None:
        """Give up speech that nobody waits for."""
        for task in self._speaking:
            task.cancel()
        await asyncio.gather(*self._speaking, return_exceptions=True)
