"""What a list brings in has the effects of what arrives one by one, and a crash loses none of them."""

from __future__ import annotations

import csv
from datetime import timedelta
from pathlib import Path

import pytest
from outreach_world import NOW, VAULT, Watch, attempt, number, person, rows, running_batch

from callbot.audience.assessing import assess_base
from callbot.audience.importing import import_base
from callbot.audience.row_reading import Part
from callbot.audience.tags.rules import save
from callbot.outreach import bulk_arrivals
from callbot.outreach.arrivals import arrived
from callbot.outreach.bulk_arrivals import conclude_arrivals
from callbot.store.database import Database
from callbot.store.tables import Activation, Arrival, Attempt, BatchMember, Customer, FollowUp, Purchase, Tag


def at(**ago: float) -> str:
    return (NOW - timedelta(**ago)).isoformat()


async def take(db: Database, place: Path, *events: dict[str, str]) -> None:
    """Take in a list of events."""
    file = place / "events.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, ["customer", "external_id", "kind", "at", "note", "data"])
        writer.writeheader()
        writer.writerows(events)
    report = await import_base(db, VAULT, file, NOW, part=Part.EVENTS)
    assert report.problems == []


def order(customer: str, yuan: int, number: str = "O-1") -> dict[str, str]:
    data = f'{{"item": "冰箱", "amount_yuan": {yuan}}}'
    return {"customer": customer, "external_id": number, "kind": "order", "at": at(hours=1), "data": data}


async def silent(db: Database, index: int) -> str:
    """Somebody who bought half a year ago, judged."""
    who = await person(db, index, external_id=f"C-{index}")
    async with db.write() as session:
        session.add(
            Purchase(
                customer_id=who, external_id="old", at=NOW - timedelta(days=180), item="锅", amount_fen=9900
            )
        )
    await assess_base(db, Watch())
    return who


async def tags(db: Database, customer_id: str) -> dict[str, str]:
    return {tag.name: tag.value for tag in await rows(db, Tag, customer_id=customer_id)}


async def test_a_list_does_what_one_event_does(database: Database, tmp_path: Path) -> None:
    one, many = await silent(database, 1), await silent(database, 2)
    batch_id = await running_batch(database, [one, many], created_at=NOW - timedelta(days=1))
    for who in (one, many):
        await attempt(database, batch_id, who)
    async with database.write() as session:
        bought = Purchase(
            customer_id=one, external_id="O-1", at=NOW - timedelta(hours=1), item="冰箱", amount_fen=299_900
        )
        session.add(bought)
        await session.flush()
        await arrived(session, one, [bought], NOW)
    await take(database, tmp_path, order("C-2", 2999))
    assert await conclude_arrivals(database, Watch()) == 1
    assert await tags(database, many) == await tags(database, one)
    assert (await tags(database, many))["大额购买升级"] == "高价值"
    members = {row.customer_id: row for row in await rows(database, BatchMember)}
    assert members[many].state == members[one].state == "left"
    assert members[many].blocked_because == members[one].blocked_because
    assert await rows(database, Attempt, state="queued") == []


async def test_who_is_in_no_batch_is_judged_and_tagged_at_once(
    sqlite_database: Database, tmp_path: Path
) -> None:
    await save(sqlite_database, "近期登录", "logins(7d) >= 1", NOW, by="amy")
    who, other = await silent(sqlite_database, 1), await silent(sqlite_database, 2)
    before = {row.id: row.stage for row in await rows(sqlite_database, Customer)}
    login = {"customer": "C-1", "kind": "login", "at": at(hours=2)}
    await take(sqlite_database, tmp_path, login, order("C-1", 99))
    assert await conclude_arrivals(sqlite_database, Watch()) == 1
    after = {row.id: row.stage for row in await rows(sqlite_database, Customer)}
    assert (before[who], after[who], after[other]) == ("连续沉默", "活跃", before[other])
    assert "近期登录" in await tags(sqlite_database, who)
    assert "近期登录" not in await tags(sqlite_database, other)


async def test_an_order_after_a_call_counts_for_the_batch_and_ends_what_waits(
    sqlite_database: Database, tmp_path: Path
) -> None:
    who = await silent(sqlite_database, 1)
    batch_id = await running_batch(sqlite_database, [who], created_at=NOW - timedelta(days=4))
    called = NOW - timedelta(days=3)
    await attempt(sqlite_database, batch_id, who, state="done", dialing_at=called, answered_at=called)
    async with sqlite_database.write() as session:
        session.add(
            FollowUp(customer_id=who, kind="push_offer_3d", owner="system", due_at=NOW, created_at=called)
        )
    await take(sqlite_database, tmp_path, order("C-1", 99))
    await conclude_arrivals(sqlite_database, Watch())
    (activation,) = await rows(sqlite_database, Activation)
    assert (activation.customer_id, activation.batch_id) == (who, batch_id)
    assert [row.state for row in await rows(sqlite_database, FollowUp)] == ["cancelled"]
    await take(sqlite_database, tmp_path, order("C-1", 99), order("C-1", 50, "O-2"))
    await conclude_arrivals(sqlite_database, Watch())
    assert len(await rows(sqlite_database, Activation)) == 1, "one contact is answered once"


async def test_what_a_crash_left_is_concluded_later(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = await silent(sqlite_database, 1)
    await running_batch(sqlite_database, [who], created_at=NOW - timedelta(days=1))
    await take(sqlite_database, tmp_path, order("C-1", 2999))

    async def crash(*_: object) -> None:
        raise OSError("killed")

    with monkeypatch.context() as broken:
        broken.setattr(bulk_arrivals, "arrived", crash)
        with pytest.raises(OSError, match="killed"):
            await conclude_arrivals(sqlite_database, Watch())
    assert len(await rows(sqlite_database, Arrival)) == 1
    assert "大额购买升级" not in await tags(sqlite_database, who)
    assert await conclude_arrivals(sqlite_database, Watch()) == 1
    assert "大额购买升级" in await tags(sqlite_database, who)
    assert await conclude_arrivals(sqlite_database, Watch()) == 0


async def test_the_history_of_a_new_base_waits_for_its_first_assessment(
    sqlite_database: Database, tmp_path: Path
) -> None:
    await person(sqlite_database, 1, external_id="C-1")
    old = {"customer": "C-1", "kind": "login", "at": at(days=100)}
    await take(sqlite_database, tmp_path, old, {"customer": "C-1", "kind": "browse", "at": at(days=3)})
    (note,) = await rows(sqlite_database, Arrival)
    assert note.kind == "browse", "what is long past says nothing of somebody who was never judged"
    await conclude_arrivals(sqlite_database, Watch())
    (customer,) = await rows(sqlite_database, Customer)
    assert (customer.assessed_at, await rows(sqlite_database, Arrival)) == (None, [])


async def test_a_purchase_on_a_list_of_customers_ends_the_win_back_too(
    sqlite_database: Database, tmp_path: Path
) -> None:
    who = await silent(sqlite_database, 1)
    await running_batch(sqlite_database, [who], created_at=NOW - timedelta(days=1))
    file = tmp_path / "customers.csv"
    head = "客户编号,姓名,手机号,行业,品牌,最近购买时间,最近购买商品"
    file.write_text(f"{head}\nC-1,王1,{number(1)},电商,悦选商城,{at(hours=3)},冰箱\n", encoding="utf-8")
    report = await import_base(sqlite_database, VAULT, file, NOW)
    assert report.problems == []
    await conclude_arrivals(sqlite_database, Watch())
    (member,) = await rows(sqlite_database, BatchMember)
    assert member.state == "left"
