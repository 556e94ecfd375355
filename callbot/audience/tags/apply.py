"""Tag rules applied: to the whole base at night, to one customer when something happens."""

from __future__ import annotations

from collections.abc import Mapping
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
        rules = await rows.tag_rules(session)
    readable = []
    for rule in rules:
        try:
            parse(rule.expression)
            readable.append(rule)
        except BadInput as bad:
            _log.warning("tag.rule_unreadable", tag=rule.name, problem=str(bad))
    return [await apply_rule(db, rule, now) for rule in in_order(readable)]


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
    history = await load_history(session, customer_id, tags=True)
    if history is None:
        return frozenset()
    subject = subject_of(history, now)
    changed: set[str] = set()
    for rule in in_order(await rows.tag_rules(session)):
        tree = parse(rule.expression)
        verdict = judge(tree, subject, now)
        if verdict.met and _may_carry(history, rule):
            if not _carries(history, rule, verdict.figures):
                await rows.set_tag(session, rule, {customer_id: verdict.figures}, now)
                changed.add(rule.name)
            subject = replace(subject, tags=subject.tags | {rule.name})
        elif rule.name in subject.tags and await rows.drop_tag(session, rule.name, [customer_id]):
            changed.add(rule.name)
            subject = replace(subject, tags=subject.tags - {rule.name})
    return frozenset(changed)


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
