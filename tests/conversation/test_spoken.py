"""Numbers, money and dates as a voice should say them; what was heard of a speech that was cut."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callbot.conversation import spoken
from callbot.conversation.playback import heard_prefix
from callbot.conversation.turn_cues import is_back_channel, is_farewell, is_hesitating, is_urgent


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "零"), (2, "二"), (10, "十"), (12, "十二"), (20, "二十"), (99, "九十九"), (101, "一百零一"),
        (110, "一百一十"), (200, "两百"), (212, "两百一十二"), (1005, "一千零五"), (2000, "两千"),
        (2010, "两千零一十"), (10050, "一万零五十"),
        (12000, "一万两千"), (20000, "两万"), (105000000, "一亿零五百万"),
    ],
)  # fmt: skip
def test_numbers(value: int, words: str) -> None:
    assert spoken.number(value) == words


@pytest.mark.parametrize(
    ("fen", "words"),
    [
        (2000, "二十元"),
        (200, "两元"),
        (9950, "九十九元五角"),
        (50, "五角"),
        (20, "两角"),
        (10005, "一百元零五分"),
        (0, "零元"),
    ],
)
def test_money(fen: int, words: str) -> None:
    assert spoken.yuan(fen) == words


@pytest.mark.parametrize(
    ("percent", "words"),
    [(20, "八折"), (15, "八五折"), (50, "五折"), (5, "九五折"), (30, "七折"), (95, "零点五折")],
)
def test_discounts(percent: int, words: str) -> None:
    assert spoken.discount(percent) == words


@pytest.mark.parametrize("percent", [0, 100, -3])
def test_what_is_no_discount_is_refused(percent: int) -> None:
    with pytest.raises(ValueError, match="no discount"):
        spoken.discount(percent)


@pytest.mark.parametrize(
    ("when", "words"),
    [
        ("2026-11-18T07:00", "今天下午三点"),
        ("2026-11-19T02:30", "明天上午十点半"),
        ("2026-11-20T06:05", "后天下午两点零五分"),
        ("2026-11-22T11:00", "十一月二十二号星期日晚上七点"),
        ("2026-12-05T04:00", "十二月五号中午十二点"),
    ],
)
def test_moments(when: str, words: str) -> None:
    now = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
    at = datetime.fromisoformat(when).replace(tzinfo=UTC)
    assert spoken.moment(at, now=now, zone=ZoneInfo("Asia/Shanghai")) == words


def test_days() -> None:
    assert spoken.day(date(2026, 11, 30)) == "十一月三十号"


@given(
    text=st.text(alphabet="您好，这次有3.5折和12:30。！", max_size=40),
    heard_ms=st.integers(-10, 20_000),
    made_ms=st.integers(0, 20_000),
    whole=st.booleans(),
    finished=st.booleans(),
)
def test_what_was_heard_is_a_prefix(
    text: str, heard_ms: int, made_ms: int, whole: bool, finished: bool
) -> None:
    heard = heard_prefix(text, heard_ms=heard_ms, made_ms=made_ms, whole=whole, finished=finished)
    assert text.startswith(heard)
    assert not finished or heard == text


def test_a_cut_never_divides_a_number() -> None:
    text = "一共3500元"
    cuts = {
        heard_prefix(text, heard_ms=ms, made_ms=700, whole=True, finished=False) for ms in range(0, 700, 10)
    }
    assert cuts <= {"", "一", "一共", "一共3500", "一共3500元"}


@pytest.mark.parametrize("text", ["不是", "对了我问一下", "行了", "好的那我要一个", "啊？", "是吗"])
def test_words_that_only_look_like_listening(text: str) -> None:
    assert is_back_channel(text) is (text == "啊？")


@pytest.mark.parametrize(
    ("text", "yes"),
    [
        ("好的谢谢再见", True),
        ("拜拜", True),
        ("嗯行再见", True),
        ("再见之前我问一下", False),
        ("多少钱", False),
    ],
)
def test_farewells(text: str, yes: bool) -> None:
    assert is_farewell(text) is yes


@pytest.mark.parametrize("text", ["等一下啊", "你先听我说", "别说了好吗", "停停停"])
def test_asking_for_the_floor(text: str) -> None:
    assert is_urgent(text)


@pytest.mark.parametrize(("text", "yes"), [("嗯……那个……", True), ("我想想", True), ("我要两个", False)])
def test_stopping_in_the_middle_of_a_thought(text: str, yes: bool) -> None:
    assert is_hesitating(text) is yes
