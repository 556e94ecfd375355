"""The rota: every so often, once a day with making up and retries, never two at once, and never for ever."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, time, timedelta

import pytest

from callbot.engine.port import BadSchedule, Job
from callbot.engine.schedule import Schedule, every
from callbot.engine.testing import ManualEngine
from callbot.outreach.duties import Daily, Duty, Every, Rota, day_due

START = datetime(2026, 11, 16, 18, 30, tzinfo=UTC)
"""02:30 in Shanghai on the 17th."""


class Run:
    """A rota on an engine whose clock is also the rota's."""

    def __init__(self, *duties: Duty, start: datetime = START) -> None:
        rota = Rota(duties, self)
        self.engine = ManualEngine(start, handlers=rota.handlers(), schedules=rota.schedules())
        rota.engine = self.engine

    def now(self) -> datetime:
        return self.engine.now


async def test_a_duty_is_done_at_every_tick_with_the_time() -> None:
    seen: list[datetime] = []

    async def work(now: datetime) -> None:
        seen.append(now)

    run = Run(Duty(name="often", when=Every(seconds=5), work=work))
    await run.engine.advance(timedelta(seconds=21))
    assert seen == [START + timedelta(seconds=5 * tick) for tick in (1, 2, 3, 4)]


async def test_one_failing_duty_stops_neither_itself_nor_the_others() -> None:
    seen: list[str] = []

    async def fails(_now: datetime) -> None:
        seen.append("fails")
        raise ValueError

    async def works(_now: datetime) -> None:
        seen.append("works")

    run = Run(
        Duty(name="a", when=Every(seconds=10), work=fails), Duty(name="b", when=Every(seconds=10), work=works)
    )
    await run.engine.advance(timedelta(seconds=20))
    assert seen == ["fails", "works"] * 2
    assert [type(error) for _, error in run.engine.failed] == [ValueError, ValueError]


async def test_a_daily_duty_runs_once_a_day_and_is_made_up_for() -> None:
    seen: list[datetime] = []

    async def work(now: datetime) -> None:
        seen.append(now)

    nightly = Duty(name="nightly", when=Daily(at=time(3)), work=work)
    run = Run(nightly)
    await run.engine.advance(timedelta(days=3))
    assert seen == [datetime(2026, 11, day, 19, tzinfo=UTC) for day in (16, 17, 18)]
    seen.clear()
    late = Run(
        nightly, start=datetime(2026, 11, 17, 1, 3, tzinfo=UTC)
    )  # 09:03 in Shanghai: it was off at three
    await late.engine.advance(timedelta(hours=1))
    assert seen == [datetime(2026, 11, 17, 1, 10, tzinfo=UTC)]


async def test_a_daily_duty_that_fails_is_tried_again_three_times() -> None:
    seen: list[datetime] = []

    async def fails(now: datetime) -> None:
        seen.append(now)
        raise ValueError

    run = Run(Duty(name="nightly", when=Daily(at=time(3)), work=fails))
    await run.engine.advance(timedelta(hours=23))
    first = datetime(2026, 11, 16, 19, tzinfo=UTC)
    assert seen == [first + timedelta(minutes=15) * tries for tries in range(4)]


async def test_a_tick_is_left_out_while_the_last_one_runs_and_a_stuck_one_is_ended() -> None:
    begun = 0

    async def hangs(_now: datetime) -> None:
        nonlocal begun
        begun += 1
        await asyncio.Event().wait()

    rota = Rota([Duty(name="slow", when=Every(seconds=5), work=hangs, limit_s=0.05)], Run())
    tick = rota.handlers()["tick:slow"]
    job = Job(id="x", due=START)
    first = asyncio.ensure_future(tick(job))
    await asyncio.sleep(0)
    await tick(job)
    assert begun == 1
    with pytest.raises(TimeoutError):
        await first
    with pytest.raises(TimeoutError):
        await tick(job)
    assert begun == 2


def test_duties_have_names_of_their_own() -> None:
    async def work(_now: datetime) -> None: ...

    duty = Duty(name="a", when=Every(seconds=5), work=work)
    for wrong in ([duty, duty], [Duty(name="a:b", when=Every(seconds=5), work=work)]):
        with pytest.raises(ValueError, match="unique and have no colon"):
            Rota(wrong, Run())


@pytest.mark.parametrize(
    ("utc", "day"),
    [
        ("2026-11-16T18:59:59", None),
        ("2026-11-16T19:00:00", "2026-11-17"),
        ("2026-11-17T15:59:59", "2026-11-17"),
        ("2026-11-17T16:00:00", None),
    ],
)
def test_a_day_is_the_zones_own(utc: str, day: str | None) -> None:
    assert day_due(Daily(at=time(3)), datetime.fromisoformat(utc).replace(tzinfo=UTC)) == day


@pytest.mark.parametrize(
    ("seconds", "ticks"),
    [(1, [1, 2]), (5, [5, 10]), (30, [30, 60]), (60, [60, 120]), (600, [600, 1200]), (3600, [1800, 5400])],
)
def test_ticks_are_even(seconds: int, ticks: list[int]) -> None:
    schedule = Schedule(name="s", cron=every(seconds), handler="h")
    first = schedule.after(START)
    assert [first, schedule.after(first)] == [START + timedelta(seconds=tick) for tick in ticks]


@pytest.mark.parametrize("seconds", [0, -5, 7, 45, 90, 420, 7200])
def test_an_uneven_rhythm_is_refused(seconds: int) -> None:
    with pytest.raises(BadSchedule):
        every(seconds)


@pytest.mark.parametrize(
    ("cron", "zone"), [("* * * * *", "UTC"), ("x * * * * *", "UTC"), ("0 0 3 * * *", "Mars")]
)
def test_a_schedule_that_nobody_can_follow_is_refused(cron: str, zone: str) -> None:
    with pytest.raises(BadSchedule, match="schedule nightly"):
        Schedule(name="nightly", cron=cron, handler="h", zone=zone)


def test_a_schedule_follows_its_zone() -> None:
    nightly = Schedule(name="nightly", cron="0 0 3 * * *", handler="h", zone="Asia/Shanghai")
    assert nightly.after(START) == datetime(2026, 11, 16, 19, tzinfo=UTC)
