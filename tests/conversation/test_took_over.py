"""A human took over where the bot's own words tell of one; a bot that goes on selling heard no need."""

from __future__ import annotations

import pytest

from callbot.conversation.labels import Intent, TransferReason
from callbot.conversation.reading import Reading
from callbot.conversation.took_over import took_over
from callbot.conversation.transfer import Said

GRIEVED = Reading(text="", intent=Intent.COMPLAINT, confidence=0.95)
ASKS = Reading(text="", intent=Intent.REQUEST_HUMAN, confidence=0.97)
GUESSED = Reading(text="", intent=Intent.REQUEST_HUMAN, confidence=0.55)
NOD = Reading(text="", intent=Intent.GREETING_ACK, confidence=0.98)


def conversation(*turns: str | tuple[str, Reading]) -> tuple[dict[int, str], list[Said]]:
    """The bot's turns are text, the callee's have a reading."""
    bot = {index: turn for index, turn in enumerate(turns) if isinstance(turn, str)}
    callee = [
        Said(turn=index, text=turn[0], reading=turn[1])
        for index, turn in enumerate(turns)
        if not isinstance(turn, str)
    ]
    return bot, callee


@pytest.mark.parametrize(
    ("turns", "reason", "turn"),
    [
        (
            (
                "您好，窗帘清洗活动。",
                ("上回洗完短了十公分 说好赔的", GRIEVED),
                "很抱歉，这就请售后经理跟您谈。",
            ),
            TransferReason.COMPLAINT,
            1,
        ),
        (
            ("您好，续保提醒。", ("换个真人跟我讲", ASKS), "好的，请稍等。", ("嗯", NOD)),
            TransferReason.EXPLICIT_REQUEST,
            1,
        ),
        (("您好，续保提醒。", ("换个真人跟我讲", ASKS)), TransferReason.EXPLICIT_REQUEST, 1),
        (("您好。", ("嗯", NOD), "我为您转理赔专员。", ("嗯", NOD)), TransferReason.EXPLICIT_REQUEST, 1),
    ],
    ids=["an apology and a person", "asked to wait", "no answer written down", "put through"],
)
def test_a_human_took_over(
    turns: tuple[str | tuple[str, Reading], ...], reason: TransferReason, turn: int
) -> None:
    bot, callee = conversation(*turns)
    found = took_over(bot, callee)
    assert found is not None
    assert (found.reason, found.turn, found.connected) == (reason, turn, True)


@pytest.mark.parametrize(
    "turns",
    [
        ("您好，瑜伽体验课。", ("我得问问我们家那位", GUESSED), "周末也有课，一节四十。", ("哦", NOD)),
        ("您好，瑜伽体验课。", ("我得问问我们家那位", GUESSED)),
        ("您好，请问马先生在吗？", ("不在", NOD), "麻烦您转告他回个电话。", ("好", NOD)),
        (
            "您好。",
            ("嗯", NOD),
            "现在为您转客服，可以吗？",
            ("不用", Reading(text="", intent=Intent.DENY, confidence=0.9)),
        ),
        ("您好，抱歉打扰了。", ("喂", NOD), "新到一批春茶。", ("嗯", NOD)),
    ],
    ids=["the bot goes on", "only a guess", "a message for somebody", "declined", "a polite opening"],
)
def test_nobody_took_over(turns: tuple[str | tuple[str, Reading], ...]) -> None:
    assert took_over(*conversation(*turns)) is None


def test_the_earlier_need_counts_when_the_last_words_only_accept_the_person() -> None:
    bot, callee = conversation(
        "您好，桶装水送货上门。",
        ("上礼拜那桶有怪味 喝得一家子拉肚子", GRIEVED),
        "我请品控负责人跟您核实。",
        ("行 现在就接吧", GUESSED),
    )
    found = took_over(bot, callee)
    assert found is not None
    assert found.reason is TransferReason.COMPLAINT
