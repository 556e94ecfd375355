"""A small world for the tests of outreach: people, a batch, a carrier and a media server without sound."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, cast

from sqlmodel import col, select

from callbot.conversation.facts import Offer, Opener, Person
from callbot.conversation.flow_loader import load_flow
from callbot.conversation.labels import Outcome
from callbot.conversation.line import Line
from callbot.conversation.outcome import LEADING
from callbot.conversation.plan import CallPlan
from callbot.conversation.result import CallResult, Journal, Turn
from callbot.conversation.writing import Moment, Transition
from callbot.ids import new_id
from callbot.outreach.dossier import Dossier
from callbot.outreach.station import Station
from callbot.resources import folder
from callbot.store.database import Database
from callbot.store.phones import PhoneVault
from callbot.store.tables import (
    Attempt,
    Batch,
    BatchMember,
    Call,
    CallTurn,
    Consent,
    Customer,
    DoNotContact,
    Event,
    FollowUp,
    JournalRow,
    Outbox,
    Tag,
)
from callbot.telephony.control import (
    CallProgress,
    CallState,
    CarrierRefused,
    CarrierUnknown,
    DialRequest,
    LineCause,
)
from callbot.telephony.media_server import Full

NOW = datetime(2026, 11, 17, 2, 0, tzinfo=UTC)
"""A Tuesday, 10:00 in Shanghai."""
VAULT = PhoneVault(b"c" * 32, b"h" * 32)


class Watch:
    """A clock that a test sets."""

    def __init__(self, now: datetime = NOW) -> None:
        self.moment = now

    def now(self) -> datetime:
        return self.moment


def number(index: int) -> str:
    """Invented and far from its neighbours."""
    return f"+86100{(index * 7919 + 1234567) * 13 % 100_000_000:08d}"


async def person(db: Database, index: int, *, consent: bool = True, **columns: Any) -> str:
    """A customer who may be called; `columns` override."""
    sealed = VAULT.seal(number(index))
    values: dict[str, Any] = {
        "id": f"person-{index:03d}",
        "name": f"王{index}",
        "gender": "女",
        "industry": "ecommerce",
        "brand": "悦选商城",
        "phone_cipher": sealed.cipher,
        "phone_hash": sealed.hash,
        "phone_masked": sealed.masked,
        "timezone": "Asia/Shanghai",
        "timezone_source": "country",
        "priority": 100 - index,
        "created_at": NOW - timedelta(days=400),
        "updated_at": NOW - timedelta(days=400),
        **columns,
    }
    async with db.write() as session:
        session.add(Customer(**values))
    if consent:
        await consented(db, values["id"], "marketing")
    return str(values["id"])


async def people(db: Database, count: int) -> list[str]:
    """So many customers who may be called."""
    return [await person(db, index) for index in range(1, count + 1)]


async def consented(db: Database, customer_id: str, purpose: str, **columns: Any) -> None:
    """They agreed to be told about something, with evidence."""
    values = {
        "granted": True,
        "at": NOW - timedelta(days=300),
        "text_version": "2026-01",
        "channel": "app",
        "evidence": "注册协议第 4 条勾选记录",
        **columns,
    }
    async with db.write() as session:
        session.add(Consent(customer_id=customer_id, purpose=purpose, **values))


async def running_batch(db: Database, ids: list[str], **columns: Any) -> str:
    batch_id = new_id()
    values = {
        "name": "测试批次",
        "flow": "winback/test",
        "state": "running",
        "hold_out_percent": 0.0,
        "created_at": NOW,
        "launched_at": NOW,
        **columns,
    }
    async with db.write() as session:
        session.add(Batch(id=batch_id, **values))
        await session.flush()
        session.add_all(BatchMember(batch_id=batch_id, customer_id=customer_id) for customer_id in ids)
    return batch_id


async def attempt(db: Database, batch_id: str, customer_id: str, **columns: Any) -> str:
    values: dict[str, Any] = {
        "id": new_id(),
        "seq": 1,
        "purpose": "marketing",
        "priority": 5,
        "due_at": NOW,
        "queued_at": NOW,
        **columns,
    }
    async with db.write() as session:
        session.add(Attempt(batch_id=batch_id, customer_id=customer_id, **values))
    return str(values["id"])


async def under_way(db: Database, index: int = 1, *, in_call: bool = True, **columns: Any) -> str:
    """An attempt that is being made, with its call when it was answered; its id."""
    customer_id = await person(db, index, **columns)
    batch_id = await running_batch(db, [customer_id])
    values: dict[str, Any] = {"state": "dialing", "worker_id": "gone", "dial_token": f"token-{index}"}
    if in_call:
        values |= {"state": "in_call", "answered_at": NOW}
    attempt_id = await attempt(db, batch_id, customer_id, dialing_at=NOW, **values)
    if in_call:
        async with db.write() as session:
            session.add(
                Call(
                    id=f"call-{index}",
                    attempt_id=attempt_id,
                    customer_id=customer_id,
                    flow="winback/test",
                    flow_version=1,
                    started_at=NOW,
                )
            )
    return attempt_id


async def journalled(db: Database, attempt_id: str, kind: str, words: str, **data: Any) -> None:
    async with db.write() as session:
        row = await session.get_one(Attempt, attempt_id)
        session.add(
            JournalRow(
                attempt_id=attempt_id,
                call_id="call-1",
                customer_id=row.customer_id,
                kind=kind,
                words=words,
                at_ms=1000,
                at=NOW,
                data=data,
            )
        )


_TABLES: tuple[type[Any], ...] = (
    Attempt,
    Batch,
    BatchMember,
    Call,
    CallTurn,
    Customer,
    DoNotContact,
    Event,
    FollowUp,
    JournalRow,
    Outbox,
    Tag,
)


async def everything(db: Database) -> dict[str, list[dict[str, Any]]]:
    """All rows of all tables that a settlement touches, to compare before and after."""
    async with db.read() as session:
        return {
            table.__name__: sorted(
                ((row.model_dump()) for row in (await session.exec(select(table))).all()), key=repr
            )
            for table in _TABLES
        }


async def rows(db: Database, table: type[Any], **where: Any) -> list[Any]:
    async with db.read() as session:
        query = select(table)
        for name, value in where.items():
            query = query.where(col(getattr(table, name)) == value)
        return list((await session.exec(query)).all())


def result(outcome: Outcome, **fields: Any) -> CallResult:
    """A conversation with one exchange that came to this."""
    turns = (
        Turn(speaker="bot", text="您好", heard="您好", start_ms=0, end_ms=900),
        Turn(speaker="callee", text="好", heard="好", start_ms=1500, end_ms=1900),
    )
    base = CallResult(
        outcome=outcome,
        follow_ups=LEADING[outcome],
        turns=turns,
        duration_ms=20_000,
        flow="winback/test",
        flow_version=3,
    )
    return replace(base, **fields)


class SilentLine:
    """An answered call without sound: all that a conversation double needs of it."""

    def __init__(self) -> None:
        self.hung_up = asyncio.Event()

    async def hang_up(self) -> None:
        self.hung_up.set()


class Slot:
    def __init__(self, media: Media, token: str) -> None:
        self._media = media
        self.token = token
        self.future: asyncio.Future[Line] = asyncio.get_running_loop().create_future()

    async def line(self, timeout: float) -> Line:  # noqa: ASYNC109 (the port's own deadline)
        await asyncio.wait({self.future}, timeout=timeout)
        if not self.future.done() or self.future.cancelled():
            raise TimeoutError
        return self.future.result()

    def cancel(self) -> None:
        self._media.slots.pop(self.token, None)


class Media:
    """A media server with `room` slots."""

    url = "ws://127.0.0.1:1/media"

    def __init__(self, room: int = 100) -> None:
        self.room = room
        self.slots: dict[str, Slot] = {}
        self.most = 0

    def expect(self, token: str, recording: Path | None = None) -> Slot:
        if len(self.slots) >= self.room:
            raise Full("no slot")
        self.slots[token] = Slot(self, token)
        self.most = max(self.most, len(self.slots))
        return self.slots[token]


Fate = Literal["answer", "refuse", "unknown", "unknown_but_ringing", "ring_forever", "no_media"] | LineCause


class Carrier:
    """Answers by the fate of the dialled number and counts every dial."""

    def __init__(self, media: Media, fates: Mapping[str, Fate] | None = None) -> None:
        self.media = media
        self.fates = dict(fates or {})
        self.dialled: list[str] = []
        self.seen: dict[str, CallProgress] = {}
        self.hung_up: list[str] = []
        self.lines: dict[str, SilentLine] = {}

    async def place(self, request: DialRequest) -> str:
        self.dialled.append(request.to)
        sid = f"sid-{len(self.dialled)}"
        fate = self.fates.get(request.to, "answer")
        if fate == "refuse":
            raise CarrierRefused("not a number", cause=LineCause.INVALID_NUMBER, retryable=False)
        if fate == "unknown":
            raise CarrierUnknown("timeout")
        ended = isinstance(fate, LineCause) or fate == "no_media"
        cause = LineCause.NORMAL if fate == "no_media" else fate if isinstance(fate, LineCause) else None
        self.seen[request.token] = CallProgress(
            sid=sid, state=CallState.ENDED if ended else CallState.RINGING, cause=cause
        )
        if fate in ("answer", "unknown_but_ringing"):
            line = SilentLine()
            self.lines[sid] = line
            self.media.slots[request.token].future.set_result(cast(Line, line))
        if fate == "unknown_but_ringing":
            raise CarrierUnknown("timeout")
        return sid

    async def watch(self, sid: str) -> AsyncIterator[CallProgress]:
        progress = next(one for one in self.seen.values() if one.sid == sid)
        yield progress
        if progress.state is not CallState.ENDED:
            await asyncio.Event().wait()

    async def hang_up(self, sid: str) -> None:
        self.hung_up.append(sid)

    async def find(self, token: str) -> CallProgress | None:
        return self.seen.get(token)

    async def aclose(self) -> None: ...


class PlainWriter:
    async def opener(self, person: Person, offers: tuple[Offer, ...], today: date) -> Opener:
        return Opener(text=f"您好，{person.name}", writer="test/1")

    async def transition(self, moment: Moment) -> Transition:
        return Transition()

    async def aclose(self) -> None: ...


FLOW = load_flow(folder("dialog_flows") / "winback" / "ecommerce.yaml")

Talk = Callable[[CallPlan, SilentLine, Journal], Awaitable[CallResult]]


async def agrees(plan: CallPlan, line: SilentLine, journal: Journal) -> CallResult:
    return result(Outcome.INTERESTED)


def station(
    db: Database,
    tmp_path: Path,
    *,
    clock: Watch | None = None,
    media: Media | None = None,
    carrier: Carrier | None = None,
    talk: Talk = agrees,
    worker_id: str = "worker-1",
) -> Station:
    media = media or Media()

    async def conversation(plan: CallPlan, line: Line, journal: Journal, event_log: Path) -> CallResult:
        return await talk(plan, cast(SilentLine, line), journal)

    async def dossier(row: Attempt) -> Dossier:
        async with db.read() as session:
            customer = await session.get_one(Customer, row.customer_id)
        return Dossier(
            number=VAULT.reveal(customer.phone_cipher),
            person=Person(
                customer_id=customer.id,
                name=customer.name,
                salutation="王女士",
                industry=customer.industry,
                brand=customer.brand,
            ),
            offers=(),
            flow=FLOW,
            zone=customer.timezone,
        )

    async def prepare(text: str) -> None: ...

    return Station(
        db=db,
        clock=clock or Watch(),
        control=carrier or Carrier(media),
        media=media,
        conversation=conversation,
        dossier=dossier,
        writer=PlainWriter(),
        prepare=prepare,
        forget=prepare,
        worker_id=worker_id,
        data=tmp_path,
        from_number="+8610000000000",
        ring_timeout_s=15,
    )
