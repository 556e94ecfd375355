"""A touch sequence: what comes next, what ends it, and what a file may not say."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from outreach_world import NOW

from callbot.audience.packs.install import install
from callbot.audience.packs.loading import load_packs, shipped
from callbot.errors import BadInput
from callbot.outreach.policy import Purpose
from callbot.outreach.sequence_file import (
    load_touches,
    read_touches,
    shipped_touches,
    touches_for,
    touches_in_force,
)
from callbot.outreach.sequences import (
    ALWAYS,
    LATE,
    NO_TOUCHES,
    Over,
    Progress,
    Sequence,
    Step,
    Stop,
    Touch,
    Touches,
    as_plan,
    from_plan,
    next_touch,
    touches_as_plain,
)
from callbot.store.database import Database


def sequence(*days: int, stops_on: frozenset[Stop] = ALWAYS) -> Sequence:
    return Sequence(
        name="aesthetics/aftercare",
        version=1,
        events=frozenset({"visit"}),
        outcomes=frozenset(),
        stops_on=stops_on,
        steps=tuple(
            Step(
                after=timedelta(days=day),
                channel="preferred",
                purpose=Purpose.SERVICE_FOLLOWUP,
                what="care",
            )
            for day in days
        ),
    )


AFTERCARE = sequence(3, 7, 15)


def day(number: float) -> datetime:
    return NOW + timedelta(days=number)


@pytest.mark.parametrize(
    ("passed", "now", "expected"),
    [
        (0, 0, Touch(step=0, due_at=day(3))),
        (0, 4, Touch(step=0, due_at=day(3))),  # a day late is not too late
        (0, 6.5, Touch(step=1, due_at=day(7))),  # three days late is
        (0, 7, Touch(step=1, due_at=day(7))),  # never two at once
        (1, 3, Touch(step=1, due_at=day(7))),
        (2, 9, Touch(step=2, due_at=day(15))),
        (2, 18, Over(by=None)),
        (3, 16, Over(by=None)),
        (0, 400, Over(by=None)),  # an order of last year starts nothing today
    ],
)
def test_what_comes_next(passed: int, now: float, expected: Touch | Over) -> None:
    assert next_touch(AFTERCARE, Progress(started_at=NOW, passed=passed), day(now)) == expected


@pytest.mark.parametrize("by", list(Stop))
def test_what_ends_it(by: Stop) -> None:
    happened = Progress(started_at=NOW, happened=frozenset({by}))
    found = next_touch(AFTERCARE, happened, NOW)
    assert found == (Over(by=by) if by in ALWAYS else Touch(step=0, due_at=day(3)))
    every = replace(AFTERCARE, stops_on=frozenset(Stop))
    assert next_touch(every, happened, NOW) == Over(by=by)


@given(
    days=st.lists(st.integers(0, 60), min_size=1, max_size=6, unique=True).map(sorted),
    looks=st.lists(st.integers(0, 24 * 80), min_size=1, max_size=60).map(sorted),
)
def test_whoever_looks_makes_each_step_at_most_once_in_order_and_never_far_too_late(
    days: list[int], looks: list[int]
) -> None:
    steps = sequence(*days)
    passed, made = 0, []
    for hour in looks:
        now = NOW + timedelta(hours=hour)
        touch = next_touch(steps, Progress(started_at=NOW, passed=passed), now)
        if isinstance(touch, Over):
            break
        assert touch.step >= passed
        if touch.due_at <= now:
            assert now - touch.due_at < LATE
            made.append((touch.step, now))
            passed = touch.step + 1
    assert [step for step, _ in made] == sorted({step for step, _ in made})  # once each, in order
    assert len({now for _, now in made}) == len(made)


def test_a_run_goes_by_the_plan_it_began_with() -> None:
    again = from_plan(AFTERCARE.name, 1, as_plan(AFTERCARE))
    assert (again.steps, again.stops_on) == (AFTERCARE.steps, AFTERCARE.stops_on)


def test_the_packs_follow_their_industries() -> None:
    aftercare = next(one for one in touches_for("aesthetics").sequences if one.name.endswith("/aftercare"))
    assert [step.after.days for step in aftercare.steps] == [3, 7, 15]
    assert [step.purpose for step in aftercare.steps][:2] == [Purpose.SERVICE_FOLLOWUP] * 2
    assert set(shipped_touches()) >= {"aesthetics", "ecommerce", "education", "finance"}
    repurchase = touches_for("ecommerce").sequences[0]
    assert [step.after.days for step in repurchase.steps] == [7, 15]
    assert touches_for("nobody knows").sequences == ()


GOOD = """\
sequence:
  version: 2
  activation:
    within_days: 14
    by: [order]
  touches:
    care:
      starts_on: {events: [visit]}
      stops_on: [refused, do_not_call, complaint, batch_cancelled]
      steps:
        - {after_days: 3, channel: preferred, purpose: service_followup, what: care}
        - {after_days: 9, channel: human, purpose: marketing, what: 专人问候}
"""


def test_a_section_is_read(tmp_path: Path) -> None:
    (tmp_path / "shoes.yaml").write_text("segments: {}\n" + GOOD, encoding="utf-8")
    (tmp_path / "bare.yaml").write_text("segments: {}\n", encoding="utf-8")
    (only,) = load_touches(tmp_path).values()
    assert (only.industry, only.version, only.activation.within) == ("shoes", 2, timedelta(days=14))
    assert [step.channel for step in only.sequences[0].steps] == ["preferred", "human"]


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("version: 2", "version: two", 2, "version"),
        ("within_days: 14", "within_days: 0", 4, "within_days"),
        ("by: [order]", "by: [sneeze]", 5, "sneeze"),
        ("events: [visit]", "events: []", 8, "starts_on"),
        (", batch_cancelled]", "]", 9, "batch_cancelled"),
        ("complaint,", "complaint, rain,", 9, "rain"),
        ("after_days: 9", "after_days: 3", 12, "不晚于上一步"),
        ("channel: preferred", "channel: voice", 11, "voice"),
        ("channel: preferred", "channel: fax", 11, "fax"),
        ("purpose: service_followup", "purpose: requested", 11, "requested"),
        ("what: care", "what: weather", 11, "weather"),
        ("what: care", "what: offer", 11, "推销"),
        ("what: 专人问候", "what: ''", 12, "人工要做什么"),
        ("steps:", "stepps:", 10, "stepps"),
        ("sequence:", "sequence: [", 3, "不是 YAML"),
    ],
)
def test_every_mistake_has_its_line(tmp_path: Path, old: str, new: str, line: int, what: str) -> None:
    assert old in GOOD
    (tmp_path / "shoes.yaml").write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BadInput) as found:
        load_touches(tmp_path)
    assert any(
        problem.where.endswith(f"shoes.yaml:{line}") and what in f"{problem.what} {problem.cure}"
        for problem in found.value.problems
    ), str(found.value)


async def test_the_pack_that_is_installed_decides(sqlite_database: Database, tmp_path: Path) -> None:
    async def in_force() -> Touches:
        async with sqlite_database.read() as session:
            return await touches_in_force(session, "ecommerce")

    assert await in_force() == touches_for("ecommerce")
    (tmp_path / "ecommerce.yaml").write_text("segments: {}\n" + GOOD, encoding="utf-8")
    own = read_touches(tmp_path / "ecommerce.yaml")
    pack = replace(load_packs(shipped())["ecommerce"], version=900)
    await install(sqlite_database, pack, NOW, by="amy", touches=touches_as_plain(own))
    assert await in_force() == own
    later = replace(pack, version=901)
    await install(sqlite_database, later, NOW, by="amy", touches=touches_as_plain(NO_TOUCHES))
    assert (await in_force()).sequences == ()
