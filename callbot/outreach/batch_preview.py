"""Who would be called, who later, who never, and which rule says so, before anybody is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from callbot.outreach.batch_life import existing
from callbot.outreach.contact import Contact
from callbot.outreach.contacts import as_contact
from callbot.outreach.permit import Block, Permit, Rule, earliest, permit
from callbot.outreach.policy import Policy, Purpose, policy_for
from callbot.store import contacts, members
from callbot.store.database import Database

_PAGE = 2000
"""Members read at a time: memory stays flat whatever the size of the batch."""
_EXAMPLES = 3

PolicyOf = Callable[[str], Policy]
"""The policy for an industry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Members whom one rule keeps from being called now."""

    rule: Rule
    count: int
    until: datetime | None
    """The first moment one of them may be called; None: never, until somebody changes something."""
    because: str
    """zh-CN."""
    examples: tuple[str, ...]
    """Ids of some of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """Who would be called if the batch ran at this moment."""

    now: tuple[str, ...]
    """Customer ids in the order of calling."""
    later: tuple[Waiting, ...]
    never: tuple[Waiting, ...]

    @property
    def later_count(self) -> int:
        return sum(group.count for group in self.later)

    @property
    def never_count(self) -> int:
        return sum(group.count for group in self.never)


@dataclass(slots=True)
class _Tally:
    """Sorts members one by one."""

    callable_now: list[tuple[int, str]] = field(default_factory=list)
    counts: Counter[tuple[Rule, bool]] = field(default_factory=Counter)
    first: dict[tuple[Rule, bool], datetime] = field(default_factory=dict)
    because: dict[tuple[Rule, bool], str] = field(default_factory=dict)
    examples: dict[tuple[Rule, bool], list[str]] = field(default_factory=dict)

    def add(self, contact: Contact, policy: Policy, rank: int, now: datetime) -> None:
        decision = permit(contact, policy, now)
        if isinstance(decision, Permit):
            self.callable_now.append((rank, contact.customer_id))
            return
        final = earliest(contact, policy, now)
        shown = final if isinstance(final, Block) else decision
        key = (shown.rule, isinstance(final, Permit))
        self.counts[key] += 1
        self.because.setdefault(key, shown.because)
        shown_of_rule = self.examples.setdefault(key, [])
        if len(shown_of_rule) < _EXAMPLES:
            shown_of_rule.append(contact.customer_id)
        if isinstance(final, Permit):
            self.first[key] = min(self.first.get(key, final.at), final.at)

    def preview(self) -> Preview:
        groups = {
            key: Waiting(
                rule=key[0],
                count=count,
                until=self.first.get(key),
                because=self.because[key],
                examples=tuple(self.examples[key]),
            )
            for key, count in self.counts.most_common()
        }
        return Preview(
            now=tuple(customer_id for _, customer_id in sorted(self.callable_now)),
            later=tuple(group for (_, later), group in groups.items() if later),
            never=tuple(group for (_, later), group in groups.items() if not later),
        )


async def preview(
    db: Database, batch_id: str, now: datetime, *, policy: Mapping[str, Any] | None = None
) -> Preview:
    """Who would be called at `now`, who later, who never, and which rule says so. Changes nothing.

    `policy` asks "what if the batch had these values", inside the outer limits. Raises `BadInput` for values
    that cannot be used.
    """
    async with db.read() as session:
        batch = await existing(session, batch_id)
    overrides = batch.policy if policy is None else policy
    (shown,) = await previews(
        db, batch_id, now, [lambda industry: policy_for(industry, overrides, where="batch.policy")]
    )
    return shown


async def previews(db: Database, batch_id: str, now: datetime, policies: list[PolicyOf]) -> tuple[Preview, ...]:
    """One preview for each policy, over the same people at the same moment. Changes nothing."""
    tallies = [_Tally() for _ in policies]
    known: list[dict[str, Policy]] = [{} for _ in policies]
    after = ""
    async with db.read() as session:
        batch = await existing(session, batch_id)
        purpose = Purpose(batch.purpose)
        while page := await members.member_page(session, batch_id, after=after, limit=_PAGE):
            after = page[-1][0]
            ids = [customer_id for customer_id, _ in page]
            found = await contacts.facts(session, batch_id, ids, now)
            for customer_id, rank in page:
                facts = found[customer_id]
                contact = as_contact(facts, purpose, batch_state="running")
                industry = facts.customer.industry
                for tally, policy_of, cache in zip(tallies, policies, known, strict=True):
                    if industry not in cache:
                        cache[industry] = policy_of(industry)
                    tally.add(contact, cache[industry], rank, now)
    return tuple(tally.preview() for tally in tallies)
