"""Messages between an agent's screen and the desk."""

from __future__ import annotations

import pytest

from handoff.messages import BadMessage, encode
from handoff.offer import Brief, TransferOffer, WrapUp
from handoff.presence import Presence
from handoff.wire import (
    Accept,
    Connected,
    Decline,
    Ended,
    FromAgent,
    FromDesk,
    HangUp,
    Hello,
    PresenceIs,
    Refused,
    Ring,
    SendWrapUp,
    SetPresence,
    Welcome,
    Withdrawn,
    decode_from_agent,
    decode_from_desk,
)

OFFER = TransferOffer(
    id="o1",
    call_id="call-1",
    customer_id="c1",
    reason="complaint",
    skill="complaint",
    priority=1,
    own_agent_id="lin",
    brief=Brief(
        why="客户投诉",
        customer="王女士",
        own_words="没人来装",
        own_words_ms=(1, 2),
        mood=("生气",),
        answered={"订单": "空调"},
        promised=("24 小时内答复",),
        may_offer=("延保",),
        do=("先道歉",),
        dont=("不要推销",),
    ),
)


@pytest.mark.parametrize(
    "message",
    [
        Hello(token="t"),
        SetPresence(presence=Presence.BREAK),
        Accept(offer_id="o1"),
        Decline(offer_id="o1", reason="忙"),
        HangUp(),
        SendWrapUp(offer_id="o1", form=WrapUp(outcome="considering", note="好", extra={"ticket": 7})),
    ],
)
def test_agents_messages_survive_the_wire(message: FromAgent) -> None:
    assert decode_from_agent(encode(message)) == message


@pytest.mark.parametrize(
    "message",
    [
        Welcome(agent_id="lin", name="小林"),
        PresenceIs(presence=Presence.WRAP_UP),
        Ring(offer=OFFER, timeout_s=15.0),
        Withdrawn(offer_id="o1", why="timeout"),
        Connected(offer_id="o1"),
        Ended(offer_id="o1", by="callee"),
        Refused(message="不行"),
    ],
)
def test_the_desks_messages_survive_the_wire(message: FromDesk) -> None:
    assert decode_from_desk(encode(message)) == message


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "Invalid JSON"),
        ("{}", "type"),
        ('{"type": "sing"}', "sing"),
        ('{"type": "accept"}', "offer_id"),
        ('{"type": "presence", "presence": "busy"}', "presence"),
    ],
)
def test_what_is_wrong_is_named(text: str, problem: str) -> None:
    with pytest.raises(BadMessage, match=problem):
        decode_from_agent(text)
