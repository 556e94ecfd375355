"""The servers in their order: the next one is asked where one fails, and nobody where all do."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from callbot.conversation.llm_server import LlmServer, Messages, Pace
from callbot.conversation.prompt_use import PromptUse
from callbot.conversation.prompts import Prompt

T = TypeVar("T")

_NAMES = {"primary": "主模型", "secondary": "备用模型"}


class Unreadable(Exception):
    """The answer is not what was asked for: no JSON, other fields. The server counts as failing."""


class Refused(Exception):
    """The answer can be read and must not be used; the message says why, in words the model can act on."""

    def __init__(self, text: str, why: str) -> None:
        super().__init__(why)
        self.text = text
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(Generic[T]):
    """What the servers came to."""

    value: T | None
    """None: nobody gave an answer that can be used."""
    model: str = ""
    """That gave it."""
    uses: tuple[PromptUse, ...] = ()
    """Every request that was made."""
    rejected: tuple[str, ...] = ()
    """What was not used, each with its reason; failures without words stand in brackets."""


@dataclass(frozen=True, slots=True, eq=False)
class LlmChain:
    """Primary, then secondary; after them the caller's own words."""

    servers: tuple[LlmServer, ...]

    async def ask(
        self,
        prompt: Prompt,
        content: str,
        *,
        pace: Pace,
        read: Callable[[str], T],
        repairs: int = 0,
        max_tokens: int = 300,
    ) -> Answered[T]:
        """Ask with `content` until `read` accepts an answer or the time of `pace` is over. Never raises for a
        server.

        `read` raises `Unreadable` or `Refused`; so many `repairs` are asked of the same server before the next
        one has its turn.
        """
        until = asyncio.get_running_loop().time() + pace.whole_s
        uses: list[PromptUse] = []
        rejected: list[str] = []
        for server in self.servers:
            messages: Messages = [{"role": "user", "content": content}]
            if not server.lets_through():
                rejected.append(f"({_NAMES.get(server.name, server.name)}连续出错，暂停使用)")
                continue
            for _ in range(1 + repairs):
                if asyncio.get_running_loop().time() >= until:
                    break
                reply = await server.ask(prompt, messages, pace=pace, until=until, max_tokens=max_tokens)
                why, text = reply.use.failed, reply.text
                if why:
                    uses.append(reply.use)
                    rejected.append(f"({_told(reply.use, pace)})")
                    server.failed()
                    break
                try:
                    value = read(text)
                except Unreadable as error:
                    why = str(error)
                    uses.append(replace(reply.use, failed="unreadable"))
                    server.failed()
                except Refused as error:
                    text, why = error.text, error.why
                    uses.append(replace(reply.use, failed="rejected"))
                    server.succeeded()
                else:
                    server.succeeded()
                    return Answered(
                        value=value, model=server.model, uses=(*uses, reply.use), rejected=tuple(rejected)
                    )
                rejected.append(f"{text[:200]} — {why}")
                messages = [
                    *messages,
                    {"role": "assistant", "content": reply.text},
                    {"role": "user", "content": f"这句不能用：{why}。请按原来的要求重写，只输出 JSON。"},
                ]
        return Answered(value=None, uses=tuple(uses), rejected=tuple(rejected))

    async def aclose(self) -> None:
        for server in self.servers:
            await server.aclose()


def json_object(answer: str) -> dict[str, Any]:
    """The JSON object in an answer; a Markdown fence around it is forgiven. Raises `Unreadable`."""
    match = re.search(r"\{.*\}", answer, flags=re.DOTALL)
    try:
        found: Any = json.loads(match.group(0)) if match else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Unreadable("回答不是要求的 JSON")
    return found


def as_data(text: str, longest: int = 200) -> str:
    """What somebody said or wrote, for a prompt: on one line, unable to close its own delimiters, bounded."""
    return re.sub(r"[<>{}\r\n`]+", " ", text)[:longest]


def _told(use: PromptUse, pace: Pace) -> str:
    name = _NAMES.get(use.server, use.server)
    match use.failed:
        case "first-token":
            return f"{name} {pace.first_token_s:g} 秒内没有开始回答"
        case "gap":
            return f"{name}中途停顿超过 {pace.gap_s:g} 秒"
        case "deadline":
            return f"{name}没有写完，{pace.whole_s:g} 秒时限已到"
        case "empty":
            return f"{name}没有给出内容"
        case "broken-off":
            return f"{name}的回答中断"
        case "too-long":
            return f"{name}的回答太长"
        case _:
            return f"{name}出错：{use.failed}"
