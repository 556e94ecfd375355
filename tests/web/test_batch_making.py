"""A supervisor's way from a list with bad rows to a launched batch, and what is refused on it."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fresh_database import fresh_db
from sqlmodel import select
from web_house import NOW, HandClock, a_site, signed_in

from callbot.audience import segments
from callbot.store.database import Database
from callbot.store.tables import AuditEntry, Batch, Customer, OfferRow
from callbot.web.access.permission import Role

HEADER = "客户编号,姓名,手机号,行业,品牌,地区,营销同意时间,同意凭证,最近购买时间,最近购买商品,最近购买金额\n"
GOOD = [
    "A1,王晓芸,+8610024681357,电商,悦选商城,杭州,2025-06-01,TY-1,2025-09-20,空气炸锅,399\n",
    "A2,李建国,+8610035792468,电商,悦选商城,成都,2025-06-01,TY-2,2025-08-11,扫地机器人,2199\n",
    "A3,陈思远,+8610099187096,电商,悦选商城,武汉,,,2025-10-02,电热水壶,129\n",
]
BAD = [
    "A4,,+8610054756863,电商,悦选商城,南京,2025-06-01,TY-4,,,\n",
    "A5,赵雅琴,12,电商,悦选商城,南京,2025-06-01,TY-5,,,\n",
    "A6,周明,+8610066123408,航天,悦选商城,北京,2025-06-01,TY-6,,,\n",
    "A7,吴敏,+8610024681357,电商,悦选商城,北京,2025-06-01,TY-7,,,\n",
    "A8,=SUM(1),+8610077320519,电商,悦选商城,北京,2035-06-01,TY-8,,,\n",
]
FLOW = "winback/ecommerce"


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with fresh_db(tmp_path) as db:
        yield db


@pytest.fixture
def clock() -> HandClock:
    return HandClock(NOW)


@pytest.fixture
async def client(db: Database, tmp_path: Path, clock: HandClock) -> AsyncIterator[httpx.AsyncClient]:
    async with await signed_in(a_site(db, tmp_path, clock), Role.SUPERVISOR) as client:
        yield client


async def handed_in(client: httpx.AsyncClient, *lines: str, name: str = "三月.csv") -> dict[str, Any]:
    answer = await client.post("/api/lists", files={"file": (name, "".join([HEADER, *lines]).encode())})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def taken_in(client: httpx.AsyncClient, *lines: str) -> dict[str, Any]:
    staged = await handed_in(client, *lines)
    return dict((await client.post(f"/api/lists/{staged['id']}/take-in")).json())


async def made(client: httpx.AsyncClient, **wanted: Any) -> httpx.Response:
    return await client.post(
        "/api/batches", json={"name": "三月唤醒", "flow": FLOW, "hold_out_percent": 0, **wanted}
    )


async def of(db: Database, table: Any) -> list[Any]:
    async with db.read() as session:
        return list((await session.exec(select(table))).all())


async def test_five_bad_rows_are_told_with_line_reason_and_cure_and_nobody_is_stored(
    client: httpx.AsyncClient, db: Database
) -> None:
    staged = await handed_in(client, *GOOD, *BAD)
    assert (staged["rows"], staged["good"], staged["bad"]) == (8, 3, 5)
    assert [each["line"] for each in staged["problems"]] == [5, 6, 7, 8, 9]
    assert all(each["what"] and each["cure"] and each["column"] for each in staged["problems"])
    assert next(each["who"] for each in staged["problems"] if each["line"] == 6) == "赵雅琴"
    assert await of(db, Customer) == []


async def test_the_bad_rows_come_as_a_file_without_formulas_and_the_download_is_noted(
    client: httpx.AsyncClient, db: Database
) -> None:
    staged = await handed_in(client, *GOOD, *BAD)
    answer = await client.get(f"/api/lists/{staged['id']}/rejected.csv")
    rows = answer.content.decode("utf-8-sig").splitlines()
    assert len(rows) == 6
    assert "原因" in rows[0]
    assert "'=SUM(1)" in rows[5]
    assert "list.rejected-rows" in {entry.action for entry in await of(db, AuditEntry)}


async def test_good_rows_are_taken_in_judged_and_counted_and_a_second_time_changes_nothing(
    client: httpx.AsyncClient, db: Database, tmp_path: Path
) -> None:
    async with db.write() as session:
        await segments.put(session, "老客", 'region in ["杭州", "成都", "武汉"]', NOW, by="test")
    staged = await handed_in(client, *GOOD, *BAD)
    taken = (await client.post(f"/api/lists/{staged['id']}/take-in")).json()
    assert (taken["people"], taken["new"]) == (3, 3)
    assert taken["makeup"]["industries"] == {"ecommerce": 3}
    assert sum(taken["makeup"]["stages"].values()) == 3
    assert "" not in taken["makeup"]["stages"]
    again = (await client.post(f"/api/lists/{staged['id']}/take-in")).json()
    assert again == taken
    assert len(await of(db, Customer)) == 3
    assert list((tmp_path / "staged" / staged["id"]).glob("三月.csv")) == []


async def test_from_list_to_launch(client: httpx.AsyncClient, db: Database) -> None:
    taken = await taken_in(client, *GOOD)
    batch_id = (await made(client, list_id=taken["list_id"], lines=2)).json()["batch_id"]
    preview = (await client.get(f"/api/batches/{batch_id}/preview")).json()
    assert (preview["now"], preview["later_count"], preview["never_count"]) == (2, 0, 1)
    (never,) = preview["never"]
    assert (never["rule"], never["examples"][0]["name"]) == ("consent", "陈思远")
    assert "*" in never["examples"][0]["phone_masked"]

    at_night = (NOW + timedelta(hours=12)).isoformat()
    later = (await client.get(f"/api/batches/{batch_id}/preview", params={"at": at_night})).json()
    assert (later["now"], later["later"][0]["rule"]) == (0, "window")

    assert (await client.post(f"/api/batches/{batch_id}/launch", json={})).json() == {"done": True}
    assert [batch.state for batch in await of(db, Batch)] == ["running"]
    standing = (await client.get(f"/api/batches/{batch_id}/standing")).json()
    assert standing["members"] == {"ready": 3}
    assert standing["pace"] >= 1
    assert {"list.hand-in", "list.take-in", "batch.make", "batch.launch"} <= {
        entry.action for entry in await of(db, AuditEntry)
    }


async def test_pause_resume_and_cancel_ask_for_the_right_state(client: httpx.AsyncClient, db: Database) -> None:
    taken = await taken_in(client, *GOOD)
    batch_id = (await made(client, list_id=taken["list_id"])).json()["batch_id"]

    async def does(deed: str, reason: str = "") -> int:
        return (await client.post(f"/api/batches/{batch_id}/{deed}", json={"reason": reason})).status_code

    assert [
        await does(deed) for deed in ("pause", "launch", "pause", "pause", "resume", "cancel", "launch")
    ] == [
        409,
        200,
        200,
        409,
        200,
        200,
        409,
    ]
    (batch,) = await of(db, Batch)
    assert batch.state == "cancelled"


async def test_what_the_breaker_paused_needs_a_reason(client: httpx.AsyncClient, db: Database) -> None:
    taken = await taken_in(client, *GOOD)
    batch_id = (await made(client, list_id=taken["list_id"])).json()["batch_id"]
    async with db.write() as session:
        batch = await session.get_one(Batch, batch_id)
        batch.state, batch.paused_because = "paused", "线路故障 50%"
        session.add(batch)
    refused = await client.post(f"/api/batches/{batch_id}/resume", json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "batch-state")
    assert (
        await client.post(f"/api/batches/{batch_id}/resume", json={"reason": "线路已修好"})
    ).status_code == 200


async def test_a_second_draft_replaces_the_first_and_a_launched_batch_is_never_discarded(
    client: httpx.AsyncClient, db: Database
) -> None:
    taken = await taken_in(client, *GOOD)
    first = (await made(client, list_id=taken["list_id"])).json()["batch_id"]
    second = (await made(client, list_id=taken["list_id"], instead_of=first, lines=3)).json()["batch_id"]
    assert [(batch.id, batch.lines) for batch in await of(db, Batch)] == [(second, 3)]
    await client.post(f"/api/batches/{second}/launch", json={})
    assert (await client.delete(f"/api/batches/{second}")).status_code == 409
    assert (await made(client, list_id=taken["list_id"], instead_of=second)).status_code == 409
    assert [batch.id for batch in await of(db, Batch)] == [second]


async def test_segments_narrow_a_list_and_can_stand_alone(client: httpx.AsyncClient, db: Database) -> None:
    taken = await taken_in(client, *GOOD)
    async with db.write() as session:
        await segments.put(session, "杭州", 'region == "杭州"', NOW, by="test")
        await segments.put(session, "成都", 'region == "成都"', NOW, by="test")
    narrowed = (await made(client, list_id=taken["list_id"], segments=["杭州"])).json()
    alone = (await made(client, segments=["杭州", "成都"], name="两城")).json()
    assert (narrowed["people"], alone["people"]) == (1, 2)
    people = (await client.get("/api/segments/杭州/people")).json()
    assert (people["people"], people["of"], people["makeup"]["industries"]) == (1, 3, {"ecommerce": 1})
    assert (await client.get("/api/segments/没有/people")).status_code == 404


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({}, "没有说给谁打电话"),
        ({"flow": "winback/finance"}, "流程是为金融写的"),
        ({"flow": "没有"}, "没有这个流程"),
        ({"offers": ["NO-SUCH"]}, "没有优惠"),
        ({"ends_on": "2026-02-01"}, "已经过去"),
        ({"policy": {"caps": {"answered_per_7d": 9}}}, "不能是 9"),
        ({"policy": {"windows": {"mon-fri": ["07:00-08:00"]}}}, "超出 09:00-21:00"),
    ],
)
async def test_everything_wrong_is_said_and_no_batch_is_made(
    client: httpx.AsyncClient, db: Database, wanted: dict[str, Any], said: str
) -> None:
    taken = await taken_in(client, *GOOD)
    answer = await made(client, **({"list_id": taken["list_id"]} if wanted else {}), **wanted)
    assert answer.status_code == 422
    assert said in "".join(each["message"] for each in answer.json()["problems"])
    assert await of(db, Batch) == []


async def test_what_if_changes_nothing_and_names_the_outer_rule_it_would_break(
    client: httpx.AsyncClient, db: Database
) -> None:
    taken = await taken_in(client, *GOOD)
    batch_id = (await made(client, list_id=taken["list_id"])).json()["batch_id"]
    at = (NOW + timedelta(hours=11)).isoformat()
    question = {"at": at, "windows": {"mon-fri": ["09:00-23:00"]}}
    found = (await client.post(f"/api/batches/{batch_id}/what-if", json=question)).json()
    assert (found["before"]["now"], found["after"]["now"]) == (0, 2)
    assert "09:00-21:00" in found["breaks"][0]
    assert (await client.post(f"/api/batches/{batch_id}/what-if", json={})).status_code == 422


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("list.csv", gzip.compress(b"0" * 1_000_000, mtime=0), "压缩文件"),
        ("list.csv.gz", gzip.compress(b"x", mtime=0), "不是 .csv"),
        ("list.exe", b"MZ", "不是 .csv"),
        ("list.csv", b"PK\x03\x04xlsx", "Excel"),
        ("list.csv", b"", ""),
        ("list.csv", "名字\n王\n".encode(), ""),
    ],
)
async def test_what_is_no_list_is_refused_and_leaves_nothing(
    client: httpx.AsyncClient, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    answer = await client.post("/api/lists", files={"file": (name, content)})
    assert answer.status_code == 422
    assert said in answer.json()["message"]
    assert list((tmp_path / "staged").glob("*")) == []


async def test_a_file_name_never_leads_out_of_its_folder(client: httpx.AsyncClient, tmp_path: Path) -> None:
    staged = await handed_in(client, *GOOD, name="../../../outside.csv")
    assert staged["name"] == "outside.csv"
    assert [path.name for path in tmp_path.rglob("outside.csv")] == ["outside.csv"]
    assert (tmp_path / "staged" / staged["id"] / "outside.csv").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("list_id", ["x", "01ARZ3NDEKTSV4RRFFQ69G5FAV"])
async def test_a_list_that_does_not_exist_is_refused(client: httpx.AsyncClient, list_id: str) -> None:
    for answer in (
        await client.get(f"/api/lists/{list_id}"),
        await client.post(f"/api/lists/{list_id}/take-in"),
        await client.get(f"/api/lists/{list_id}/rejected.csv"),
    ):
        assert answer.status_code in (404, 422)


async def test_counted_up_numbers_are_told_at_the_check(client: httpx.AsyncClient) -> None:
    lines = [f"B{n},客户{n},+86100{40000000 + n},电商,悦选商城,,2025-06-01,T{n},,,\n" for n in range(40)]
    staged = await handed_in(client, *lines)
    assert "不得对号段盲呼" in staged["warnings"][0]["message"]


async def test_offers_come_with_whether_they_hold(client: httpx.AsyncClient, db: Database) -> None:
    async with db.write() as session:
        for code, until in (("OLD", NOW.date() - timedelta(days=3)), ("NEW", None)):
            session.add(
                OfferRow(code=code, industry="ecommerce", title=code, valid_until=until, created_at=NOW)
            )
    found = (await client.get("/api/offers")).json()
    assert [(offer["code"], offer["holds"]) for offer in found] == [("NEW", True), ("OLD", False)]


async def test_flows_are_read_with_steps_ways_and_lines(client: httpx.AsyncClient) -> None:
    listed = (await client.get("/api/flows")).json()
    assert {flow["name"]: flow["industry"] for flow in listed}[FLOW] == "ecommerce"
    flow = (await client.get(f"/api/flows/{FLOW}")).json()
    steps = {step["name"] for step in flow["steps"]}
    assert flow["entry"] in steps
    assert {way["start"] for way in flow["ways"]} | {way["end"] for way in flow["ways"]} <= steps
    assert any(step["opens"] for step in flow["steps"])
    assert (await client.get("/api/flows/no/such")).status_code == 404


async def test_the_policy_names_its_outer_limit_and_every_rule(client: httpx.AsyncClient) -> None:
    policy = (await client.get("/api/policy")).json()
    assert policy["outer"] == "09:00-21:00"
    assert policy["rules"][:2] == ["number_valid", "do_not_contact"]
    assert policy["industries"]["insurance"]["soft_days"] > policy["default"]["soft_days"]
