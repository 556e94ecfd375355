"""What a supervisor sees of promises, of what the guard stopped, and of what the models cost."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from command_line import run
from store_rows import a_batch, a_call, an_attempt

from callbot.app import open_database, open_vault
from callbot.audience.importing import import_base
from callbot.clock import SystemClock
from callbot.ids import new_id
from callbot.settings import load_settings
from callbot.store.overview import customer_sheet
from callbot.store.tables import GuardBlockRow, Promise

SAMPLE = Path(__file__).parents[2] / "callbot" / "audience" / "sample"
ACCOUNT = {"asked": 3, "failed": 1, "unmetered": 1, "tokens_in": 420, "tokens_out": 60, "cost": 1320}


@pytest.fixture(autouse=True)
def called(place: Path) -> None:
    """A customer who was called and promised two things, one of them yesterday."""
    now = SystemClock().now()

    async def fill() -> None:
        settings = load_settings()
        async with open_database(settings) as db:
            await import_base(db, open_vault(settings), SAMPLE, datetime(2026, 11, 18, 1, 0, tzinfo=UTC))
            async with db.read() as session:
                sheet = await customer_sheet(session, "YX-1007")
            assert sheet is not None
            who, batch_id, attempt_id = sheet.customer.id, new_id(), new_id()
            async with db.write() as session:
                session.add(a_batch(now, id=batch_id, name="b", state="done"))
                await session.flush()
                session.add(
                    an_attempt(
                        now,
                        id=attempt_id,
                        batch_id=batch_id,
                        customer_id=who,
                        state="done",
                        outcome="interested",
                        opener={
                            "text": "您好",
                            "rejected": ["给您五折 — 折扣不在优惠表", "(主模型的回答中断)"],
                        },
                    )
                )
                await session.flush()
                session.add(
                    a_call(
                        now,
                        id="call-1",
                        attempt_id=attempt_id,
                        customer_id=who,
                        flow="f",
                        outcome="interested",
                        summary={"llm": ACCOUNT},
                    )
                )
                await session.flush()
                for kind, words, days in (
                    ("agent_contact", "专属顾问跟您联系", -1),
                    ("message", "资料发给您", 3),
                ):
                    session.add(
                        Promise(
                            customer_id=who,
                            attempt_id=attempt_id,
                            call_id="call-1",
                            kind=kind,
                            words=words,
                            owner="sales-desk",
                            due_at=now + timedelta(days=days),
                            made_at=now,
                        )
                    )
                session.add(
                    GuardBlockRow(
                        call_id="call-1",
                        customer_id=who,
                        at_ms=4200,
                        text="给您打五折",
                        violations=[{"span": "五折", "why": "折扣不在优惠表"}],
                    )
                )

    asyncio.run(fill())


def test_promises_are_listed_by_due_time_and_the_late_ones_by_themselves() -> None:
    listed = json.loads(run("promise", "list", "--json"))
    assert [line["promise"]["kind"] for line in listed] == ["agent_contact", "message"]
    late = json.loads(run("promise", "list", "--overdue", "--json"))
    assert [line["promise"]["kind"] for line in late] == ["agent_contact"]
    assert "10022906680" not in json.dumps(listed)
    text = run("promise", "list")
    assert "专人联系" in text
    assert "待兑现" in text


def test_the_customer_and_the_call_show_what_was_promised() -> None:
    assert "专人联系" in run("customer", "show", "YX-1007")
    assert len(json.loads(run("customer", "show", "YX-1007", "--json"))["promises"]) == 2
    assert "专属顾问跟您联系" in run("call", "show", "call-1")


def test_the_call_shows_what_was_stopped_and_what_the_models_cost() -> None:
    text = run("call", "show", "call-1")
    assert "护栏拦下 1 句" in text
    assert "五折：折扣不在优惠表" in text
    assert "拨号前被拦下 1 稿" in text
    assert "大模型 3 次（未采用 1 次）" in text
    assert "0.0013 元" in text
    shown = json.loads(run("call", "show", "call-1", "--json"))
    assert shown["blocks"][0]["text"] == "给您打五折"
    assert shown["call"]["summary"]["llm"] == ACCOUNT
