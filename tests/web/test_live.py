"""The live board: everything first, then what changed, each thing once; a broken connection loses nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from fresh_database import fresh_db
from hypothesis import given, settings
from hypothesis import strategies as st
from store_rows import a_batch, a_customer, an_attempt
from web_house import NOW, HandClock, a_browser, a_site, a_user, sign_in

from callbot.store import sign_ins
from callbot.store.audit import ActorKind
from callbot.store.tables import Agent, Attempt, Transfer
from callbot.web.access.permission import Role
from callbot.web.access.principal import Principal
from callbot.web.api.board import stream
from callbot.web.live.hub import Hub, Item, Message, Topic
from callbot.web.serving import serving
from callbot.web.site import Site

State = dict[tuple[str, str], Any]


def item(key: str, value: int | None, agents: frozenset[str] = frozenset()) -> Item:
    return Item(topic=Topic.CALL, key=key, value=None if value is None else {"n": value}, agents=agents)


def everything(_item: Item) -> bool:
    return True


def applied(state: State, message: Message) -> State:
    """What a browser has on the screen after a message."""
    state = {} if message.whole else dict(state)
    for each in message.items:
        if each.value is None:
            state.pop((each.topic, each.key), None)
        else:
            state[(each.topic, each.key)] = each.value
    return state


async def taken(hub: Hub, last_id: str = "", sees: Callable[[Item], bool] = everything) -> list[Message]:
    """What a follower gets who comes with `last_id`, until nothing has changed any more."""
    found = []
    async for message in hub.follow(sees, last_id=last_id, pause_s=0, idle_s=0):
        if message is None:
            break
        found.append(message)
    return found


CHANGES = st.lists(st.tuples(st.sampled_from("abcd"), st.one_of(st.none(), st.integers(0, 3))), max_size=12)


@settings(deadline=None)
@given(CHANGES, CHANGES)
async def test_whoever_comes_back_has_what_somebody_has_who_never_left(
    before: list[tuple[str, int | None]], after: list[tuple[str, int | None]]
) -> None:
    hub = Hub()
    for key, value in before:
        hub.put(item(key, value))
    (first,) = await taken(hub)
    screen = applied({}, first)
    for key, value in after:
        hub.put(item(key, value))
    for message in await taken(hub, first.id):
        assert not message.whole
        assert len({each.key for each in message.items}) == len(message.items)
        screen = applied(screen, message)
    (whole,) = await taken(hub)
    assert screen == applied({}, whole)


@pytest.mark.parametrize("last_id", ["other-1", "nonsense", "", "e-99", "e--1", "e-¹"])
async def test_an_id_that_is_not_ours_gets_everything(last_id: str) -> None:
    hub = Hub("e")
    hub.put(item("a", 1))
    (message,) = await taken(hub, last_id)
    assert message.whole
    assert [each.key for each in message.items] == ["a"]


async def test_what_does_not_change_is_not_sent() -> None:
    hub = Hub()
    hub.replace(Topic.CALL, [item("a", 1), item("b", 1)])
    (first,) = await taken(hub)
    hub.replace(Topic.CALL, [item("a", 1), item("b", 1)])
    assert await taken(hub, first.id) == []
    hub.replace(Topic.CALL, [item("b", 2)])
    (change,) = await taken(hub, first.id)
    assert {each.key: each.value for each in change.items} == {"a": None, "b": {"n": 2}}


async def test_a_slow_follower_gets_the_latest_state_only() -> None:
    hub = Hub()
    following = hub.follow(everything, pause_s=0, idle_s=1)
    await anext(following)
    for number in range(100):
        hub.put(item("a", number))
        await asyncio.sleep(0)
    change = await anext(following)
    assert change is not None
    assert [each.value for each in change.items] == [{"n": 99}]
    await following.aclose()


async def test_what_goes_to_another_agent_leaves_the_screen() -> None:
    hub = Hub()
    hub.put(item("x", 1, frozenset({"a"})))
    following = hub.follow(lambda each: "a" in each.agents, pause_s=0, idle_s=1)
    first = await anext(following)
    assert first is not None
    assert len(first.items) == 1
    hub.put(item("x", 2, frozenset({"b"})))
    hub.put(item("y", 1, frozenset({"b"})))
    change = await anext(following)
    assert change is not None
    assert [(each.key, each.value) for each in change.items] == [("x", None)]
    await following.aclose()


async def test_things_long_gone_are_forgotten_and_old_ids_get_everything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("callbot.web.live.hub._MOST_GONE", 10)
    hub = Hub()
    hub.put(item("stays", 1))
    (early,) = await taken(hub)
    for number in range(40):
        hub.put(item(f"k{number}", 1))
        hub.put(item(f"k{number}", None))
    (late,) = await taken(hub, early.id)
    assert late.whole
    assert [each.key for each in late.items] == ["stays"]
    assert await taken(hub, late.id) == []


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with fresh_db(tmp_path) as db:
        site = a_site(db, tmp_path, HandClock(NOW), port=0)
        async with db.write() as session:
            session.add(a_batch(NOW, id="B", flow="winback"))
            session.add(a_customer(NOW, id="wang", name="王晓芸", phone_masked="100****1357"))
            session.add(Agent(id="a", name="林顾问", presence="available", skills={"sales": 3}))
            await session.flush()
            session.add(
                an_attempt(
                    NOW,
                    id="A",
                    batch_id="B",
                    customer_id="wang",
                    state="in_call",
                    dialing_at=NOW,
                    answered_at=NOW,
                )
            )
        yield site


async def test_the_board_shows_what_runs(site: Site) -> None:
    client = a_browser(site)
    await sign_in(site, client, await a_user(site, "zhao", Role.SUPERVISOR))
    board = (await client.get("/api/board")).json()
    assert [(call["attempt_id"], call["state"], call["phone_masked"]) for call in board["calls"]] == [
        ("A", "in_call", "100****1357")
    ]
    assert [(batch["name"], batch["in_call"]) for batch in board["batches"]] == [("三月唤醒", 1)]
    assert [agent["presence"] for agent in board["desk"]] == ["available"]


async def ended(site: Site) -> None:
    async with site.db.write() as session:
        attempt = await session.get_one(Attempt, "A")
        attempt.state, attempt.outcome, attempt.ended_at = "done", "interested", NOW


async def events(lines: AsyncIterator[str]) -> AsyncIterator[tuple[str, str, dict[str, Any]]]:
    """(event, id, data) of a stream."""
    fields: dict[str, str] = {}
    async for line in lines:
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        else:
            if "data" in fields:
                yield fields["event"], fields["id"], json.loads(fields["data"])
            fields = {}


async def test_a_browser_follows_over_a_real_connection_and_comes_back(site: Site) -> None:
    inside = a_browser(site)
    await sign_in(site, inside, await a_user(site, "zhao", Role.SUPERVISOR))
    async with serving(site) as address, httpx.AsyncClient(base_url=address, timeout=20) as client:
        client.cookies.update(dict(inside.cookies))
        async with client.stream("GET", "api/live") as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            following = events(answer.aiter_lines())
            name, last_id, data = await anext(following)
            assert name == "whole"
            assert ("call", "A") in {(each["topic"], each["key"]) for each in data["items"]}
        await ended(site)
        async with client.stream("GET", "api/live", headers={"Last-Event-ID": last_id}) as answer:
            name, _, data = await anext(events(answer.aiter_lines()))
        assert name == "change"
        changed = {(each["topic"], each["key"]): each["value"] for each in data["items"]}
        assert changed[("call", "A")] is None
        assert changed[("figures", "today")]["outcomes"] == {"interested": 1}


def principal(name: str, role: Role, session_hash: str = "") -> Principal:
    return Principal(
        kind=ActorKind.USER, id=name, name=name, roles=frozenset({role}), session_hash=session_hash
    )


async def first_items(site: Site, who: Principal) -> set[tuple[str, str]]:
    async for chunk in stream(site, who):
        for line in chunk.decode().splitlines():
            if line.startswith("data: "):
                items = json.loads(line[6:])["items"]
                return {(each["topic"], each["key"]) for each in items}
    return set()


async def test_an_agent_follows_what_concerns_them(site: Site) -> None:
    async with site.db.write() as session:
        for key, agent in (("T1", "a"), ("T2", "b")):
            session.add(
                Transfer(
                    id=key,
                    call_id=key,
                    customer_id="wang",
                    reason="complaint",
                    skill="complaint",
                    priority=1,
                    state="ringing",
                    agent_id=agent,
                    offered_at=NOW,
                )
            )
    assert await first_items(site, principal("a", Role.AGENT)) == {("desk", "a"), ("transfer", "T1")}
    assert await first_items(site, principal("c", Role.AGENT)) == set()
    seen = await first_items(site, principal("zhao", Role.SUPERVISOR))
    assert {("transfer", "T1"), ("transfer", "T2"), ("figures", "today")} <= seen


async def test_whoever_is_signed_out_stops_following(site: Site) -> None:
    client = a_browser(site)
    user = await a_user(site, "zhao", Role.SUPERVISOR)
    await sign_in(site, client, user)
    async with site.db.read() as session:
        (row,) = await sign_ins.of_user(session, user.id)
    following = stream(site, principal("zhao", Role.SUPERVISOR, row.id_hash), ask_again_s=0.01)
    await anext(following)
    await anext(following)
    assert (await anext(following)).startswith(b":")
    async with site.db.write() as session:
        await sign_ins.end_all(session, user.id)
    async with asyncio.timeout(10):
        assert [chunk async for chunk in following if not chunk.startswith(b":")] == []
