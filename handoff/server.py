"""Where agents connect: one websocket each, sign-in by the first message, presence, answers, sound."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, TypeAlias, assert_never

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from handoff.agent_line import AgentLine
from handoff.line_door import LineDoor
from handoff.messages import BadMessage
from handoff.offer import WrapUp
from handoff.presence import AgentStatus, Presence
from handoff.store import DeskStore
from handoff.wire import (
    Accept,
    Decline,
    HangUp,
    Hello,
    PresenceIs,
    Refused,
    SendWrapUp,
    SetPresence,
    Welcome,
    Withdrawn,
    decode_from_agent,
)

log = logging.getLogger(__name__)

CLOSED_BAD_TOKEN: Final = 4401
CLOSED_ELSEWHERE: Final = 4409
CLOSED_BAD_MESSAGE: Final = 4400
_HELLO_TIMEOUT_S: Final = 10.0
_WRITE_LIMIT: Final = 4_096
"""Bytes waiting in the process for one agent: a quarter of a second of sound, then frames are dropped."""
_MAX_MESSAGE: Final = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentIdentity:
    """Who a token belongs to."""

    id: str
    name: str
    skills: dict[str, int] = field(default_factory=dict)


Authenticate: TypeAlias = Callable[[str], Awaitable[AgentIdentity | None]]
"""Token → agent, None where the token is unknown."""
Now: TypeAlias = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


class DeskServer:
    """Listens at `ws://host:port/agent`. Agents arrive on a break and choose to be available themselves.

    Use as an async context manager; `port=0` takes a free one, then see `url`. Signing in twice closes the
    older connection. One desk server belongs to one store.
    """

    def __init__(
        self, host: str, port: int, store: DeskStore, authenticate: Authenticate, *, now: Now = utc_now
    ) -> None:
        self.store = store
        self.now = now
        self._host = host
        self._port = port
        self._authenticate = authenticate
        self._lines: dict[str, AgentLine] = {}
        self._forms: dict[str, asyncio.Future[WrapUp]] = {}
        self._server: Server | None = None
        self.line_door: LineDoor | None = None
        """Serves media processes of their own at `ws://host:port/line`; None: there are none."""

    async def __aenter__(self) -> DeskServer:
        await self.store.start_over(self.now())
        self._server = await serve(
            self._agent,
            self._host,
            self._port,
            compression=None,
            write_limit=_WRITE_LIMIT,
            max_size=_MAX_MESSAGE,
            ping_interval=20,
            ping_timeout=20,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.line_door is not None:
            await self.line_door.aclose()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    @property
    def url(self) -> str:
        """Address for agents on this machine."""
        if self._server is None:
            raise RuntimeError("the desk server is not running: use it as `async with DeskServer(…)`")
        return f"ws://{self._host}:{next(iter(self._server.sockets)).getsockname()[1]}/agent"

    @property
    def line_url(self) -> str:
        """Address for media processes on this machine."""
        everywhere = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 (not a bind)
        return (
            self.url.replace(self._host, everywhere.get(self._host, self._host)).removesuffix("agent") + "line"
        )

    def line(self, agent_id: str) -> AgentLine | None:
        """The agent's connection, None while they are not connected."""
        return self._lines.get(agent_id)

    async def tell_presence(self, agent_id: str) -> None:
        """Show an agent the presence the desk has them in."""
        line = self._lines.get(agent_id)
        if line is None:
            return
        for agent in await self.store.agents():
            if agent.id == agent_id:
                await line.tell(PresenceIs(presence=agent.presence))

    def expect_form(self, offer_id: str) -> asyncio.Future[WrapUp]:
        """The wrap-up of an offer, whenever it comes and over whichever connection of its agent."""
        if offer_id not in self._forms:
            self._forms[offer_id] = asyncio.get_running_loop().create_future()
        return self._forms[offer_id]

    def forget_form(self, offer_id: str) -> None:
        """Nobody waits for this wrap-up any more; a later one amends the stored offer."""
        self._forms.pop(offer_id, None)

    async def _agent(self, connection: ServerConnection) -> None:
        path = connection.request.path.partition("?")[0] if connection.request is not None else ""
        if path == "/line" and self.line_door is not None:
            await self.line_door.serve(connection)
            return
        if path != "/agent":
            await connection.close(CLOSED_BAD_MESSAGE, "agents connect at /agent")
            return
        identity = await self._sign_in(connection)
        if identity is None:
            return
        line = AgentLine(identity.id, identity.name, connection)
        older = self._lines.get(identity.id)
        self._lines[identity.id] = line
        if older is not None:
            older.leave()
            await older.close(CLOSED_ELSEWHERE, "signed in elsewhere")
        await self.store.sign_in(
            AgentStatus(id=identity.id, name=identity.name, skills=identity.skills, presence=Presence.BREAK),
            self.now(),
        )
        await line.tell(Welcome(agent_id=identity.id, name=identity.name))
        await line.tell(PresenceIs(presence=Presence.BREAK))
        try:
            async for message in connection:
                if isinstance(message, bytes):
                    line.heard(message)
                else:
                    await self._handle(line, message)
        except ConnectionClosed:
            log.info("agent connection lost", extra={"agent_id": identity.id})
        finally:
            line.leave()
            if self._lines.get(identity.id) is line:
                del self._lines[identity.id]
                await self.store.sign_out(identity.id, self.now())

    async def _sign_in(self, connection: ServerConnection) -> AgentIdentity | None:
        try:
            async with asyncio.timeout(_HELLO_TIMEOUT_S):
                first = await connection.recv()
            hello = decode_from_agent(first if isinstance(first, str) else "")
        except (TimeoutError, BadMessage):
            await connection.close(CLOSED_BAD_MESSAGE, "the first message is hello with a token")
            return None
        except ConnectionClosed:
            return None
        identity = await self._authenticate(hello.token) if isinstance(hello, Hello) else None
        if identity is None:
            await connection.close(CLOSED_BAD_TOKEN, "unknown token")
        return identity

    async def _handle(self, line: AgentLine, text: str) -> None:
        try:
            message = decode_from_agent(text)
        except BadMessage as bad:
            log.warning(
                "unreadable message from an agent", extra={"agent_id": line.agent_id, "problem": str(bad)}
            )
            await line.tell(Refused(message=f"无法识别的消息：{bad}"))
            return
        match message:
            case SetPresence():
                if not await self.store.choose_presence(line.agent_id, message.presence, self.now()):
                    await line.tell(Refused(message="正在来电或通话中，暂时不能切换状态"))
                await self.tell_presence(line.agent_id)
            case Accept() | Decline():
                if not line.answer(message):
                    await line.tell(Withdrawn(offer_id=message.offer_id, why="taken"))
            case HangUp():
                line.close_sound()
            case SendWrapUp():
                await self._take_form(line, message)
            case Hello():
                await line.tell(Refused(message="已经登录"))
            case _:
                assert_never(message)

    async def _take_form(self, line: AgentLine, message: SendWrapUp) -> None:
        waiting = self._forms.get(message.offer_id)
        if waiting is not None and not waiting.done():
            waiting.set_result(message.form)
        elif not await self.store.amend(message.offer_id, line.agent_id, message.form):
            await line.tell(Refused(message="小结未保存：这通转接不在您名下或尚未结束"))
