"""Segments: named conditions, and who meets them now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from callbot.audience.names import check_name
from callbot.audience.tags.explain import explain
from callbot.audience.tags.judge import judge
from callbot.audience.tags.parse import parse
from callbot.audience.tags.subject import subject_of
from callbot.audience.tags.words import nearest
from callbot.audience.terms import Membership, Terms
from callbot.errors import BadInput
from callbot.store import segments as rows
from callbot.store.customers import History, load_histories
from callbot.store.database import Database, Session
from callbot.store.tables import Customer, Segment
from callbot.store.tag_tree import Node

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A customer who meets a condition, with the figures that decided."""

    customer: Customer
    figures: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """Who meets a condition now."""

    explanation: str
    matched: int
    of: int
    """Customers in the base."""
    examples: tuple[Example, ...]
    """The highest priority first."""


async def customer_ids(db: Database, segment_name: str, now: datetime) -> list[str]:
    """Ids of the customers in a segment at `now` (UTC), in the order of the ids.

    Raises `BadInput` when there is no such segment.
    """
    async with db.read() as session:
        found = await find(session, segment_name)
        return await rows.matching_ids(session, parse(found.expression), now)


async def preview(db: Database, tree: Node, now: datetime, *, examples: int = 5) -> Preview:
    """Count the customers who meet a condition at `now` (UTC) and show some with their figures."""
    async with db.read() as session:
        matched = await rows.count_matching(session, tree, now)
        of = await rows.count_customers(session)
        best = await rows.best_matches(session, tree, now, limit=examples)
        histories = await load_histories(session, best, tags=True)
    return Preview(
        explanation=explain(tree),
        matched=matched,
        of=of,
        examples=tuple(
            Example(customer=each.customer, figures=judge(tree, subject_of(each, now), now).figures)
            for each in histories
        ),
    )


async def save(
    db: Database,
    name: str,
    expression: str,
    now: datetime,
    *,
    by: str,
    origin: str = "",
    strategy: Mapping[str, Any] | None = None,
    priority: int = 0,
) -> Segment:
    """Store a segment; a known one of the same origin is changed, and a changed condition raises its version.

    Raises `BadInput` for a mistake in the condition or a name that belongs to somebody else.
    """
    async with db.write() as session:
        return await put(
            session, name, expression, now, by=by, origin=origin, strategy=strategy, priority=priority
        )


async def put(
    session: Session,
    name: str,
    expression: str,
    now: datetime,
    *,
    by: str,
    origin: str = "",
    strategy: Mapping[str, Any] | None = None,
    priority: int = 0,
) -> Segment:
    """`save` inside a transaction."""
    check_name(name, "人群")
    explanation = explain(parse(expression))
    known = await rows.segment(session, name)
    if known is None:
        known = Segment(
            name=name,
            expression=expression,
            explanation=explanation,
            origin=origin,
            created_by=by,
            created_at=now,
            updated_at=now,
        )
    elif known.origin != origin:
        owner = f"行业包 {known.origin}" if known.origin else "人工创建的人群"
        raise BadInput.one(f"人群 {name}", f"这个名字已被{owner}使用", "换一个名字")
    elif known.expression != expression:
        known.version += 1
        known.updated_at = now
    known.expression, known.explanation = expression, explanation
    known.priority, known.strategy = priority, dict(strategy or {})
    session.add(known)
    await session.flush()
    return known


async def find(session: Session, name: str) -> Segment:
    """The segment of this name. Raises `BadInput` that names the nearest one."""
    found = await rows.segment(session, name)
    if found is None:
        known = {each.name: each for each in await rows.segments(session)}
        close = nearest(name, known)
        raise BadInput.one(
            f"人群 {name}",
            "没有这个人群",
            f"是不是 {close}？" if close else "callbot segment list 列出全部人群",
        )
    return found


async def memberships(session: Session, history: History, now: datetime) -> tuple[Membership, ...]:
    """The segments a customer is in at `now` (UTC), the one that decides first on top.

    `history` comes with its tags. A stored segment that cannot be read any more is passed over and logged.
    """
    subject = subject_of(history, now)
    found = []
    for each in await rows.segments(session):
        try:
            verdict = judge(parse(each.expression), subject, now)
        except BadInput as bad:
            _log.warning("segment.unreadable", segment=each.name, problem=str(bad))
            continue
        if verdict.met:
            terms = Terms.of(each.strategy) if each.strategy else None
            found.append(Membership(segment=each.name, terms=terms, figures=verdict.figures))
    return tuple(found)
