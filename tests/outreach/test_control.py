"""The control process: its receivers are checked, and what is in the outbox arrives without anybody asking."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from outreach_world import NOW, Watch, person, rows, running_batch
from pydantic import SecretStr
from receiver import listening

from callbot.clock import SystemClock
from callbot.control import build_duties, build_receivers, open_engine, upkeep
from callbot.errors import BadInput
from callbot.outreach.delivery import Courier
from callbot.outreach.duties import Every
from callbot.settings import Settings, WebhookSettings
from callbot.store import outbox, workers
from callbot.store.database import Database
from callbot.store.outbox import Kind
from callbot.store.tables import Attempt, Batch
from callbot.telephony.control import CallControl


class NoCarrier:
    async def find(self, token: str) -> None:
        return None


CARRIER = cast(CallControl, NoCarrier())


def webhook(name: str = "crm", **more: Any) -> WebhookSettings:
    values = {"url": "https://crm.example.com/hook", "secret": SecretStr("0123456789abcdef"), **more}
    return WebhookSettings(name=name, **values)


def settings(*webhooks: WebhookSettings, data: Path = Path("var")) -> Settings:
    return Settings(data=data, webhooks=webhooks)


async def test_what_is_in_the_outbox_arrives_while_the_control_process_runs(
    sqlite_database: Database, tmp_path: Path
) -> None:
    db, arrived = sqlite_database, asyncio.Event()

    def answer(_: object) -> tuple[int, dict[str, str]]:
        arrived.set()
        return 200, {}

    async with listening(answer) as server:
        wanted = settings(webhook(url=server.url, allow_private=True), data=tmp_path)
        async with open_engine(wanted, db, SystemClock(), control=CARRIER):
            async with db.read() as session:
                assert len(await workers.living(session)) == 1, "it says that it lives"
            async with db.write() as session:
                await outbox.enqueue(
                    session, key="key", kind=Kind.ATTEMPT_SETTLED, payload={}, now=datetime.now(UTC)
                )
            async with asyncio.timeout(30):
                await arrived.wait()
    async with db.read() as session:
        (letter,) = await outbox.letters(session)
        assert await workers.living(session) == frozenset()
    assert [row.state for row in letter.deliveries] == ["delivered"], (
        "the job came to its end before the engine"
    )


async def test_a_batch_that_cannot_be_planned_does_not_keep_the_others_waiting(
    sqlite_database: Database,
) -> None:
    db = sqlite_database
    broken = await running_batch(db, [await person(db, 1)], policy={"no_such_key": 1}, priority=9)
    fine = await running_batch(db, [await person(db, 2)])
    duties = {duty.name: duty for duty in build_duties(db, Watch(), control=CARRIER, couriers=())}
    await duties["plan"].work(NOW)
    assert [row.batch_id for row in await rows(db, Attempt)] == [fine]
    assert [row.state for row in await rows(db, Batch, id=broken)] == ["running"]


async def test_every_duty_has_its_own_name_and_each_receiver_a_duty(sqlite_database: Database) -> None:
    couriers = [Courier(sqlite_database, one, SystemClock()) for one in build_receivers(settings(webhook()))]
    duties = build_duties(sqlite_database, SystemClock(), control=CARRIER, couriers=couriers)
    names = [duty.name for duty in duties]
    assert len(set(names)) == len(names)
    assert {"plan", "reap", "outbox", "outbox-crm", "assess"} <= set(names)
    for courier in couriers:
        await courier.aclose()


async def test_the_page_lists_every_duty_with_its_rhythm(sqlite_database: Database) -> None:
    couriers = [
        Courier(sqlite_database, one, SystemClock()) for one in build_receivers(settings(webhook("name")))
    ]
    duties = build_duties(sqlite_database, SystemClock(), control=CARRIER, couriers=couriers)
    real = {
        (
            duty.name.replace("outbox-name", "outbox-NAME"),
            f"every {duty.when.seconds} s"
            if isinstance(duty.when, Every)
            else f"daily, {duty.when.at:%H:%M} in {duty.when.zone}",
        )
        for duty in (*duties, *upkeep(sqlite_database, lambda: None))
    }
    page = (Path(__file__).parents[2] / "docs" / "duties.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([\w-]+)` \| ([^|]+) \|", page, re.MULTILINE)) == real
    for courier in couriers:
        await courier.aclose()


def test_a_receiver_keeps_its_secrets_in_order() -> None:
    (one,) = build_receivers(settings(webhook(previous_secret=SecretStr("the-old-secret-of-it"))))
    assert one.secrets == ("0123456789abcdef", "the-old-secret-of-it")
    assert "0123456789abcdef" not in repr(settings(webhook()))


@pytest.mark.parametrize(
    ("webhooks", "complaint"),
    [
        ((webhook("a"), webhook("a")), "a 用在两个接收方上"),
        ((webhook("a", kinds=frozenset({"attempt.setled"})),), "没有 attempt.setled 这种消息"),
        (
            (webhook("a", kinds=frozenset({"message.send"})), webhook("b", kinds=frozenset({"message.send"}))),
            "a、b 都接收 message.send",
        ),
    ],
)
def test_receivers_that_cannot_be_are_named(webhooks: tuple[WebhookSettings, ...], complaint: str) -> None:
    with pytest.raises(BadInput, match=complaint):
        build_receivers(settings(*webhooks))


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "ftp://x"},
        {"url": "https://user:pw@x"},
        {"url": "https://"},
        {"secret": SecretStr("short")},
        {"name": "A b"},
    ],
)
def test_a_receiver_of_the_wrong_form_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"should (match|have)"):
        webhook(**wrong)
