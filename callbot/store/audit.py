"""The log of who did what: it only grows, and every entry is sealed together with the one before.

The seal is keyed, so that whoever can write to the database alone cannot make a chain that fits. The end of the
chain can be cut off unnoticed only where nobody has kept an earlier head: `callbot audit verify` prints it.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlmodel import col, func, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from callbot.store.tables import AuditEntry, AuditHead

_HEAD = "head"
_PAGE = 1_000


class ActorKind(StrEnum):
    USER = "user"
    TOKEN = "token"  # noqa: S105  a kind of actor
    COMMAND = "command"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who did something, and from where."""

    kind: ActorKind
    id: str = ""
    name: str = ""
    address: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What was done, on what."""

    action: str
    """Area and verb: `user.add`, `customer.reveal`."""
    about_kind: str = ""
    about_id: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)
    """Text, whole numbers, booleans and lists of them; never a secret or a full phone number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which entries; an empty field does not restrict."""

    action: str = ""
    """The whole of it or an area: `user` finds `user.add`."""
    actor: str = ""
    """Id or name."""
    about_id: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a check of the whole chain found."""

    entries: int
    head: str
    """`number:hash` of the last entry; kept elsewhere it proves later that nothing was cut off."""
    broken_at: int | None = None
    """Number of the first entry that does not fit."""
    why: str = ""
    """zh-CN."""


class AuditLog:
    """Writes and checks the chain with one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    async def write(self, session: AsyncSession, actor: Actor, deed: Deed, now: datetime) -> int:
        """Add an entry in the transaction of what it reports; its number.

        Belongs at the end of the transaction: it holds the end of the chain until the commit.
        """
        head = (
            await session.exec(
                select(AuditHead)
                .where(col(AuditHead.id) == _HEAD)
                .with_for_update()
                .execution_options(populate_existing=True)
            )
        ).one()
        entry = AuditEntry(
            seq=head.seq + 1,
            at=now.astimezone(UTC),
            actor_kind=actor.kind.value,
            actor_id=actor.id,
            actor=actor.name,
            action=deed.action,
            about_kind=deed.about_kind,
            about_id=deed.about_id,
            detail=dict(deed.detail),
            address=actor.address,
            request_id=actor.request_id,
            previous=head.hash,
            hash="",
        )
        entry.hash = self.seal(entry)
        session.add(entry)
        await session.exec(
            update(AuditHead)
            .where(col(AuditHead.id) == _HEAD)
            .values(seq=entry.seq, hash=entry.hash)
            .execution_options(synchronize_session=False)
        )
        await session.flush()
        return entry.seq

    def seal(self, entry: AuditEntry) -> str:
        """The hash that belongs to an entry and the one before: 64 hex digits."""
        values = entry.model_dump(exclude={"hash"})
        values["at"] = entry.at.astimezone(UTC).isoformat(timespec="microseconds")
        text = json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hmac.digest(self._key, text.encode(), "sha256").hex()

    async def verify(self, session: AsyncSession, *, kept_head: str = "") -> Verdict:
        """Walk the whole chain. `kept_head` is a head printed earlier, which must still be part of it."""
        kept_seq, _, kept_hash = kept_head.partition(":")
        seq, previous = 0, ""
        met = not kept_head
        while True:
            page = (
                await session.exec(
                    select(AuditEntry)
                    .where(col(AuditEntry.seq) > seq)
                    .order_by(col(AuditEntry.seq))
                    .limit(_PAGE)
                )
            ).all()
            for entry in page:
                if why := self._flaw(entry, seq, previous):
                    return _broken(seq, previous, seq + 1, why)
                seq, previous = entry.seq, entry.hash
                met = met or (str(seq) == kept_seq and previous == kept_hash)
            session.expunge_all()
            if len(page) < _PAGE:
                break
        head = (await session.exec(select(AuditHead).where(col(AuditHead.id) == _HEAD))).first()
        if head is None or (head.seq, head.hash) != (seq, previous):
            return _broken(seq, previous, seq + 1, "链尾与记录不符：末尾的记录被删除或改动")
        if not met:
            return _broken(seq, previous, seq + 1, f"保存的链尾 {kept_seq} 不在链上：末尾的记录被删除或重写")
        return Verdict(entries=seq, head=f"{seq}:{previous}")

    def _flaw(self, entry: AuditEntry, seq: int, previous: str) -> str:
        if entry.seq != seq + 1:
            return f"缺少第 {seq + 1} 条"
        if entry.previous != previous:
            return f"第 {entry.seq} 条与前一条不相接"
        if not hmac.compare_digest(entry.hash, self.seal(entry)):
            return f"第 {entry.seq} 条的内容被改动，或密钥文件不是这个数据库的"
        return ""


def _broken(seq: int, previous: str, at: int, why: str) -> Verdict:
    return Verdict(entries=seq, head=f"{seq}:{previous}", broken_at=at, why=why)


async def entries(
    session: AsyncSession, wanted: Wanted, *, limit: int = 100, offset: int = 0
) -> tuple[Sequence[AuditEntry], int]:
    """Some entries, the latest first, and how many there are."""
    conditions: list[Any] = []
    if wanted.action:
        conditions.append(
            (col(AuditEntry.action) == wanted.action)
            | col(AuditEntry.action).startswith(f"{wanted.action}.", autoescape=True)
        )
    if wanted.actor:
        conditions.append((col(AuditEntry.actor_id) == wanted.actor) | (col(AuditEntry.actor) == wanted.actor))
    if wanted.about_id:
        conditions.append(col(AuditEntry.about_id) == wanted.about_id)
    if wanted.since:
        conditions.append(col(AuditEntry.at) >= wanted.since)
    if wanted.until:
        conditions.append(col(AuditEntry.at) < wanted.until)
    total = (await session.exec(select(func.count()).select_from(AuditEntry).where(*conditions))).one()
    found = await session.exec(
        select(AuditEntry).where(*conditions).order_by(col(AuditEntry.seq).desc()).limit(limit).offset(offset)
    )
    return found.all(), total
