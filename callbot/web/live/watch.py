"""The board kept in the hub while somebody looks: read from the database, which every process writes to."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import structlog

from callbot.clock import Clock
from callbot.store.board import Board, board
from callbot.store.database import Database
from callbot.web.live.hub import Hub, Item, Topic
from callbot.web.shapes.board import (
    AgentNow,
    AlarmOut,
    BatchNowOut,
    BoardOut,
    FiguresOut,
    OpenTransferOut,
    RunningCallOut,
)

_log = structlog.get_logger(__name__)
_CHINA = ZoneInfo("Asia/Shanghai")
_LOOK_S = 0.5
"""Between two looks at the database; a change is on the screen within this and the hub's pause."""
_AFTER_TROUBLE_S = 3.0


class Live:
    """One look for all who follow, and none while nobody does."""

    def __init__(self, db: Database, clock: Clock, hub: Hub | None = None) -> None:
        self._db = db
        self._clock = clock
        self.hub = hub or Hub()
        self._followers = 0
        self._task: asyncio.Task[None] | None = None

    async def board(self) -> BoardOut:
        """The board of this moment."""
        now = self._clock.now()
        async with self._db.read() as session:
            found = await board(session, now=now, since=day_start(now))
            return board_out(found, now)

    async def look(self) -> None:
        """Bring the hub up to date."""
        now = await self.board()
        hub = self.hub
        owners = {transfer.call_id: transfer.agent_id for transfer in now.transfers if transfer.agent_id}
        hub.replace(
            Topic.CALL,
            (
                Item(
                    topic=Topic.CALL,
                    key=call.attempt_id,
                    value=call.model_dump(mode="json"),
                    agents=_just(owners.get(call.call_id or "")),
                )
                for call in now.calls
            ),
        )
        hub.replace(
            Topic.BATCH,
            (
                Item(topic=Topic.BATCH, key=one.batch_id, value=one.model_dump(mode="json"))
                for one in now.batches
            ),
        )
        hub.replace(
            Topic.DESK,
            (
                Item(topic=Topic.DESK, key=one.id, value=one.model_dump(mode="json"), agents=_just(one.id))
                for one in now.desk
            ),
        )
        hub.replace(
            Topic.TRANSFER,
            (
                Item(
                    topic=Topic.TRANSFER,
                    key=one.transfer_id,
                    value=one.model_dump(mode="json"),
                    agents=_just(one.agent_id),
                )
                for one in now.transfers
            ),
        )
        hub.replace(
            Topic.ALARM,
            (
                Item(topic=Topic.ALARM, key=one.id, value=one.model_dump(mode="json"), agents=_just(one.owner))
                for one in now.alarms
            ),
        )
        hub.put(Item(topic=Topic.FIGURES, key="today", value=now.figures.model_dump(mode="json")))

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[Hub]:
        """The hub, kept up to date until the block ends; current when it begins."""
        self._followers += 1
        try:
            if self._task is None:
                await self.look()
            if self._task is None:
                self._task = asyncio.create_task(self._keep_looking(), name="live board")
            yield self.hub
        finally:
            self._followers -= 1
            if not self._followers and self._task is not None:
                task, self._task = self._task, None
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    def close(self) -> None:
        """Let every follower go, so that the server can end."""
        self.hub.close()

    async def _keep_looking(self) -> None:
        while True:
            try:
                await self.look()
                await asyncio.sleep(_LOOK_S)
            except Exception as error:  # the database may be away for a moment; the screens keep what they have
                _log.warning("live.look_failed", error=type(error).__name__)
                await asyncio.sleep(_AFTER_TROUBLE_S)


def day_start(now: datetime) -> datetime:
    """Midnight in China before `now`, UTC."""
    return datetime.combine(now.astimezone(_CHINA).date(), time.min, _CHINA).astimezone(UTC)


def board_out(found: Board, now: datetime) -> BoardOut:
    """The board as it is sent."""
    return BoardOut(
        at=now,
        calls=[RunningCallOut.model_validate(one) for one in found.calls],
        batches=[BatchNowOut.model_validate(one) for one in found.batches],
        desk=[AgentNow.model_validate(one) for one in found.desk],
        transfers=[OpenTransferOut.model_validate(one) for one in found.transfers],
        alarms=[AlarmOut.of(one) for one in found.alarms],
        figures=FiguresOut.model_validate(found.figures),
    )


def _just(agent: str | None) -> frozenset[str]:
    return frozenset((agent,)) if agent else frozenset()
