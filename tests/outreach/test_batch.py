"""A batch is checked before it exists and shown before anybody is called."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from outreach_world import NOW, VAULT, everything, person, rows, running_batch

from callbot.errors import BadInput
from callbot.outreach.batch import BatchState, NewBatch, create, done, launch, pause, preview
from callbot.outreach.numbers import sequential_run
from callbot.outreach.permit import Rule
from callbot.outreach.policy import DEFAULT, INSURANCE, policy_for
from callbot.store.database import Database
from callbot.store.tables import Batch, BatchMember


def wanted(ids: list[str], **fields: Any) -> NewBatch:
    return NewBatch(
        **{"name": "秋季唤醒", "flow": "winback/ecommerce", "customer_ids": ids, "source": "list.csv", **fields}
    )


async def test_the_hold_out_is_a_repeatable_random_share(sqlite_database: Database) -> None:
    db = sqlite_database
    ids = [await person(db, index) for index in range(1, 41)]

    async def held(seed: int) -> set[str]:
        batch_id = await create(db, VAULT, wanted(ids, hold_out_percent=10, seed=seed), NOW)
        return {row.customer_id for row in await rows(db, BatchMember, batch_id=batch_id, hold_out=True)}

    assert len(await held(1)) == 4
    assert await held(1) == await held(1)
    assert await held(1) != await held(2)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"customer_ids": []}, "空的"),
        ({"customer_ids": ["person-001", "nobody"]}, "不在库中，例如 nobody"),
        ({"customer_ids": ["person-001", "person-001"]}, "重复出现"),
        ({"purpose": "requested"}, "没有 'requested' 这种目的"),
        ({"lines": 0}, "0 路线路"),
        ({"hold_out_percent": 100}, "对照组"),
        ({"policy": {"windows": {"mon-fri": ["08:00-12:00"]}}}, "超出 09:00-21:00"),
    ],
)
async def test_a_wrong_batch_is_refused_with_what_and_where(
    sqlite_database: Database, fields: dict[str, Any], said: str
) -> None:
    await person(sqlite_database, 1)
    with pytest.raises(BadInput, match=said) as error:
        await create(sqlite_database, VAULT, wanted(["person-001"], **fields), NOW)
    assert all(problem.where.startswith("list.csv") for problem in error.value.problems)
    assert await rows(sqlite_database, Batch) == []


async def test_a_list_of_counted_up_numbers_is_blocked_without_showing_them(sqlite_database: Database) -> None:
    db = sqlite_database
    ids = []
    for index in range(6):
        sealed = VAULT.seal(f"+8610055550{index:03d}")
        columns: dict[str, Any] = {
            "phone_cipher": sealed.cipher,
            "phone_hash": sealed.hash,
            "phone_masked": sealed.masked,
        }
        ids.append(await person(db, index, **columns))
    with pytest.raises(BadInput, match="数出来的") as error:
        await create(db, VAULT, wanted(ids), NOW)
    assert "10055550" not in str(error.value)


@pytest.mark.parametrize(
    ("numbers", "length"),
    [
        ([f"+86100{n:08d}" for n in (5, 1, 3, 2, 4)], 5),
        ([f"+86100{n * 10:08d}" for n in range(12)], 12),
        ([f"+86100{n:08d}" for n in (1, 2, 3, 4)], None),
        ([f"+86100{n * n * 977:08d}" for n in range(1, 200)], None),
        ([f"+86100{n * n * 977:08d}" for n in range(1, 200)] + [f"+86100{n:08d}" for n in range(5)], None),
        ([f"+86100{n * n * 977:08d}" for n in range(1, 200)] + [f"+86100{n:08d}" for n in range(10)], 10),
        ([], None),
    ],
)
def test_what_counts_as_a_made_up_list(numbers: list[str], length: int | None) -> None:
    run = sequential_run(numbers)
    assert (run.length if run else None) == length


async def test_a_preview_tells_now_later_and_never_and_changes_nothing(database: Database) -> None:
    ids = [
        await person(database, 1),
        await person(database, 2, no_touch_until=NOW + timedelta(days=2)),
        await person(database, 3, consent=False),
        await person(database, 4, timezone=None),
        await person(database, 5, consent=False),
    ]
    batch_id = await running_batch(database, ids, state="draft")
    before = await everything(database)
    shown = await preview(database, batch_id, NOW)
    assert shown.now == ("person-001",)
    (later,) = shown.later
    assert (later.rule, later.count, later.until) == (Rule.REFUSAL_PAUSE, 1, NOW + timedelta(days=2))
    never = {group.rule: (group.count, group.examples) for group in shown.never}
    assert never == {
        Rule.CONSENT: (2, ("person-003", "person-005")),
        Rule.TIME_ZONE: (1, ("person-004",)),
    }
    what_if = await preview(database, batch_id, NOW, policy={"windows": {"mon-fri": ["14:00-20:00"]}})
    assert what_if.now == ()
    assert what_if.later_count == 2
    assert await everything(database) == before


async def test_a_batch_moves_only_along_its_states(sqlite_database: Database) -> None:
    db = sqlite_database
    batch_id = await running_batch(db, [await person(db, 1)], state="draft", launched_at=None)
    with pytest.raises(BatchState, match="尚未启动"):
        await pause(db, batch_id)
    await launch(db, batch_id, NOW)
    with pytest.raises(BatchState, match="进行中"):
        await launch(db, batch_id, NOW)
    await pause(db, batch_id)
    await launch(db, batch_id, NOW + timedelta(hours=1))
    await done(db, batch_id, NOW + timedelta(hours=2))
    (batch,) = await rows(db, Batch)
    assert (batch.state, batch.launched_at, batch.ended_at) == ("done", NOW, NOW + timedelta(hours=2))
    with pytest.raises(BatchState, match="没有批次"):
        await launch(db, "nowhere", NOW)


@pytest.mark.parametrize(
    ("overrides", "where"),
    [
        ({"windos": {}}, "policy.windos"),
        ({"caps": 3}, "policy.caps"),
        ({"caps": {"answered_per_7d": 3}}, "policy.caps.answered_per_7d"),
        ({"caps": {"answered_per_7d": True}}, "policy.caps.answered_per_7d"),
        ({"caps": {"answered": 1}}, "policy.caps.answered"),
        ({"refusal": {"soft_days": 7}}, "policy.refusal.soft_days"),
        ({"windows": {"mon-fri": "09:00-12:00"}}, "policy.windows.mon-fri"),
        ({"windows": {"mon-fri": ["9 to 12"]}}, "policy.windows.mon-fri[0]"),
        ({"windows": {"sat-sun": ["10:00-12:00", "14:00-22:00"]}}, "policy.windows.sat-sun[1]"),
        ({"windows": {"monday": []}}, "policy.windows.monday"),
    ],
)
def test_a_batch_may_not_allow_more_than_the_rules(overrides: dict[str, Any], where: str) -> None:
    with pytest.raises(BadInput) as error:
        policy_for("ecommerce", overrides)
    assert [problem.where for problem in error.value.problems] == [where]


def test_a_batch_may_allow_less_and_its_version_says_so() -> None:
    policy = policy_for("ecommerce", {"caps": {"answered_per_7d": 1}, "windows": {"sat-sun": []}})
    assert policy.caps.answered_per_7d == 1
    assert policy.voice.weekend == ()
    assert policy.voice.workday == DEFAULT.voice.workday
    assert policy.version.startswith("cn/1+")
    assert policy.version != policy_for("ecommerce", {"caps": {"answered_per_7d": 0}}).version
    assert policy_for("insurance").refusal.soft == INSURANCE.refusal.soft == timedelta(days=183)
    assert policy_for("finance") is DEFAULT
