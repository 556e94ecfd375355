"""The composition root: the one place where ports meet their adapters."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from callbot.audience.score.case import Scorer
from callbot.audience.score.learned import read_scorer
from callbot.audience.score.model import FILE as MODEL_FILE
from callbot.clock import Clock, ShiftedClock, SystemClock
from callbot.conversation.event_log import EventLog
from callbot.conversation.floor_events import FloorOptions
from callbot.conversation.flow import Flow
from callbot.conversation.flow_loader import load_flows
from callbot.conversation.line import Line
from callbot.conversation.plan import CallPlan, SessionOptions
from callbot.conversation.recall import RecallBook
from callbot.conversation.result import CallLog, CallResult, Journal
from callbot.conversation.session import Session
from callbot.conversation.speaking import GuardCheck
from callbot.conversation.supervised import SupervisedCall
from callbot.desk import build_desk, build_far_office, joins_office
from callbot.errors import BadInput
from callbot.minds import Minds, build_minds
from callbot.outreach.agent_phone import AgentPhone
from callbot.outreach.attempt import Station
from callbot.outreach.batch_run import BatchRun
from callbot.outreach.dialler import Dialler
from callbot.outreach.dossier import DossierReader
from callbot.outreach.progress import OnProgress
from callbot.outreach.recall_watch import RecallWatch, Running
from callbot.outreach.trunk import TrunkLine
from callbot.outreach.worker import MediaWorker
from callbot.resources import folder
from callbot.settings import Settings
from callbot.store.database import Database, sqlite_url
from callbot.store.phones import PhoneVault
from callbot.telephony.control import BridgingControl, CallControl
from callbot.telephony.media_line import MediaLine
from callbot.telephony.media_server import MediaServer
from callbot.telephony.twilio import TwilioCodec
from callbot.telephony.twilio_rest import TwilioControl, status_url
from callbot.telephony.twilio_signature import is_signed
from callbot.web.site import ReadyUser, Site
from callbot.web.site import build_site as site_of_parts
from handoff.desk import Desk
from handoff.far_office import FarOffice
from handoff.live_calls import CallsHere
from handoff.office import Office
from handoff.telephone import Telephone

SIMULATOR_ACCOUNT = "AC" + "0" * 32
SIMULATOR_TOKEN = "simulator"  # noqa: S105  not a secret: it opens callees that exist on this machine only

_LOCAL_READER_S = 1.5
_SCRIPT_S = 0.2
"""What the local reader and the scripted writer get beyond the deadline of the LLM behind or before them."""
_LOOK_S = 2.0
"""How often a media process looks for work that others have queued."""

OnCallEvent = Callable[[str, str, int, dict[str, Any]], None]
"""(call id, event, ms on the media clock, data)"""


def database_url(settings: Settings) -> str:
    """The configured URL, or SQLite in the data directory."""
    return settings.store.url or sqlite_url(settings.data / "callbot.db")


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """The configured database, migrated."""
    settings.data.mkdir(parents=True, exist_ok=True)
    db = Database(database_url(settings))
    try:
        await db.migrate()
        yield db
    finally:
        await db.aclose()


def build_clock(settings: Settings) -> Clock:
    """The system's clock, or a shifted one where the simulator is the carrier.

    Raises `BadInput` for a shift with a real carrier.
    """
    shift = settings.carrier.clock_shift_s
    if not shift:
        return SystemClock()
    if settings.carrier.kind != "simulator":
        raise BadInput.one("设置 carrier.clock_shift_s", "接了真实运营商，不能拨动时钟", "设为 0")
    return ShiftedClock(timedelta(seconds=shift))


def open_vault(settings: Settings) -> PhoneVault:
    """The keys for phone numbers, made at first start."""
    return PhoneVault.open(settings.store.key_file or settings.data / "keys.json")


def score_folder(settings: Settings) -> Path:
    """Where `callbot audience train` leaves its model and report."""
    return settings.data / "score"


def build_scorer(settings: Settings) -> Scorer:
    """The learned scorer where one was trained and can be used, else the scorecard."""
    return read_scorer(score_folder(settings) / MODEL_FILE)


def build_site(
    settings: Settings,
    db: Database,
    vault: PhoneVault,
    clock: Clock,
    *,
    ready_users: Sequence[ReadyUser] = (),
    office: Office | None = None,
    far_office: FarOffice | None = None,
) -> Site:
    """What the pages and the API work with. `ready_users` are the demo's, `office` the desk of this process,
    `far_office` that of another host which this one has joined."""
    return site_of_parts(
        db=db,
        vault=vault,
        clock=clock,
        data=settings.data,
        settings=settings.web,
        scorer=build_scorer(settings),
        ready_users=ready_users,
        office=office,
        far_office=far_office,
    )


def build_flows() -> dict[str, Flow]:
    """Every flow that ships with callbot. Raises `BadInput` with every mistake in them."""
    return load_flows(folder("dialog_flows"))


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
    flows = build_flows()
    async with AsyncExitStack() as stack:
        vault = open_vault(settings)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Media and desk in one process: what the demo and `callbot batch run` need."""

    settings: Settings
    clock: Clock
    db: Database
    vault: PhoneVault
    office: Office | None
    """The desk of this process; None where customers ring in the office of another host."""
    media: Media

    @property
    def own_office(self) -> Office:
        """Raises `RuntimeError` where customers ring elsewhere."""
        if self.office is None:
            raise RuntimeError("the settings name the office of another host: desk.url")
        return self.office

    def batch_run(self, on_progress: OnProgress) -> BatchRun:
        return self.media.batch_run(on_progress)


@asynccontextmanager
async def build_service(
    settings: Settings, *, clock: Clock | None = None, on_call_event: OnCallEvent | None = None
) -> AsyncIterator[Service]:
    """Database, desk and media started in this process, and ended in the opposite order.

    With `desk.url` set the customers ring in that office, and no desk is started here.

    Raises `BadInput` for a setting that cannot be, a port in use, or a missing model.
    """
    clock = clock or build_clock(settings)
    if isinstance(clock, ShiftedClock) and settings.carrier.kind != "simulator":
        raise BadInput.one("时钟", "接了真实运营商，不能拨动时钟", "不带时钟偏移启动")
    async with open_database(settings) as db, AsyncExitStack() as stack:
        office: Office | None = None
        if joins_office(settings):
            far = await stack.enter_async_context(build_far_office(settings))
            desk: Desk = far.desk
            calls = far.calls
        else:
            office = await stack.enter_async_context(build_desk(settings, db, clock))
            desk, calls = office.desk, office.calls
        media = await stack.enter_async_context(
            build_media(
                settings,
                db=db,
                desk=desk,
                clock=clock,
                on_call_event=on_call_event,
                calls=calls,
            )
        )
        yield Service(
            settings=settings,
            clock=clock,
            db=db,
            vault=open_vault(settings),
            office=office,
            media=media,
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


def build_control(settings: Settings, media_url: str = "") -> CallControl:
    """The carrier that the settings name; it reports on calls beside `media_url`, empty means it is asked.

    Raises `BadInput` when its block is not complete.
    """
    carrier = settings.carrier
    if carrier.kind == "simulator":
        if not carrier.base_url:
            raise BadInput.one(
                "设置 carrier.base_url",
                "没有填：不知道模拟运营商的地址",
                "启动 python -m callbot.telephony.simulator 并填它的地址，或运行 callbot demo",
            )
        return TwilioControl(
            account=carrier.account or SIMULATOR_ACCOUNT,
            auth_token=carrier.auth_token.get_secret_value() or SIMULATOR_TOKEN,
            base_url=carrier.base_url,
            status_callback_url=status_url(media_url),
            finds_by_token=True,
            poll_s=0.25,
        )
    missing = [
        name
        for name, value in (
            ("account", carrier.account),
            ("auth_token", carrier.auth_token.get_secret_value()),
            ("from_number", carrier.from_number),
            ("public_media_url", carrier.public_media_url),
        )
        if not value
    ]
    if missing:
        raise BadInput.one("设置 [carrier]", f"Twilio 还缺 {'、'.join(missing)}", "填上这些设置")
    return TwilioControl(
        account=carrier.account,
        auth_token=carrier.auth_token.get_secret_value(),
        base_url=carrier.base_url,
        status_callback_url=status_url(media_url),
    )


def carrier_status(
    settings: Settings, control: CallControl, media_url: str, query: str, headers: Mapping[str, str]
) -> bool:
    """Pass a status callback on to call control; False when it was not signed by the carrier."""
    token = settings.carrier.auth_token.get_secret_value()
    claimed = headers.get("X-Twilio-Signature", "")
    if not isinstance(control, TwilioControl) or not is_signed(
        token, f"{status_url(media_url)}?{query}", {}, claimed
    ):
        return False
    control.on_status(dict(parse_qsl(query, keep_blank_values=True)))
    return True
