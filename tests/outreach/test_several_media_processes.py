"""Several media processes at one ledger: no row is held twice, capacity holds, and the dead do no harm."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from outreach_world import (
    NOW,
    Carrier,
    Media,
    SilentLine,
    Watch,
    agrees,
    number,
    people,
    result,
    rows,
    running_batch,
    station,
)

from callbot.conversation.labels import Outcome
from callbot.conversation.plan import CallPlan
from callbot.conversation.result import CallResult, Journal, JournalKind, Note
from callbot.outreach.claim import claim
from callbot.outreach.dialler import Dialler
from callbot.outreach.dossier import Dossier
from callbot.outreach.planner import Planner
from callbot.outreach.progress import Progress, SetAside, Settled, Stopping
from callbot.outreach.recovery import Recovery
from callbot.outreach.station import Station
from callbot.outreach.worker import MediaWorker
from callbot.store import reservation, workers
from callbot.store.database import Database
from callbot.store.tables import Attempt, Customer, DoNotContact, FollowUp, JournalRow, Outbox


async def alive(db: Database, *names: str) -> None:
    async with db.write() as session:
        for name in names:
            await workers.register(session, name, media_url=f"ws://{name}/media", now=NOW)


async def dial_until_refused(here: Station) -> None:
    """Dial in this process until an attempt is set aside, then stop."""
    refused = asyncio.Event()

    def progress(event: Progress) -> None:
        if isinstance(event, SetAside):
            refused.set()

    dialler = Dialler(here, progress, max_calls=1, tick_s=0.05)
    async with asyncio.timeout(30):
        running = asyncio.create_task(dialler.run())
        await refused.wait()
        dialler.stop()
        await running


async def test_two_workers_never_mark_one_row(database: Database) -> None:
    batch_id = await running_batch(database, await people(database, 12), lines=8)
    await Planner(database, Watch()).tick(batch_id, 12)
    names = [f"worker-{index}" for index in range(4)]
    await alive(database, *names)

    async def mark(worker: str) -> list[str]:
        found: list[str] = []
        for _ in range(2):
            async with database.write() as session:
                marked = await reservation.reserve(
                    session, batch_id=batch_id, worker_id=worker, now=NOW, limit=2, without=found
                )
            found += [row.id for row in marked]
        return found

    held = await asyncio.gather(*(mark(name) for name in names))
    every = [row for marked in held for row in marked]
    assert len(every) == len(set(every)) == 12
    assert {row.id: row.worker_id for row in await rows(database, Attempt)} == {
        row: name for name, marked in zip(names, held, strict=True) for row in marked
    }


async def test_marks_of_the_dead_pass_to_the_living_and_a_released_row_to_anybody(database: Database) -> None:
    batch_id = await running_batch(database, await people(database, 2))
    await Planner(database, Watch()).tick(batch_id, 2)
    await alive(database, "first", "second")

    async def mark(worker: str) -> int:
        async with database.write() as session:
            return len(
                await reservation.reserve(session, batch_id=batch_id, worker_id=worker, now=NOW, limit=2)
            )

    assert (await mark("first"), await mark("second")) == (2, 0)
    async with database.write() as session:
        await reservation.release(session, "first")
    assert (await mark("second"), await mark("first")) == (2, 0)
    async with database.write() as session:
        await workers.retire(session, "second")
    assert await mark("first") == 2


async def test_two_workers_share_a_batch_within_its_lines_and_their_own_slots(
    database: Database, tmp_path: Path
) -> None:
    batch_id = await running_batch(database, await people(database, 14), lines=4)
    await Planner(database, Watch()).tick(batch_id, 14)
    await alive(database, "left", "right")
    talking, most, prepared = Counter[str](), Counter[str](), Counter[str]()
    settled, everybody = list[Progress](), asyncio.Event()

    def process(name: str) -> tuple[Dialler, Carrier]:
        media = Media(room=2)
        carrier = Carrier(media)

        async def talk(plan: CallPlan, line: SilentLine, journal: Journal) -> CallResult:
            talking.update((name, "all"))
            for key in (name, "all"):
                most[key] = max(most[key], talking[key])
            await asyncio.sleep(0)
            talking.subtract((name, "all"))
            return result(Outcome.INTERESTED)

        def progress(event: Progress) -> None:
            if isinstance(event, Settled):
                settled.append(event)
                if len(settled) == 14:
                    everybody.set()

        here = station(database, tmp_path, media=media, carrier=carrier, talk=talk, worker_id=name)
        dossier = here.dossier

        async def counted(row: Attempt) -> Dossier:
            prepared[row.id] += 1
            return await dossier(row)

        return Dialler(replace(here, dossier=counted), progress, max_calls=2, tick_s=0.05), carrier

    (left, left_carrier), (right, right_carrier) = process("left"), process("right")
    async with asyncio.timeout(60):
        running = asyncio.gather(left.run(), right.run())
        await everybody.wait()
        left.stop()
        right.stop()
        await running
    dialled = left_carrier.dialled + right_carrier.dialled
    assert sorted(dialled) == sorted(number(index) for index in range(1, 15))
    assert left_carrier.dialled
    assert right_carrier.dialled
    assert max(most["left"], most["right"]) <= 2
    assert most["all"] <= 4
    assert set(prepared.values()) == {1}
    assert {row.worker_id for row in await rows(database, Attempt)} == {"left", "right"}


async def lost_in_a_call(
    db: Database, here: Station, media: Media, lost: asyncio.Event, talking: asyncio.Event
) -> None:
    """A worker is declared dead while it talks, and notices at its next heartbeat."""
    dialler = Dialler(here, lambda _: None, max_calls=1, tick_s=0.05, grace_s=60.0, lost=lost)
    async with asyncio.timeout(30):
        running = asyncio.create_task(dialler.run())
        await talking.wait()
        async with db.write() as session:
            await workers.retire(session, here.worker_id)
        (settled,) = await Recovery(db, Carrier(media), Watch()).recover()
        assert settled.outcome == "interrupted"
        lost.set()
        await running


async def test_a_zombie_hangs_up_changes_nothing_and_dials_nobody(database: Database, tmp_path: Path) -> None:
    batch_id = await running_batch(database, await people(database, 2), lines=1)
    await Planner(database, Watch()).tick(batch_id, 2)
    await alive(database, "zombie")
    media, lost, talking = Media(), asyncio.Event(), asyncio.Event()
    carrier = Carrier(media)
    lines: list[SilentLine] = []

    async def talk(plan: CallPlan, line: SilentLine, journal: Journal) -> CallResult:
        lines.append(line)
        talking.set()
        await line.hung_up.wait()
        return result(Outcome.INTERESTED)

    here = station(database, tmp_path, media=media, carrier=carrier, talk=talk, worker_id="zombie")
    await lost_in_a_call(database, here, media, lost, talking)
    assert [line.hung_up.is_set() for line in lines] == [True]
    assert carrier.dialled == [number(1)]
    ended = [(row.state, row.outcome) for row in await rows(database, Attempt) if row.state != "queued"]
    assert ended == [("interrupted", "interrupted")]
    assert len(await rows(database, Outbox)) == 1

    await dial_until_refused(here)
    assert carrier.dialled == [number(1)]


async def test_a_worker_that_stood_still_after_its_claim_dials_nobody(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch_id = await running_batch(database, await people(database, 1), lines=1)
    await Planner(database, Watch()).tick(batch_id, 1)
    await alive(database, "sleeper")
    media = Media()
    carrier = Carrier(media)

    async def claim_and_sleep(*arguments: Any, **named: Any) -> object:
        decision = await claim(*arguments, **named)
        async with database.write() as session:
            await workers.retire(session, "sleeper")
        (settled,) = await Recovery(database, Carrier(media), Watch()).recover()
        assert settled.outcome == "interrupted"
        return decision

    monkeypatch.setattr("callbot.outreach.attempt.claim", claim_and_sleep)
    monkeypatch.setattr("callbot.outreach.attempt._FRESH_S", 0.0)
    here = station(database, tmp_path, media=media, carrier=carrier, worker_id="sleeper")
    await dial_until_refused(here)
    assert carrier.dialled == []


async def test_what_a_zombie_still_hears_is_not_lost(database: Database, tmp_path: Path) -> None:
    batch_id = await running_batch(database, await people(database, 1), lines=1)
    await Planner(database, Watch()).tick(batch_id, 1)
    await alive(database, "zombie")
    media, lost, talking = Media(), asyncio.Event(), asyncio.Event()

    async def talk(plan: CallPlan, line: SilentLine, journal: Journal) -> CallResult:
        talking.set()
        await line.hung_up.wait()
        await journal.write(Note(kind=JournalKind.DO_NOT_CALL, words="别再打了", at_ms=10))
        await journal.write(Note(kind=JournalKind.COMPLAINT, words="我要投诉", at_ms=20))
        await journal.write(Note(kind=JournalKind.PROMISE, words="明天给您回电", at_ms=30))
        return result(Outcome.INTERESTED)

    here = station(database, tmp_path, media=media, carrier=Carrier(media), talk=talk, worker_id="zombie")
    await lost_in_a_call(database, here, media, lost, talking)
    (row,) = await rows(database, DoNotContact)
    assert row.words == "别再打了"
    late = [row for row in await rows(database, FollowUp) if row.detail.get("late")]
    assert {(row.owner, row.detail["words"]) for row in late} == {
        ("complaint-desk", "我要投诉"),
        ("sales-desk", "明天给您回电"),
    }
    (customer,) = await rows(database, Customer)
    assert customer.complaint_pause_until == NOW + timedelta(days=30)
    assert all(row.settled for row in await rows(database, JournalRow))


@pytest.mark.parametrize("cut", [False, True])
async def test_a_drain_lets_calls_end_and_a_cut_ends_them_at_once(
    sqlite_database: Database, tmp_path: Path, cut: bool
) -> None:
    db = sqlite_database
    batch_id = await running_batch(db, await people(db, 3), lines=1)
    await Planner(db, Watch()).tick(batch_id, 3)
    await alive(db, "here")
    media, talking, end = Media(), asyncio.Event(), asyncio.Event()
    carrier = Carrier(media)
    seen: list[Progress] = []

    async def talk(plan: CallPlan, line: SilentLine, journal: Journal) -> CallResult:
        talking.set()
        over = [asyncio.ensure_future(event.wait()) for event in (end, line.hung_up)]
        await asyncio.wait(over, return_when=asyncio.FIRST_COMPLETED)
        for wait in over:
            wait.cancel()
        return await agrees(plan, line, journal)

    here = station(db, tmp_path, media=media, carrier=carrier, talk=talk, worker_id="here")
    dialler = Dialler(here, seen.append, max_calls=1, grace_s=3600.0)
    async with asyncio.timeout(30):
        running = asyncio.create_task(dialler.run())
        await talking.wait()
        dialler.stop()
        if cut:
            dialler.stop(cut=True)
        else:
            end.set()
        await running
    assert carrier.dialled == [number(1)]
    made = [(row.state, row.outcome) for row in await rows(db, Attempt) if row.state != "queued"]
    assert made == [("interrupted", "interrupted") if cut else ("done", "interested")]
    assert {row.worker_id for row in await rows(db, Attempt, state="queued")} == {None}
    assert sum(isinstance(event, Stopping) for event in seen) == 1


async def test_who_started_a_worker_knows_its_id_and_a_reaped_one_notices(database: Database) -> None:
    async with MediaWorker(database, "ws://here/media", boot="b00t", dead_after_s=30.0) as worker:
        assert worker.id.endswith(":b00t")
        async with database.read() as session:
            assert await workers.dialling(session) == {worker.id}
        async with database.write() as session:
            reaped = [await workers.reap(session, silent_since=NOW + timedelta(days=36500)) for _ in range(2)]
        assert reaped == [1, 0]
        assert not await worker.beat()
        assert worker.lost.is_set()
