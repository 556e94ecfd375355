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
from callbot.store.tables import FollowUp, GuardBlockRow, JournalRow, Promise

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
                        permit={
                            "policy": "cn/1",
                            "at": "2026-11-18T02:00:00+00:00",
                            "answered": 1,
                            "attempts": 2,
                            "consents": ["c-1"],
                        },
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
                        summary={
                            "llm": ACCOUNT,
                            "findings": {"关系温度": "偏暖"},
                            "unanswered": ["你们店几点关门"],
                        },
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

                session.add(
                    JournalRow(
                        attempt_id=attempt_id,
                        call_id="call-1",
                        customer_id=who,
                        kind="callback",
                        words="明天下午再打",
                        at_ms=3000,
                        at=now,
                    )
                )
                session.add(
                    FollowUp(
                        customer_id=who,
                        attempt_id=attempt_id,
                        kind="assign_agent_24h",
                        leading=True,
                        owner="sales-desk",
                        due_at=now,
                        created_at=now,
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


def test_the_call_shows_what_it_rests_on_and_what_was_learnt() -> None:
    text = run("call", "show", "call-1")
    assert "规则 cn/1，11-18 10:00：此前 30 天接通 1 次、触达 2 次，同意记录 1 条" in text
    assert "了解到  关系温度 偏暖" in text
    assert "没答上来的问题  “你们店几点关门”" in text
    assert "约定回拨：“明天下午再打”" in text
    assert "24 小时内专人联系（销售顾问" in text
    assert "sales-desk" not in text


def test_the_customer_is_shown_with_consents_and_in_chinese() -> None:
    text = run("customer", "show", "YX-1007")
    assert "同意记录" in text
    assert "营销" in text
    assert "marketing" not in text
