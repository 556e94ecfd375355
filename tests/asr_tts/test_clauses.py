"""Where speech is cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr_tts.clauses import FIRST, LONGEST, SHORTEST, clauses

CASES: list[tuple[str, list[str]]] = [
    ("", []),
    ("嗯。", ["嗯。"]),
    ("好的，没问题，我这就帮您登记。", ["好的，没问题，", "我这就帮您登记。"]),
    ("您好，我是客服小美，想占用您一分钟。", ["您好，我是客服小美，", "想占用您一分钟。"]),
    ("活动从12:30开始，原价1,000元，现价3.5万元。", ["活动从12:30开始，", "原价1,000元，现价3.5万元。"]),
    ("他说：“您好。”然后走了。", ["他说：“您好。”", "然后走了。"]),
    ("真的可以吗？！那太好了……谢谢您。", ["真的可以吗？！", "那太好了……谢谢您。"]),
    ("这是一个没有任何标点的很长很长的句子不会被切开", ["这是一个没有任何标点的很长很长的句子不会被切开"]),
    ("我记下来了，好吗？", ["我记下来了，好吗？"]),
    ("网址是www.example.cn，请看一下。", ["网址是www.example.cn，", "请看一下。"]),
]

TEXT = st.text(alphabet="您好我是小美请问元万0123456789.,:：，。！？、；…“”A ", max_size=120)
SPOKEN = st.lists(
    st.tuples(st.text(alphabet="您好我是小美", min_size=1, max_size=8), st.sampled_from("，。！？、；")),
    min_size=1,
).map(lambda parts: "".join(words + mark for words, mark in parts))


def said(text: str) -> int:
    return sum(character.isalnum() for character in text)


@pytest.mark.parametrize(("text", "pieces"), CASES)
def test_cuts_at_punctuation(text: str, pieces: list[str]) -> None:
    assert clauses(text) == pieces


@given(TEXT)
def test_joining_gives_the_text_back(text: str) -> None:
    assert "".join(clauses(text)) == text


@given(TEXT)
def test_numbers_stay_whole(text: str) -> None:
    pieces = clauses(text)
    for left, right in pairwise(pieces):
        inside = left[-1] in ",.:：" and left[-2:-1].isdigit() and right[0].isdigit()
        assert not inside
        assert not (left[-1].isdigit() and right[0].isdigit())


@given(SPOKEN)
def test_pieces_are_neither_chopped_nor_long(text: str) -> None:
    """With a mark at least every 8 characters there is always a good place to cut."""
    pieces = clauses(text)
    if len(pieces) > 1:
        assert all(said(piece) >= SHORTEST for piece in pieces)
    assert said(pieces[0]) <= FIRST + SHORTEST
    assert all(said(piece) <= LONGEST + SHORTEST for piece in pieces)


@given(SPOKEN)
def test_each_piece_is_ready_when_the_one_before_ends(text: str) -> None:
    """At half of real time, a piece twice as long takes as long to make as the one before takes to play."""
    pieces = clauses(text)
    for before, after in pairwise(pieces):
        assert said(after) <= max(FIRST, 2 * said(before)) + SHORTEST
