"""The guard: nothing that the sheet does not vouch for is spoken, everyday talk is left alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from callbot.conversation.facts import Offer
from callbot.conversation.guard import Sheet, check
from callbot.conversation.guard_case import judge, read
from callbot.conversation.numerals import english, value

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


@pytest.mark.parametrize(("name", "least"), [("guard_red_team.jsonl", 320), ("guard_held_out.jsonl", 140)])
def test_what_is_false_is_stopped_and_what_is_innocent_is_not(name: str, least: int) -> None:
    lines = (Path(__file__).parent / name).read_text("utf-8").splitlines()
    verdicts = list(judge(read(lines, name)))
    false = [verdict for verdict in verdicts if verdict.case.allowed_expected is False]
    innocent = [verdict for verdict in verdicts if verdict.case.allowed_expected is True]
    assert len({verdict.case.text for verdict in verdicts}) == len(verdicts) >= least
    assert len(false) + len(innocent) == len(verdicts)
    assert 0.4 <= len(innocent) / len(verdicts) <= 0.6
    missed = [verdict.case.text for verdict in false if verdict.allowed]
    stopped = [verdict.case.text for verdict in innocent if not verdict.allowed]
    assert len(missed) <= 0.01 * len(false), missed
    assert len(stopped) <= 0.02 * len(innocent), stopped


@pytest.mark.parametrize(
    "text",
    [
        "不是七折吗，可以的",
        "没有比五折更低的了",
        "没问题，七折给您",
        "没门槛直接减八十",
        "不得不给您打七折",
        "七折明天就没有了",
        "错过就没有了",
        "没有七折我能打给您吗",
        "您说的七折，可以安排",
    ],
)
def test_a_word_of_denial_does_not_hide_an_offer(text: str) -> None:
    assert check(text, SHEET)


@pytest.mark.parametrize(
    "text",
    [
        "没有打折",
        "不是七折",
        "七折的活动已经没有了",
        "您问的七折，目前没有这个活动",
        "不能保证",
        "我不敢说绝对",
        "七折我真给不了",
    ],
)
def test_what_is_denied_is_not_promised(text: str) -> None:
    assert not check(text, EMPTY)


@pytest.mark.parametrize("heard", ["给我五折", "五百块", "还剩三个名额", "明年六月", "终身免费", "送我两瓶"])
def test_what_the_callee_said_vouches_for_no_offer(heard: str) -> None:
    sheet = Sheet(offers=(), facts=(), slots={"callback_time": heard, "concern": heard}, today=TODAY)
    for text in ("给您打五折", "给您五百块的券", "还剩三个名额", "优惠延长到明年六月", "终身免费", "送您两瓶"):
        assert check(text, sheet), text


def test_a_day_is_agreed_before_it_is_promised() -> None:
    assert not check("那明天下午三点给您回电", SHEET)
    assert not check("明早给您回电可以吗", EMPTY)
    assert check("那后天下午三点给您回电", SHEET)
    assert check("那明天给您回电", EMPTY)


def test_today_vouches_only_for_today() -> None:
    assert not check("今天是3月20日", EMPTY)
    assert check("您3月20日买的空气炸锅", EMPTY)


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


def test_what_is_left_is_vouched_for_by_what_is_left() -> None:
    stocked = Offer(code="A", version=1, title="护理体验", stock=2)
    for sheet in (
        Sheet(offers=(stocked,), facts=(), today=TODAY),
        Sheet(offers=(), facts=("您还剩2节课没上",), today=TODAY),
    ):
        assert not check("还剩2个名额" if sheet.offers else "您还剩2节课没上", sheet)
        assert check("还剩3个名额", sheet)
    assert check("还剩2个名额", SHEET)


def test_a_violation_names_its_words() -> None:
    (violation,) = check("给您打七折", SHEET)
    assert violation.span == "七折"
    assert "折扣" in violation.why


TEMPLATES = (
    ("现在给您打{n}折", lambda n: 1 <= n <= 99 and n not in {8, 80}),
    ("满{n}元可用", lambda n: n not in {50, 300}),
    ("给您{n}块钱的券", lambda n: n not in {50, 300}),
    ("便宜{n}%", lambda n: n != 20),
    ("还剩{n}个名额", lambda n: True),
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


_FORMAL = str.maketrans("一二三四五六七八九十百千", "壹贰叁肆伍陆柒捌玖拾佰仟")
_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
NOTATIONS: dict[str, Callable[[int], str]] = {
    "digits": lambda number: str(number),
    "hanzi": lambda number: _spelled(number),
    "formal": lambda number: _spelled(number).translate(_FORMAL),
    "full width": lambda number: str(number).translate(_WIDE),
    "spaced": lambda number: " ".join(str(number)),
    "hanzi spaced": lambda number: " ".join(_spelled(number)),
    "zero width": lambda number: "\u200b".join(str(number)),
}
CLAIMS = (
    ("给您打{}折", lambda n: n <= 9 and n != 8),
    ("优惠百分之{}", lambda n: n <= 99 and n != 20),
    ("{}% off", lambda n: n <= 99 and n != 20),
    ("优惠{}%", lambda n: n <= 99 and n != 20),
    ("优惠{}元", lambda n: n != 50),
    ("减{}块钱", lambda n: n != 50),
    ("￥{}的券", lambda n: n != 50),
    ("满{}元可用", lambda n: n not in {50, 300}),
    ("还剩{}个名额", lambda n: True),
    ("仅限前{}位", lambda n: True),
    ("质保{}年", lambda n: True),
    ("还有{}天到期", lambda n: n not in {11, 12}),
    ("优惠到{}月5号", lambda n: n <= 12),
    ("优惠到3月{}号", lambda n: n <= 31 and n not in {12, 20, 31}),
    ("{}点给您回电", lambda n: n <= 24 and n not in {3, 15}),
)


@given(
    form=st.sampled_from(CLAIMS),
    number=st.integers(1, 9999) | st.integers(1, 31),
    notation=st.sampled_from(sorted(NOTATIONS)),
    before=st.sampled_from(("", "跟您说，", "没问题，", "您看，咱们", "第一次来的话，")),
    after=st.sampled_from(("", "，您看可以吗？", "哦", "，没有别的了")),
)
def test_no_value_outside_the_sheet_survives_in_any_notation(
    form: tuple[str, Callable[[int], bool]], number: int, notation: str, before: str, after: str
) -> None:
    words, outside = form
    assume(outside(number))
    text = before + words.format(NOTATIONS[notation](number)) + after
    assert check(text, SHEET), text


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
        (english("two thousand five hundred and twenty-one"), 2521),
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
