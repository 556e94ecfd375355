"""Every list and filter runs on both databases, also where there is nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from web_house import NOW, a_site, signed_in

from callbot.store.database import Database
from callbot.web.access.permission import Role

WHEN = {"since": NOW.isoformat(), "until": NOW.isoformat()}
LISTS: dict[str, dict[str, Any]] = {
    "/api/calls": {
        "outcome": ["interested", "refused"],
        "intent": "deny",
        "emotion": "angry",
        "transfer_reason": "complaint",
        "agent": "a",
        "batch_id": "B",
        "customer_id": "C",
        "longer_s": 1,
        "shorter_s": 9,
        "words": "100%_",
        **WHEN,
    },
    "/api/customers": {
        "q": "1357",
        "industry": "ecommerce",
        "stage": ["活跃", "连续沉默"],
        "reason": "未知",
        "segment": "x",
        "strategy": "x",
        "tag": ["a", "b"],
    },
    "/api/follow-ups": {
        "state": "open",
        "kind": "retry_later",
        "owner": "a",
        "customer_id": "C",
        "free": True,
        "overdue": True,
    },
    "/api/audit": {"action": "user", "actor": "zhao", "about_id": "x", **WHEN},
}


@pytest.mark.parametrize("roles", [(Role.SUPERVISOR, Role.ADMIN), (Role.AGENT, Role.ADMIN)])
async def test_lists_with_and_without_filters(
    database: Database, tmp_path: Path, roles: tuple[Role, ...]
) -> None:
    client = await signed_in(a_site(database, tmp_path), *roles)
    for path, filters in LISTS.items():
        for params in ({}, filters, {"limit": 1, "offset": 3}):
            answer = await client.get(path, params=params)
            assert answer.status_code == 200, (path, answer.text)
            assert answer.json()["items"] == [] or not params
        assert (await client.get(path, params={"limit": 501})).status_code == 422
    for path in ("/api/board", "/api/batches", "/api/alarms", "/api/imports", "/api/users", "/api/tokens"):
        assert (await client.get(path)).status_code == 200, path
    assert (await client.get("/api/audit/verify")).json()["broken_at"] is None
