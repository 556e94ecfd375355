"""Tag rules: kept with their explanation, and the order in which they build on one another."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from graphlib import CycleError, TopologicalSorter

from callbot.audience.names import JUDGED_TAGS, check_name
from callbot.audience.tags.explain import explain
from callbot.audience.tags.parse import parse
from callbot.audience.tags.words import nearest
from callbot.errors import BadInput
from callbot.store import segments as rows
from callbot.store.database import Database, Session
from callbot.store.tables import TagRule
from callbot.store.tag_tree import tags_named


async def save(db: Database, name: str, expression: str, now: datetime, *, by: str) -> TagRule:
    """Store a tag rule of staff; a changed condition raises its version. Takes effect when it is applied.

    Raises `BadInput` for a mistake in the condition, a name in other use, and rules that build on each other
    in a circle.
    """
    async with db.write() as session:
        return await put(session, name, expression, now, by=by)


async def put(
    session: Session, name: str, expression: str, now: datetime, *, by: str, origin: str = ""
) -> TagRule:
    """`save` inside a transaction; `origin` names the scenario pack it comes with."""
    check_name(name, "标签")
    explanation = explain(parse(expression))
    known = await rows.tag_rule(session, name)
    if known is None:
        if name in JUDGED_TAGS or await rows.origins_of_tag(session, name) - {rows.RULE_TAG}:
            raise BadInput.one(f"标签 {name}", "这个名字已被评估或通话结果的标签使用", "换一个名字")
        known = TagRule(
            name=name,
            expression=expression,
            explanation=explanation,
            origin=origin,
            created_by=by,
            created_at=now,
            updated_at=now,
        )
    elif known.origin != origin:
        owner = f"行业包 {known.origin}" if known.origin else "人工创建的规则"
        raise BadInput.one(f"标签 {name}", f"这个名字已被{owner}使用", "换一个名字")
    elif known.expression != expression:
        known.version += 1
        known.updated_at = now
        known.expression, known.explanation = expression, explanation
    session.add(known)
    await session.flush()
    in_order(await rows.tag_rules(session))
    return known


async def find(session: Session, name: str) -> TagRule:
    """The rule of this name. Raises `BadInput` that names the nearest one."""
    found = await rows.tag_rule(session, name)
    if found is None:
        close = nearest(name, {each.name: each for each in await rows.tag_rules(session)})
        cure = f"是不是 {close}？" if close else "callbot tag list 列出全部标签规则"
        raise BadInput.one(f"标签 {name}", "没有这条标签规则", cure)
    return found


async def delete(db: Database, name: str) -> int:
    """Delete a rule and take its tag from everybody; returns how many carried it.

    Raises `BadInput` when there is no such rule or another condition asks for its tag.
    """
    async with db.write() as session:
        return await remove(session, name)


async def remove(session: Session, name: str) -> int:
    """`delete` inside a transaction."""
    found = await find(session, name)
    conditions = {each.name: each.expression for each in await rows.tag_rules(session)}
    conditions |= {f"人群 {each.name}": each.expression for each in await rows.segments(session)}
    users = [user for user, condition in conditions.items() if name in tags_named(parse(condition))]
    if users:
        raise BadInput.one(f"标签 {name}", f"{'、'.join(users)} 的条件用到它", "先改掉那些条件")
    carried = await rows.drop_tag(session, name)
    await session.delete(found)
    await session.flush()
    return carried


def in_order(rules: Sequence[TagRule]) -> list[TagRule]:
    """Rules after those whose tags they ask for. Raises `BadInput` for a circle."""
    by_name = {rule.name: rule for rule in rules}
    graph = {name: tags_named(parse(rule.expression)) & by_name.keys() for name, rule in by_name.items()}
    try:
        return [by_name[name] for name in TopologicalSorter(graph).static_order()]
    except CycleError as error:
        circle = " → ".join(dict.fromkeys(error.args[1]))
        raise BadInput.one(f"标签 {circle}", "互相引用，谁也算不出来", "去掉其中一个 has_tag") from None
