"""`callbot outbox`: what people see of the outbox, and how they send a dead letter again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from callbot.cli.main import app
from callbot.store import delivery_rows, outbox
from callbot.store.database import Database
from callbot.store.delivery_rows import Unwanted
from callbot.store.outbox import Kind

NOW = datetime(2026, 11, 17, 2, 0, tzinfo=UTC)


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs a command on a data directory with one delivered message, one dead letter and one unwanted."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CALLBOT_DATA", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")

    async def fill() -> None:
        db = Database(f"sqlite:///{tmp_path / 'callbot.db'}")
        await db.migrate()
        async with db.write() as session:
            for key in ("good", "bad"):
                await outbox.enqueue(session, key=key, kind=Kind.ATTEMPT_SETTLED, payload={"n": key}, now=NOW)
            await outbox.enqueue(session, key="nobody", kind=Kind.FOLLOW_UP_DUE, payload={}, now=NOW)
            await delivery_rows.spread(
                session,
                lambda kind: ["crm"] if kind == Kind.ATTEMPT_SETTLED else [],
                lambda _: Unwanted(state="unwanted", note="no [[webhooks]] entry takes this kind"),
                NOW,
                limit=10,
            )
            for held in await delivery_rows.claim(session, "crm", NOW, until=NOW, limit=10):
                if held.message.idempotency_key == "good":
                    await delivery_rows.delivered(session, held, status=200, now=NOW)
                else:
                    await delivery_rows.give_up(session, held, status=410, because="answered 410 Gone")
        await db.aclose()

    asyncio.run(fill())
    return lambda *arguments: CliRunner().invoke(app, ["outbox", *arguments])


def test_the_list_shows_how_far_each_message_got(call: Callable[..., Result]) -> None:
    shown = call("list")
    assert shown.exit_code == 0
    assert "死信 1" in shown.output
    assert "answered 410 Gone" in shown.output
    assert "no [[webhooks]] entry takes this kind" in shown.output
    assert "callbot outbox replay" in shown.output
    told = json.loads(call("list", "--state", "dead", "--json").output)
    assert told["counts"] == {"dead": 1, "done": 1, "unwanted": 1}
    assert [message["idempotency_key"] for message in told["messages"]] == ["bad"]
    (delivery,) = told["messages"][0]["deliveries"]
    assert (delivery["endpoint"], delivery["status_code"], delivery["tries"]) == ("crm", 410, 1)
    assert "没有符合条件的消息" in call("list", "--state", "withdrawn").output


def test_one_message_is_shown_with_what_each_receiver_answered(call: Callable[..., Result]) -> None:
    shown = call("show", "bad").output
    assert '"n": "bad"' in shown
    assert "→ crm" in shown
    assert "HTTP 410" in shown
    known = json.loads(call("show", "bad", "--json").output)
    assert json.loads(call("show", known["id"][:25], "--json").output)["idempotency_key"] in (
        "bad",
        "good",
        "nobody",
    )
    assert json.loads(call("show", known["id"], "--json").output) == known


def test_dead_letters_are_sent_again_one_by_one_or_all(call: Callable[..., Result]) -> None:
    assert "1 条消息将重新投递" in call("replay", "--all-dead").output
    assert "0 条消息将重新投递" in call("replay", "--all-dead").output
    assert json.loads(call("show", "bad", "--json").output)["state"] == "sending"
    assert "1 条消息将重新投递" in call("replay", "nobody").output
    assert json.loads(call("show", "nobody", "--json").output)["state"] == "new"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["replay"], "只写一个"),
        (["replay", "bad", "--all-dead"], "只写一个"),
        (["replay", "good"], "没有可以重发的"),
        (["replay", "nothing-like-it"], "没有这条消息"),
        (["show", "nothing-like-it"], "没有这条消息"),
        (["list", "--state", "lost"], "没有 lost 这一种"),
        (["list", "--kind", "attempt"], "没有 attempt 这一种"),
    ],
)
def test_what_cannot_be_is_said(call: Callable[..., Result], arguments: list[str], complaint: str) -> None:
    refused = call(*arguments)
    assert refused.exit_code == 2
    assert complaint in refused.output


def test_without_receivers_delivery_says_what_is_missing(call: Callable[..., Result]) -> None:
    assert "[[webhooks]]" in call("deliver").output
