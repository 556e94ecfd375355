"""The desk, put together: this process's own with everything around it, or the office of another host."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from socket import gethostname

from callbot.clock import Clock
from callbot.errors import BadInput
from callbot.outreach.late_form import settle_late_form
from callbot.settings import DeskSettings, Settings
from callbot.store.database import Database
from callbot.store.desk import SqlDeskStore
from handoff.far_office import FarOffice, join_office
from handoff.line_door import LineDoor
from handoff.live_calls import CallsHere
from handoff.live_desk import DeskOptions, LiveDesk
from handoff.media_door import MediaDoor
from handoff.offer import WrapUp
from handoff.office import Office, open_office
from handoff.server import AgentIdentity, DeskServer


def desk_options(settings: Settings) -> DeskOptions:
    """The times that the desk keeps."""
    desk = settings.desk
    return DeskOptions(
        ring_s=desk.ring_timeout_s, place_s=desk.place_s, sla_s=desk.sla_s, return_s=desk.return_s
    )


def joins_office(settings: Settings) -> bool:
    """Whether customers ring in the office of another host. Raises `BadInput` where its secret is missing."""
    if settings.desk.url and not settings.desk.line_token.get_secret_value():
        raise BadInput.one(
            "设置 desk.line_token",
            f"填了 desk.url（{settings.desk.url}），没有填那边坐席台的令牌：客户将转不到人工",
            "填控制进程的 desk.line_token（CALLBOT_DESK__LINE_TOKEN），两边相同",
        )
    return bool(settings.desk.url)


def build_far_office(
    settings: Settings, calls: CallsHere | None = None
) -> AbstractAsyncContextManager[FarOffice]:
    """The office that the settings name; `calls` are those that its supervisors may listen to."""
    return join_office(settings.desk.url, settings.desk.line_token.get_secret_value(), calls)


def _cannot_listen(desk: DeskSettings, error: OSError) -> BadInput:
    return BadInput.one(
        f"desk.host / desk.port（{desk.host}:{desk.port}）",
        f"坐席服务无法监听该地址：{error.strerror or error}",
        "停掉占用它的程序，或改 desk.port（CALLBOT_DESK__PORT），0 表示自动选一个空闲端口",
    )


@asynccontextmanager
async def build_desk(
    settings: Settings, db: Database, clock: Clock, *, line_token: str = ""
) -> AsyncIterator[Office]:
    """The desk; with a `line_token` it serves media processes of their own too.

    Raises `BadInput` when its address cannot be used.
    """
    agents = {agent.token.get_secret_value(): agent for agent in settings.desk.agents}

    async def authenticate(token: str) -> AgentIdentity | None:
        agent = agents.get(token)
        if agent is None:
            return None
        return AgentIdentity(id=agent.id, name=agent.name, skills=dict(agent.skills), telephone=agent.telephone)

    server = DeskServer(
        settings.desk.host,
        settings.desk.port,
        SqlDeskStore(db),
        authenticate,
        now=clock.now,
        name=f"{gethostname()}:{settings.desk.port}",
    )

    async def late_form(offer_id: str, agent_id: str, form: WrapUp) -> None:
        await settle_late_form(db, clock, offer_id, agent_id, form)

    server.on_late_form = late_form
    desk = LiveDesk(server, desk_options(settings))
    if line_token:
        server.line_door = LineDoor(desk, line_token)
        server.media_door = MediaDoor(line_token, desk=server.name)
    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(server)
        except OSError as error:
            raise _cannot_listen(settings.desk, error) from None
        yield open_office(server, desk)
