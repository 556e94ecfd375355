"""The desk as people look at it: who is there, who waits, one transfer, how often was asked again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from callbot.store.tables import Agent, Customer, FollowUp, Transfer

_OPEN = ("offered", "ringing", "accepted", "connected", "wrap_up")
_LATEST = 20
_HANDLES = "agent_handles_now"
"""The kind of the task that an agent's wrap-up decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InLine:
    """An open transfer with the name of its customer."""

    transfer: Transfer
    name: str

    def waited_s(self, now: datetime) -> float:
        """To the answer, or until `now`."""
        until = self.transfer.connected_at or now
        return max(0.0, (until - self.transfer.offered_at).total_seconds())


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedAgain:
    """What the transfers of one agent say about questions whose answer was known."""

    transfers: int
    questions: int
    asked_again: int
    latest: tuple[dict[str, Any], ...]

    @property
    def rate(self) -> float | None:
        return self.asked_again / self.questions if self.questions else None


async def agents(session: AsyncSession) -> Sequence[Agent]:
    return (await session.exec(select(Agent).order_by(col(Agent.name), col(Agent.id)))).all()


async def in_line(session: AsyncSession) -> list[InLine]:
    """Open transfers, the most urgent first."""
    found = await session.exec(
        select(Transfer, Customer.name)
        .join(Customer, col(Customer.id) == col(Transfer.customer_id))
        .where(col(Transfer.state).in_(_OPEN))
        .order_by(col(Transfer.priority), col(Transfer.offered_at), col(Transfer.id))
    )
    return [InLine(transfer=transfer, name=name) for transfer, name in found.all()]


async def transfer(session: AsyncSession, transfer_id: str) -> Transfer | None:
    return await session.get(Transfer, transfer_id)


async def waits_for_form(session: AsyncSession, transfer_id: str) -> str | None:
    """The id of the open task that the settlement left because this conversation had no form yet."""
    found = await session.exec(
        select(FollowUp)
        .join(Transfer, col(Transfer.customer_id) == col(FollowUp.customer_id))
        .where(
            col(Transfer.id) == transfer_id,
            col(FollowUp.kind) == _HANDLES,
            col(FollowUp.state).in_(("open", "claimed")),
            col(FollowUp.created_at) >= col(Transfer.offered_at),
        )
        .order_by(col(FollowUp.created_at))
    )
    for row in found.all():
        for one in row.detail.get("transfers", ()):
            form = one.get("wrap_up") or {}
            if one.get("transfer_id") == transfer_id and not any(
                form.get(name) for name in ("outcome", "note", "promise", "follow_up")
            ):
                return row.id
    return None


async def asked_again(session: AsyncSession, agent_id: str, *, since: datetime) -> AskedAgain:
    """Of the conversations that began at `since` (UTC) or later and were written down."""
    rows = (
        await session.exec(
            select(Transfer)
            .where(
                col(Transfer.agent_id) == agent_id,
                col(Transfer.connected_at) >= since,
                col(Transfer.questions) > 0,
            )
            .order_by(col(Transfer.connected_at).desc())
        )
    ).all()
    again = [{**one, "transfer_id": row.id, "call_id": row.call_id} for row in rows for one in row.asked_again]
    return AskedAgain(
        transfers=len(rows),
        questions=sum(row.questions for row in rows),
        asked_again=len(again),
        latest=tuple(again[:_LATEST]),
    )


async def note_asked_again(
    session: AsyncSession, transfer_id: str, *, questions: int, again: Sequence[dict[str, Any]]
) -> None:
    """What the transcript of a conversation with a human showed."""
    row = await session.get(Transfer, transfer_id, with_for_update=True)
    if row is not None:
        row.questions, row.asked_again = questions, list(again)
        session.add(row)
