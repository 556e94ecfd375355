"""The engine on DBOS, in a SQLite file of its own or in a schema of the PostgreSQL database."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import structlog
from dbos import DBOS, DBOSConfig, EnqueueOptions
from sqlalchemy import make_url

from callbot.engine.port import Handler, Job, UnknownHandler
from callbot.engine.schedule import Schedule

_log = structlog.get_logger(__name__)

VERSION = "callbot-1"
"""Written beside every job; a process of another version leaves it alone. Changes only after a drain."""
_QUEUE = "callbot"
_AT_ONCE = 16
"""Jobs in one process at a time."""
_LOOK_S = 0.5
_PAGE = 500
_DRAIN_S = 10.0

_here: DbosEngine | None = None
"""DBOS knows one engine in a process, and finds its functions by name."""


def dbos_url(database_url: str, data: Path) -> str:
    """Where the engine keeps its jobs: `callbot-dbos.db` in the data directory, or the PostgreSQL database.

    Two files on SQLite, because one shared with the tables would make both wait for each other's locks.
    """
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        return f"sqlite:///{(data / 'callbot-dbos.db').absolute()}"
    query = dict(url.query)
    if "ssl" in query:  # asyncpg's word for it
        query["sslmode"] = query.pop("ssl")
    return url.set(drivername="postgresql+psycopg", query=query).render_as_string(hide_password=False)


class DbosEngine:
    """`async with` it in the process that shall work; see `callbot.engine.port` for what jobs are."""

    def __init__(
        self, url: str, *, executor: str, handlers: Mapping[str, Handler], schedules: Sequence[Schedule] = ()
    ) -> None:
        """`url` as `dbos_url` makes it; `executor` names this process, new at each start.

        A schedule that an earlier start left and that is not among `schedules` ends: every process must be
        started with the same ones.
        """
        self._url = url
        self._executor = executor
        self._handlers = dict(handlers)
        self._schedules = tuple(schedules)
        self._running: set[asyncio.Task[None]] = set()
        self._ending = False

    async def __aenter__(self) -> Self:
        global _here
        if _here is not None:
            raise RuntimeError("this process has an engine already")
        _here = self
        try:
            if self._url.startswith("sqlite"):
                _use_wal(self._url)
            logging.getLogger("dbos").addFilter(_told_elsewhere)
            DBOS(
                config=DBOSConfig(
                    name="callbot",
                    system_database_url=self._url,
                    dbos_system_schema="dbos",
                    application_version=VERSION,
                    executor_id=self._executor,
                    enable_otlp=False,
                    log_level="ERROR",
                    scheduler_polling_interval_sec=5.0,
                )
            )
            DBOS.launch()  # inside this loop, which then runs the jobs
            await DBOS.register_queue_async(_QUEUE, worker_concurrency=_AT_ONCE, polling_interval_sec=_LOOK_S)
            await self._follow(self._schedules)
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()

    async def run_once(self, job_id: str, handler: str, argument: Mapping[str, Any] | None = None) -> None:
        await self._enqueue(job_id, handler, timedelta(), argument)

    async def run_later(
        self, job_id: str, handler: str, after: timedelta, argument: Mapping[str, Any] | None = None
    ) -> None:
        await self._enqueue(job_id, handler, after, argument)

    async def recover(self, living: Collection[str]) -> int:
        begun = await DBOS.list_workflows_async(status="PENDING", app_version=VERSION, load_input=False)
        spared = {*living, self._executor}
        lost = [one.workflow_id for one in begun if one.executor_id not in spared]
        for start in range(0, len(lost), _PAGE):
            await DBOS.resume_workflows_async(lost[start : start + _PAGE], queue_name=_QUEUE)
        if lost:
            _log.info("engine.recovered", jobs=len(lost))
        return len(lost)

    async def forget(self, before: datetime) -> int:
        forgotten = 0
        while True:
            ended = await DBOS.list_workflows_async(
                status=["SUCCESS", "ERROR", "CANCELLED"],
                completed_before=before.astimezone(UTC).isoformat(),
                limit=_PAGE,
                load_input=False,
                load_output=False,
            )
            if ended:
                await DBOS.delete_workflows_async([one.workflow_id for one in ended])
            forgotten += len(ended)
            if len(ended) < _PAGE:
                return forgotten

    async def _enqueue(
        self, job_id: str, handler: str, after: timedelta, argument: Mapping[str, Any] | None
    ) -> None:
        if handler not in self._handlers:
            raise UnknownHandler(f"job {job_id}: there is no handler `{handler}`")
        options = EnqueueOptions(workflow_name="callbot.job", queue_name=_QUEUE, workflow_id=job_id)
        if after > timedelta():
            options["delay_seconds"] = after.total_seconds()
        due = datetime.now(UTC) + after
        await DBOS.enqueue_workflow_with_options_async(options, handler, due.isoformat(), dict(argument or {}))

    async def _follow(self, schedules: Sequence[Schedule]) -> None:
        """Bring the stored schedules to those wanted; one that stands unchanged is not touched."""
        stored = {one["schedule_name"]: one for one in await DBOS.list_schedules_async()}
        for name in stored.keys() - {one.name for one in schedules}:
            await DBOS.delete_schedule_async(name)
        for one in schedules:
            if one.handler not in self._handlers:
                raise UnknownHandler(f"schedule {one.name}: there is no handler `{one.handler}`")
            known = stored.get(one.name)
            wanted = (one.cron, one.zone, {"handler": one.handler})
            if known and (known["schedule"], known["cron_timezone"], known["context"]) == wanted:
                continue
            # Creating would raise when another process was quicker; this replaces.
            await DBOS.apply_schedules_async(
                [
                    {
                        "schedule_name": one.name,
                        "workflow_fn": _tick,
                        "schedule": one.cron,
                        "context": {"handler": one.handler},
                        "cron_timezone": one.zone,
                        "queue_name": _QUEUE,
                    }
                ]
            )

    async def work(self, handler: str, job: Job) -> None:
        """Run one job here. Its failure is logged and kept by the engine; it is not tried again."""
        if self._ending:
            raise asyncio.CancelledError  # DBOS writes nothing then: the job stays begun, for others to recover
        if handler not in self._handlers:
            raise UnknownHandler(f"job {job.id}: there is no handler `{handler}`")
        # A context of its own: what the handler asks of the engine is no step of this job.
        task = asyncio.get_running_loop().create_task(self._handle(handler, job), context=Context())
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        await task

    async def _handle(self, handler: str, job: Job) -> None:
        try:
            await self._handlers[handler](job)
        except Exception as error:
            _log.error("engine.job_failed", job=job.id, handler=handler, error=repr(error))
            raise

    async def _end(self) -> None:
        """Let what runs come to its end for a while, then stop; what did not end is recovered by others."""
        global _here
        self._ending = True
        if self._running:
            await asyncio.wait(self._running, timeout=_DRAIN_S)
            for task in (late := list(self._running)):
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        stopper = ThreadPoolExecutor(1, thread_name_prefix="engine-stop")
        try:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(stopper, DBOS.destroy)
            loop.set_default_executor(ThreadPoolExecutor())  # DBOS had put its own there, which has ended
        finally:
            stopper.shutdown(wait=False)
            _here = None


@DBOS.workflow(name="callbot.job")
async def _job(handler: str, due: str, argument: dict[str, Any]) -> None:
    await _engine().work(
        handler, Job(id=str(DBOS.workflow_id), due=datetime.fromisoformat(due), argument=argument)
    )


@DBOS.workflow(name="callbot.tick")
async def _tick(tick: datetime, context: dict[str, str]) -> None:
    await _engine().work(context["handler"], Job(id=str(DBOS.workflow_id), due=tick.astimezone(UTC)))


def _engine() -> DbosEngine:
    if _here is None:
        raise RuntimeError("the engine has ended")
    return _here


def _told_elsewhere(record: logging.LogRecord) -> bool:
    """DBOS writes the traceback of every failed job, which is logged here already."""
    return not record.getMessage().startswith("Exception encountered in asynchronous workflow")


def _use_wal(url: str) -> None:
    """Persistent in the file, four times the pace, and never set by DBOS itself."""
    file = Path(str(make_url(url).database))
    file.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(file, timeout=30)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()
