"""The control process: its recurring duties and the durable engine that runs them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, time, timedelta
from functools import partial
from pathlib import Path

import structlog

from callbot.app import build_scorer, database_url
from callbot.audience.assessing import assess_base
from callbot.audience.score.case import Scorer
from callbot.audience.score.scorecard import SCORECARD
from callbot.audience.tags.apply import Applied, apply_all
from callbot.clock import Clock, SystemClock
from callbot.engine.port import Engine
from callbot.errors import BadInput, CallbotError
from callbot.outreach.alarms import alarm_holidays, alarm_overdue
from callbot.outreach.bulk_arrivals import conclude_arrivals
from callbot.outreach.channel import WebhookChannel
from callbot.outreach.delivery import Courier, Receiver, Turn, spread
from callbot.outreach.duties import Daily, Duty, Every, Rota, Work
from callbot.outreach.follow_ups import work_due
from callbot.outreach.planner import Planner
from callbot.outreach.recovery import Recovery
from callbot.outreach.retention import forget_messages
from callbot.outreach.touches import sequence_tick
from callbot.outreach.worker import DEAD_AFTER_S, MediaWorker
from callbot.settings import Settings
from callbot.store import batches, workers
from callbot.store.database import Database
from callbot.store.outbox import Kind
from callbot.telephony.control import CallControl

_log = structlog.get_logger(__name__)

_PAGES_OF_ARRIVALS = 10
"""Worked off in one turn: far less than the time that a duty has."""
_KEEP_JOBS = timedelta(days=2)
"""How long the engine remembers what it did; longer than a daily duty is tried again."""


def build_receivers(settings: Settings) -> tuple[Receiver, ...]:
    """The receivers that the settings name. Raises `BadInput` with everything that is wrong with them."""
    where = "设置 [[webhooks]]"
    names = [webhook.name for webhook in settings.webhooks]
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise BadInput.one(where, f"{doubled[0]} 用在两个接收方上", "各用自己的名字")
    for webhook in settings.webhooks:
        if unknown := sorted(webhook.kinds - set(Kind)):
            raise BadInput.one(
                f"{where} {webhook.name}: kinds", f"没有 {unknown[0]} 这种消息", f"可用：{'、'.join(Kind)}"
            )
    senders = [webhook.name for webhook in settings.webhooks if Kind.MESSAGE_SEND in webhook.kinds]
    if len(senders) > 1:
        raise BadInput.one(
            where,
            f"{'、'.join(senders)} 都接收 message.send，客户会收到两遍",
            "只让其中一个接收",
        )
    return tuple(
        Receiver(
            name=webhook.name,
            url=webhook.url,
            secrets=tuple(
                secret.get_secret_value()
                for secret in (webhook.secret, webhook.previous_secret)
                if secret.get_secret_value()
            ),
            kinds=webhook.kinds,
            allow_private=webhook.allow_private,
            timeout_s=webhook.timeout_s,
            max_tries=webhook.max_tries,
        )
        for webhook in settings.webhooks
    )


def build_duties(
    db: Database,
    clock: Clock,
    *,
    control: CallControl,
    couriers: Sequence[Courier],
    scorer: Callable[[], Scorer] = lambda: SCORECARD,
    own: str = "",
    dead_after_s: float = DEAD_AFTER_S,
    data: Path | None = None,
) -> tuple[Duty, ...]:
    """Everything that recurs, one line each. `own` is the media worker of this process, if it is one too.

    `scorer` is asked for anew each night, so that a model trained since takes effect. `data` is the data
    directory, where the event logs of calls lie.
    """
    planner = Planner(db, clock)
    recovery = Recovery(db, control, clock, own=own, dead_after_s=dead_after_s, data=data)
    receivers = [courier.receiver for courier in couriers]

    async def plan(_now: datetime) -> int:
        async with db.read() as session:
            running = await batches.running_lines(session)
        queued = 0
        for batch_id, lines in running.items():
            try:
                queued += (await planner.tick(batch_id, 2 * lines)).queued
            except CallbotError as error:  # its policy cannot be used; the other batches can
                _log.warning("plan.batch_failed", batch_id=batch_id, error=str(error))
        return queued

    async def reap(_now: datetime) -> list[str]:
        return [settled.attempt_id for settled in await recovery.recover()]

    async def sort_outbox(_now: datetime) -> int:
        return await spread(db, receivers, clock)

    messages = WebhookChannel()

    async def follow_up(now: datetime) -> int:
        return await work_due(db, messages, now)

    async def touch(now: datetime) -> int:
        return await sequence_tick(db, now)

    async def alarm(now: datetime) -> int:
        return await alarm_overdue(db, now)

    async def look_at_holidays(now: datetime) -> bool:
        return await alarm_holidays(db, now)

    async def forget(now: datetime) -> int:
        return await forget_messages(db, now)

    async def conclude(_now: datetime) -> int:
        return await conclude_arrivals(db, clock, scorer(), limit=_PAGES_OF_ARRIVALS)

    async def assess(_now: datetime) -> int:
        return await assess_base(db, clock, scorer=scorer())

    async def tag(now: datetime) -> list[Applied]:
        return await apply_all(db, now)

    return (
        Duty(name="plan", when=Every(seconds=5), work=plan),
        Duty(name="reap", when=Every(seconds=10), work=reap),
        Duty(name="outbox", when=Every(seconds=2), work=sort_outbox),
        *(
            Duty(name=f"outbox-{courier.receiver.name}", when=Every(seconds=2), work=_delivering(courier))
            for courier in couriers
        ),
        Duty(name="touch", when=Every(seconds=30), work=touch),
        Duty(name="follow-up", when=Every(seconds=15), work=follow_up),
        Duty(name="arrival", when=Every(seconds=10), work=conclude),
        Duty(name="alarm", when=Every(seconds=30), work=alarm),
        Duty(name="holidays", when=Daily(at=time(9)), work=look_at_holidays),
        Duty(name="forget-messages", when=Daily(at=time(5)), work=forget, limit_s=3600),
        Duty(name="assess", when=Daily(at=time(3)), work=assess, limit_s=3600),
        Duty(name="tag", when=Daily(at=time(4)), work=tag, limit_s=3600),
    )


@asynccontextmanager
async def open_engine(
    settings: Settings, db: Database, clock: Clock, *, control: CallControl, own: str = ""
) -> AsyncIterator[Engine]:
    """The engine at work on all duties, until the block ends.

    Raises `BadInput` for a receiver that cannot be.
    """
    # Read here: DBOS takes long to import, and every other command does without it.
    from callbot.engine.dbos_engine import DbosEngine, dbos_url

    receivers = build_receivers(settings)
    async with AsyncExitStack() as stack:
        couriers = [Courier(db, receiver, clock) for receiver in receivers]
        for courier in couriers:
            stack.push_async_callback(courier.aclose)
        # Its heartbeat tells the other control processes when what it had begun is theirs.
        executor = await stack.enter_async_context(
            MediaWorker(db, "", dead_after_s=settings.media.dead_after_s)
        )
        duties = build_duties(
            db,
            clock,
            control=control,
            couriers=couriers,
            scorer=partial(build_scorer, settings),
            own=own,
            dead_after_s=settings.media.dead_after_s,
            data=settings.data,
        )
        rota = Rota([*duties, *upkeep(db, lambda: rota.engine)], clock)
        engine = await stack.enter_async_context(
            DbosEngine(
                dbos_url(database_url(settings), settings.data),
                executor=executor.id,
                handlers=rota.handlers(),
                schedules=rota.schedules(),
            )
        )
        rota.engine = engine
        yield engine


def _delivering(courier: Courier) -> Work:
    async def deliver(_now: datetime) -> Turn | None:
        turn = await courier.deliver()
        return turn if turn.delivered or turn.postponed or turn.dead else None

    return deliver


def upkeep(db: Database, engine: Callable[[], Engine | None]) -> tuple[Duty, ...]:
    """What the engine needs of itself: to take over from dead processes, and to forget."""

    async def recover(_now: datetime) -> int:
        async with db.read() as session:
            living = await workers.living(session)
        running = engine()
        return await running.recover(living) if running else 0

    async def forget(_now: datetime) -> int:
        running = engine()
        # By the real time, which is the engine's own.
        return await running.forget(SystemClock().now() - _KEEP_JOBS) if running else 0

    return (
        Duty(name="engine-recover", when=Every(seconds=10), work=recover),
        Duty(name="engine-forget", when=Every(seconds=3600), work=forget),
    )
