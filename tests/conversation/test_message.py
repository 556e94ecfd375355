"""A message says who writes, ends with a way out, and names nothing that the sheet does not hold."""

from __future__ import annotations

from datetime import date

import pytest

from callbot.conversation.facts import Offer, Person
from callbot.conversation.guard import Sheet, check
from callbot.conversation.message import LONGEST_MESSAGE, SELLS, Topic, scripted_message

TODAY = date(2026, 11, 20)
COUPON = Offer(
    code="back20",
    version=2,
    title="回归礼包",
    amount_fen=2000,
    min_spend_fen=10000,
    valid_until=date(2026, 11, 30),
)
DISCOUNT = Offer(code="old8", version=1, title="老客户专属八折券", discount_percent=20)


def somebody(reason: str = "自然流失", **columns: str) -> Person:
    known = {
        "customer_id": "c1",
        "name": "王芳",
        "salutation": "王女士",
        "industry": "ecommerce",
        "brand": "悦选商城",
        **columns,
    }
    return Person(reason=reason, **known)  # type: ignore[arg-type]


@pytest.mark.parametrize("topic", list(Topic))
@pytest.mark.parametrize("reason", ["自然流失", "体验受损", "价值转移", "需求消失", "未知"])
@pytest.mark.parametrize("offers", [(), (COUPON,), (DISCOUNT, COUPON)], ids=["none", "coupon", "both"])
def test_every_text_may_be_sent(topic: Topic, reason: str, offers: tuple[Offer, ...]) -> None:
    for who in range(6):
        person = somebody(reason, customer_id=f"c{who}")
        text = scripted_message(topic, person, offers, TODAY, talked_of=("back20",))
        assert text.text.startswith("【悦选商城】王女士您好")
        assert text.text.endswith("拒收请回复R")
        assert len(text.text) <= LONGEST_MESSAGE
        sheet = Sheet(offers=offers, facts=("悦选商城", "王女士"), today=TODAY)
        assert check(text.text, sheet) == ()
        assert text.offer is None or topic in SELLS


def test_what_the_call_named_goes_first() -> None:
    text = scripted_message(Topic.CONSIDERED, somebody(), (DISCOUNT, COUPON), TODAY, talked_of=("back20",))
    assert text.offer == COUPON
    assert "11月30日前有效" in text.text
    assert scripted_message(Topic.CONSIDERED, somebody(), (DISCOUNT, COUPON), TODAY).offer == DISCOUNT


@pytest.mark.parametrize("reason", ["体验受损", "未知"])
def test_whom_we_hurt_gets_no_offer_that_they_did_not_hear_of(reason: str) -> None:
    assert scripted_message(Topic.UNREACHED, somebody(reason), (COUPON,), TODAY).offer is None
    heard = scripted_message(Topic.CONSIDERED, somebody(reason), (COUPON,), TODAY, talked_of=("back20",))
    assert heard.offer == COUPON


@pytest.mark.parametrize("reason", ["体验受损", "价值转移"])
def test_nobody_is_hurried_who_must_not_be(reason: str) -> None:
    text = scripted_message(Topic.CONSIDERED, somebody(reason), (COUPON,), TODAY, talked_of=("back20",))
    assert text.offer == COUPON
    assert "前有效" not in text.text


def test_an_offer_that_is_over_is_not_named() -> None:
    over = Offer(code="x", version=1, title="满一百减三十券", amount_fen=3000, valid_until=date(2026, 11, 1))
    assert scripted_message(Topic.OFFER, somebody(), (over,), TODAY).offer is None


def test_who_has_no_known_gender_is_greeted_all_the_same() -> None:
    text = scripted_message(Topic.CARE, somebody(salutation="周您"), (), TODAY, channel="wecom")
    assert text.text.startswith("【悦选商城】您好，")
    assert text.text.endswith("请回复“退订”。")
