"""The audit log only grows, and whoever changes it in the database is found out."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from web_house import NOW, VAULT, a_site, signed_in

from callbot.store.audit import Actor, ActorKind, AuditLog, Deed, Verdict
from callbot.store.database import Database
from callbot.store.tables import AuditEntry
from callbot.web.access.permission import Role

LOG = AuditLog(VAULT.derived("audit"))
WHO = Actor(kind=ActorKind.USER, id="u1", name="zhao", address="10.0.0.7", request_id="r1")


async def written(database: Database, count: int = 5) -> None:
    for number in range(count):
        async with database.write() as session:
            await LOG.write(session, WHO, Deed(action="user.add", detail={"number": number, "名": "赵"}), NOW)


async def verified(database: Database, head: str = "", log: AuditLog = LOG) -> Verdict:
    async with database.read() as session:
        return await log.verify(session, kept_head=head)


async def by_hand(database: Database, *statements: str) -> None:
    """What somebody does who can write to the database, triggers out of the way."""
    async with database._writer.begin() as connection:
        if database.is_sqlite:
            await connection.execute(text("DROP TRIGGER audit_no_update"))
            await connection.execute(text("DROP TRIGGER audit_no_delete"))
        else:
            await connection.execute(text("ALTER TABLE audit_entry DISABLE TRIGGER ALL"))
        for statement in statements:
            await connection.execute(text(statement))


async def test_a_whole_chain_is_found_whole(database: Database) -> None:
    empty = await verified(database)
    assert (empty.entries, empty.head, empty.broken_at) == (0, "0:", None)
    await written(database)
    found = await verified(database)
    assert (found.entries, found.broken_at) == (5, None)
    await written(database, 2)
    assert (await verified(database, found.head)).broken_at is None


async def test_writers_at_the_same_time_stand_in_line(database: Database) -> None:
    await asyncio.gather(*(written(database, 3) for _ in range(4)))
    found = await verified(database)
    assert (found.entries, found.broken_at) == (12, None)


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_entry SET actor = 'eve' WHERE seq = 2", "DELETE FROM audit_entry WHERE seq = 2"]
)
async def test_the_database_itself_refuses(database: Database, statement: str) -> None:
    await written(database)
    with pytest.raises(DBAPIError, match="can only grow"):
        async with database._writer.begin() as connection:
            await connection.execute(text(statement))
    assert (await verified(database)).broken_at is None


TAMPERED = {
    "changed": (["UPDATE audit_entry SET actor = 'eve' WHERE seq = 3"], 3),
    "detail changed": (["UPDATE audit_entry SET detail = '{}' WHERE seq = 3"], 3),
    "time changed": (["UPDATE audit_entry SET at = '2020-01-01 00:00:00.000000' WHERE seq = 3"], 3),
    "removed": (["DELETE FROM audit_entry WHERE seq = 3"], 3),
    "first removed": (["DELETE FROM audit_entry WHERE seq = 1"], 1),
    "end removed": (["DELETE FROM audit_entry WHERE seq = 5"], 5),
    "hash copied": (["UPDATE audit_entry SET hash = previous WHERE seq = 3"], 3),
    "renumbered": (
        ["DELETE FROM audit_entry WHERE seq = 3", "UPDATE audit_entry SET seq = 3 WHERE seq = 4"],
        3,
    ),
}


@pytest.mark.parametrize("how", TAMPERED)
async def test_tampering_is_found_where_it_was_done(sqlite_database: Database, how: str) -> None:
    statements, place = TAMPERED[how]
    await written(sqlite_database)
    await by_hand(sqlite_database, *statements)
    found = await verified(sqlite_database)
    assert found.broken_at == place
    assert found.why


async def test_an_end_cut_off_with_its_record_is_found_by_a_head_kept_elsewhere(database: Database) -> None:
    await written(database)
    kept = (await verified(database)).head
    await by_hand(
        database,
        "DELETE FROM audit_entry WHERE seq = 5",
        "UPDATE audit_head SET seq = 4, hash = (SELECT hash FROM audit_entry WHERE seq = 4)",
    )
    assert (await verified(database)).broken_at is None
    found = await verified(database, kept)
    assert found.broken_at == 5
    assert "链尾" in found.why


async def test_a_chain_sealed_with_another_key_does_not_pass(sqlite_database: Database) -> None:
    await written(sqlite_database)
    found = await verified(sqlite_database, log=AuditLog(b"another key".ljust(32)))
    assert (found.broken_at, "密钥" in found.why) == (1, True)


@given(st.sampled_from(["actor", "action", "about_id", "address", "request_id"]), st.text(max_size=20))
def test_every_field_is_under_the_seal(field: str, value: str) -> None:
    entry = AuditEntry(seq=1, at=NOW, actor_kind="user", action="user.add", previous="", hash="", actor="zhao")
    before = LOG.seal(entry)
    changed = AuditEntry.model_validate({**entry.model_dump(), field: value})
    assert (LOG.seal(changed) == before) is (getattr(entry, field) == value)


async def test_administrators_read_and_check_it(sqlite_database: Database, tmp_path: Path) -> None:
    client = await signed_in(a_site(sqlite_database, tmp_path), Role.ADMIN)
    await written(sqlite_database)
    page = (await client.get("/api/audit", params={"action": "user", "limit": 2})).json()
    assert (page["total"], [row["seq"] for row in page["items"]]) == (5, [5, 4])
    assert (await client.get("/api/audit", params={"action": "use"})).json()["total"] == 0
    assert (await client.get("/api/audit/verify")).json()["broken_at"] is None
