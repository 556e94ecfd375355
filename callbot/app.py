"""The composition root: the one place where ports meet their adapters."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from callbot.audience.score.case import Scorer
from callbot.audience.score.learned import read_scorer
from callbot.audience.score.model import FILE as MODEL_FILE
from callbot.clock import Clock, ShiftedClock, SystemClock
from callbot.conversation.flow import Flow
from callbot.conversation.flow_loader import load_flows
from callbot.desk import build_desk, build_far_office, joins_office
from callbot.errors import BadInput
from callbot.media import Media, OnCallEvent, build_media
from callbot.outreach.batch_run import BatchRun
from callbot.outreach.progress import OnProgress
from callbot.resources import folder
from callbot.settings import Settings
from callbot.store.database import Database, sqlite_url
from callbot.store.phones import PhoneVault
from callbot.web.site import ReadyUser, Site
from callbot.web.site import build_site as site_of_parts
from handoff.desk import Desk
from handoff.far_office import FarOffice
from handoff.office import Office


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
        vault = open_vault(settings)
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
                vault=vault,
                flows=build_flows(),
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
            vault=vault,
            office=office,
            media=media,
        )
