"""Other systems hand in customers and events: every item is answered for, and an event takes effect at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlmodel import SQLModel, col, select
from web_house import NOW, VAULT, HandClock, a_browser, a_site, with_token

from callbot.audience.assessing import assess_base
from callbot.audience.importing import import_base
from callbot.outreach.batch import NewBatch, create, launch
from callbot.outreach.planner import Planner
from callbot.store import members
from callbot.store.database import Database
from callbot.store.tables import Attempt, BatchMember, Customer, Event, FollowUp, Purchase, Tag
from callbot.web.access.permission import Permission
from callbot.web.api.intake import MOST_BYTES, MOST_ITEMS

WANG = {
    "external_id": "A1",
    "name": "王晓芸",
    "phone": "+8610024681357",
    "industry": "ecommerce",
    "brand": "悦选商城",
    "registered_at": "2024-03-11",
    "consent_at": "2025-06-01",
    "consent_evidence": "TY-1",
    "last_order_at": "2025-11-20",
    "last_order_item": "空气炸锅",
    "last_order_yuan": 399,
}
LI = {**WANG, "external_id": "A2", "name": "李建国", "phone": "+8610035792468", "consent_evidence": "TY-2"}


SCOPES = (Permission.INTAKE_CUSTOMERS, Permission.INTAKE_EVENTS, Permission.IMPORT_READ)


@pytest.fixture
async def client(database: Database, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with await with_token(a_site(database, tmp_path, NOW), *SCOPES) as client:
        yield client


async def rows(database: Database, table: type[SQLModel]) -> list[Any]:
    async with database.read() as session:
        return list((await session.execute(select(table))).scalars())


ROUTES = (
    ("POST", "/api/customers"),
    ("POST", "/api/events"),
    ("GET", "/api/imports"),
    ("GET", "/api/imports/x/rejected.csv"),
)


@pytest.mark.parametrize("shown", ["", "another", "cb_another", "cb_错"])
async def test_nobody_gets_in_without_a_token(sqlite_database: Database, tmp_path: Path, shown: str) -> None:
    async with a_browser(a_site(sqlite_database, tmp_path, NOW)) as client:
        headers = [(b"Authorization", f"Bearer {shown}".encode())] if shown else []
        for method, path in ROUTES:
            answer = await client.request(method, path, content=b"[]", headers=headers)
            assert answer.status_code == 401, path
            assert answer.json()["code"] == ("bad-token" if shown else "sign-in-first")
            assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert await rows(sqlite_database, Customer) == []


async def test_a_token_opens_what_it_is_for(sqlite_database: Database, tmp_path: Path) -> None:
    async with await with_token(a_site(sqlite_database, tmp_path, NOW), Permission.INTAKE_EVENTS) as client:
        answers = [await client.request(method, path, content=b"[]") for method, path in ROUTES]
    assert [answer.status_code for answer in answers] == [403, 200, 403, 403]


async def test_customers_are_taken_in_and_judged(client: httpx.AsyncClient, database: Database) -> None:
    answer = await client.post("/api/customers", json=[WANG, LI])
    assert answer.status_code == 200
    body = answer.json()
    assert (body["accepted"], body["rejected"]) == (2, 0)
    assert [each["status"] for each in body["results"]] == ["created", "created"]
    assert body["results"][0]["customer"]["stage"] == "连续沉默"
    again = (await client.post("/api/customers", json=[{**WANG, "region": "杭州"}, LI])).json()
    assert [each["status"] for each in again["results"]] == ["changed", "changed"]
    assert [each["customer_id"] for each in again["results"]] == [
        each["customer_id"] for each in body["results"]
    ]
    assert len(await rows(database, Customer)) == len(await rows(database, Purchase)) == 2


async def test_a_bad_item_is_named_and_holds_up_nobody(client: httpx.AsyncClient, database: Database) -> None:
    items: list[Any] = [
        {**WANG, "phone": "12345"},
        WANG,
        "王晓芸",
        {**LI, "external_id": "A1"},
        {**LI, "name": {"first": "李"}, "industry": "矿业"},
        {**LI, "phone": WANG["phone"]},
    ]
    answer = await client.post("/api/customers", json=items)
    assert answer.status_code == 207
    results = answer.json()["results"]
    assert [each["index"] for each in results] == list(range(6))
    assert [each["status"] for each in results] == ["rejected", "created", *["rejected"] * 4]
    told = [[(each["field"], each["reason"]) for each in result.get("problems", [])] for result in results]
    assert told[0][0][0] == "phone"
    assert told[2] == [("", "不是 JSON 对象")]
    assert told[3] == [("phone", "与第 2 条重复")]
    assert {field for field, _ in told[4]} == {"name", "industry"}
    assert told[5] == [("phone", "与第 2 条重复")]
    assert all(each["cure"] for result in results for each in result.get("problems", []))
    stolen = (await client.post("/api/customers", json={**LI, "phone": WANG["phone"]})).json()
    assert "已属于客户 A1，这一行写的是 A2" in stolen["results"][0]["problems"][0]["reason"]
    assert len(await rows(database, Customer)) == 1


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"{", 400, "JSON"),
        (b"[" * 100_000, 400, "JSON"),
        (b"3", 400, "数组"),
        (b"[" + b"{}," * MOST_ITEMS + b"{}]", 413, "分几次"),
        (b" " * (MOST_BYTES + 1), 413, "分几次"),
    ],
)
async def test_a_body_that_cannot_be_used_is_refused(
    sqlite_database: Database, tmp_path: Path, body: bytes, status: int, said: str
) -> None:
    async with await with_token(a_site(sqlite_database, tmp_path, NOW), *SCOPES) as client:
        answer = await client.post("/api/customers", content=body)
    assert answer.status_code == status
    error = answer.json()
    assert said in error["message"] + error["hint"]


async def test_an_event_is_stored_once_and_moves_the_tags(
    client: httpx.AsyncClient, database: Database
) -> None:
    await client.post("/api/customers", json=WANG)
    event = {"customer": "A1", "external_id": "E1", "kind": "cart", "at": "2026-03-01 10:00", "note": "养生壶"}
    first = (await client.post("/api/events", json=event)).json()["results"][0]
    assert (first["status"], first["customer"]["upgraded"]) == ("stored", False)
    again = await client.post("/api/events", json=event)
    assert again.status_code == 200
    assert len(await rows(database, Event)) == 1
    assert {"加购未结算", "沉默阶段"} <= {tag.name for tag in await rows(database, Tag)}


async def test_bad_events_are_named(client: httpx.AsyncClient) -> None:
    await client.post("/api/customers", json=WANG)
    order = {"customer": "A1", "external_id": "O9", "kind": "order", "at": "2026-03-01"}
    items = [
        {"customer": "nobody", "kind": "login", "at": "2026-03-01"},
        {"customer": "A1", "kind": "flew", "at": "2026-03-01"},
        {"kind": "login", "at": "2026-03-01"},
        {"customer": "A1", "kind": "login", "at": "2027-03-01"},
        {**order, "data": {"item": "养生壶"}},
        {**order, "data": {"item": "养生壶", "amount_yuan": -1}},
        order,
    ]
    answer = await client.post("/api/events", json=items)
    assert answer.status_code == 207
    told = [each["problems"][0] for each in answer.json()["results"]]
    assert [each["field"] for each in told] == ["customer", "kind", "customer", "at", "data", "data", "data"]
    assert told[0]["reason"] == "客户不在库中"
    assert "amount_yuan" in told[4]["reason"]


async def test_a_refund_takes_the_order_back(client: httpx.AsyncClient, database: Database) -> None:
    await client.post("/api/customers", json=WANG)
    order = {
        "customer": "A1",
        "external_id": "O1",
        "kind": "order",
        "at": "2026-03-01",
        "data": {"item": "冰箱", "amount_yuan": 2999},
    }
    bought = (await client.post("/api/events", json=order)).json()["results"][0]["customer"]
    assert (bought["stage"], bought["tier"]) == ("活跃", "高价值")
    refund = {"customer": "A1", "kind": "refund", "at": "2026-03-02", "note": "不合用", "data": {"order": "O1"}}
    after = (await client.post("/api/events", json=refund)).json()["results"][0]["customer"]
    assert after["tier"] == "低价值"
    refunded = {row.item: row.refunded for row in await rows(database, Purchase)}
    assert refunded == {"空气炸锅": False, "冰箱": True}


async def winback(database: Database, ids: list[str]) -> str:
    """A running batch whose members are queued in the ledger."""
    new = NewBatch(name="唤回", flow="winback/ecommerce", customer_ids=ids, hold_out_percent=0)
    batch_id = await create(database, VAULT, new, NOW - timedelta(hours=1))
    await launch(database, batch_id, NOW - timedelta(hours=1))
    await Planner(database, HandClock(NOW)).tick(batch_id, 10)
    return batch_id


async def test_a_large_purchase_upgrades_and_ends_the_win_back(
    client: httpx.AsyncClient, database: Database
) -> None:
    taken = (await client.post("/api/customers", json=[WANG, LI])).json()["results"]
    wang, li = (each["customer_id"] for each in taken)
    batch_id = await winback(database, [wang, li])
    assert {row.customer_id for row in await rows(database, Attempt)} == {wang, li}
    promised = Attempt(
        batch_id=batch_id,
        customer_id=wang,
        seq=2,
        purpose="requested",
        priority=0,
        due_at=NOW + timedelta(days=1),
        queued_at=NOW,
    )
    promise = FollowUp(
        customer_id=wang, kind="callback", owner="callbot", due_at=NOW + timedelta(days=1), created_at=NOW
    )
    async with database.write() as session:
        session.add_all([promised, promise])
    order = {
        "customer": "A1",
        "external_id": "O7",
        "kind": "order",
        "at": "2026-03-02 10:00",
        "data": {"item": "冰箱", "amount_yuan": 2999.5, "category": "家电"},
    }
    answer = await client.post("/api/events", json=order)
    effect = answer.json()["results"][0]["customer"]
    assert effect["upgraded"]
    assert (effect["stage"], effect["tier"]) == ("活跃", "高价值")
    tags = {tag.name: tag for tag in await rows(database, Tag) if tag.customer_id == wang}
    assert tags["价值"].value == "高价值"
    assert "R134" in tags["大额购买升级"].rule
    assert (tags["大额购买升级"].evidence["此前"], tags["大额购买升级"].evidence["现在"]) == (
        "低价值",
        "高价值",
    )
    left = [(row.customer_id, row.purpose) for row in await rows(database, Attempt) if row.state == "queued"]
    assert sorted(left) == sorted([(wang, "requested"), (li, "marketing")])
    assert [row.state for row in await rows(database, FollowUp)] == ["open"]
    async with database.write() as session:
        await members.clear_blocks(session, batch_id)
    member = {row.customer_id: row for row in await rows(database, BatchMember)}
    assert (member[wang].state, member[wang].blocked_until) == ("left", None)
    assert "下单" in member[wang].blocked_because or "不再沉默" in member[wang].blocked_because
    assert member[li].state == "tried"


async def test_whoever_is_no_longer_silent_is_not_called_about_it(
    client: httpx.AsyncClient, database: Database
) -> None:
    quiet = {key: value for key, value in LI.items() if not key.startswith("last_order")}
    taken = (await client.post("/api/customers", json=quiet)).json()["results"][0]
    assert taken["customer"]["stage"] == "深度沉默"
    await winback(database, [taken["customer_id"]])
    event = {"phone": LI["phone"], "kind": "login", "at": "2026-03-02 09:00"}
    effect = (await client.post("/api/events", json=event)).json()["results"][0]["customer"]
    assert (effect["stage"], effect["left_winback"]) == ("活跃", True)
    member = (await rows(database, BatchMember))[0]
    assert (member.state, member.blocked_by) == ("left", "no_longer_silent")
    assert [row for row in await rows(database, Attempt) if row.state == "queued"] == []


async def test_the_rejected_rows_of_an_import_can_be_fetched(sqlite_database: Database, tmp_path: Path) -> None:
    file = tmp_path / "base.csv"
    file.write_text("客户编号,姓名,手机号,行业,品牌\nA1,王晓芸,123,电商,悦选商城\n", encoding="utf-8")
    await import_base(sqlite_database, VAULT, file, NOW, rejects=tmp_path / "rejected")
    async with await with_token(a_site(sqlite_database, tmp_path, NOW), *SCOPES) as client:
        runs = (await client.get("/api/imports")).json()
        assert (runs[0]["source"], runs[0]["state"], runs[0]["rejected"]) == ("base.csv", "done", 1)
        answer = await client.get(f"/api/imports/{runs[0]['id']}/rejected.csv")
        assert answer.status_code == 200
        assert "号码" in answer.content.decode("utf-8-sig")
        assert (await client.get("/api/imports/none/rejected.csv")).status_code == 404


async def test_judging_the_base_keeps_the_upgrade(client: httpx.AsyncClient, database: Database) -> None:
    await client.post("/api/customers", json=WANG)
    order = {"customer": "A1", "external_id": "O1", "kind": "order", "at": "-1d"}
    await client.post("/api/events", json={**order, "data": {"item": "冰箱", "amount_yuan": 1000}})
    assert await assess_base(database, HandClock(NOW)) == 1
    async with database.read() as session:
        names = (await session.exec(select(Tag.name).where(col(Tag.name) == "大额购买升级"))).all()
    assert list(names) == ["大额购买升级"]
