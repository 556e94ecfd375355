"""Two hosts on one database and one office: whose customers ring where, and what is said while it is away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest
from pydantic import SecretStr, ValidationError
from web_house import NOW, VAULT, HandClock, a_browser, a_user, sign_in
from websockets.asyncio.client import ClientConnection, connect

from callbot.app import build_site, open_database
from callbot.desk import build_desk, build_far_office, joins_office
from callbot.errors import BadInput
from callbot.settings import AgentSettings, DeskSettings, Settings, StoreSettings
from callbot.store.database import Database, sqlite_url
from callbot.store.desk import SqlDeskStore
from callbot.store.tables import Customer
from callbot.web.access.permission import Role
from callbot.web.site import Site
from handoff.desk import Desk, NotPlaced, Placed
from handoff.far_office import FarOffice
from handoff.messages import encode
from handoff.offer import Brief, TransferOffer
from handoff.office import Office
from handoff.presence import Presence
from handoff.wire import (
    Accept,
    FromAgent,
    FromDesk,
    Hello,
    PresenceIs,
    Ring,
    SetPresence,
    decode_from_desk,
)

SECRET = "one secret for both hosts"
Seen = TypeVar("Seen", bound=FromDesk)


@dataclass
class Agent:
    """The screen of an agent, who signed in at the host with the office."""

    socket: ClientConnection

    async def say(self, message: FromAgent) -> None:
        await self.socket.send(encode(message))

    async def see(self, kind: type[Seen]) -> Seen:
        while True:
            message = await self.socket.recv()
            if isinstance(message, str) and isinstance(decoded := decode_from_desk(message), kind):
                return decoded


def the_settings(tmp_path: Path, host: str, **desk: object) -> Settings:
    """Every host has a folder of its own, and the database of all."""
    return Settings(
        data=tmp_path / host,
        store=StoreSettings(url=sqlite_url(tmp_path / "shared.db")),
        desk=DeskSettings.model_validate({"port": 0, "line_token": SECRET, **desk}),
    )


AGENTS = tuple(
    AgentSettings(id=name, name=name, token=SecretStr(f"t-{name}"), skills={"complaint": 3})
    for name in ("lin", "zhou")
)


@asynccontextmanager
async def first_host(tmp_path: Path) -> AsyncIterator[tuple[Office, Database, Site]]:
    """The one with the office."""
    settings, clock = the_settings(tmp_path, "first", agents=AGENTS), HandClock(NOW)
    async with (
        open_database(settings) as db,
        build_desk(settings, db, clock, line_token=SECRET) as office,
    ):
        yield office, db, build_site(settings, db, VAULT, clock, office=office)


@asynccontextmanager
async def second_host(tmp_path: Path, url: str, token: str = SECRET) -> AsyncIterator[tuple[FarOffice, Site]]:
    """The guest."""
    settings = the_settings(tmp_path, "second", url=url, line_token=token)
    assert joins_office(settings)
    async with open_database(settings) as db, build_far_office(settings) as far:
        yield far, build_site(settings, db, VAULT, HandClock(NOW), far_office=far)


async def at_work(office: Office, name: str) -> Agent:
    agent = Agent(await connect(office.server.url, compression=None))
    await agent.say(Hello(token=f"t-{name}"))
    await agent.see(PresenceIs)
    await agent.say(SetPresence(presence=Presence.AVAILABLE))
    assert (await agent.see(PresenceIs)).presence is Presence.AVAILABLE
    return agent


async def customers(db: Database, *names: str) -> None:
    async with db.write() as session:
        session.add_all(
            Customer(
                id=name,
                name="王芳",
                industry="ecommerce",
                brand="悦选商城",
                phone_cipher=b"cipher",
                phone_hash=name,
                phone_masked="100****2345",
                created_at=NOW,
                updated_at=NOW,
            )
            for name in names
        )


def an_offer(name: str) -> TransferOffer:
    return TransferOffer(
        id=f"offer-{name}",
        call_id=f"call-{name}",
        customer_id=name,
        reason="complaint",
        skill="complaint",
        priority=10,
        brief=Brief(why="客户投诉", customer="王女士", own_words="没人来安装"),
    )


async def desk_said(site: Site, path: str = "/healthz") -> object:
    async with a_browser(site) as client:
        if path != "/healthz":
            await sign_in(site, client, await a_user(site, "zhao", Role.SUPERVISOR))
        answer = (await client.get(path)).json()
        return answer["desk" if path == "/healthz" else "where"]


async def until(happened: Callable[[], bool]) -> None:
    while not happened():  # noqa: ASYNC110  a test looks, nobody is told
        await asyncio.sleep(0.01)


async def test_customers_of_both_hosts_ring_in_the_one_office(tmp_path: Path) -> None:
    async with (
        asyncio.timeout(30),
        first_host(tmp_path) as (office, db, first),
        second_host(tmp_path, office.server.line_url) as (far, second),
    ):
        await far.link.wait_joined()
        assert [await desk_said(site) for site in (first, second)] == ["here", "joined"]
        await customers(db, "north", "south")
        lin, zhou = [await at_work(office, name) for name in ("lin", "zhou")]
        desks: dict[str, Desk] = {"north": office.desk, "south": far.desk}
        placing = {name: asyncio.create_task(desk.place(an_offer(name))) for name, desk in desks.items()}
        rung = {}
        for agent in (lin, zhou):
            ring = await agent.see(Ring)
            rung[ring.offer.customer_id] = agent
            await agent.say(Accept(offer_id=ring.offer.id))
        assert set(rung) == {"north", "south"}
        placed = {name: await task for name, task in placing.items()}
        assert all(isinstance(one, Placed) for one in placed.values())
        assert len({one.agent_id for one in placed.values() if isinstance(one, Placed)}) == 2
        # the office knows the calls of its guest, for supervisors; the agents' books are the shared database
        assert [agent.desk for agent in await SqlDeskStore(db).agents()] == [office.server.name] * 2


async def test_one_agent_is_never_given_to_customers_of_two_hosts(tmp_path: Path) -> None:
    async with (
        asyncio.timeout(30),
        first_host(tmp_path) as (office, db, _),
        second_host(tmp_path, office.server.line_url) as (far, _),
    ):
        await customers(db, "north", "south")
        lin = await at_work(office, "lin")
        placing = [
            asyncio.create_task(desk.place(an_offer(name)))
            for name, desk in (("south", far.desk), ("north", office.desk))
        ]
        ring = await lin.see(Ring)
        for offer in ("offer-north", "offer-south"):
            await lin.say(Accept(offer_id=offer))
        done, waiting = await asyncio.wait(placing, return_when=asyncio.FIRST_COMPLETED)
        (placed,) = [task.result() for task in done]
        assert isinstance(placed, Placed)
        assert placed.offer_id == ring.offer.id
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def test_while_the_office_is_away_nobody_is_there_and_the_health_page_says_so(tmp_path: Path) -> None:
    async with asyncio.timeout(30), AsyncExitStack() as stack:
        async with first_host(tmp_path) as (office, _, _):
            url = office.server.line_url
            far, site = await stack.enter_async_context(second_host(tmp_path, url))
            await far.link.wait_joined()
        await until(lambda: not far.link.joined)
        assert await desk_said(site) == "away"
        assert await desk_said(site, "/api/desk") == "away"
        answer = await far.desk.place(an_offer("north"))
        assert isinstance(answer, NotPlaced)
        assert answer.result == "no_agent"
        assert url in answer.detail


async def test_a_guest_with_another_secret_is_not_let_in(tmp_path: Path) -> None:
    async with (
        asyncio.timeout(30),
        first_host(tmp_path) as (office, _, _),
        second_host(tmp_path, office.server.line_url, "guessed") as (far, site),
    ):
        await until(lambda: far.link.why != "not tried yet")
        assert far.link.why == "unknown token"
        assert await desk_said(site) == "away"
        answer = await far.desk.place(an_offer("north"))
        assert isinstance(answer, NotPlaced)
        assert answer.result == "no_agent"


def test_an_address_without_its_secret_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"desk\.line_token"):
        joins_office(the_settings(tmp_path, "second", url="ws://desk.internal:8092/line", line_token=""))
    with pytest.raises(ValidationError, match="url"):
        DeskSettings(url="http://desk.internal:8092")
    assert not joins_office(the_settings(tmp_path, "first"))
