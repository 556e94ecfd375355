"""A batch is worked through: dialled once each, settled once each, and left clean when somebody stops."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from outreach_world import (
    NOW,
    Carrier,
    Fate,
    Media,
    SilentLine,
    Watch,
    agrees,
    journalled,
    number,
    people,
    person,
    result,
    rows,
    running_batch,
    station,
    under_way,
)

from callbot.conversation.labels import Outcome
from callbot.conversation.plan import CallPlan
from callbot.conversation.result import CallResult, Journal, JournalKind, Note
from callbot.outreach.batch_run import BatchRun
from callbot.outreach.progress import (
    BatchEnd,
    Blocked,
    Dialling,
    InCall,
    Prepared,
    Progress,
    Recovered,
    SetAside,
    Settled,
    Stopping,
)
from callbot.outreach.recovery import Recovery
from callbot.store import batches
from callbot.store.database import Database
from callbot.store.tables import (
    Attempt,
    Batch,
    BatchMember,
    Customer,
    DoNotContact,
    FollowUp,
    Outbox,
)
from callbot.telephony.control import CallProgress, CallState, LineCause


async def run(dialler: BatchRun, batch_id: str) -> BatchEnd:
    async with asyncio.timeout(60):
        return await dialler.run(batch_id)


async def test_everybody_is_called_once_by_priority_and_the_batch_is_done(
    database: Database, tmp_path: Path
) -> None:
    batch_id = await running_batch(database, await people(database, 5), lines=2)
    media, seen = Media(), list[Progress]()
    carrier = Carrier(media)
    dialler = BatchRun(station(database, tmp_path, media=media, carrier=carrier), seen.append, max_calls=8)
    assert await run(dialler, batch_id) == BatchEnd(done=True, stopped=False)

    assert sorted(carrier.dialled) == sorted(number(index) for index in range(1, 6))
    assert media.most <= 2
    order = [event.customer_id for event in seen if isinstance(event, Dialling)]
    assert set(order[:2]) == {"person-001", "person-002"}
    assert {row.outcome for row in await rows(database, Attempt)} == {"interested"}
    assert len(await rows(database, Outbox, kind="attempt.settled")) == 5
    assert media.slots == {}
    first = [type(event) for event in seen if getattr(event, "customer_id", "") == "person-001"]
    assert first.index(Prepared) < first.index(Dialling) < first.index(InCall) < first.index(Settled)
    (batch,) = await rows(database, Batch)
    assert (batch.state, batch.ended_at) == ("done", NOW)


async def test_more_lines_than_slots_never_reserves_more_than_there_are(
    sqlite_database: Database, tmp_path: Path
) -> None:
    batch_id = await running_batch(sqlite_database, await people(sqlite_database, 4), lines=10)
    media = Media(room=1)
    dialler = BatchRun(station(sqlite_database, tmp_path, media=media), lambda _: None, max_calls=1)
    assert (await run(dialler, batch_id)).done
    assert media.most == 1


@pytest.mark.parametrize(
    ("fate", "state", "outcome", "cause"),
    [
        (LineCause.BUSY, "done", "busy", "busy"),
        (LineCause.NO_ANSWER, "done", "no_answer", "no_answer"),
        (LineCause.UNREACHABLE, "done", "no_answer", "unreachable"),
        (LineCause.POWER_OFF, "done", "power_off", "power_off"),
        (LineCause.INVALID_NUMBER, "done", "invalid_number", "invalid_number"),
        ("refuse", "done", "invalid_number", "invalid_number"),
        ("unknown", "interrupted", "interrupted", "carrier-unknown"),
        ("unknown_but_ringing", "done", "interested", "interested"),
        ("no_media", "interrupted", "interrupted", "no-media"),
    ],
)
async def test_every_end_of_a_line_is_settled_once_and_nobody_is_dialled_twice(
    sqlite_database: Database, tmp_path: Path, fate: Fate, state: str, outcome: str, cause: str
) -> None:
    db = sqlite_database
    batch_id = await running_batch(db, await people(db, 1))
    media = Media()
    carrier = Carrier(media, {number(1): fate})
    await run(
        BatchRun(station(db, tmp_path, media=media, carrier=carrier), lambda _: None, max_calls=1), batch_id
    )
    assert carrier.dialled == [number(1)]
    (row,) = [row for row in await rows(db, Attempt) if row.state != "queued"]
    assert (row.state, row.outcome, row.cause) == (state, outcome, cause)
    assert (row.answered_at is not None) is (fate in ("unknown_but_ringing", "no_media"))
    assert len(await rows(db, Outbox, kind="attempt.settled")) == 1


async def test_who_must_wait_is_reported_with_the_time(sqlite_database: Database, tmp_path: Path) -> None:
    db = sqlite_database
    batch_id = await running_batch(db, await people(db, 2), lines=2)
    media = Media()
    carrier = Carrier(media, {number(1): LineCause.BUSY})
    end = await run(
        BatchRun(station(db, tmp_path, media=media, carrier=carrier), lambda _: None, max_calls=4), batch_id
    )
    assert end == BatchEnd(done=False, stopped=False, waiting=1, until=NOW + timedelta(minutes=20))
    (batch,) = await rows(db, Batch)
    assert batch.state == "running"


async def test_outside_the_window_nobody_is_dialled_and_the_reason_stands_in_the_batch(
    sqlite_database: Database, tmp_path: Path
) -> None:
    db = sqlite_database
    batch_id = await running_batch(db, await people(db, 2))
    media = Media()
    carrier = Carrier(media)
    night = Watch(NOW + timedelta(hours=12))
    end = await run(
        BatchRun(station(db, tmp_path, clock=night, media=media, carrier=carrier), lambda _: None, max_calls=1),
        batch_id,
    )
    assert end == BatchEnd(done=False, stopped=False, waiting=2, until=NOW + timedelta(hours=23))
    assert carrier.dialled == []
    member = (await rows(db, BatchMember))[0]
    assert member.blocked_by == "window"
    assert "22:00" in member.blocked_because


async def test_who_is_blocked_for_good_leaves_the_batch_done(sqlite_database: Database, tmp_path: Path) -> None:
    db = sqlite_database
    ids = [await person(db, 1, consent=False), await person(db, 2, timezone=None)]
    batch_id = await running_batch(db, ids)
    assert (await run(BatchRun(station(db, tmp_path), lambda _: None, max_calls=1), batch_id)).done
    assert {row.blocked_by for row in await rows(db, BatchMember)} == {"consent", "time_zone"}


async def test_a_no_that_comes_while_the_call_is_prepared_is_respected(
    sqlite_database: Database, tmp_path: Path
) -> None:
    db = sqlite_database
    batch_id = await running_batch(db, await people(db, 1))
    media, seen = Media(), list[Progress]()
    carrier = Carrier(media)
    prepared = station(db, tmp_path, media=media, carrier=carrier)

    async def says_no_elsewhere(text: str) -> None:
        async with db.write() as session:
            customer = await session.get_one(Customer, "person-001")
            session.add(DoNotContact(phone_hash=customer.phone_hash, source="sms", at=NOW))

    dialler = BatchRun(replace(prepared, prepare=says_no_elsewhere), seen.append, max_calls=1)
    assert (await run(dialler, batch_id)).done
    assert carrier.dialled == []
    assert [event.block.rule for event in seen if isinstance(event, Blocked)] == ["do_not_contact"]
    assert await rows(db, Attempt) == []


async def test_what_cannot_be_prepared_is_set_aside_and_nobody_dialled(
    sqlite_database: Database, tmp_path: Path
) -> None:
    db = sqlite_database
    batch_id = await running_batch(db, await people(db, 1))
    media, seen = Media(), list[Progress]()
    carrier = Carrier(media)

    async def broken(text: str) -> None:
        raise RuntimeError("voice is gone")

    dialler = BatchRun(
        replace(station(db, tmp_path, media=media, carrier=carrier), prepare=broken), seen.append, max_calls=1
    )
    end = await run(dialler, batch_id)
    assert end == BatchEnd(done=False, stopped=False, waiting=1, until=NOW + timedelta(minutes=5))
    assert carrier.dialled == []
    assert ["voice is gone" in event.because for event in seen if isinstance(event, SetAside)] == [True]


async def test_a_conversation_that_fails_is_settled_with_its_journal(
    sqlite_database: Database, tmp_path: Path
) -> None:
    db = sqlite_database
    batch_id = await running_batch(db, await people(db, 1))

    async def fails(plan: CallPlan, line: SilentLine, journal: Journal) -> CallResult:
        await journal.write(Note(kind=JournalKind.DO_NOT_CALL, words="别打了", at_ms=10))
        raise RuntimeError("boom")

    await run(BatchRun(station(db, tmp_path, talk=fails), lambda _: None, max_calls=1), batch_id)
    (row,) = await rows(db, Attempt)
    assert (row.state, row.outcome, row.cause) == ("interrupted", "do_not_call", "conversation-failed")
    assert len(await rows(db, DoNotContact)) == 1


async def stopped_in_the_middle(db: Database, tmp_path: Path, *, cancel: bool) -> tuple[Carrier, str]:
    """Two calls are under way and two more wait when somebody presses Ctrl-C."""
    batch_id = await running_batch(db, await people(db, 4), lines=2)
    media = Media()
    carrier = Carrier(media)
    talking = asyncio.Semaphore(0)

    async def talk(plan: CallPlan, line: SilentLine, journal: Journal) -> CallResult:
        if plan.person.customer_id == "person-001":
            await journal.write(Note(kind=JournalKind.DO_NOT_CALL, words="别再打了", at_ms=10))
        talking.release()
        await line.hung_up.wait()
        return result(Outcome.INTERESTED, end_reason="bot")

    seen = list[Progress]()
    dialler = BatchRun(station(db, tmp_path, media=media, carrier=carrier, talk=talk), seen.append, max_calls=2)
    task = asyncio.create_task(dialler.run(batch_id))
    async with asyncio.timeout(60):
        await talking.acquire()
        await talking.acquire()
        if cancel:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        else:
            dialler.stop()
            assert (await task).stopped
    assert [event.running for event in seen if isinstance(event, Stopping)] == [2]
    assert media.slots == {}
    return carrier, batch_id


@pytest.mark.parametrize("cancel", [False, True])
async def test_a_stop_leaves_nothing_half_settled_and_a_second_start_goes_on(
    sqlite_database: Database, tmp_path: Path, cancel: bool
) -> None:
    db = sqlite_database
    carrier, batch_id = await stopped_in_the_middle(db, tmp_path, cancel=cancel)
    assert sorted(carrier.dialled) == sorted([number(1), number(2)])
    made = {row.customer_id: row for row in await rows(db, Attempt) if row.state != "queued"}
    assert {key: (row.state, row.outcome) for key, row in made.items()} == {
        "person-001": ("interrupted", "do_not_call"),
        "person-002": ("interrupted", "interrupted"),
    }
    assert len(await rows(db, Outbox, kind="attempt.settled")) == 2

    media = Media()
    again = Carrier(media)
    await run(
        BatchRun(station(db, tmp_path, media=media, carrier=again), lambda _: None, max_calls=2), batch_id
    )
    assert sorted(again.dialled) == sorted([number(3), number(4)])


async def test_a_paused_batch_stops_dialling(sqlite_database: Database, tmp_path: Path) -> None:
    db = sqlite_database
    batch_id = await running_batch(db, await people(db, 3), lines=1)

    async def pauses(plan: CallPlan, line: SilentLine, journal: Journal) -> CallResult:
        async with db.write() as session:
            await batches.move(session, batch_id, states=("running",), to="paused")
        return await agrees(plan, line, journal)

    media = Media()
    carrier = Carrier(media)
    dialler = BatchRun(
        station(db, tmp_path, media=media, carrier=carrier, talk=pauses), lambda _: None, max_calls=1
    )
    assert (await run(dialler, batch_id)).done is False
    assert carrier.dialled == [number(1)]


async def test_two_batches_never_exceed_one_persons_budget(database: Database, tmp_path: Path) -> None:
    ids = await people(database, 3)
    first, second = await running_batch(database, ids, lines=3), await running_batch(database, ids, lines=3)
    media = Media()
    carrier = Carrier(media)
    shared = station(database, tmp_path, media=media, carrier=carrier)
    async with asyncio.timeout(60):
        await asyncio.gather(
            BatchRun(shared, lambda _: None, max_calls=3).run(first),
            BatchRun(shared, lambda _: None, max_calls=3).run(second),
        )
    assert sorted(carrier.dialled) == sorted(number(index) for index in range(1, 4))


async def test_a_lost_workers_calls_are_settled_and_not_dialled_again(
    database: Database, tmp_path: Path
) -> None:
    heard = await under_way(database, 1)
    await journalled(database, heard, "do_not_call", "别再打了")
    ringing = await under_way(database, 2, in_call=False)
    busy = await under_way(database, 3, in_call=False)
    media, seen = Media(), list[Progress]()
    carrier = Carrier(media)
    carrier.seen = {
        "token-2": CallProgress(sid="sid-2", state=CallState.ANSWERED),
        "token-3": CallProgress(sid="sid-3", state=CallState.ENDED, cause=LineCause.BUSY),
    }
    batch_id = await running_batch(database, [])
    await run(
        BatchRun(station(database, tmp_path, media=media, carrier=carrier), seen.append, max_calls=1), batch_id
    )

    assert carrier.dialled == []
    assert carrier.hung_up == ["sid-2"]
    ends = {
        event.settlement.attempt_id: event.settlement.outcome for event in seen if isinstance(event, Recovered)
    }
    assert ends == {heard: "do_not_call", ringing: "interrupted", busy: "busy"}
    assert [row.words for row in await rows(database, DoNotContact)] == ["别再打了"]
    assert (await rows(database, Attempt, id=ringing))[0].answered_at == NOW
    assert await Recovery(database, carrier, Watch()).recover() == ()


async def test_a_promised_call_is_made_at_its_time_and_only_while_it_stands(
    sqlite_database: Database, tmp_path: Path
) -> None:
    db = sqlite_database
    batch_id = await running_batch(db, await people(db, 2), lines=1)
    wanted = NOW + timedelta(hours=3)  # 13:00, when no marketing call may be made

    async def later(plan: CallPlan, line: SilentLine, journal: Journal) -> CallResult:
        return result(Outcome.CALLBACK, callback_at=wanted)

    end = await run(BatchRun(station(db, tmp_path, talk=later), lambda _: None, max_calls=1), batch_id)
    assert (end.waiting, end.until) == (2, wanted)
    async with db.write() as session:
        promise = next(row for row in await rows(db, FollowUp) if row.customer_id == "person-002")
        (await session.get_one(FollowUp, promise.id)).state = "cancelled"
    media = Media()
    carrier = Carrier(media)
    at_one = station(db, tmp_path, clock=Watch(wanted), media=media, carrier=carrier)
    assert (await run(BatchRun(at_one, lambda _: None, max_calls=1), batch_id)).done
    assert carrier.dialled == [number(1)]
    assert {row.purpose for row in await rows(db, Attempt, seq=2)} == {"requested"}
