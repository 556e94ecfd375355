"""Staff work follow-ups, complaints and alarms from the command line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest
from aftermath_world import COMPLAINT, Aftermath, day
from outreach_world import journalled, number, result, rows, under_way
from typer.testing import CliRunner

from callbot.app import open_database
from callbot.cli.main import app
from callbot.conversation.labels import Outcome
from callbot.outreach.alarms import alarm_overdue
from callbot.settings import load_settings
from callbot.store.tables import ComplaintCase, FollowUp

T = TypeVar("T")

LONG_AGO = datetime(2020, 1, 2, tzinfo=UTC)


@pytest.fixture(autouse=True)
def wide(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "250")


def stored(work: Callable[[Aftermath], Awaitable[T]]) -> T:
    async def act() -> T:
        async with open_database(load_settings()) as db:
            return await work(Aftermath(db))

    return asyncio.run(act())


def run(*arguments: str, status: int = 0) -> str:
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == status, done.output
    assert number(1) not in done.output
    return done.output


def as_json(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json"))


async def a_late_task(after: Aftermath) -> str:
    await after.call(Outcome.INTERESTED, named_agent="agent-3")
    task = await after.only("assign_agent_24h")
    async with after.db.write() as session:
        (await session.get_one(FollowUp, task.id)).due_at = LONG_AGO
    await alarm_overdue(after.db, day(2))
    return task.id


async def a_case(after: Aftermath) -> str:
    await after.offer(code="sorry50", title="致歉券", compensation=True, stock=1)
    attempt_id = await under_way(after.db)
    await journalled(after.db, attempt_id, "complaint", "东西坏了没人管")
    talked = result(Outcome.TRANSFERRED, transfers=(COMPLAINT,), follow_ups=())
    await after.settle(attempt_id, talked)
    (case,) = await rows(after.db, ComplaintCase)
    return str(case.id)


def test_an_empty_house_says_so() -> None:
    assert "没有待办" in run("followup", "list")
    assert "没有投诉工单" in run("case", "list")
    assert "没有未确认的告警" in run("alarm", "list")


def test_a_task_is_listed_taken_put_off_and_done() -> None:
    task = stored(a_late_task)
    shown = run("followup", "list", "--overdue")
    assert "王1" in shown
    assert "已超期" in shown
    assert "agent-3" in shown
    assert as_json("followup", "list", "--owner", "nobody") == []

    assert as_json("followup", "claim", task, "--by", "amy")["claimed_by"] == "amy"
    assert "amy" in run("followup", "claim", task, "--by", "bob", status=2)
    assert "没有时区" in run("followup", "postpone", task, "--to", "2099-01-01T10:00", status=2)
    later = as_json("followup", "postpone", task, "--to", "2099-01-01T10:00+08:00", "--by", "amy")
    assert later["due_at"].startswith("2099-01-01T02:00")
    assert as_json("followup", "list", "--overdue") == []
    done = as_json(
        "followup", "done", task[-8:], "--by", "amy", "--note", "已约到店", "--called", "--failed", "timing"
    )
    assert (done["state"], done["note"], done["failed"]) == ("done", "已约到店", "timing")
    assert "没有待办" in run("followup", "list")
    (kept,) = as_json("followup", "list", "--all")
    assert kept["follow_up"]["closed_by"] == "amy"
    assert "已完成" in run("followup", "cancel", task, "--note", "x", status=2)


def test_an_alarm_is_seen() -> None:
    stored(a_late_task)
    (line,) = as_json("alarm", "list")
    assert "待办超期" in run("alarm", "list")
    run("alarm", "ack", line["alarm"]["id"], "--by", "boss")
    assert as_json("alarm", "list") == []
    assert "boss" in run("alarm", "list", "--all")
    assert "没有这条待确认的告警" in run("alarm", "ack", line["alarm"]["id"], status=2)


def test_a_complaint_is_answered_compensated_and_closed() -> None:
    case = stored(a_case)
    assert "待答复" in run("case", "list")
    shown = run("case", "show", case[-6:])
    assert "东西坏了没人管" in shown
    assert "sorry50" in shown
    assert "请先答复" in run("case", "close", case, status=2)
    assert "sorry50" in run("case", "compensate", case, "--code", "free-car", status=2)
    assert as_json("case", "compensate", case, "--code", "sorry50", "--by", "amy")["compensation_version"] == 1
    assert "已答复" in run("case", "answer", case, "--text", "已换新机", "--by", "amy")
    assert "已关闭" in run("case", "close", case, "--by", "boss")
    assert as_json("case", "list") == []
    (closed,) = as_json("case", "list", "--all")
    assert (closed["case"]["answered_by"], closed["case"]["closed_by"]) == ("amy", "boss")
    assert "没有这张工单" in run("case", "show", "nothing", status=2)


def test_the_customers_page_shows_what_follows() -> None:
    async def considering(after: Aftermath) -> str:
        return await after.call(Outcome.CONSIDERING)

    customer = stored(considering)
    text = run("customer", "show", customer)
    assert "下次触达" in text
    assert "2026-11-20 10:00" in text
    assert "3 天后推送优惠" in text
    assert "ecommerce/nurture" in text
    shown = as_json("customer", "show", customer)
    assert [each["name"] for each in shown["sequences"]] == ["ecommerce/nurture"]
    assert shown["cases"] == []


def test_a_complaint_stands_on_the_customers_page() -> None:
    stored(a_case)
    text = run("customer", "show", "person-001")
    assert "东西坏了没人管" in text
    assert "待答复" in text
