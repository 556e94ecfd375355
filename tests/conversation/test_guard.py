"""The guard: nothing that the sheet does not vouch for is spoken, everyday talk is left alone."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from callbot.conversation.facts import Offer
from callbot.conversation.guard import Sheet, check
from callbot.conversation.numerals import value

CASES = [
    json.loads(line)
    for line in (Path(__file__).parent / "guard_cases.jsonl").read_text("utf-8").splitlines()
    if line.strip()
]
TODAY = date(2026, 3, 20)
SHEET = Sheet(
    offers=(
        Offer(
            code="BACK20",
            version=1,
            title="老客户专属八折券",
            discount_percent=20,
            valid_until=date(2026, 3, 31),
        ),
        Offer(
            code="CUT50",
            version=2,
            title="满三百减五十",
            amount_fen=5000,
            min_spend_fen=30000,
            gift="补水面膜",
        ),
    ),
    facts=("3月12日购买了空气炸锅", "去年上过6节课", "买过2盒面霜"),
    slots={"callback_time": "明天下午三点"},
    today=TODAY,
)
EMPTY = Sheet(offers=(), facts=(), today=TODAY)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["text"])
def test_red_team(case: dict[str, object]) -> None:
    assert (not check(str(case["text"]), SHEET)) is case["allowed"]


def test_the_red_team_is_half_innocent() -> None:
    innocent = sum(bool(case["allowed"]) for case in CASES)
    assert len(CASES) >= 120
    assert 0.4 <= innocent / len(CASES) <= 0.6


@pytest.mark.parametrize("text", ["现在打八折", "满300减50", "送您一份补水面膜", "活动到3月31日"])
def test_without_a_sheet_nothing_is_vouched_for(text: str) -> None:
    assert check(text, EMPTY)


def test_an_offer_that_has_ended_or_is_sold_out_vouches_for_nothing() -> None:
    ended = Offer(code="A", version=1, title="八折券", discount_percent=20, valid_until=date(2026, 3, 19))
    gone = Offer(code="B", version=1, title="八折券", discount_percent=20, stock=0)
    early = Offer(code="C", version=1, title="八折券", discount_percent=20, valid_from=date(2026, 4, 1))
    assert check("给您打八折", Sheet(offers=(ended, gone, early), facts=(), today=TODAY))


def test_a_value_of_another_kind_does_not_vouch() -> None:
    sheet = Sheet(offers=(), facts=("3月12日购买了空气炸锅",), today=TODAY)
    for text in ("还剩12件", "12元", "三折", "12天内"):
        assert check(text, sheet), text


def test_a_violation_names_its_words() -> None:
    (violation,) = check("给您打七折", SHEET)
    assert violation.span == "七折"
    assert "折扣" in violation.why


TEMPLATES = (
    ("现在给您打{n}折", lambda n: 1 <= n <= 99 and n not in {8, 80}),
    ("满{n}元可用", lambda n: n not in {50, 300}),
    ("给您{n}块钱的券", lambda n: n not in {50, 300}),
    ("便宜{n}%", lambda n: n != 20),
    ("还剩{n}个名额", lambda n: n not in {1, 2, 6}),
    ("保修{n}年", lambda n: True),
    ("{n}小时内给您处理", lambda n: True),
    ("一共卖了{n}件", lambda n: n not in {1, 2, 6}),
)


@given(
    template=st.sampled_from(TEMPLATES),
    number=st.integers(1, 9999),
    before=st.sampled_from(("", "您好，", "跟您说一下，", "一直以来谢谢您，", "稍等一下，")),
    after=st.sampled_from(("", "，您看可以吗？", "，一起看看吧", "，十分划算")),
    chinese=st.booleans(),
)
def test_no_number_outside_the_sheet_survives(
    template: tuple[str, object], number: int, before: str, after: str, chinese: bool
) -> None:
    words, outside = template
    assert callable(outside)
    assume(outside(number))
    spoken = _spelled(number) if chinese else str(number)
    assume("折" not in words or not chinese or number < 11)
    assert check(before + words.format(n=spoken) + after, SHEET)


@given(number=st.integers(1, 9999))
def test_numerals_are_read_as_they_are_spoken(number: int) -> None:
    assert value(_spelled(number)) == number
    assert value(str(number)) == number


@given(text=st.text(max_size=60))
def test_any_text_is_answered(text: str) -> None:
    check(text, SHEET)


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("三千五", 3500),
        ("两百五", 250),
        ("一万二", 12000),
        ("三点五", 3.5),
        ("1.2万", 12000),
        ("二零二六", 2026),
        ("十二", 12),
        ("一百零五", 105),
        ("柒", 7),
        ("半", 0.5),
        ("1,200", 1200),
        ("3千", 3000),
        ("二十万", 200000),
        ("多少", None),
        ("", None),
    ],
)
def test_spoken_numbers(words: str, number: float | None) -> None:
    assert value(words) == number


def _spelled(number: int) -> str:
    digits = "零一二三四五六七八九"
    words, zero = "", False
    for scale, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, number = divmod(number, scale)
        if digit:
            words += ("零" if zero and words else "") + digits[digit] + name
            zero = False
        else:
            zero = True
    return words
