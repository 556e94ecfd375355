"""One media process: its conversations, the engines that hear and speak, and the line to the carrier."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from callbot.carrier import build_control, carrier_status
from callbot.clock import Clock
from callbot.conversation.event_log import EventLog
from callbot.conversation.floor_events import FloorOptions
from callbot.conversation.flow import Flow
from callbot.conversation.line import Line
from callbot.conversation.plan import CallPlan, SessionOptions
from callbot.conversation.recall import RecallBook
from callbot.conversation.result import CallLog, CallResult, Journal
from callbot.conversation.session import Session
from callbot.conversation.speaking import GuardCheck
from callbot.conversation.supervised import SupervisedCall
from callbot.minds import Minds, build_minds
from callbot.outreach.agent_phone import AgentPhone
from callbot.outreach.batch_run import BatchRun
from callbot.outreach.dialler import Dialler
from callbot.outreach.dossier import DossierReader
from callbot.outreach.progress import OnProgress
from callbot.outreach.recall_watch import RecallWatch, Running
from callbot.outreach.station import Station
from callbot.outreach.trunk import TrunkLine
from callbot.outreach.worker import MediaWorker
from callbot.settings import Settings
from callbot.store.database import Database
from callbot.store.phones import PhoneVault
from callbot.telephony.control import BridgingControl, CallControl
from callbot.telephony.media_line import MediaLine
from callbot.telephony.media_server import MediaServer
from callbot.telephony.twilio import TwilioCodec
from handoff.desk import Desk
from handoff.live_calls import CallsHere
from handoff.telephone import Telephone

_LOCAL_READER_S = 1.5
_SCRIPT_S = 0.2
"""What the local reader and the scripted writer get beyond the deadline of the LLM behind or before them."""
_LOOK_S = 2.0
"""How often a media process looks for work that others have queued."""

OnCallEvent = Callable[[str, str, int, dict[str, Any]], None]
"""(call id, event, ms on the media clock, data)"""


def build_call(
    plan: CallPlan,
    *,
    line: Line,
    minds: Minds,
    desk: Desk,
    journal: Journal,
    log: CallLog,
    clock: Clock,
    options: SessionOptions,
    check: GuardCheck | None = None,
    telephone: Telephone | None = None,
) -> Session:
    """One conversation, without database or sockets of its own, so that it runs on any clock."""
    return Session(
        plan,
        line=line,
        recognizer=minds.speech.recognizer,
        reader=minds.reader,
        writer=minds.writer,
        lookup=minds.lookup,
        voice=minds.speech.voice,
        desk=desk,
        journal=journal,
        log=log,
        clock=clock,
        options=options,
        briefs=minds.briefs,
        check=check,
        telephone=telephone,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """What one media process runs: calls, the engines that hear and speak, and the line to the carrier."""

    settings: Settings
    minds: Minds
    server: MediaServer
    worker: MediaWorker
    station: Station

    def dialler(self, on_progress: OnProgress) -> Dialler:
        """Works through every running batch with this process's slots."""
        return Dialler(
            self.station,
            on_progress,
            max_calls=self.settings.media.max_calls,
            grace_s=self.settings.media.drain_s,
            tick_s=_LOOK_S,
            lost=self.worker.lost,
        )

    def batch_run(self, on_progress: OnProgress, *, linger: bool = False, grace_s: float = 0.0) -> BatchRun:
        """Works through one batch, planning included."""
        return BatchRun(
            self.station,
            on_progress,
            max_calls=self.settings.media.max_calls,
            linger=linger,
            grace_s=grace_s,
            lost=self.worker.lost,
        )


@asynccontextmanager
async def build_media(
    settings: Settings,
    *,
    db: Database,
    vault: PhoneVault,
    flows: Mapping[str, Flow],
    desk: Desk,
    clock: Clock,
    boot: str = "",
    on_call_event: OnCallEvent | None = None,
    calls: CallsHere | None = None,
) -> AsyncIterator[Media]:
    """Models loaded, listening for calls and announced as a worker; ended in the opposite order.

    `boot` is part of the worker's id; `calls` learns of every call, for supervisors. Raises `BadInput` for a
    setting that cannot be, a port in use, or a missing model.
    """
    async with AsyncExitStack() as stack:
        minds = build_minds(settings)
        stack.push_async_callback(minds.aclose)
        await minds.speech.warm_up()
        control: CallControl | None = None

        def on_status(query: str, headers: Mapping[str, str]) -> bool:
            return control is not None and carrier_status(settings, control, media_url, query, headers)

        server = MediaServer(
            settings.media.host,
            settings.media.port,
            TwilioCodec(),
            minds.speech.voice_activity,
            settings.media.max_calls,
            on_status=on_status,
        )
        await server.start()
        stack.push_async_callback(server.aclose)
        media_url = settings.carrier.public_media_url.replace("{port}", str(server.port))
        control = build_control(settings, media_url)
        stack.push_async_callback(control.aclose)
        worker = await stack.enter_async_context(
            MediaWorker(db, server.url, boot=boot, dead_after_s=settings.media.dead_after_s)
        )
        talk = _Talk(
            minds=minds,
            desk=desk,
            clock=clock,
            options=SessionOptions(
                floor=FloorOptions(end_of_turn_ms=settings.media.end_of_turn_ms),
                hotwords=settings.models.hotwords,
                reader_s=settings.llm.turn_timeout_s + _LOCAL_READER_S,
                writer_s=settings.llm.turn_timeout_s + _SCRIPT_S,
                wrap_up_s=settings.desk.wrap_up_s,
            ),
            on_call_event=on_call_event,
            calls=calls or CallsHere(),
            book=RecallBook(),
            telephone_of=partial(
                _telephone_of, control, server, media_url or server.url, settings.carrier.from_number
            ),
        )
        watching = asyncio.create_task(RecallWatch(db, clock, talk.book, talk.running).run(), name="recalls")
        stack.push_async_callback(_ended, watching)
        yield Media(
            settings=settings,
            minds=minds,
            server=server,
            worker=worker,
            station=Station(
                db=db,
                clock=clock,
                control=control,
                media=server,
                conversation=talk,
                dossier=DossierReader(db, vault, clock, flows),
                writer=minds.writer,
                prepare=minds.speech.voice.prepare,
                forget=minds.speech.voice.forget,
                worker_id=worker.id,
                data=settings.data,
                from_number=settings.carrier.from_number,
                media_url=media_url,
                ring_timeout_s=settings.carrier.ring_timeout_s,
                trunk=TrunkLine(name=settings.carrier.kind, calls_per_second=settings.carrier.calls_per_second),
            ),
        )


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Talk:
    """`outreach.Conversation`: holds one conversation on an answered line."""

    minds: Minds
    desk: Desk
    clock: Clock
    options: SessionOptions
    on_call_event: OnCallEvent | None
    calls: CallsHere
    book: RecallBook
    telephone_of: Callable[[Line], Telephone | None]
    """How agents on telephones of their own are reached from a call."""
    sessions: dict[str, Session] = field(default_factory=dict)
    """The running ones, by call id."""

    def running(self) -> list[Running]:
        return [
            Running(
                call_id=call_id,
                customer_id=session.plan.person.customer_id,
                turns=tuple(session.record.turns),
            )
            for call_id, session in self.sessions.items()
        ]

    async def __call__(self, plan: CallPlan, line: Line, journal: Journal, event_log: Path) -> CallResult:
        def on_event(name: str, at_ms: int, data: dict[str, Any]) -> None:
            if self.on_call_event is not None:
                self.on_call_event(plan.call_id, name, at_ms, data)

        with EventLog(event_log, on_event) as log:
            session = build_call(
                plan,
                line=line,
                minds=self.minds,
                desk=self.desk,
                journal=journal,
                log=log,
                clock=self.clock,
                options=self.options,
                check=self.book.check,
                telephone=self.telephone_of(line),
            )
            self.sessions[plan.call_id] = session
            try:
                with self.calls.running(plan.call_id, SupervisedCall(session, line)):
                    return await session.run()
            finally:
                del self.sessions[plan.call_id]


def _telephone_of(
    control: CallControl, media: MediaServer, media_url: str, from_number: str, line: Line
) -> Telephone | None:
    """None where the carrier cannot connect a call with a telephone."""
    if not isinstance(control, BridgingControl) or not isinstance(line, MediaLine):
        return None
    return AgentPhone(control, line, media, media_url=media_url, from_number=from_number)
