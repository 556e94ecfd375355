"""The agent's first sentence by an OpenAI-compatible model, checked against what was said."""

from __future__ import annotations

import re
from datetime import date

from callbot.conversation.briefing import Summary
from callbot.conversation.guard import Sheet, check
from callbot.conversation.llm_chain import LlmChain, Refused, Unreadable, as_data, json_object
from callbot.conversation.llm_server import Pace
from callbot.conversation.prompts import load_prompt
from handoff.offer import Brief, Line

BRIEF = "1.0.0"
LONGEST = 60
_LINES = 24
_WHO = {"bot": "机器人", "callee": "客户", "agent": "坐席"}


class LlmBriefWriter:
    """Asks the servers in turn within the time of `pace`; without a good answer the card stands as it is."""

    def __init__(self, chain: LlmChain, *, pace: Pace) -> None:
        """Raises `BadInput` when the prompt file is missing or broken."""
        self._chain = chain
        self._pace = pace
        self._prompt = load_prompt("brief", BRIEF)

    async def summary(self, card: Brief, said: tuple[Line, ...]) -> Summary:
        """As `BriefWriter.summary`."""
        content = self._prompt.render(
            why=card.why,
            said=[f"{_WHO[line.speaker]}：{as_data(line.text, 120)}" for line in said[-_LINES:]],
            longest=LONGEST,
        )

        def read(answer: str) -> str:
            return checked(answer, said)

        found = await self._chain.ask(self._prompt, content, pace=self._pace, read=read)
        return Summary(text=found.value or "", prompts=found.uses)


def checked(answer: str, said: tuple[Line, ...]) -> str:
    """The sentence in a model's answer. Raises `Refused` for anything that was not said in the call."""
    text = json_object(answer).get("text")
    if not isinstance(text, str):
        raise Unreadable("回答不是要求的 JSON")
    text = re.sub(r"\s+", "", text).strip('"“”')
    if not text or len(text) > LONGEST:
        raise Refused(text, f"要一句话，不超过 {LONGEST} 个字")
    told = tuple(line.text for line in said)
    if not any("\u4e00" <= sign <= "\u9fff" for sign in text):
        raise Refused(text, "不是中文")
    if violations := check(text, Sheet(offers=(), facts=told, today=date.min)):
        raise Refused(text, f"“{violations[0].span}”在通话里没有说过")
    return text
