"""The card: right words, short enough for 15 seconds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff.brief import BriefTurn, make_brief, shortened

TURNS = (
    BriefTurn(speaker="bot", text="您好，我是云杉家电的智能客服。", start_ms=0, end_ms=3_000),
    BriefTurn(
        speaker="callee", text="你们的空调到现在没人来装", start_ms=3_500, end_ms=6_000, emotion="impatient"
    ),
    BriefTurn(speaker="bot", text="给您带来不便非常抱歉。", start_ms=6_200, end_ms=8_000),
    BriefTurn(speaker="callee", text="我要投诉，都三个星期了", start_ms=8_200, end_ms=10_000, emotion="angry"),
    BriefTurn(speaker="callee", text="嗯", start_ms=10_500, end_ms=10_700, emotion="angry"),
)


def test_a_complaint_card() -> None:
    brief = make_brief(
        reason="complaint",
        customer_name="王女士",
        turns=TURNS,
        slots={"订单": "上月空调", "预约时间": ""},
        promises=["24 小时内答复", "24 小时内答复"],
        offers_allowed=["免费延保一年"],
    )
    assert brief.why == "客户投诉，需要人工受理"
    assert brief.customer == "王女士"
    assert brief.own_words == "我要投诉，都三个星期了"
    assert brief.own_words_ms == (8_200, 10_000)
    assert brief.mood == ("着急", "生气")
    assert brief.answered == {"订单": "上月空调"}
    assert brief.promised == ("24 小时内答复",)
    assert brief.may_offer == ("免费延保一年",)
    assert any("道歉" in line for line in brief.do)
    assert "不要推销" in brief.dont


@pytest.mark.parametrize(
    ("reason", "do", "dont"),
    [
        ("explicit_request", "报姓名", "再问"),
        ("high_value_complex_query", "一次说清", "优惠单以外"),
        ("repeated_misunderstanding", "道歉", "重问"),
        ("vulnerable_person", "放慢语速", "推销"),
        ("legal_threat", "主管", "争辩"),
    ],
)
def test_every_reason_has_its_manner(reason: str, do: str, dont: str) -> None:
    brief = make_brief(reason=reason, customer_name="李明", turns=TURNS)
    assert do in "".join(brief.do)
    assert dont in "".join(brief.dont)
    assert brief.why != reason


def test_a_customer_who_said_nothing_yet() -> None:
    brief = make_brief(reason="explicit_request", customer_name=" ", turns=TURNS[:1])
    assert brief.customer == "客户（姓名未知）"
    assert brief.own_words_ms is None
    assert brief.mood == ()
    assert brief.own_words


def test_only_short_words_are_better_than_none() -> None:
    turns = (BriefTurn(speaker="callee", text="人工", start_ms=10, end_ms=20),)
    assert make_brief(reason="explicit_request", customer_name="李明", turns=turns).own_words == "人工"


@pytest.mark.parametrize(
    ("text", "limit", "short"),
    [
        ("不长", 10, "不长"),
        ("第一句话在这里，第二句话也在这里，第三句", 14, "第一句话在这里…"),
        ("没有任何标点的一句很长的话一直说下去", 10, "没有任何标点的一句…"),
        ("一，后面没有标点的一句很长的话", 10, "一，后面没有标点的…"),
        ("  空格  多  ", 10, "空格 多"),
    ],
)
def test_long_text_is_cut_at_a_clause(text: str, limit: int, short: str) -> None:
    assert shortened(text, limit) == short


@given(st.text(max_size=200), st.integers(2, 60))
def test_shortened_keeps_its_limit_and_the_beginning(text: str, limit: int) -> None:
    short = shortened(text, limit)
    assert len(short) <= limit
    assert " ".join(text.split()).startswith(short.removesuffix("…") if short.endswith("…") else short)


@given(
    st.lists(
        st.builds(
            BriefTurn,
            speaker=st.sampled_from(["bot", "callee"]),
            text=st.text("一二三四五，。", max_size=300),
            start_ms=st.just(0),
            end_ms=st.just(1),
            emotion=st.sampled_from(["angry", "neutral", "hesitant", ""]),
        ),
        max_size=12,
    ),
    st.lists(st.text("甲乙丙丁", max_size=80), max_size=9),
)
def test_any_card_can_be_read_in_15_seconds(turns: list[BriefTurn], lines: list[str]) -> None:
    brief = make_brief(
        reason="complaint",
        customer_name="王女士",
        turns=turns,
        slots={str(index): line for index, line in enumerate(lines)},
        promises=lines,
        offers_allowed=lines,
    )
    # own words and what must be done come first; the rest is looked up while talking
    first_look = brief.why + brief.customer + brief.own_words + "".join((*brief.do, *brief.dont))
    assert len(first_look) <= 15 * 9
    assert len(brief.answered) <= 5
    assert max(map(len, (*brief.promised, *brief.may_offer)), default=0) <= 30
