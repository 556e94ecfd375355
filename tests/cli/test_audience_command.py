"""`callbot audience`: training on a base's past, refusing politely, and explaining one customer."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert
from sqlmodel import select
from typer.testing import CliRunner

from bench.histories import START, people, profiles
from callbot.app import build_scorer, open_database
from callbot.audience.assessing import assess_base
from callbot.audience.profile import Profile
from callbot.cli.main import app
from callbot.settings import load_settings
from callbot.store.tables import Customer, Event, Purchase
from callbot.testing import FixedClock

pytestmark = pytest.mark.usefixtures("place")

DAYS = 330


def fill(count: int) -> None:
    """Generated customers of a clinic, as an import would have left them."""
    asyncio.run(_fill([each for some in people("aesthetics", count, DAYS, seed=2) for each in profiles(some)]))


async def _fill(found: list[Profile]) -> None:
    rows: dict[type, list[dict[str, Any]]] = {Customer: [], Event: [], Purchase: []}
    for profile in found:
        key = profile.customer_id
        person = Customer(
            id=key,
            external_id=key,
            name=f"客户{key}",
            industry=profile.industry,
            brand=profile.brand,
            phone_cipher=b"x",
            phone_hash=key,
            phone_masked="138****0001",
            registered_at=profile.registered_at,
            created_at=START,
            updated_at=START,
        )
        rows[Customer].append(person.model_dump())
        rows[Event] += [
            Event(customer_id=key, kind=each.kind, at=each.at).model_dump() for each in profile.happenings
        ]
        rows[Purchase] += [
            Purchase(
                customer_id=key, external_id=str(place), at=each.at, item=each.item, amount_fen=each.amount_fen
            ).model_dump()
            for place, each in enumerate(profile.orders)
        ]
    async with open_database(load_settings()) as db, db.write() as session:
        for table, values in rows.items():
            await session.execute(insert(table), values)


def run(*arguments: str, status: int = 0) -> str:
    result = CliRunner().invoke(app, ["audience", *arguments])
    assert result.exit_code == status, result.output
    return result.output


def test_a_base_without_a_past_is_told_what_is_needed() -> None:
    said = run("train", status=2)
    assert "无从学起" in said
    assert "至少 210 天" in said


def test_too_short_a_past_is_told_its_length_and_what_is_needed() -> None:
    fill(20)
    said = run("train", "--until", (START + timedelta(days=150)).date().isoformat(), status=2)
    assert "从 2024-01-0" in said
    assert "至少需要 210 天" in said
    assert "规则评分" in said


def test_too_few_customers_are_told_how_many_and_nothing_is_written() -> None:
    fill(20)
    said = run("train", status=2)
    assert "各需要 150 例" in said
    assert "原有模型没有改动" in said
    assert not (load_settings().data / "score").exists()


def test_what_was_learnt_scores_the_base_and_explains_itself(tmp_path: Path) -> None:
    fill(700)
    report = json.loads(run("train", "--json"))
    line, leaving = report["lines"]
    assert (line["about"], leaving["about"]) == ("wake", "leave")
    assert line["takes_over"]
    assert line["duel"]["gain"]["low"] > 0
    folder = load_settings().data / "score"
    assert report["model"] in (folder / "report.md").read_text(encoding="utf-8")
    assert json.loads((folder / "report.json").read_text(encoding="utf-8"))["lines"] == report["lines"]

    stored = asyncio.run(_assessed())
    silent = [each for each in stored if "沉默" in each.stage]
    assert len(silent) > 100
    for each in silent:
        told = each.assessment["score"]
        assert told["model"] == report["model"]
        assert each.priority == pytest.approx(1000 * told["probability"], abs=0.6)
        assert "唤回概率约" in told["because"]
        assert told["because"] in each.assessment["priority"]
    active = [each for each in stored if each.stage == "活跃"]
    assert active
    assert {each.assessment["score"]["model"] for each in active} == {"points/1"}
    assert all(each.assessment["risk"]["level"] in "高中低" for each in active)

    said = run("score", silent[0].id)
    assert "唤回概率约" in said
    assert report["model"] in said
    shown = json.loads(run("score", silent[0].id, "--json"))
    assert shown["model"] == report["model"]
    assert 0 < shown["probability"] < 1
    assert "138" not in said

    elsewhere = run("train", "--out", str(tmp_path / "trial"), "--horizon-days", "40")
    assert "由谁评分" in elsewhere
    assert "各看此后 40 天" in elsewhere
    assert "从下一次评估起生效" not in elsewhere
    assert build_scorer(load_settings()).version == report["model"]

    (folder / "model.json").write_text("{", encoding="utf-8")
    assert "points/1" in run("score", silent[0].id)


async def _assessed() -> list[Customer]:
    settings = load_settings()
    async with open_database(settings) as db:
        clock = FixedClock(START + timedelta(days=DAYS))
        await assess_base(db, clock, scorer=build_scorer(settings))
        async with db.read() as session:
            return list((await session.execute(select(Customer))).scalars())


def test_an_unknown_customer_is_named() -> None:
    said = run("score", "nobody", status=2)
    assert "客户 nobody" in said
