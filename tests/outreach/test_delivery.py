"""The outbox reaches its receivers: over a real socket, on both databases, whatever the receivers do."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ssl
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from outreach_world import NOW, Watch, number, person, rows
from receiver import Request, certificate, listening
from sqlalchemy.exc import OperationalError

from callbot.outreach.channel import Message, WebhookChannel
from callbot.outreach.delivery import Courier, Receiver, spread
from callbot.outreach.policy import Purpose
from callbot.store import delivery_rows, outbox
from callbot.store.contacts import blacklist
from callbot.store.database import Database
from callbot.store.outbox import Kind
from callbot.store.tables import Customer, Outbox, OutboxDelivery

SECRET = "a-secret-of-the-shop"


def receiver(url: str, name: str = "crm", **more: Any) -> Receiver:
    return replace(Receiver(name=name, url=url, secrets=(SECRET,), allow_private=True), **more)


@asynccontextmanager
async def courier(db: Database, to: Receiver, clock: Watch) -> AsyncIterator[Courier]:
    """With its message rows made."""
    await spread(db, [to], clock)
    one = Courier(db, to, clock, wall=clock, random=Random(1))
    try:
        yield one
    finally:
        await one.aclose()


async def tell(db: Database, *keys: str, **payload: Any) -> None:
    async with db.write() as session:
        for key in keys:
            await outbox.enqueue(
                session, key=key, kind=Kind.ATTEMPT_SETTLED, payload={"attempt_id": key, **payload}, now=NOW
            )


async def states(db: Database) -> tuple[Counter[str], Counter[str]]:
    """Of messages and of deliveries."""
    return (
        Counter([row.state for row in await rows(db, Outbox)]),
        Counter([row.state for row in await rows(db, OutboxDelivery)]),
    )


async def test_a_message_arrives_once_signed_and_with_its_key(database: Database) -> None:
    await tell(database, "attempt-1:interested", outcome="interested", 姓名="王")
    clock = Watch()
    async with listening() as server, courier(database, receiver(server.url), clock) as one:
        assert (await one.deliver()).delivered == 1
        assert (await one.deliver()).delivered == 0
    (got,) = server.got
    (message,) = await rows(database, Outbox)
    assert got.path == "/hook"
    assert got.key == "attempt-1:interested"
    assert got.letter == {
        "id": message.id,
        "kind": "attempt.settled",
        "created_at": "2026-11-17T02:00:00+00:00",
        "payload": {"attempt_id": "attempt-1:interested", "outcome": "interested", "姓名": "王"},
    }
    # Verified as a receiver would, without callbot.
    parts = dict(part.split("=", 1) for part in got.headers["x-callbot-signature"].split(","))
    assert int(parts["t"]) == int(NOW.timestamp())
    wanted = hmac.new(SECRET.encode(), parts["t"].encode() + b"." + got.body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(parts["v1"], wanted)
    assert await states(database) == (Counter(done=1), Counter(delivered=1))


async def test_a_failing_receiver_is_tried_again_with_growing_waits_and_the_same_key(
    database: Database,
) -> None:
    await tell(database, "key")
    clock = Watch()
    answers = iter([(500, {}), (429, {"Retry-After": "900"}), (200, {})])
    async with (
        listening(lambda _: next(answers)) as server,
        courier(database, receiver(server.url), clock) as one,
    ):
        assert (await one.deliver()).postponed == 1
        (row,) = await rows(database, OutboxDelivery)
        assert (row.status_code, row.last_error, row.tries) == (500, "答复 500 X", 1)
        assert timedelta(seconds=2.5) <= row.next_try_at - NOW <= timedelta(seconds=5)
        assert (await one.deliver()).postponed == 0, "not before its time"
        clock.moment += timedelta(seconds=5)
        assert (await one.deliver()).postponed == 1
        (row,) = await rows(database, OutboxDelivery)
        assert row.next_try_at == clock.moment + timedelta(seconds=900)
        clock.moment += timedelta(seconds=900)
        assert (await one.deliver()).delivered == 1
    assert [request.key for request in server.got] == ["key"] * 3
    assert len({request.letter["id"] for request in server.got}) == 1
    assert await states(database) == (Counter(done=1), Counter(delivered=1))


async def test_a_gone_receiver_makes_a_dead_letter_that_can_be_replayed(database: Database) -> None:
    await tell(database, "a", "b")
    clock = Watch()
    fate = [410]
    async with (
        listening(lambda _: (fate[0], {})) as server,
        courier(database, receiver(server.url), clock) as one,
    ):
        assert (await one.deliver()).dead == 2
        assert await states(database) == (Counter(dead=2), Counter(dead=2))
        fate[0] = 200
        assert (await one.deliver()).delivered == 0
        first, _ = await rows(database, Outbox)
        assert first.note == "答复 410 X"
        async with database.write() as session:
            assert await delivery_rows.replay(session, clock.now(), outbox_id=first.id) == 1
        assert (await one.deliver()).delivered == 1
        async with database.write() as session:
            assert await delivery_rows.replay(session, clock.now()) == 1
            assert await delivery_rows.replay(session, clock.now(), outbox_id=first.id) == 0
        assert (await one.deliver()).delivered == 1
    assert Counter(request.key for request in server.got) == Counter(a=2, b=2)
    assert await states(database) == (Counter(done=2), Counter(delivered=2))


async def test_a_hanging_receiver_holds_up_nobody_else(sqlite_database: Database) -> None:
    db, clock = sqlite_database, Watch()
    await tell(db, *(f"key-{index}" for index in range(30)))
    async with AsyncExitStack() as stack:
        bad = await stack.enter_async_context(listening(lambda _: None))
        good = await stack.enter_async_context(listening())
        slow, quick = receiver(bad.url, "slow", timeout_s=0.3), receiver(good.url, "quick")
        await spread(db, [slow, quick], clock)
        couriers = [Courier(db, one, clock, wall=clock) for one in (slow, quick)]
        for one in couriers:
            stack.push_async_callback(one.aclose)
        stuck, fine = await asyncio.gather(*(one.deliver() for one in couriers))
    assert fine.delivered == 30
    # One round, then it gets a rest: a tick is not spent on waiting thirty times.
    assert (stuck.delivered, stuck.postponed) == (0, 8)
    waiting = await rows(db, OutboxDelivery, endpoint="slow", tries=1)
    assert {row.last_error for row in waiting} == {"0.3 秒内没有答复"}
    assert (await states(db))[0] == Counter(sending=30)


async def test_too_many_tries_end_in_a_dead_letter_and_the_other_receiver_has_it(
    sqlite_database: Database,
) -> None:
    db, clock = sqlite_database, Watch()
    await tell(db, "key")
    async with AsyncExitStack() as stack:
        bad = await stack.enter_async_context(listening(lambda _: (302, {"Location": "http://127.0.0.1:1/"})))
        good = await stack.enter_async_context(listening())
        to = [receiver(bad.url, "bad", max_tries=3), receiver(good.url, "good")]
        await spread(db, to, clock)
        couriers = [Courier(db, one, clock, wall=clock) for one in to]
        for one in couriers:
            stack.push_async_callback(one.aclose)
        for _ in range(5):
            await asyncio.gather(*(one.deliver() for one in couriers))
            clock.moment += timedelta(hours=6)
    assert len(bad.got) == 3, "redirects are not followed"
    assert len(good.got) == 1
    (message,) = await rows(db, Outbox)
    assert (message.state, message.note) == ("dead", "答复 302 X；试了 3 次后放弃")


async def test_two_processes_deliver_each_message_once(database: Database) -> None:
    await tell(database, *(f"key-{index}" for index in range(60)))
    clock = Watch()
    other = Database(database.url.render_as_string(hide_password=False))
    async with listening() as server, courier(database, receiver(server.url), clock) as one:
        two = Courier(other, receiver(server.url), clock, wall=clock)
        turns = await asyncio.gather(one.deliver(), two.deliver(), one.deliver(), two.deliver())
        await two.aclose()
    await other.aclose()
    assert sum(turn.delivered for turn in turns) == 60
    assert max(Counter(request.key for request in server.got).values()) == 1
    assert await states(database) == (Counter(done=60), Counter(delivered=60))


async def test_a_process_that_dies_before_it_commits_delivers_again_with_the_same_key(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await tell(database, "key")
    clock = Watch()

    async def dies(*_: Any, **__: Any) -> bool:
        raise OperationalError("UPDATE", {}, Exception("the process is gone"))

    async with listening() as server, courier(database, receiver(server.url), clock) as one:
        with monkeypatch.context() as patch:
            patch.setattr(delivery_rows, "delivered", dies)
            with pytest.raises(OperationalError):
                await one.deliver()
        assert (await one.deliver()).delivered == 0, "held until the claim ends"
        clock.moment += timedelta(seconds=71)
        assert (await one.deliver()).delivered == 1
    assert [request.key for request in server.got] == ["key", "key"]
    assert server.got[0].body == server.got[1].body
    (row,) = await rows(database, OutboxDelivery)
    assert (row.state, row.tries) == ("delivered", 2)


async def test_the_late_word_of_a_slow_process_does_not_undo_a_delivery(database: Database) -> None:
    await tell(database, "key")
    clock = Watch()
    await spread(database, [receiver("http://127.0.0.1:1/")], clock)
    later = NOW + timedelta(minutes=5)
    async with database.write() as session:
        (slow,) = await delivery_rows.claim(session, "crm", NOW, until=NOW + timedelta(minutes=1), limit=5)
        assert await delivery_rows.claim(session, "crm", NOW, until=later, limit=5) == []
        (quick,) = await delivery_rows.claim(session, "crm", later, until=later + timedelta(hours=1), limit=5)
        assert not await delivery_rows.try_again(session, slow, at=later, status=500, because="late")
        assert not await delivery_rows.give_up(session, slow, status=410, because="late")
        assert await delivery_rows.delivered(session, quick, status=200, now=later)
        assert not await delivery_rows.delivered(session, slow, status=200, now=later)
    assert await states(database) == (Counter(done=1), Counter(delivered=1))


async def test_a_receiver_inside_is_refused_unless_it_is_allowed(sqlite_database: Database) -> None:
    await tell(sqlite_database, "key")
    clock = Watch()
    async with listening() as server:
        to = receiver(server.url.replace("127.0.0.1", "localhost"), allow_private=False)
        async with courier(sqlite_database, to, clock) as one:
            assert (await one.deliver()).postponed == 1
        assert server.got == []
        (row,) = await rows(sqlite_database, OutboxDelivery)
        assert "不是公网地址 → 确实要发到内网，设 allow_private = true" in row.last_error
        clock.moment += timedelta(minutes=1)
        async with courier(sqlite_database, replace(to, allow_private=True), clock) as one:
            assert (await one.deliver()).delivered == 1
        assert server.got[0].headers["host"].startswith("localhost:")


@pytest.mark.parametrize(("name", "arrives"), [("localhost", True), ("other.example", False)])
async def test_the_certificate_is_that_of_the_name_though_the_address_is_dialled(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, arrives: bool
) -> None:
    file = certificate(name, tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(file)
    await tell(sqlite_database, "key")
    clock = Watch()
    async with listening(tls=tls) as server:
        to = receiver(server.url.replace("127.0.0.1", "localhost"))
        async with courier(sqlite_database, to, clock) as one:
            assert (await one.deliver()).delivered == arrives
    (row,) = await rows(sqlite_database, OutboxDelivery)
    assert ("certificate verify failed" in row.last_error) is not arrives
    assert len(server.got) == arrives


async def test_who_takes_what(sqlite_database: Database) -> None:
    """Reports that nobody wants are put aside; a message to a customer that nobody takes is a dead letter."""
    db, clock = sqlite_database, Watch()
    customer_id = await person(db, 1)
    await tell(db, "report")
    async with db.write() as session:
        await WebhookChannel().send(session, message(customer_id), NOW)
    assert not receiver("x").takes(Kind.MESSAGE_SEND), "messages to customers are asked for by name"
    await spread(db, [receiver("x", kinds=frozenset({Kind.FOLLOW_UP_DUE}))], clock)
    assert (await states(db))[0] == Counter(unwanted=1, dead=1)
    both = receiver("x", kinds=frozenset({Kind.MESSAGE_SEND, Kind.ATTEMPT_SETTLED}))
    async with db.write() as session:
        assert await delivery_rows.replay(session, NOW) == 1
        (unwanted,) = await outbox.letters(session, state="unwanted")
        assert await delivery_rows.replay(session, NOW, outbox_id=unwanted.message.id) == 1
    await spread(db, [both], clock)
    assert await states(db) == (Counter(sending=2), Counter(pending=2))


def message(customer_id: str, **more: Any) -> Message:
    base = Message(
        key=f"{customer_id}:offer",
        customer_id=customer_id,
        external_id="C-1",
        channel="sms",
        purpose=Purpose.MARKETING,
        text="您要的优惠券已经放进卡包",
        expires_at=NOW + timedelta(hours=2),
        offer_code="back20",
        offer_version=1,
    )
    return replace(base, **more)


async def test_a_message_is_sent_in_its_time_or_not_at_all(database: Database) -> None:
    customer_id = await person(database, 1)
    clock = Watch()
    async with database.write() as session:
        first = await WebhookChannel().send(session, message(customer_id), NOW)
        assert await WebhookChannel().send(session, message(customer_id), NOW) == first, "one key, one message"
    clock.moment += timedelta(hours=2)
    async with (
        listening() as server,
        courier(database, receiver(server.url, kinds=frozenset({Kind.MESSAGE_SEND})), clock) as one,
    ):
        await one.deliver()
        async with database.write() as session:
            assert await delivery_rows.replay(session, clock.now()) == 0, "its time is over"
        await one.deliver()
    assert server.got == []
    assert await states(database) == (Counter(dead=1), Counter(dead=1))


async def test_who_says_stop_gets_no_message_that_was_waiting(database: Database) -> None:
    stops, stays = await person(database, 1), await person(database, 2)
    clock = Watch()
    async with database.write() as session:
        for customer_id in (stops, stays):
            await WebhookChannel().send(session, message(customer_id), NOW)
    await tell(database, "report")
    async with (
        listening() as server,
        courier(database, receiver(server.url, kinds=frozenset({Kind.MESSAGE_SEND})), clock) as one,
    ):
        async with database.write() as session:
            await blacklist(
                session,
                phone_hash=(await session.get_one(Customer, stops)).phone_hash,
                scope="all",
                words="别再打了",
                source="test",
                at=NOW,
            )
        assert (await one.deliver()).delivered == 1
        async with database.write() as session:
            assert await delivery_rows.replay(session, NOW) == 0
        await one.deliver()
    assert [request.letter["payload"]["customer_id"] for request in server.got] == [stays]
    assert (await states(database))[0] == Counter(withdrawn=1, done=1, unwanted=1)


async def test_no_phone_number_leaves_the_house(sqlite_database: Database) -> None:
    said = f"请打 13812345678 或 {number(1)}，订单 20261117000123"
    await tell(sqlite_database, "key", words=[{"said": said}])
    clock = Watch()
    async with listening() as server, courier(sqlite_database, receiver(server.url), clock) as one:
        await one.deliver()
    body = server.got[0].body.decode()
    assert "13812345678" not in body
    assert number(1) not in body
    assert number(1)[3:] not in body
    assert "138****5678" in body
    assert "20261117000123" in body


async def test_both_secrets_sign_while_one_replaces_the_other(sqlite_database: Database) -> None:
    await tell(sqlite_database, "key")
    clock = Watch()
    async with listening() as server:
        to = receiver(server.url, secrets=("the-new-secret-of-it", SECRET))
        async with courier(sqlite_database, to, clock) as one:
            await one.deliver()

    def fits(request: Request, secret: str) -> bool:
        header = request.headers["x-callbot-signature"]
        signed = f"{int(NOW.timestamp())}.".encode() + request.body
        return f"v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}" in header.split(",")

    assert fits(server.got[0], SECRET)
    assert fits(server.got[0], "the-new-secret-of-it")
    assert not fits(server.got[0], "another-secret-at-all")
