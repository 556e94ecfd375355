"""One OpenAI-compatible server: asked in a stream, given up when it does not begin, stalls or is too slow."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx2
from openai import APIConnectionError, APIStatusError, AsyncOpenAI, AsyncStream, OpenAIError
from openai.types.chat import ChatCompletionChunk

from callbot.conversation.breaker import Breaker
from callbot.conversation.prompt_use import PromptUse
from callbot.conversation.prompts import Prompt

AnswerFormat = Literal["json_schema", "json_object", "text"]
Messages = Sequence[dict[str, str]]

_ENDED = (httpx2.RemoteProtocolError, httpx2.ReadError, httpx2.WriteError)
_LONGEST = 4000
"""Characters. No answer is longer; a model that does not stop is not listened to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast a server must be, in seconds."""

    whole_s: float
    """For everything together, the next server's turn included."""
    first_token_s: float
    """From the question to the first word of the answer."""
    gap_s: float
    """Between one piece of the answer and the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back: `text` counts only where `use.failed` is empty."""

    text: str
    use: PromptUse


@dataclass(slots=True)
class _Stream:
    """An answer as it comes in."""

    text: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    metered: bool = False

    def take(self, chunk: Any) -> bool:
        """Add one chunk; whether it held words. Any shape is taken, a server may send nonsense."""
        usage = getattr(chunk, "usage", None)
        tokens_in, tokens_out = (getattr(usage, name, None) for name in ("prompt_tokens", "completion_tokens"))
        if isinstance(tokens_in, int) and isinstance(tokens_out, int):
            self.tokens_in, self.tokens_out, self.metered = max(0, tokens_in), max(0, tokens_out), True
        choices = getattr(chunk, "choices", None)
        delta = getattr(choices[0], "delta", None) if isinstance(choices, list) and choices else None
        content = getattr(delta, "content", None)
        if not isinstance(content, str) or not content:
            return False
        self.text += content
        return True


@dataclass(slots=True, kw_only=True, eq=False)
class LlmServer:
    """A server with its model, its prices and its breaker; shared by everybody who asks it."""

    name: str
    """`primary` or `secondary`."""
    base_url: str
    api_key: str = field(repr=False)
    model: str
    answers: AnswerFormat = "json_schema"
    """What it understands of `response_format`."""
    input_price: float = 0.0
    """Yuan for a million tokens."""
    output_price: float = 0.0
    now: Callable[[], float] = time.monotonic
    breaker: Breaker = field(default_factory=Breaker)
    _client: AsyncOpenAI = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # The deadlines are kept in `ask`; the client's own would count single reads.
        self._client = AsyncOpenAI(
            base_url=self.base_url,
            api_key=self.api_key or "none",
            max_retries=0,
            timeout=None,
        )

    def lets_through(self) -> bool:
        """Whether to ask it now, or leave it alone for a while after failures in a row."""
        return self.breaker.lets_through(self.now())

    def failed(self) -> None:
        self.breaker.failed(self.now())

    def succeeded(self) -> None:
        self.breaker.succeeded()

    async def aclose(self) -> None:
        await self._client.close()

    async def ask(
        self, prompt: Prompt, messages: Messages, *, pace: Pace, until: float, max_tokens: int
    ) -> Reply:
        """One question, at most until `until` on the loop's clock. Every failure is a reply that says so."""
        loop = asyncio.get_running_loop()
        asked, got = loop.time(), _Stream()
        why = ""
        try:
            async with asyncio.timeout_at(min(until, asked + pace.first_token_s)) as limit:
                stream = await self._open(self._request(prompt, messages, max_tokens))
                async with stream:
                    async for chunk in stream:
                        if got.take(chunk):
                            limit.reschedule(min(until, loop.time() + pace.gap_s))
                        if len(got.text) > _LONGEST:
                            why = "too-long"
                            break
        except TimeoutError:
            why = "deadline" if loop.time() >= until else "gap" if got.text else "first-token"
        except APIStatusError as error:
            why = f"status-{error.status_code}"
        except (OpenAIError, httpx2.HTTPError) as error:
            why = (
                "broken-off"
                if got.text
                else "first-token"
                if isinstance(error, httpx2.TimeoutException)
                else "unreachable"
            )
        except ValueError:
            why = "unreadable"
        if not why and not got.text.strip():
            why = "empty"
        use = PromptUse(
            prompt=prompt.name,
            version=prompt.version,
            sha256=prompt.sha256,
            model=self.model,
            server=self.name,
            tokens_in=got.tokens_in,
            tokens_out=got.tokens_out,
            cost=round(got.tokens_in * self.input_price + got.tokens_out * self.output_price),
            metered=got.metered,
            failed=why,
            ms=round((loop.time() - asked) * 1000),
        )
        return Reply(text=got.text, use=use)

    async def _open(self, request: dict[str, Any]) -> AsyncStream[ChatCompletionChunk]:
        """The answer as it begins. A server may end a kept connection just as it is used: then once more."""
        try:
            return await self._create(request)
        except APIConnectionError as error:
            if not isinstance(error.__cause__, _ENDED):
                raise
            return await self._create(request)

    async def _create(self, request: dict[str, Any]) -> AsyncStream[ChatCompletionChunk]:
        stream: AsyncStream[ChatCompletionChunk] = await self._client.chat.completions.create(**request)
        return stream

    def _request(self, prompt: Prompt, messages: Messages, max_tokens: int) -> dict[str, Any]:
        request: dict[str, Any] = {
            "model": self.model,
            "messages": list(messages),
            "temperature": prompt.temperature,
            "max_tokens": max_tokens,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if self.answers == "json_schema":
            request["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": prompt.name, "schema": dict(prompt.schema), "strict": True},
            }
        elif self.answers == "json_object":
            request["response_format"] = {"type": "json_object"}
        return request
