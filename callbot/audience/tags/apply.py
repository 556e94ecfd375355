"""Tag rules applied: to the whole base at night, to one customer when something happens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import structlog

from callbot.audience.tags.judge import judge
from callbot.audience.tags.parse import parse
from callbot.audience.tags.rules import in_order
from callbot.audience.tags.subject import subject_of
from callbot.errors import BadInput
from callbot.store import segments as rows
from callbot.store.customers import History, load_histories, load_history
from callbot.store.database import Database, Session
from callbot.store.tables import TagRule
from callbot.store.tag_tree import Node

_log = structlog.get_logger(__name__)
_PAGE: Final = 500
"""Customers tagged in one transaction: what writes waits for is short."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What applying a rule did."""

    name: str
    matched: int
    """Customers who carry the tag now."""
    changed: int
    """Of these, those who are new or whose figures changed."""
    dropped: int


async def apply_all(db: Database, now: datetime) -> list[Applied]:
    """Apply every rule at `now` (UTC), each after those it builds on.

    A stored rule that cannot be read any more keeps its tags as they are and is logged.
    """
    async with db.read() as session:
        rules = _readable(await rows.tag_rules(session))
    return [await apply_rule(db, rule, now) for rule, _ in rules]


async def apply_rule(db: Database, rule: TagRule, now: datetime) -> Applied:
    """Give the tag to all who meet the condition, with their figures, and take it from all others."""
    tree = parse(rule.expression)
    matched = changed = dropped = 0
    after = ""
    while True:
        async with db.read() as session:
            page = await rows.matching_customers(session, tree, now, after=after, limit=_PAGE)
            histories = await load_histories(session, page, tags=True)
        if not page:
            break
        evidence = {
            each.customer.id: figures
            for each in histories
            if (figures := _evidence(tree, each, rule, now)) is not None
        }
        fresh = {
            each.customer.id: evidence[each.customer.id]
            for each in histories
            if each.customer.id in evidence and not _carries(each, rule, evidence[each.customer.id])
        }
        if fresh:
            async with db.write() as session:
                await rows.set_tag(session, rule, fresh, now)
        matched, changed, after = matched + len(evidence), changed + len(fresh), page[-1].id
    while True:
        async with db.read() as session:
            gone = await rows.no_longer_matching(session, rule.name, tree, now, limit=_PAGE)
        if not gone:
            break
        async with db.write() as session:
            dropped += await rows.drop_tag(session, rule.name, gone)
    async with db.write() as session:
        await rows.note_applied(session, rule.name, matched, now)
    return Applied(name=rule.name, matched=matched, changed=changed, dropped=dropped)


async def apply_to(session: Session, customer_id: str, now: datetime) -> frozenset[str]:
    """Apply every rule to one customer with what this transaction has stored; returns the tags that changed."""
    rules = _readable(await rows.tag_rules(session))
    history = await load_history(session, customer_id, tags=True) if rules else None
    return await _keep(session, rules, [history], now) if history else frozenset()


async def apply_to_some(db: Database, customer_ids: Sequence[str], now: datetime) -> frozenset[str]:
    """Apply every rule to some customers, page by page; returns the tags that changed."""
    async with db.read() as session:
        rules = _readable(await rows.tag_rules(session))
    changed: frozenset[str] = frozenset()
    for start in range(0, len(customer_ids) if rules else 0, _PAGE):
        async with db.read() as session:
            people = await rows.customers(session, customer_ids[start : start + _PAGE])
            histories = await load_histories(session, people, tags=True)
        async with db.write() as session:
            changed |= await _keep(session, rules, histories, now)
    return changed


def _readable(rules: Iterable[TagRule]) -> list[tuple[TagRule, Node]]:
    """Rules with their trees, each after those it builds on; one that cannot be read is logged and left out."""
    trees: dict[str, Node] = {}
    readable: list[TagRule] = []
    for rule in rules:
        try:
            trees[rule.name] = parse(rule.expression)
            readable.append(rule)
        except BadInput as bad:
            _log.warning("tag.rule_unreadable", tag=rule.name, problem=str(bad))
    return [(rule, trees[rule.name]) for rule in in_order(readable)]


async def _keep(
    session: Session, rules: Sequence[tuple[TagRule, Node]], histories: Sequence[History], now: datetime
) -> frozenset[str]:
    """Give and take the tags of these customers; returns those that changed."""
    gained: dict[str, dict[str, Mapping[str, str]]] = {}
    lost: dict[str, list[str]] = {}
    for history in histories:
        subject = subject_of(history, now)
        for rule, tree in rules:
            verdict = judge(tree, subject, now)
            if verdict.met and _may_carry(history, rule):
                if not _carries(history, rule, verdict.figures):
                    gained.setdefault(rule.name, {})[history.customer.id] = verdict.figures
                subject = replace(subject, tags=subject.tags | {rule.name})
            elif any(tag.name == rule.name and tag.origin == rows.RULE_TAG for tag in history.tags):
                lost.setdefault(rule.name, []).append(history.customer.id)
                subject = replace(subject, tags=subject.tags - {rule.name})
    for rule, _ in rules:
        if rule.name in gained:
            await rows.set_tag(session, rule, gained[rule.name], now)
        if rule.name in lost:
            await rows.drop_tag(session, rule.name, lost[rule.name])
    return frozenset({*gained, *lost})


def _evidence(tree: Node, history: History, rule: TagRule, now: datetime) -> Mapping[str, str] | None:
    """The figures of somebody who meets the condition; None for whoever may not carry this tag."""
    verdict = judge(tree, subject_of(history, now), now)
    return verdict.figures if verdict.met and _may_carry(history, rule) else None


def _may_carry(history: History, rule: TagRule) -> bool:
    """A tag of that name from elsewhere, such as a call's outcome, stays."""
    return all(tag.name != rule.name or tag.origin == rows.RULE_TAG for tag in history.tags)


def _carries(history: History, rule: TagRule, figures: Mapping[str, str]) -> bool:
    return any(
        tag.name == rule.name and tag.rule == rows.told(rule) and tag.evidence == figures
        for tag in history.tags
    )
