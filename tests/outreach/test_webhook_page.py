"""docs/webhooks.md shows what is really sent, and its code for receivers works."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from outreach_world import (
    NOW,
    Watch,
    attempt,
    journalled,
    person,
    result,
    rows,
    running_batch,
    under_way,
)

from callbot.conversation.labels import Outcome
from callbot.outreach.activation import on_event
from callbot.outreach.alarms import alarm_overdue
from callbot.outreach.batch_watch import watch
from callbot.outreach.case import Ended
from callbot.outreach.channel import Message, message_payload
from callbot.outreach.delivery import body
from callbot.outreach.policy import Purpose
from callbot.outreach.redelivery import REFUSED
from callbot.outreach.settle import Settler
from callbot.outreach.signature import signature
from callbot.store.database import Database
from callbot.store.outbox import Kind
from callbot.store.phones import hide_numbers
from callbot.store.tables import Customer, Outbox, Purchase

PAGE = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


EXAMPLES: dict[str, dict[str, Any]] = {
    letter["kind"]: letter for letter in (json.loads(block) for block in blocks("json"))
}


def test_every_kind_has_a_section_and_an_example_without_phone_numbers() -> None:
    assert sorted(EXAMPLES) == sorted(Kind)
    assert re.findall(r"^### (\S+)$", PAGE, re.MULTILINE) == list(EXAMPLES)
    for letter in EXAMPLES.values():
        assert list(letter) == ["id", "kind", "created_at", "payload"]
        assert len(letter["id"]) == 26
    assert hide_numbers(PAGE) == PAGE


def test_the_body_is_made_like_the_examples() -> None:
    example = EXAMPLES["attempt.settled"]
    row = Outbox(
        id=example["id"], idempotency_key="k", kind="attempt.settled", payload={"a": 1}, created_at=NOW
    )
    assert list(json.loads(body(row))) == list(example)


async def test_a_settled_attempt_is_told_as_shown(sqlite_database: Database) -> None:
    attempt_id = await under_way(sqlite_database, named_agent="agent-3", external_id="C-10086")
    ended = Ended(attempt_id=attempt_id, outcome=Outcome.INTERESTED, result=result(Outcome.INTERESTED))
    await Settler(sqlite_database, Watch(NOW + timedelta(minutes=3))).settle(ended)
    (told,) = await rows(sqlite_database, Outbox, kind=Kind.ATTEMPT_SETTLED.value)
    shown = EXAMPLES["attempt.settled"]["payload"]
    assert list(told.payload) == list(shown)
    assert told.payload["tags"] == shown["tags"]
    assert [list(row) for row in told.payload["follow_ups"]] == [list(row) for row in shown["follow_ups"]]
    assert told.payload["follow_ups"][0]["kind"] == shown["follow_ups"][0]["kind"]
    (customer,) = await rows(sqlite_database, Customer)
    assert told.customer_id == customer.id, "so that it can be found by customer"


async def test_a_message_is_told_as_shown(sqlite_database: Database) -> None:
    shown = EXAMPLES["message.send"]["payload"]
    message = Message(
        key="k",
        customer_id=await person(sqlite_database, 1),
        external_id=shown["external_id"],
        channel=shown["channel"],
        purpose=Purpose.MARKETING,
        text=shown["text"],
        offer_code="back20",
        offer_version=1,
        expires_at=NOW,
    )
    told = message_payload(message)
    assert list(told) == list(shown)
    assert told["offer"] == shown["offer"]


async def test_what_a_human_has_to_do_is_told_as_shown(sqlite_database: Database) -> None:
    db = sqlite_database
    await settled(db, 1, Outcome.INTERESTED)
    complaint = await under_way(db, 2)
    await journalled(db, complaint, "complaint", "东西坏了一直没人管")
    await settle(db, complaint, Outcome.TRANSFERRED)
    assert await alarm_overdue(db, NOW + timedelta(hours=25)) >= 2
    for kind in (Kind.FOLLOW_UP_DUE, Kind.FOLLOW_UP_OVERDUE, Kind.CASE_OVERDUE):
        await is_told_as_shown(db, kind)


async def test_a_paused_batch_is_told_as_shown(sqlite_database: Database) -> None:
    db = sqlite_database
    batch_id = await running_batch(db, [await person(db, 1)])
    for seq in range(30):
        await attempt(
            db, batch_id, "person-001", seq=seq, state="done", outcome="network", cause="network", ended_at=NOW
        )
    assert await watch(db, batch_id, NOW + timedelta(minutes=1)) is not None
    told = await is_told_as_shown(db, Kind.BATCH_PAUSED)
    shown = EXAMPLES["batch.paused"]["payload"]
    assert (told["fault"], told["because"]) == (shown["fault"], shown["because"])


async def test_an_activation_is_told_as_shown(sqlite_database: Database) -> None:
    db, bought = sqlite_database, NOW + timedelta(days=1)
    await settled(db, 1, Outcome.INTERESTED)
    async with db.write() as session:
        order = Purchase(customer_id="person-001", external_id="o-1", at=bought, item="面霜", amount_fen=19900)
        session.add(order)
        await session.flush()
        assert await on_event(session, order, bought + timedelta(minutes=1))
    await is_told_as_shown(db, Kind.CUSTOMER_ACTIVATED)


async def settled(db: Database, index: int, outcome: Outcome) -> None:
    await settle(db, await under_way(db, index), outcome)


async def settle(db: Database, attempt_id: str, outcome: Outcome) -> None:
    ended = Ended(attempt_id=attempt_id, outcome=outcome, result=result(outcome))
    await Settler(db, Watch(NOW + timedelta(minutes=3))).settle(ended)


async def is_told_as_shown(db: Database, kind: Kind) -> dict[str, Any]:
    told = [row.payload for row in await rows(db, Outbox, kind=kind.value)]
    assert {tuple(sorted(payload)) for payload in told} == {tuple(sorted(EXAMPLES[kind]["payload"]))}
    payload: dict[str, Any] = told[0]
    return payload


def test_the_page_lists_what_ends_delivery_at_once() -> None:
    (row,) = re.findall(r"^\| ([\d, ]+) \| dead letter at once", PAGE, re.MULTILINE)
    assert row == ", ".join(str(status) for status in sorted(REFUSED))


@pytest.fixture(scope="module")
def is_from_callbot() -> Callable[..., bool]:
    namespace: dict[str, Any] = {}
    (code,) = blocks("python")
    exec(code, namespace)
    check: Callable[..., bool] = namespace["is_from_callbot"]
    return check


def test_the_code_for_receivers_knows_ours_from_others(is_from_callbot: Callable[..., bool]) -> None:
    content, at = '{"文":"字"}'.encode(), 1763344800
    header = signature(("the-new-secret-of-it", "the-old-secret-of-it"), at, content)
    for secret in ("the-new-secret-of-it", "the-old-secret-of-it"):
        assert is_from_callbot(header, content, secret, now=at + 299)
        assert is_from_callbot(header, content, secret, now=at - 299), "clocks differ both ways"
        assert not is_from_callbot(header, content, secret, now=at + 301)
        assert not is_from_callbot(header, content + b" ", secret, now=at)
        assert not is_from_callbot(header.replace(str(at), str(at + 1)), content, secret, now=at)
    assert not is_from_callbot(header, content, "some-other-secret-here", now=at)


@pytest.mark.parametrize(
    "header", ["", "t=", "v1=abc", "t=x,v1=abc", "t=1763344800", "t=1763344800,t=1,v1=a", "t=1763344800,v1=é"]
)
def test_the_code_for_receivers_refuses_nonsense(is_from_callbot: Callable[..., bool], header: str) -> None:
    assert not is_from_callbot(header, b"{}", "the-new-secret-of-it", now=1763344800)
