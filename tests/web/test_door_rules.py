"""The rules at the door: who has to wait, how long a session lives, which passwords do, how often to ask."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from web_house import NOW

from callbot.web.access.lockout import ACCOUNT, locked_until
from callbot.web.access.password import quick_passwords, weakness
from callbot.web.access.rates import Rate, Rates
from callbot.web.access.session_life import SessionLife

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("tries", "minutes"), [(0, 0), (4, 0), (5, 1), (6, 2), (7, 4), (8, 8), (9, 15), (40, 15)]
)
def test_each_further_try_in_vain_doubles_the_wait(tries: int, minutes: int) -> None:
    found = locked_until([NOW] * tries, ACCOUNT, NOW)
    assert found == (NOW + minutes * MINUTE if minutes else None)


def test_a_wait_ends_and_old_tries_are_forgotten() -> None:
    tries = [NOW - 30 * MINUTE] * 6
    assert locked_until(tries, ACCOUNT, NOW) is None
    assert locked_until([NOW - 61 * MINUTE] * 50, ACCOUNT, NOW) is None


@given(st.lists(st.integers(0, 7200), max_size=60))
def test_nobody_waits_longer_than_a_quarter_hour(ages: list[int]) -> None:
    until = locked_until([NOW - timedelta(seconds=age) for age in ages], ACCOUNT, NOW)
    assert until is None or NOW < until <= NOW + 15 * MINUTE


@given(st.lists(st.integers(0, 30), min_size=1, max_size=200), st.integers(1, 20))
def test_in_no_span_of_time_does_more_get_through_than_the_rate_and_its_burst(
    steps: list[int], times: int
) -> None:
    rate, rates, now = Rate(times=times, within=MINUTE), Rates(), NOW
    passed = []
    for step in steps:
        now += timedelta(seconds=step)
        wait = rates.wait("who", rate, now)
        if wait is None:
            passed.append(now)
        else:
            assert timedelta(0) < wait <= MINUTE
    for index, start in enumerate(passed):
        within = [at for at in passed[index:] if at <= start + MINUTE]
        assert len(within) <= 2 * times


def test_who_waits_as_told_gets_through() -> None:
    rate, rates = Rate(times=2, within=MINUTE), Rates()
    assert [rates.wait("who", rate, NOW) for _ in range(2)] == [None, None]
    wait = rates.wait("who", rate, NOW)
    assert wait is not None
    assert rates.wait("another", rate, NOW) is None
    assert rates.wait("who", rate, NOW + wait - timedelta(seconds=1)) is not None
    assert rates.wait("who", rate, NOW + wait) is None


@given(st.integers(0, 300), st.integers(0, 300))
def test_a_session_lives_until_its_first_end(idle: int, age: int) -> None:
    life = SessionLife(idle=100 * MINUTE, whole=200 * MINUTE)
    idle = min(idle, age)
    lives = life.lives(made_at=NOW - age * MINUTE, seen_at=NOW - idle * MINUTE, now=NOW)
    assert lives is (idle < 100 and age < 200)


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "short"),
        ("x" * 201, "long"),
        ("aaaaaaaaaaaa", "uniform"),
        ("zhaoming123", "name"),
        ("password12", "common"),
        ("Qwerty1234", "common"),
        ("1234567890", "common"),
        ("correct horse battery", None),
        ("password of a very long sentence", None),
        ("我家的猫不爱吃鱼只爱吃肉", None),
    ],
)
def test_which_passwords_will_do(password: str, why: str | None) -> None:
    assert weakness(password, "zhaoming") == why


async def test_a_password_is_kept_as_argon2_and_nobody_without_one_gets_in() -> None:
    passwords = quick_passwords()
    kept = await passwords.hashed("correct horse battery")
    assert kept.startswith("$argon2id$")
    assert await passwords.fits(kept, "correct horse battery")
    assert not await passwords.fits(kept, "Correct horse battery")
    assert not await passwords.fits("", "")
    assert not await passwords.fits("garbage", "garbage")
