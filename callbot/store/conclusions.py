"""What was concluded about customers, kept in bulk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, col

from callbot.ids import new_ids
from callbot.store.customers import Conclusion
from callbot.store.tables import Tag

_ORIGIN = "assessment"
_KEPT = ("stage", "reason", "segment", "strategy", "priority", "assessment")


async def save_conclusions(session: AsyncSession, conclusions: Sequence[Conclusion], now: datetime) -> None:
    """Keep the assessments of some customers (up to a few thousand), each of them once.

    A tag whose rule no longer holds goes; tags of other origins stay, unless the rules now conclude a tag of
    the same name.
    """
    if not conclusions:
        return
    table = SQLModel.metadata.tables["customer"]
    values: dict[str, Any] = {name: bindparam(name) for name in _KEPT}
    await session.execute(
        update(table)
        .where(table.c.id == bindparam("_id"))
        .values({**values, "assessed_at": now, "updated_at": now}),
        [
            {
                "_id": each.customer_id,
                "stage": each.stage,
                "reason": each.reason,
                "segment": each.segment,
                "strategy": each.strategy,
                "priority": each.priority,
                "assessment": dict(each.assessment),
            }
            for each in conclusions
        ],
    )
    await _drop_outdated(session, conclusions)
    await _keep_tags(session, conclusions, now)


async def _drop_outdated(session: AsyncSession, conclusions: Sequence[Conclusion]) -> None:
    holding = {(each.customer_id, tag.name) for each in conclusions for tag in each.tags}
    carried = await session.execute(
        select(col(Tag.id), col(Tag.customer_id), col(Tag.name)).where(
            col(Tag.customer_id).in_([each.customer_id for each in conclusions]), col(Tag.origin) == _ORIGIN
        )
    )
    gone = [{"_id": key} for key, customer_id, name in carried if (customer_id, name) not in holding]
    if gone:
        table = SQLModel.metadata.tables["tag"]
        await session.execute(delete(table).where(table.c.id == bindparam("_id")), gone)


async def _keep_tags(session: AsyncSession, conclusions: Sequence[Conclusion], now: datetime) -> None:
    held = [(each.customer_id, tag) for each in conclusions for tag in each.tags]
    if not held:
        return
    rows = [
        {
            "id": row_id,
            "customer_id": customer_id,
            "name": tag.name,
            "value": tag.value,
            "rule": tag.rule,
            "evidence": dict(tag.evidence),
            "origin": _ORIGIN,
            "at": now,
        }
        for row_id, (customer_id, tag) in zip(new_ids(len(held)), held, strict=True)
    ]
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(SQLModel.metadata.tables["tag"])
    said = {name: statement.excluded[name] for name in ("value", "rule", "evidence", "origin", "at")}
    await session.execute(
        statement.on_conflict_do_update(index_elements=["customer_id", "name"], set_=said), rows
    )
