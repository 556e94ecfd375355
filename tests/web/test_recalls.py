"""A recall reaches running calls, the sheet, and the list of those who had heard it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from web_house import a_site, signed_in

from callbot.conversation.facts import Offer
from callbot.conversation.guard import Sheet
from callbot.conversation.recall import RecallBook
from callbot.conversation.result import Turn
from callbot.outreach.recall_watch import RecallWatch, Running
from callbot.store.database import Database
from callbot.store.offers import valid_offers
from callbot.store.tables import Attempt, Batch, Call, CallTurn, Customer, OfferRow
from callbot.web.access.permission import Role

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
SHEET = Sheet(
    offers=(Offer(code="OLD8", version=1, title="老客户专属八折券", discount_percent=20),),
    facts=(),
    today=date(2026, 3, 2),
)
SOLD = "给您留了一张老客户专属八折券"


class Clock:
    def now(self) -> datetime:
        return NOW


def turn(heard: str, *, offers: tuple[str, ...] = ()) -> Turn:
    return Turn(speaker="bot", text=SOLD, heard=heard, start_ms=4_000, end_ms=8_000, offers=offers)


async def a_base(db: Database) -> None:
    async with db.write() as session:
        for number in (1, 2, 3):
            session.add(
                Customer(
                    id=f"k{number}",
                    name="王芳",
                    industry="ecommerce",
                    brand="悦选商城",
                    phone_cipher=b"secret-cipher",
                    phone_hash=f"hash-{number}",
                    phone_masked="100****2345",
                    created_at=NOW,
                    updated_at=NOW,
                )
            )
        session.add(
            OfferRow(
                code="OLD8",
                version=1,
                industry="ecommerce",
                title="老客户专属八折券",
                discount_percent=20,
                created_at=NOW,
            )
        )
        session.add(Batch(id="b1", name="批次", flow="winback", state="running", created_at=NOW))
        await session.flush()
        session.add(
            Attempt(
                id="a1",
                batch_id="b1",
                customer_id="k1",
                seq=1,
                state="done",
                purpose="marketing",
                priority=0,
                due_at=NOW,
                queued_at=NOW,
            )
        )
        await session.flush()
        session.add(
            Call(
                id="c1",
                attempt_id="a1",
                customer_id="k1",
                flow="winback",
                flow_version=1,
                started_at=NOW - timedelta(hours=1),
            )
        )
        await session.flush()
        session.add(
            CallTurn(
                call_id="c1",
                position=0,
                speaker="bot",
                text=SOLD,
                heard=SOLD,
                start_ms=1_000,
                end_ms=3_000,
                offers=["OLD8"],
            )
        )


def test_a_withdrawn_offer_may_not_be_spoken_of() -> None:
    book = RecallBook()
    assert not book.check(SOLD, SHEET)
    book.withdraw_offer("OLD8")
    assert next(violation.why for violation in book.check(SOLD, SHEET)) == "已被主管撤回"
    assert not book.check("您最近还好吗？", SHEET)


def test_a_withdrawn_sentence_is_stopped_however_it_is_punctuated() -> None:
    book = RecallBook()
    book.withdraw_line("现在跟您说话，方便吗？")
    assert book.check("王女士，现在跟您说话方便吗", SHEET)
    assert not book.check("王女士，您好", SHEET)


async def test_who_heard_it_is_told_for_calls_that_run_and_calls_that_ended(
    sqlite_database: Database, tmp_path: Path
) -> None:
    db = sqlite_database
    await a_base(db)
    site = a_site(db, tmp_path, NOW)
    book = RecallBook()
    running = [
        Running(call_id="c2", customer_id="k2", turns=(turn(SOLD, offers=("OLD8",)),)),
        Running(call_id="c3", customer_id="k3", turns=(turn("", offers=("OLD8",)),)),
    ]
    watch = RecallWatch(db, Clock(), book, lambda: running)
    async with await signed_in(site, Role.SUPERVISOR) as chief, await signed_in(site, Role.AGENT) as agent:
        wish = {"kind": "offer", "value": "OLD8", "why": "券码用完"}
        assert (await agent.post("/api/recalls", json=wish)).status_code == 403
        made = await chief.post("/api/recalls", json=wish)
        assert made.status_code == 201, made.text
        assert await watch.look() == 1
        assert await watch.look() == 0
        sheet_of = f"/api/recalls/{made.json()['id']}"
        assert (await agent.get(sheet_of)).status_code == 403, "it names customers of others"
        sheet = (await chief.get(sheet_of)).json()
        assert (await chief.post("/api/recalls", json=wish)).status_code == 404, "it is gone already"
        line = await chief.post("/api/recalls", json={"kind": "line", "value": "八折券"})
        heard = (await chief.get(f"/api/recalls/{line.json()['id']}")).json()["heard_by"]
        assert len((await chief.get("/api/recalls")).json()) == 2
    assert {(one["call_id"], one["called_at"] is None) for one in sheet["heard_by"]} == {
        ("c1", False),
        ("c2", True),
    }
    assert [one["call_id"] for one in heard] == ["c1"]
    assert book.check(SOLD, SHEET)
    async with db.read() as session:
        assert not await valid_offers(session, "ecommerce", NOW)
