"""A complaint is answered, compensated and closed on the API, by those whom it concerns."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from fresh_database import fresh_db
from sqlmodel import select
from store_rows import a_batch, a_call, a_customer, an_attempt
from web_house import NOW, a_site, signed_in

from callbot.store.database import Database
from callbot.store.tables import AuditEntry, ComplaintCase, OfferRow, Transfer
from callbot.web.access.permission import Role
from callbot.web.site import Site


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with fresh_db(tmp_path) as db:
        yield db


@pytest.fixture
async def site(db: Database, tmp_path: Path) -> Site:
    """Complaints of three people: one of lin's, one at the desk for anybody, one of wu's."""
    site = a_site(db, tmp_path)
    async with db.write() as session:
        session.add(a_batch(NOW, id="b", name="b", flow="winback"))
        session.add(
            OfferRow(
                code="SORRY20", industry="ecommerce", title="道歉券 20 元", compensation=True, created_at=NOW
            )
        )
        session.add(OfferRow(code="SAVE50", industry="ecommerce", title="满减 50 元", created_at=NOW))
        for number, owner in enumerate(("lin", "complaint-desk", "wu")):
            session.add(
                a_customer(NOW, id=f"k{number}", name=f"客户{number}", phone_masked=f"100****000{number}")
            )
            await session.flush()
            session.add(
                an_attempt(
                    NOW, id=f"a{number}", batch_id="b", customer_id=f"k{number}", priority=0, state="done"
                )
            )
            await session.flush()
            session.add(
                ComplaintCase(
                    id=f"case-{number}",
                    customer_id=f"k{number}",
                    attempt_id=f"a{number}",
                    words="机器坏了没人管，打 +8610024681357 也没人接",
                    owner=owner,
                    opened_at=NOW - timedelta(hours=30),
                    answer_due_at=NOW - timedelta(hours=6) + timedelta(hours=number * 5),
                )
            )
    return site


@pytest.fixture
async def lin(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        await signed_in(site, Role.AGENT, name="wu"),
        await signed_in(site, Role.AGENT, name="lin") as client,
    ):
        yield client


async def test_agents_see_their_own_and_what_waits_for_anybody(lin: httpx.AsyncClient, site: Site) -> None:
    found = (await lin.get("/api/cases")).json()
    assert [(case["id"], case["overdue"]) for case in found] == [("case-0", True), ("case-1", True)]
    assert "13357" not in found[0]["words"]
    async with await signed_in(site, Role.SUPERVISOR) as supervisor:
        everybody = (await supervisor.get("/api/cases")).json()
    assert [case["id"] for case in everybody] == ["case-0", "case-1", "case-2"]


async def test_the_case_of_a_customer_who_was_handed_over_is_theirs(
    lin: httpx.AsyncClient, db: Database
) -> None:
    assert (await lin.post("/api/cases/case-2/answer", json={"text": "已换新"})).status_code == 404
    async with db.write() as session:
        session.add(a_call(NOW, id="c2", attempt_id="a2", customer_id="k2", flow="winback"))
        await session.flush()
        session.add(
            Transfer(
                id="t2", call_id="c2", customer_id="k2", reason="complaint", skill="complaint", priority=10,
                state="done", agent_id="lin", brief={}, offered_at=NOW,
            )
        )  # fmt: skip
    assert (await lin.post("/api/cases/case-2/answer", json={"text": "已换新"})).status_code == 200


async def test_a_complaint_is_answered_compensated_and_closed(lin: httpx.AsyncClient, db: Database) -> None:
    refused = await lin.post("/api/cases/case-0/close")
    assert refused.status_code == 422
    assert "先答复" in refused.text
    answered = await lin.post("/api/cases/case-0/answer", json={"text": "换新，明天上门"})
    assert (answered.json()["state"], answered.json()["answered_by"]) == ("answered", "lin")

    offered = (await lin.get("/api/cases/case-0/compensations")).json()
    assert [offer["code"] for offer in offered] == ["SORRY20"]
    assert (await lin.post("/api/cases/case-0/compensate", json={"code": "SAVE50"})).status_code == 422
    given = await lin.post("/api/cases/case-0/compensate", json={"code": "SORRY20"})
    assert given.json()["compensation_code"] == "SORRY20"
    assert (await lin.post("/api/cases/case-0/close")).json()["state"] == "closed"

    assert [case["id"] for case in (await lin.get("/api/cases")).json()] == ["case-1"]
    assert len((await lin.get("/api/cases?closed=true")).json()) == 2
    async with db.read() as session:
        noted = (await session.exec(select(AuditEntry).where(AuditEntry.about_kind == "case"))).all()
    assert [entry.action for entry in noted] == ["case.answer", "case.compensate", "case.close"]


@pytest.mark.parametrize("answer", [{}, {"text": ""}, {"text": "好", "more": 1}])
async def test_an_answer_without_words_is_refused(lin: httpx.AsyncClient, answer: dict[str, object]) -> None:
    assert (await lin.post("/api/cases/case-0/answer", json=answer)).status_code == 422


async def test_those_without_the_permission_get_nothing(site: Site) -> None:
    async with await signed_in(site, Role.QA) as qa:
        assert (await qa.get("/api/cases")).status_code == 403
