"""Where agents connect: one websocket each, presence, answers, sound. The desk's own port is one way in."""

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
from handoff.connection import Connection, SocketConnection
from handoff.frames import SoundName, sound
from handoff.line_door import LineDoor
from handoff.media_door import MediaDoor
from handoff.messages import BadMessage
from handoff.offer import WrapUp
from handoff.presence import BREAK_REASONS, AgentStatus, Presence
from handoff.room import Room
from handoff.store import DeskStore
from handoff.voice import Voice
from handoff.wire import (
    Accept,
    Decline,
    HandBack,
    HangUp,
    Hello,
    Hold,
    Mute,
    Pong,
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
    """Who somebody is at the desk."""

    id: str
    name: str
    skills: dict[str, int] = field(default_factory=dict)
    """Of an agent who is new; later the store's stand."""
    telephone: str = ""
    """Where they talk, as their carrier dials it; empty: over their connection to the desk."""


Authenticate: TypeAlias = Callable[[str], Awaitable[AgentIdentity | None]]
"""Token → agent, None where the token is unknown."""
Now: TypeAlias = Callable[[], datetime]
OnForm: TypeAlias = Callable[[str, str, WrapUp], Awaitable[None]]
"""(offer id, agent id, form): a form that came after its call was settled."""


def shown(telephone: str) -> str:
    """A telephone on a screen: its end is enough for its owner."""
    return f"…{telephone[-4:]}" if telephone else ""


def utc_now() -> datetime:
    return datetime.now(UTC)


class DeskServer:
    """Listens at `ws://host:port/agent`. Agents arrive on a break and choose to be available themselves.

    Use as an async context manager; `port=0` takes a free one, then see `url`. Signing in twice closes the
    older connection. Several desk servers may share one store, each under a `name` of its own that it keeps
    across restarts. Browsers come in through `attend`.
    """

    def __init__(
        self,
        host: str,
        port: int,
        store: DeskStore,
        authenticate: Authenticate,
        *,
        now: Now = utc_now,
        name: str = "",
    ) -> None:
        self.store = store
        self.now = now
        self.name = name
        self._host = host
        self._port = port
        self._authenticate = authenticate
        self._lines: dict[str, AgentLine] = {}
        self._forms: dict[str, asyncio.Future[WrapUp]] = {}
        self._server: Server | None = None
        self._changed = asyncio.Event()
        self.rooms: dict[str, Room] = {}
        """Conversations with a human, by call id."""
        self.line_door: LineDoor | None = None
        """Serves media processes of their own at `ws://host:port/line`; None: there are none."""
        self.media_door: MediaDoor | None = None
        """Where media processes report their running calls, at `ws://host:port/media`."""
        self.on_late_form: OnForm | None = None

    async def __aenter__(self) -> DeskServer:
        await self.store.start_over(self.name, self.now())
        self._server = await serve(
            self._arrive,
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

    @property
    def on_telephones(self) -> frozenset[str]:
        """Agents who talk on a telephone of their own."""
        return frozenset(line.agent_id for line in self._lines.values() if line.telephone)

    async def here(self) -> list[AgentStatus]:
        """Agents who are connected to this desk and to no other."""
        return [
            agent for agent in await self.store.agents() if agent.id in self._lines and agent.desk == self.name
        ]

    async def tell_presence(self, agent_id: str) -> None:
        """Show an agent the presence the desk has them in; one who is at another desk now is let go."""
        self.wake()
        line = self._lines.get(agent_id)
        if line is None:
            return
        for agent in await self.store.agents():
            if agent.id == agent_id and agent.desk != self.name:
                await line.close(CLOSED_ELSEWHERE, "signed in elsewhere")
            elif agent.id == agent_id:
                await line.tell(PresenceIs(presence=agent.presence, reason=agent.reason))

    def wake(self) -> None:
        """Something changed: customers in line look again."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def change(self, timeout_s: float) -> None:
        """Returns when something changed, or after the time."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._changed.wait()
        except TimeoutError:
            pass

    def expect_form(self, offer_id: str) -> asyncio.Future[WrapUp]:
        """The wrap-up of an offer, whenever it comes and over whichever connection of its agent."""
        if offer_id not in self._forms:
            self._forms[offer_id] = asyncio.get_running_loop().create_future()
        return self._forms[offer_id]

    def forget_form(self, offer_id: str) -> None:
        """Nobody waits for this wrap-up any more; a later one amends the stored offer."""
        self._forms.pop(offer_id, None)

    async def take_form(self, offer_id: str, agent_id: str, form: WrapUp) -> bool:
        """The wrap-up of this agent's customer, early or late; False when it is not theirs."""
        waiting = self._forms.get(offer_id)
        if waiting is not None and not waiting.done():
            waiting.set_result(form)
            return True
        if not await self.store.amend(offer_id, agent_id, form):
            return False
        if self.on_late_form is not None:
            await self.on_late_form(offer_id, agent_id, form)
        return True

    async def attend(self, identity: AgentIdentity, connection: Connection, sound_name: SoundName) -> None:
        """Serve one agent who has shown who they are, until their connection ends."""
        line = AgentLine(
            identity.id, identity.name, connection, sound(sound_name), telephone=identity.telephone
        )
        older = self._lines.get(identity.id)
        self._lines[identity.id] = line
        room = next((room for room in self.rooms.values() if room.human.agent_id == identity.id), None)
        if older is not None:
            older.leave()
            await older.close(CLOSED_ELSEWHERE, "signed in elsewhere")
        try:
            agent = await self.store.sign_in(
                AgentStatus(
                    id=identity.id,
                    name=identity.name,
                    skills=identity.skills,
                    presence=Presence.BREAK,
                    desk=self.name,
                ),
                self.now(),
            )
            await line.tell(
                Welcome(
                    agent_id=identity.id,
                    name=identity.name,
                    sound=sound_name,
                    break_reasons=BREAK_REASONS,
                    telephone=shown(identity.telephone),
                )
            )
            await line.tell(PresenceIs(presence=agent.presence, reason=agent.reason))
            if room is not None and room in self.rooms.values():
                await room.rejoin(line)
            self.wake()
            async for message in connection.messages():
                if isinstance(message, bytes):
                    line.heard(message)
                else:
                    await self._handle(line, message)
        finally:
            line.leave()
            if self._lines.get(identity.id) is line:
                del self._lines[identity.id]
                if line.floor is None:  # else their customer waits for them to come back
                    await self.store.sign_out(identity.id, self.name, self.now())
            self.wake()

    async def _arrive(self, socket: ServerConnection) -> None:
        path = socket.request.path.partition("?")[0] if socket.request is not None else ""
        if path == "/media" and self.media_door is not None:
            await self.media_door.serve(socket)
            return
        if path == "/line" and self.line_door is not None:
            await self.line_door.serve(socket)
            return
        if path != "/agent":
            await socket.close(CLOSED_BAD_MESSAGE, "agents connect at /agent")
            return
        try:
            async with asyncio.timeout(_HELLO_TIMEOUT_S):
                first = await socket.recv()
            hello = decode_from_agent(first if isinstance(first, str) else "")
        except (TimeoutError, BadMessage):
            await socket.close(CLOSED_BAD_MESSAGE, "the first message is hello with a token")
            return
        except ConnectionClosed:
            return
        identity = await self._authenticate(hello.token) if isinstance(hello, Hello) else None
        if identity is None or not isinstance(hello, Hello):
            await socket.close(CLOSED_BAD_TOKEN, "unknown token")
            return
        await self.attend(identity, SocketConnection(socket), hello.sound)

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
                if not await self.store.choose_presence(
                    line.agent_id, message.presence, self.now(), message.reason
                ):
                    await line.tell(Refused(message="正在来电或通话中，暂时不能切换状态"))
                await self.tell_presence(line.agent_id)
            case Accept() | Decline():
                if not line.answer(message):
                    await line.tell(Withdrawn(offer_id=message.offer_id, why="taken"))
            case SendWrapUp():
                await self.write_up(line, message)
            case Hold() | Mute() | HandBack() | HangUp() | Pong():
                await line.command(message)
            case Hello():
                await line.tell(Refused(message="已经登录"))
            case _:
                assert_never(message)

    async def write_up(self, voice: Voice, message: SendWrapUp) -> None:
        """Take a form over the connection of whoever talked."""
        if not await self.take_form(message.offer_id, voice.agent_id, message.form):
            await voice.tell(Refused(message="小结未保存：这通转接不在您名下或尚未结束"))
