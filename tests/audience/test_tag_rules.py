"""Tag rules over a stored base: who carries the tag, with which figures, and who loses it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import col, select
from store_rows import a_customer

from callbot.audience import segments
from callbot.audience.assessing import assess_customer
from callbot.audience.tags import rules
from callbot.audience.tags.apply import apply_all, apply_rule, apply_to
from callbot.audience.tags.parse import parse
from callbot.errors import BadInput
from callbot.store.database import Database, Session
from callbot.store.segments import tag_rule
from callbot.store.tables import Customer, Event, Tag

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


async def _people(database: Database, **logins: int) -> dict[str, str]:
    """Customers by name with so many logins in the last month; their ids."""
    people = {name: a_customer(NOW, name=name, birthday=date(1990, 1, 1), phone_hash=name) for name in logins}
    async with database.write() as session:
        session.add_all(people.values())
        await session.flush()
        for name, count in logins.items():
            await _log_in(session, people[name].id, count)
    return {name: each.id for name, each in people.items()}


async def _log_in(session: Session, customer_id: str, count: int) -> None:
    for number in range(count):
        session.add(Event(customer_id=customer_id, kind="login", at=NOW - timedelta(days=number)))


async def _carriers(database: Database, name: str) -> dict[str, Tag]:
    async with database.read() as session:
        found = await session.execute(
            select(Customer.name, Tag)
            .join(Customer, col(Customer.id) == col(Tag.customer_id))
            .where(Tag.name == name)
        )
        return {row[0]: row[1] for row in found}


async def test_a_tag_comes_with_figures_and_goes_when_the_condition_fails(database: Database) -> None:
    ids = await _people(database, often=4, seldom=1, never=0)
    rule = await rules.save(database, "少登录", "logins(1m) < 3", NOW, by="chen")
    done = await apply_rule(database, rule, NOW)
    assert (done.matched, done.changed, done.dropped) == (2, 2, 0)
    found = await _carriers(database, "少登录")
    assert {name: tag.evidence for name, tag in found.items()} == {
        "seldom": {"近 1 个月登录": "1 次"},
        "never": {"近 1 个月登录": "0 次"},
    }
    assert found["never"].rule == "近 1 个月登录少于 3 次（规则第 1 版）"
    async with database.write() as session:
        await _log_in(session, ids["never"], 3)
    (again,) = await apply_all(database, NOW)
    assert (again.matched, again.changed, again.dropped) == (1, 0, 1)
    async with database.read() as session:
        stored = await tag_rule(session, "少登录")
    assert stored is not None
    assert (stored.matched, stored.applied_at) == (1, NOW)


async def test_a_changed_condition_is_a_new_version(sqlite_database: Database) -> None:
    await _people(sqlite_database, seldom=1)
    for condition, version in (("logins < 3", 1), ("logins < 3", 1), ("logins < 2", 2)):
        rule = await rules.save(sqlite_database, "少登录", condition, NOW, by="chen")
        assert rule.version == version
    await apply_all(sqlite_database, NOW)
    (tag,) = (await _carriers(sqlite_database, "少登录")).values()
    assert "第 2 版" in tag.rule


async def test_a_rule_builds_on_the_tag_of_another_whatever_their_names(sqlite_database: Database) -> None:
    await _people(sqlite_database, seldom=1, often=9)
    await rules.save(sqlite_database, "乙", "logins < 3", NOW, by="chen")
    await rules.save(sqlite_database, "甲", 'has_tag("乙") and age > 20', NOW, by="chen")
    assert [each.name for each in await apply_all(sqlite_database, NOW)] == ["乙", "甲"]
    assert set(await _carriers(sqlite_database, "甲")) == {"seldom"}
    with pytest.raises(BadInput, match="条件用到它"):
        await rules.delete(sqlite_database, "乙")


async def test_rules_that_ask_for_each_other_are_refused(sqlite_database: Database) -> None:
    await rules.save(sqlite_database, "甲", 'has_tag("乙")', NOW, by="chen")
    with pytest.raises(BadInput, match="互相引用"):
        await rules.save(sqlite_database, "乙", 'has_tag("甲")', NOW, by="chen")
    async with sqlite_database.read() as session:
        assert await tag_rule(session, "乙") is None


async def test_a_name_that_an_outcome_uses_is_refused_and_never_overwritten(sqlite_database: Database) -> None:
    ids = await _people(sqlite_database, seldom=1)
    await rules.save(sqlite_database, "有意愿", "logins < 3", NOW, by="chen")
    async with sqlite_database.write() as session:
        for name in ("有意愿", "拒绝"):
            session.add(Tag(customer_id=ids["seldom"], name=name, rule="通话结果", at=NOW))
    with pytest.raises(BadInput, match="已被"):
        await rules.save(sqlite_database, "拒绝", "logins < 3", NOW, by="chen")
    (done,) = await apply_all(sqlite_database, NOW)
    assert done.matched == 0
    assert (await _carriers(sqlite_database, "有意愿"))["seldom"].rule == "通话结果"


async def test_one_customer_is_tagged_at_once_with_what_was_just_stored(sqlite_database: Database) -> None:
    """R105, R134: an event changes the tags of whoever it concerns."""
    ids = await _people(sqlite_database, one=1, two=1)
    await rules.save(sqlite_database, "活跃", "logins >= 3", NOW, by="chen")
    await rules.save(sqlite_database, "活跃老客", 'has_tag("活跃")', NOW, by="chen")
    async with sqlite_database.write() as session:
        await _log_in(session, ids["one"], 2)
        await session.flush()
        assert await apply_to(session, ids["one"], NOW) == {"活跃", "活跃老客"}
        assert await apply_to(session, ids["one"], NOW) == frozenset()
        assert await apply_to(session, ids["one"], NOW + timedelta(days=400)) == frozenset()
    assert set(await _carriers(sqlite_database, "活跃老客")) == {"one"}


async def test_a_rule_sees_what_the_same_transaction_concluded(sqlite_database: Database) -> None:
    """R134: the stage that an event changed decides the tag at once."""
    ids = await _people(sqlite_database, one=1)
    await rules.save(sqlite_database, "活跃中", 'stage == "活跃"', NOW, by="chen")
    async with sqlite_database.write() as session:
        assert await session.get(Customer, ids["one"]) is not None
        assert await assess_customer(session, ids["one"], NOW) is not None
        assert await apply_to(session, ids["one"], NOW) == {"活跃中"}


async def test_deleting_a_rule_takes_its_tag_along(sqlite_database: Database) -> None:
    await _people(sqlite_database, seldom=1, often=9)
    rule = await rules.save(sqlite_database, "少登录", "logins < 3", NOW, by="chen")
    await apply_rule(sqlite_database, rule, NOW)
    assert await rules.delete(sqlite_database, "少登录") == 1
    assert await _carriers(sqlite_database, "少登录") == {}
    with pytest.raises(BadInput, match="没有这条标签规则"):
        await rules.delete(sqlite_database, "少登录")


async def test_a_segment_names_its_customers_and_previews_them(database: Database) -> None:
    ids = await _people(database, often=4, seldom=1, never=0)
    await segments.save(database, "沉睡", "logins(1m) < 3", NOW, by="chen")
    assert await segments.customer_ids(database, "沉睡", NOW) == sorted([ids["seldom"], ids["never"]])
    found = await segments.preview(database, parse("logins(1m) < 3"), NOW, examples=1)
    assert (found.matched, found.of, len(found.examples)) == (2, 3, 1)
    assert found.examples[0].figures.keys() == {"近 1 个月登录"}
    with pytest.raises(BadInput, match="是不是 沉睡"):
        await segments.customer_ids(database, "沉睡的", NOW)


@pytest.mark.parametrize("name", ["", " x", "x\n", "长" * 41])
async def test_names_are_short_and_on_one_line(sqlite_database: Database, name: str) -> None:
    with pytest.raises(BadInput, match="字符"):
        await rules.save(sqlite_database, name, "age > 3", NOW, by="chen")
    with pytest.raises(BadInput, match="字符"):
        await segments.save(sqlite_database, name, "age > 3", NOW, by="chen")


@pytest.mark.parametrize("name", ["流失预警", "大额购买升级", "触达结果"])
async def test_the_name_of_a_judged_tag_is_refused_before_anybody_carries_it(
    database: Database, name: str
) -> None:
    with pytest.raises(BadInput, match="已被评估"):
        await rules.save(database, name, "age > 3", NOW, by="amy")
