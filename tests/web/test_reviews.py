"""QA reads the scorecard, overrules it with a reason, leaves notes on the time line, and exports the list."""

from __future__ import annotations

import csv
import io
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from fresh_database import fresh_db
from sqlmodel import select
from store_rows import a_batch, a_call, a_customer, a_turn, an_attempt
from web_house import NOW, a_site, signed_in

from callbot.store.database import Database
from callbot.store.tables import AuditEntry, GuardBlockRow
from callbot.web.access.permission import Role
from callbot.web.site import Site


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with fresh_db(tmp_path) as db:
        yield db


@pytest.fixture
async def site(db: Database, tmp_path: Path) -> Site:
    return a_site(db, tmp_path)


@pytest.fixture
async def qa(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    async with await signed_in(site, Role.QA) as client:
        yield client


@pytest.fixture
async def call(db: Database, tmp_path: Path) -> str:
    """Of two seconds: a second of the bot, then a second of the callee, who asks not to be called again."""
    sound = np.zeros((16_000, 2), dtype="<i2")
    sound[:8_000, 1] = 16_384
    sound[8_000:, 0] = 8_192
    with wave.open(str(tmp_path / "one.wav"), "wb") as file:
        file.setparams((2, 2, 8_000, 0, "NONE", ""))
        file.writeframes(sound.tobytes())
    async with db.write() as session:
        customer = a_customer(NOW, name="=1+1")
        batch = a_batch(NOW, name="三月", flow="winback")
        session.add_all([customer, batch])
        await session.flush()
        attempt = an_attempt(NOW, batch_id=batch.id, customer_id=customer.id, state="done")
        session.add(attempt)
        await session.flush()
        row = a_call(
            NOW,
            attempt_id=attempt.id,
            customer_id=customer.id,
            flow="winback",
            ended_at=NOW,
            duration_ms=2_000,
            outcome="do_not_call",
            ended_by="bot",
            recording="one.wav",
            disclosure_ms=900,
        )
        session.add(row)
        await session.flush()
        for position, (speaker, text, intent) in enumerate(
            [
                ("bot", "您好，我是智能客服", None),
                ("callee", "别再打了", "do_not_call"),
                ("bot", "好的，再见", None),
            ]
        ):
            session.add(
                a_turn(
                    text,
                    call_id=row.id,
                    position=position,
                    speaker=speaker,
                    start_ms=position * 700,
                    end_ms=position * 700 + 600,
                    intent=intent,
                )
            )
        session.add(
            GuardBlockRow(
                call_id=row.id,
                customer_id=customer.id,
                at_ms=100,
                text="给您五折",
                violations=[],
                instead="",
                step="opening",
                act="offer",
            )
        )
        return row.id


def by_check(review: httpx.Response) -> dict[str, dict[str, object]]:
    assert review.status_code == 200, review.text
    return {line["check"]: line for line in review.json()["checks"]}


async def test_the_scorecard_says_what_holds_and_where_it_shows(qa: httpx.AsyncClient, call: str) -> None:
    checks = by_check(await qa.get(f"/api/calls/{call}/review"))
    assert checks["disclosed"]["passed"] is True
    assert checks["stop_respected"]["passed"] is True
    assert checks["stop_respected"]["turns"] == [1]
    assert checks["nothing_false"]["passed"] is False
    assert checks["nothing_false"]["turns"] == [0]
    assert checks["human_given"]["passed"] is None


async def test_a_reviewers_word_stands_until_it_is_taken_back(
    qa: httpx.AsyncClient, db: Database, call: str
) -> None:
    word = {"passed": False, "reason": "客户说了两遍"}
    line = by_check(await qa.put(f"/api/calls/{call}/review/stop_respected", json=word))["stop_respected"]
    assert (line["automatic"], line["passed"], line["reason"]) == (True, False, "客户说了两遍")
    line = by_check(await qa.delete(f"/api/calls/{call}/review/stop_respected"))["stop_respected"]
    assert (line["passed"], line["reason"]) == (True, "")
    async with db.read() as session:
        actions = [row.action for row in (await session.exec(select(AuditEntry))).all()]
    assert actions[-2:] == ["review.judge", "review.take_back"]


async def test_notes_are_read_along_the_call_and_removed_by_their_author_alone(
    qa: httpx.AsyncClient, site: Site, call: str
) -> None:
    late = (await qa.post(f"/api/calls/{call}/notes", json={"text": "这里没听清", "at_ms": 1_500})).json()
    await qa.post(f"/api/calls/{call}/notes", json={"text": "致电 13800138000", "at_ms": 200})
    await qa.post(f"/api/calls/{call}/notes", json={"text": "整体不错"})
    notes = (await qa.get(f"/api/calls/{call}/review")).json()["notes"]
    assert [note["at_ms"] for note in notes] == [None, 200, 1_500]
    assert "13800138000" not in notes[1]["text"]
    async with await signed_in(site, Role.QA, name="second") as other:
        assert (await other.delete(f"/api/calls/{call}/notes/{late['id']}")).status_code == 404
    assert (await qa.delete(f"/api/calls/{call}/notes/{late['id']}")).status_code == 200
    assert len((await qa.get(f"/api/calls/{call}/review")).json()["notes"]) == 2


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.AGENT, Role.ADMIN])
async def test_only_qa_writes_reviews(site: Site, call: str, role: Role) -> None:
    async with await signed_in(site, role) as client:
        assert (await client.post(f"/api/calls/{call}/notes", json={"text": "x"})).status_code == 403


async def test_the_outline_shows_who_sounded_when(qa: httpx.AsyncClient, call: str) -> None:
    outline = (await qa.get(f"/api/calls/{call}/peaks")).json()
    assert outline["duration_ms"] == 2_000
    half = len(outline["bot"]) // 2
    assert max(outline["bot"][:half]) == 0.5
    assert max(outline["bot"][half + 1 :]) == 0
    assert max(outline["callee"][: half - 1]) == 0
    assert max(outline["callee"][half:]) == 0.25


async def test_the_export_holds_what_the_filters_find_and_no_formula(
    qa: httpx.AsyncClient, db: Database, call: str
) -> None:
    sheet = await qa.get("/api/calls.csv", params={"outcome": "do_not_call"})
    assert sheet.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(sheet.text.removeprefix("\ufeff"))))
    assert [(row["客户"], row["电话"], row["结果"]) for row in rows] == [("'=1+1", "100****2345", "要求勿扰")]
    nobody = await qa.get("/api/calls.csv", params={"outcome": "interested"})
    assert len(nobody.text.splitlines()) == 1
    async with db.read() as session:
        assert [row.action for row in (await session.exec(select(AuditEntry))).all()].count("call.export") == 2


async def test_an_agent_exports_nothing(site: Site, call: str) -> None:
    async with await signed_in(site, Role.AGENT) as agent:
        assert (await agent.get("/api/calls.csv")).status_code == 403
