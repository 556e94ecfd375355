"""Behaviour that breaks off, and the channel on which somebody answers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from audience_histories import NOW, ago, happened, orders, profile

from callbot.audience.activity import broken_off
from callbot.audience.assess import assess
from callbot.audience.preference import answered, best_answered, channel_for
from callbot.audience.profile import Call, Happening


def happenings(kind: str, *days: float) -> list[Happening]:
    return [happened(kind, each) for each in days]


MONTHLY = [35, 40, 45, 65, 70, 75, 95, 100, 105]


@pytest.mark.parametrize(
    ("recent", "before", "name"),
    [
        ([], MONTHLY, "行为中断"),
        ([3], [*MONTHLY, 36, 66, 96], "活跃转低频"),
        ([3], MONTHLY, None),
        ([3, 9, 20], MONTHLY, None),
        ([], MONTHLY[:8], None),
        ([], [1_000 + each for each in MONTHLY], None),
    ],
)
def test_an_active_customer_who_stops_is_noticed(
    recent: list[float], before: list[float], name: str | None
) -> None:
    """R007."""
    who = profile(happenings=happenings("login", *recent, *before))
    found = broken_off(who, NOW)
    assert (found.name if found else None) == name


def test_the_figures_say_which_behaviour_fell() -> None:
    who = profile(happenings=[*happenings("login", *MONTHLY), *happenings("browse", 2, 40, 70, 100)])
    found = broken_off(who, NOW)
    assert found is not None
    assert found.figures == {"近30天": "1 次", "此前月均": "4.0 次", "登录": "月均 3.0 次 → 0 次"}


def calls(*answers: bool) -> tuple[Call, ...]:
    return tuple(
        Call(at=ago(day), answered_at=ago(day) + timedelta(seconds=8) if answer else None)
        for day, answer in zip(range(170, 0, -10), answers, strict=False)
    )


def messages(kind: str, channel: str, count: int) -> list[Happening]:
    return [happened(kind, day, channel=channel) for day in range(1, count + 1)]


def test_the_channel_answered_most_is_preferred() -> None:
    who = profile(
        happenings=[
            *messages("message_sent", "短信", 10),
            *messages("message_open", "sms", 1),
            *messages("message_sent", "wecom", 4),
            *messages("message_click", "wecom", 3),
            *messages("message_open", "wecom", 3),
        ],
        calls=calls(True, False, False, True),
    )
    assert [(each.title, each.words) for each in answered(who, NOW)] == [
        ("企业微信", "打开或点击 3 / 4"),
        ("电话", "接听 2 / 4"),
        ("短信", "打开或点击 1 / 10"),
    ]
    assert channel_for(who, NOW) == "wecom"
    tag = next(tag for tag in assess(who, NOW).tags if tag.name == "渠道偏好")
    assert tag.value == "企业微信"
    assert tag.evidence["电话"] == "接听 2 / 4"


def test_their_own_word_comes_before_their_behaviour() -> None:
    who = profile(preferred_channel="sms", calls=calls(True, True, True))
    assert channel_for(who, NOW) == "sms"


@pytest.mark.parametrize("answers", [(True,), (True, True) + (False,) * 5, (False, False)])
def test_too_little_says_nothing(answers: tuple[bool, ...]) -> None:
    who = profile(calls=calls(*answers))
    assert best_answered(who, NOW) is None
    assert channel_for(who, NOW) == "voice"


def test_a_strategy_says_whom_and_the_channel_they_answer() -> None:
    who = profile(bought=orders(100, 120), calls=calls(True, True), happenings=[happened("login", 200)])
    chosen = assess(who, NOW).strategy
    assert chosen is not None
    assert chosen.channel == "voice"
    assert chosen.whom == "连续沉默、自然流失、低价值的客户"
