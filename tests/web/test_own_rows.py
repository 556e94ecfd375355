"""An agent sees what was handed to them, and nothing that was handed to somebody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fresh_database import fresh_db
from store_rows import a_batch, a_call, a_customer, a_turn, an_attempt
from web_house import NOW, VAULT, a_site, signed_in

from callbot.store.audit import Wanted, entries
from callbot.store.tables import ComplaintCase, Customer, FollowUp, Transfer
from callbot.web.access.permission import Role
from callbot.web.site import Site

PHONES = {"wang": "+8610024681357", "li": "+8610035792468", "chen": "+8610046813579"}
NAMES = {"wang": "王晓芸", "li": "李建国", "chen": "陈静"}
SAID = "打我另一个号码13800138000，或者+8610024681357"


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """wang was handed to agent a, li to agent b, chen to nobody."""
    async with fresh_db(tmp_path) as db:
        site = a_site(db, tmp_path)
        async with db.write() as session:
            session.add(a_batch(NOW, id="B"))
            for key, phone in PHONES.items():
                sealed = VAULT.seal(phone)
                session.add(
                    a_customer(
                        NOW,
                        id=key,
                        external_id=f"X-{key}",
                        name=NAMES[key],
                        phone_cipher=sealed.cipher,
                        phone_hash=sealed.hash,
                        phone_masked=sealed.masked,
                        timezone="Asia/Shanghai",
                    )
                )
            await session.flush()
            for key in PHONES:
                session.add(
                    an_attempt(
                        NOW,
                        id=f"A-{key}",
                        batch_id="B",
                        customer_id=key,
                        state="done",
                        answered_at=NOW,
                        ended_at=NOW,
                        outcome="transferred",
                    )
                )
            await session.flush()
            for number, key in enumerate(PHONES):
                (tmp_path / f"{key}.wav").write_bytes(b"RIFF" + key.encode())
                (tmp_path / f"{key}.jsonl").write_text(
                    '{"at_ms": 10, "event": "turn", "text": "+8610024681357"}\n{"at_ms": 20, "ev',
                    encoding="utf-8",
                )
                session.add(
                    a_call(
                        NOW + timedelta(minutes=number),
                        id=f"C-{key}",
                        attempt_id=f"A-{key}",
                        customer_id=key,
                        duration_ms=60_000 * (number + 1),
                        outcome="transferred",
                        recording=f"{key}.wav",
                        event_log=f"{key}.jsonl",
                    )
                )
            await session.flush()
            for key, agent in (("wang", "a"), ("li", "b")):
                session.add_all(
                    [
                        a_turn(SAID, call_id=f"C-{key}", intent="complaint", emotion="angry"),
                        Transfer(
                            id=f"T-{key}",
                            call_id=f"C-{key}",
                            customer_id=key,
                            reason="complaint",
                            skill="complaint",
                            priority=1,
                            state="done",
                            result="connected",
                            agent_id=agent,
                            offered_at=NOW,
                            brief={"own_words": [SAID]},
                        ),
                    ]
                )
            for key, owner, claimed in (
                ("wang", "a", ""),
                ("li", "sales-desk", "b"),
                ("chen", "sales-desk", ""),
            ):
                session.add(
                    FollowUp(
                        id=f"F-{key}",
                        customer_id=key,
                        kind="assign_agent_24h",
                        owner=owner,
                        claimed_by=claimed,
                        state="claimed" if claimed else "open",
                        due_at=NOW - timedelta(hours=1),
                        created_at=NOW,
                    )
                )
            session.add(
                FollowUp(
                    id="F-system",
                    customer_id="chen",
                    kind="retry_later",
                    owner="system",
                    due_at=NOW,
                    created_at=NOW,
                )
            )
        yield site


@pytest.fixture
async def agent(site: Site) -> httpx.AsyncClient:
    return await signed_in(site, Role.AGENT, name="a")


@pytest.fixture
async def boss(site: Site) -> httpx.AsyncClient:
    return await signed_in(site, Role.SUPERVISOR)


async def ids(client: httpx.AsyncClient, path: str, **params: Any) -> set[str]:
    page = (await client.get(path, params=params)).json()
    assert page["total"] == len(page["items"])
    return {row["id"] for row in page["items"]}


async def test_lists_hold_ones_own_rows(agent: httpx.AsyncClient, boss: httpx.AsyncClient) -> None:
    assert await ids(agent, "/api/calls") == {"C-wang"}
    assert await ids(boss, "/api/calls") == {"C-wang", "C-li", "C-chen"}
    assert await ids(agent, "/api/customers") == {"wang"}
    assert await ids(boss, "/api/customers") == set(PHONES)
    assert await ids(agent, "/api/follow-ups") == {"F-wang", "F-chen"}
    assert await ids(agent, "/api/follow-ups", mine=True) == {"F-wang"}
    assert await ids(agent, "/api/follow-ups", free=True) == {"F-chen"}
    assert await ids(boss, "/api/follow-ups") == {"F-wang", "F-li", "F-chen", "F-system"}
    assert (await boss.get("/api/follow-ups", params={"limit": 1, "offset": 1})).json()["total"] == 4


OTHERS = [
    ("GET", "/api/calls/C-{}"),
    ("GET", "/api/calls/C-{}/events"),
    ("GET", "/api/calls/C-{}/recording"),
    ("GET", "/pages/calls/C-{}"),
    ("GET", "/pages/calls/C-{}/recording.wav"),
    ("GET", "/api/customers/{}"),
    ("GET", "/api/customers/X-{}"),
    ("GET", "/api/customers/{}/budget"),
    ("GET", "/pages/customers/{}"),
    ("POST", "/api/customers/{}/reveal"),
]


@pytest.mark.parametrize(("method", "path"), OTHERS)
async def test_what_is_somebody_elses_does_not_exist(
    agent: httpx.AsyncClient, boss: httpx.AsyncClient, method: str, path: str
) -> None:
    body: dict[str, Any] = {"json": {"reason": "回电"}} if method == "POST" else {}
    for key in ("li", "chen", "nobody"):
        answer = await agent.request(method, path.format(key), **body)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found"), key
        assert NAMES.get(key, "?") not in answer.text
    assert (await agent.request(method, path.format("wang"), **body)).status_code == 200
    assert (await boss.request(method, path.format("li"), **body)).status_code == 200


@pytest.mark.parametrize("action", ["claim", "done", "cancel", "postpone"])
async def test_somebody_elses_task_cannot_be_worked_on(agent: httpx.AsyncClient, action: str) -> None:
    body = {
        "cancel": {"note": "x"},
        "postpone": {"to": (NOW + timedelta(days=1)).isoformat()},
        "done": {},
    }.get(action)
    for task in ("F-li", "F-system", "li"):
        answer = await agent.post(f"/api/follow-ups/{task}/{action}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


async def test_a_free_task_makes_its_customer_ones_own(agent: httpx.AsyncClient) -> None:
    assert (await agent.get("/api/customers/chen")).status_code == 404
    claimed = await agent.post("/api/follow-ups/F-chen/claim")
    assert (claimed.status_code, claimed.json()["claimed_by"]) == (200, "a")
    assert (await agent.get("/api/customers/chen")).status_code == 200
    done = await agent.post("/api/follow-ups/F-chen/done", json={"note": "已回电 13800138000", "called": True})
    assert (done.json()["state"], done.json()["note"]) == ("done", "已回电 138****8000")
    twice = await agent.post("/api/follow-ups/F-chen/claim")
    assert (twice.status_code, twice.json()["code"]) == (422, "bad-input")
    assert twice.json()["problems"][0]["where"]


async def test_a_case_and_a_name_make_a_customer_ones_own(site: Site, agent: httpx.AsyncClient) -> None:
    async with site.db.write() as session:
        session.add(
            ComplaintCase(
                customer_id="li",
                attempt_id="A-li",
                words="没人管",
                owner="a",
                opened_at=NOW,
                answer_due_at=NOW,
            )
        )
        (await session.get_one(Customer, "chen")).named_agent = "a"
    assert await ids(agent, "/api/customers") == set(PHONES)


async def test_no_answer_holds_a_whole_number(agent: httpx.AsyncClient, boss: httpx.AsyncClient) -> None:
    paths = [
        "/api/calls",
        "/api/calls/C-wang",
        "/api/calls/C-wang/events",
        "/api/customers",
        "/api/customers/wang",
        "/api/follow-ups",
        "/pages/calls/C-wang",
        "/pages/customers/wang",
    ]
    for client, path in [(each, path) for each in (agent, boss) for path in paths]:
        text = (await client.get(path)).text
        assert "13800138000" not in text, path
        assert "10024681357" not in text, path
        assert "cipher" not in text, path
    assert "138****8000" in (await agent.get("/api/calls/C-wang")).text
    assert "100****1357" in (await agent.get("/pages/calls/C-wang")).text


async def test_a_whole_number_is_given_for_a_reason_and_noted(site: Site, agent: httpx.AsyncClient) -> None:
    for reason in ("", "  "):
        answer = await agent.post("/api/customers/wang/reveal", json={"reason": reason})
        assert (answer.status_code, answer.json()["code"]) == (422, "reason-needed")
    answer = await agent.post("/api/customers/wang/reveal", json={"reason": "客户要求短信确认"})
    assert answer.json() == {"customer_id": "wang", "phone": PHONES["wang"]}
    async with site.db.read() as session:
        rows, _ = await entries(session, Wanted(action="customer.reveal"))
    (entry,) = rows
    assert (entry.actor, entry.about_id, entry.detail["reason"]) == ("a", "wang", "客户要求短信确认")
    assert entry.request_id == answer.headers["X-Request-Id"]
    assert PHONES["wang"][3:] not in str(entry.model_dump())


async def test_whole_numbers_are_given_at_a_human_pace(agent: httpx.AsyncClient) -> None:
    codes = [
        (await agent.post("/api/customers/wang/reveal", json={"reason": "回电"})).status_code for _ in range(31)
    ]
    assert codes == [200] * 30 + [429]


async def test_a_listening_is_noted_once(site: Site, agent: httpx.AsyncClient) -> None:
    whole = await agent.get("/api/calls/C-wang/recording")
    part = await agent.get("/api/calls/C-wang/recording", headers={"Range": "bytes=4-7"})
    assert (whole.content, part.status_code, part.content) == (b"RIFFwang", 206, b"wang")
    async with site.db.read() as session:
        rows, total = await entries(session, Wanted(action="call.listen"))
    assert (total, rows[0].actor, rows[0].about_id) == (1, "a", "C-wang")


async def test_calls_are_found_by_what_happened_in_them(boss: httpx.AsyncClient) -> None:
    assert await ids(boss, "/api/calls", emotion="angry") == {"C-wang", "C-li"}
    assert await ids(boss, "/api/calls", intent="affirm") == set()
    assert await ids(boss, "/api/calls", agent="b") == {"C-li"}
    assert await ids(boss, "/api/calls", transfer_reason="complaint", longer_s=90) == {"C-li"}
    assert await ids(boss, "/api/calls", words="另一个号码", shorter_s=60) == {"C-wang"}
    assert await ids(boss, "/api/calls", since=(NOW + timedelta(minutes=2)).isoformat()) == {"C-chen"}
    assert await ids(boss, "/api/calls", batch_id="B", outcome="refused") == set()
    first = (await boss.get("/api/calls", params={"limit": 1})).json()
    assert (first["total"], [row["id"] for row in first["items"]]) == (3, ["C-chen"])


@pytest.mark.parametrize("q", ["王晓", "X-wang", "+8610024681357", "1357", "wang"])
async def test_a_customer_is_found_by_name_id_and_number(boss: httpx.AsyncClient, q: str) -> None:
    assert await ids(boss, "/api/customers", q=q) == {"wang"}


async def test_a_supervisor_may_ask_what_if(boss: httpx.AsyncClient) -> None:
    asked = (await boss.post("/api/customers/wang/permit", json={})).json()
    assert (asked["allowed"], asked["block"]["rule"]) == (False, "consent")
    what_if = {"changes": {"caps": {"attempts_per_24h": 99}}, "at": NOW.isoformat()}
    exceeding = (await boss.post("/api/customers/wang/permit", json=what_if)).json()
    assert len(exceeding["breaks"]) == 1
    wrong = await boss.post("/api/customers/wang/permit", json={"changes": {"caps": {"nothing": 1}}})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "bad-input")
    assert (await boss.get("/api/customers/wang/budget")).json()["gauges"]
