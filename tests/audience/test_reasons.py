"""The reason follows the evidence, and the evidence is always there."""

from __future__ import annotations

import pytest
from audience_histories import NOW, happened, orders, profile
from hypothesis import given
from hypothesis import strategies as st

from callbot.audience.profile import Happening
from callbot.audience.reasons import Reason, mild_warnings, reason
from callbot.audience.silence import silence


def judge(*happenings: Happening, bought: tuple[float, ...] = (200,)) -> Reason:
    who = profile(bought=orders(*bought), happenings=happenings)
    finding = reason(who, silence(who, NOW), NOW)
    assert finding.evidence
    assert all(each.words for each in finding.evidence)
    return finding.reason


@pytest.mark.parametrize(
    ("happening", "expected"),
    [
        (happened("ticket", 100, "扫地机器人坏了，两周没人管", status="未解决"), Reason.HARMED),
        (happened("review", 100, "一般般", rating=1), Reason.HARMED),
        (happened("conversation", 100, "客户对售后很失望"), Reason.HARMED),
        (happened("refund", 100, "商品破损"), Reason.HARMED),
        (happened("conversation", 100, "客户说已经在别家买了"), Reason.MOVED_ON),
        (happened("conversation", 100, "家长说在另一家机构报了班"), Reason.MOVED_ON),
        (happened("conversation", 100, "孩子大了，用不着了"), Reason.NEED_GONE),
        (happened("enquiry", 100, "问怎么注销，已经毕业了"), Reason.NEED_GONE),
        (happened("ticket", 100, "发票抬头有误", status="已解决"), Reason.UNKNOWN),
        (happened("conversation", 100, "客户说还行"), Reason.UNKNOWN),
        (happened("conversation", 100, "客户说在你们店里买了两次"), Reason.UNKNOWN),
        (happened("conversation", 100, "没有不满，也没有失望"), Reason.UNKNOWN),
        (happened("ticket", 900, "坏了没人管", status="未解决"), Reason.UNKNOWN),
        (happened("browse", 100, "空气炸锅"), Reason.FADED),
    ],
)
def test_one_sign(happening: Happening, expected: Reason) -> None:
    assert judge(happening) is expected


def test_an_open_complaint_outweighs_a_competitor() -> None:
    signs = (
        happened("ticket", 90, "退款迟迟没到", status="未解决"),
        happened("conversation", 80, "客户说换了平台"),
    )
    assert judge(*signs) is Reason.HARMED


def test_contact_that_became_rare_has_faded() -> None:
    assert judge(*(happened("login", days) for days in (300, 310, 320, 205))) is Reason.FADED


def test_several_purchases_and_then_nothing_have_faded() -> None:
    assert judge(bought=(200, 300)) is Reason.FADED


def test_an_active_customer_needs_no_reason() -> None:
    assert judge(happened("login", 1), bought=(5, 40)) is Reason.UNKNOWN


@pytest.mark.parametrize("word", ["还行", "一般", "不好说", "麻烦"])
def test_lukewarm_words_raise_a_warning(word: str) -> None:
    assert mild_warnings(profile(happenings=[happened("conversation", 10, f"客户说{word}")]), NOW)


KINDS = st.sampled_from(
    ["login", "browse", "cart", "ticket", "review", "refund", "conversation", "call", "enquiry"]
)


@given(
    st.lists(st.tuples(KINDS, st.integers(0, 800), st.text(max_size=30)), max_size=8),
    st.lists(st.integers(0, 800), max_size=4),
)
def test_every_history_has_a_reason_with_evidence(told: list[tuple[str, int, str]], days: list[int]) -> None:
    who = profile(bought=orders(*days), happenings=[happened(*each) for each in told])
    finding = reason(who, silence(who, NOW), NOW)
    assert finding.evidence
    if finding.reason is Reason.UNKNOWN:
        assert all(each.weight <= 1 for each in finding.evidence)
