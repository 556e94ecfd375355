"""Tags, segments, packs and warnings from the command line, and the examples of their pages."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from command_line import run
from store_rows import a_customer

from callbot.app import open_database, open_vault
from callbot.audience.assessing import assess_base
from callbot.audience.importing import import_base
from callbot.audience.packs.loading import load_pack
from callbot.audience.tags.parse import parse
from callbot.audience.tags.words import NUMBERS, TESTS, TRAITS
from callbot.clock import SystemClock
from callbot.settings import load_settings
from callbot.store.tables import Event

ROOT = Path(__file__).parents[2]


@pytest.fixture
def base(place: Path) -> None:
    """The sample customers, and one whose logins and browsing have fallen off."""
    now = datetime.now(UTC)

    async def fill() -> None:
        settings = load_settings()
        async with open_database(settings) as db:
            report = await import_base(db, open_vault(settings), ROOT / "callbot" / "audience" / "sample", now)
            assert not report.problems
            fading = a_customer(now, name="钱多多", phone_masked="100****0001")
            async with db.write() as session:
                session.add(fading)
                await session.flush()
                for day, pages in [(day, 9) for day in (35, 40, 45, 50, 55)] + [(5, 2)]:
                    at = now - timedelta(days=day)
                    session.add(Event(customer_id=fading.id, kind="login", at=at))
                    session.add(Event(customer_id=fading.id, kind="browse", at=at, data={"pages": pages}))
            await assess_base(db, SystemClock())

    asyncio.run(fill())


@pytest.mark.usefixtures("base")
def test_a_tag_is_created_previewed_shown_and_deleted() -> None:
    assert "位客户带有此标签" in run(
        "tag", "create", "少登录老客", "logins(6m) < 3 and orders > 1", "--by", "chen"
    )
    previewed = json.loads(run("tag", "preview", "少登录老客", "--json"))
    assert previewed["matched"] > 1
    assert set(previewed["examples"][0]["figures"]) == {"近 6 个月登录", "累计购买"}
    (listed,) = json.loads(run("tag", "list", "--json"))
    assert (listed["matched"], listed["created_by"]) == (previewed["matched"], "chen")
    assert "近 6 个月登录少于 3 次" in run("tag", "show", "少登录老客")
    shown = run("customer", "show", previewed["examples"][0]["customer_id"])
    assert "少登录老客" in shown
    assert "累计购买" in shown
    (applied,) = json.loads(run("tag", "apply", "--json"))
    assert (applied["matched"], applied["changed"]) == (previewed["matched"], 0)
    assert "已删除" in run("tag", "delete", "少登录老客")
    assert json.loads(run("tag", "list", "--json")) == []


@pytest.mark.parametrize("command", [("tag", "create", "x"), ("segment", "create", "x"), ("tag", "explain")])
def test_a_mistake_is_pointed_at(place: Path, command: tuple[str, ...]) -> None:
    lines = run(*command, '年龄 > 3 and login(6m) < 3 or gender > "男"', status=2).splitlines()
    assert lines[0] == '  年龄 > 3 and login(6m) < 3 or gender > "男"'
    assert lines[1].index("^") == lines[0].index("login") + 2  # 年龄 is two columns wider than it is long
    assert lines[2] == "✗ 列 12：没有「login」这个词，是不是 logins？"
    assert lines[4].startswith("✗ 列 36：gender 是文字")
    assert not (place / "var" / "callbot.db").exists() or json.loads(run("tag", "list", "--json")) == []


@pytest.mark.usefixtures("base")
def test_packs_are_installed_once_and_their_segments_serve() -> None:
    assert "✓ finance" in run("pack", "check")
    assert "✓ ecommerce v1" in run("pack", "install", "all")
    assert "没有改动" in run("pack", "install", "ecommerce")
    assert [each["installed"] for each in json.loads(run("pack", "list", "--json"))] == [1, 1, 1, 1]
    found = json.loads(run("segment", "preview", "电商·3至6个月未购", "--json"))
    assert found["matched"] == 5
    assert "100****" in found["examples"][0]["phone"]
    shown = run("segment", "show", "电商·3至6个月未购")
    for term in ("对谁", "何时", "给什么", "渠道", "怎么说", "EC-RETURN-20"):
        assert term in shown
    assert "是不是 电商·3至6个月未购" in run("segment", "preview", "3至6个月未购", status=2)
    assert "没有这个行业包" in run("pack", "install", "保险", status=2)


@pytest.mark.usefixtures("base")
def test_who_is_about_to_go_quiet_is_listed_with_figures() -> None:
    """R087, R093: still active, logins down from five to one and pages from nine to two."""
    found = json.loads(run("audience", "warnings", "--json", "--industry", "电商"))
    fading = next(each for each in found["customers"] if each["customer"]["name"] == "钱多多")
    assert {"流失预警", "流失风险"} <= {tag["name"] for tag in fading["tags"]}
    assert "下降80%" in run("audience", "warnings")
    assert "没有这个行业" in run("audience", "warnings", "--industry", "保险", status=2)


def test_the_examples_of_the_page_are_conditions() -> None:
    page = (ROOT / "docs" / "tags.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```condition\n(.*?)```", page, re.DOTALL)
    conditions = [*block.splitlines(), *re.findall(r"(?:explain|preview|create \S+) '([^']+)'", page)]
    assert len(conditions) > 12
    for condition in conditions:
        assert parse(condition)
    for word in (*NUMBERS, *TRAITS, *TESTS):
        assert re.search(rf"`{word.name}\b", page), word.name


def test_the_pack_of_the_page_can_be_loaded(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "packs.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    path = tmp_path / "ecommerce.yaml"
    path.write_text(block, encoding="utf-8")
    assert load_pack(path).version == 2
