"""The pages show what happened and never a phone number."""

from __future__ import annotations

import wave
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from fresh_database import fresh_db
from store_rows import a_batch, a_call, a_customer, a_turn, an_attempt
from web_house import a_site, signed_in

from callbot.store.database import Database
from callbot.store.tables import (
    BatchMember,
    Call,
    FollowUp,
    JournalRow,
    Transfer,
)
from callbot.web.access.permission import Role

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with fresh_db(tmp_path) as db:
        yield db


@pytest.fixture
async def client(db: Database, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with await signed_in(a_site(db, tmp_path, NOW), Role.SUPERVISOR) as client:
        client.headers["Accept"] = "text/html"
        yield client


@pytest.fixture
async def call(db: Database, tmp_path: Path) -> str:
    with wave.open(str(tmp_path / "one.wav"), "wb") as file:
        file.setparams((2, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(3200))
    async with db.write() as session:
        customer = a_customer(NOW, name="王<b>芳")
        blocked = a_customer(NOW, name="李强", phone_masked="100****9999")
        batch = a_batch(NOW)
        session.add_all([customer, blocked, batch])
        await session.flush()
        session.add_all(
            [
                BatchMember(batch_id=batch.id, customer_id=customer.id),
                BatchMember(
                    batch_id=batch.id,
                    customer_id=blocked.id,
                    blocked_by="consent",
                    blocked_because="没有营销授权",
                ),
            ]
        )
        attempt = an_attempt(
            NOW,
            batch_id=batch.id,
            customer_id=customer.id,
            state="done",
            outcome="transferred",
            dial_token="secret-token",
        )
        session.add(attempt)
        await session.flush()
        call = a_call(
            NOW,
            attempt_id=attempt.id,
            customer_id=customer.id,
            ended_at=NOW,
            duration_ms=61_200,
            outcome="transferred",
            recording="one.wav",
        )
        session.add(call)
        await session.flush()
        session.add_all(
            [
                a_turn(
                    "您好，王女士，我是小悦",
                    call_id=call.id,
                    speaker="bot",
                    heard="您好，王女士",
                    start_ms=100,
                    end_ms=2_000,
                    interrupted=True,
                ),
                a_turn(
                    "机器坏了三次没人管",
                    call_id=call.id,
                    position=1,
                    start_ms=2_000,
                    end_ms=4_000,
                    intent="complaint",
                    emotion="angry",
                ),
                Transfer(
                    call_id=call.id,
                    customer_id=customer.id,
                    reason="complaint",
                    skill="complaint",
                    priority=1,
                    state="done",
                    result="connected",
                    offered_at=NOW,
                    brief={"why": "产品质量投诉", "own_words": "机器坏了三次没人管"},
                ),
                FollowUp(
                    customer_id=customer.id,
                    attempt_id=attempt.id,
                    kind="complaint_pause_30d",
                    leading=True,
                    owner="complaint-desk",
                    due_at=NOW,
                    created_at=NOW,
                ),
                JournalRow(
                    attempt_id=attempt.id,
                    call_id=call.id,
                    customer_id=customer.id,
                    kind="complaint",
                    words="机器坏了三次没人管",
                    at_ms=4_000,
                    at=NOW,
                ),
            ]
        )
        return call.id


async def test_an_empty_house_says_what_to_do_next(client: httpx.AsyncClient) -> None:
    for path, hint in (("/pages", "callbot batch run"), ("/pages/calls", "还没有通话")):
        answer = await client.get(path)
        assert answer.status_code == 200
        assert hint in answer.text


async def test_every_page_shows_the_call_and_hides_the_number(client: httpx.AsyncClient, call: str) -> None:
    sheet = (await client.get(f"/api/calls/{call}")).json()
    pages = {
        "/pages": "已转人工 1",
        f"/pages/batches/{sheet['attempt']['batch_id']}": "没有营销授权",
        "/pages/calls": "1:01.2",
        f"/pages/calls/{call}": "机器坏了三次没人管",
        f"/pages/customers/{sheet['customer']['id']}": "暂停触达 30 天",
        f"/api/calls/{call}": "complaint_pause_30d",
        "/api/batches": "三月唤醒",
    }
    for path, expected in pages.items():
        answer = await client.get(path)
        assert answer.status_code == 200, path
        assert expected in answer.text, path
        assert "secret" not in answer.text, path
        assert "王<b>芳" not in answer.text or path.startswith("/api/"), path


async def test_an_interrupted_line_shows_what_was_not_heard(client: httpx.AsyncClient, call: str) -> None:
    assert "，我是小悦</s>" in (await client.get(f"/pages/calls/{call}")).text


async def test_a_recording_can_be_sought(client: httpx.AsyncClient, call: str) -> None:
    answer = await client.get(f"/pages/calls/{call}/recording.wav", headers={"Range": "bytes=0-3"})
    assert (answer.status_code, answer.content) == (206, b"RIFF")


@pytest.mark.parametrize(
    "path", ["/pages/batches/nothing", "/pages/calls/nothing", "/pages/customers/nothing", "/pages/nowhere"]
)
async def test_what_is_missing_says_so(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 404
    assert "回到批次列表" in answer.text


async def test_a_recording_outside_the_data_directory_is_refused(
    client: httpx.AsyncClient, db: Database, call: str
) -> None:
    async with db.write() as session:
        row = await session.get_one(Call, call)
        row.recording = "../../etc/passwd"
    assert (await client.get(f"/pages/calls/{call}/recording.wav")).status_code == 404
