"""A model's sentence for the agent holds only what was said in the call."""

from __future__ import annotations

import json

import pytest
from llm_server import STALL, serving

from callbot.conversation.llm_brief import LlmBriefWriter, checked
from callbot.conversation.llm_chain import LlmChain, Refused
from callbot.conversation.llm_server import LlmServer, Pace
from handoff.offer import Brief, Line

SAID = (
    Line(speaker="bot", text="您好，请问空气炸锅用得还顺手吗？", start_ms=0, end_ms=2_000),
    Line(speaker="callee", text="坏了，报修三天没人管", start_ms=2_500, end_ms=4_000),
)
CARD = Brief(why="客户投诉，需要人工受理", customer="王女士", own_words="坏了，报修三天没人管")
GOOD = "空气炸锅坏了，报修三天没人管，要求处理"


def answer(text: object) -> str:
    return json.dumps({"text": text}, ensure_ascii=False)


def test_what_was_said_may_stand_on_the_card() -> None:
    assert checked(answer(GOOD), SAID) == GOOD


@pytest.mark.parametrize(
    "text",
    [
        "空气炸锅坏了，已承诺赔偿500元",
        "空气炸锅坏了，可以给八折券",
        "The air fryer is broken",
        "",
        "坏" * 61,
    ],
)
def test_what_was_not_said_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        checked(answer(text), SAID)


async def test_a_model_that_stalls_leaves_the_card_as_it_is() -> None:
    with serving(STALL) as server:
        chain = LlmChain(servers=(LlmServer(name="primary", base_url=server.url, api_key="k", model="m"),))
        writer = LlmBriefWriter(chain, pace=Pace(whole_s=0.3, first_token_s=0.2, gap_s=0.2))
        found = await writer.summary(CARD, SAID)
        await chain.aclose()
    assert found.text == ""
    assert found.prompts, "the request is written down"
