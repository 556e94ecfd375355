"""Batches: made from a list, looked at before anything is dialled, launched, paused, ended."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from callbot.errors import BadInput, CallbotError, Problem
from callbot.ids import new_id
from callbot.outreach.contacts import as_contact
from callbot.outreach.numbers import sequential_run
from callbot.outreach.permit import Block, Permit, Rule, earliest, permit
from callbot.outreach.policy import Purpose, policy_for
from callbot.store import batches, contacts
from callbot.store.database import Database
from callbot.store.phones import PhoneVault, mask
from callbot.store.tables import Batch

_EXAMPLES = 3


class BatchState(CallbotError):
    """The batch is not in a state in which this can be done."""

    code = "batch-state"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBatch:
    """What a supervisor asks for."""

    name: str
    flow: str
    customer_ids: Sequence[str]
    purpose: str = "marketing"
    lines: int = 1
    """Calls at the same time."""
    hold_out_percent: float = 5.0
    """Share of members kept uncontacted at random, so that the effect can be measured."""
    seed: int | None = None
    """Makes the choice of the hold-out repeatable."""
    policy: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""
    """Where the list came from: a file name, a segment."""
    created_by: str = ""


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


async def create(db: Database, vault: PhoneVault, new: NewBatch, now: datetime) -> str:
    """Make a draft; its id. Nothing is dialled. Raises `BadInput` with every problem of the list at once."""
    ids = list(new.customer_ids)
    where = new.source or f"batch {new.name!r}"
    async with db.read() as session:
        known = await batches.known(session, list(dict.fromkeys(ids)))
    problems = [*_shape(new, where), *_members(ids, known, where)]
    numbers = [vault.reveal(cipher) for cipher in known.values()]
    if run := sequential_run(numbers):
        problems.append(
            Problem(
                where=where,
                what=f"{run.length} numbers from {mask(run.first)} to {mask(run.last)} are counted up in steps "
                f"of {run.step}: number ranges must not be called blindly",
                cure="use a list of customers whose consent you hold, with where it came from",
            )
        )
    if problems:
        raise BadInput(problems)
    held = _hold_out(ids, new.hold_out_percent, new.seed)
    batch = Batch(
        id=new_id(),
        name=new.name,
        flow=new.flow,
        purpose=new.purpose,
        hold_out_percent=new.hold_out_percent,
        lines=new.lines,
        policy=dict(new.policy),
        source=new.source,
        created_by=new.created_by,
        created_at=now,
    )
    async with db.write() as session:
        await batches.create(session, batch, {customer_id: customer_id in held for customer_id in ids})
    return batch.id


async def preview(
    db: Database, batch_id: str, now: datetime, *, policy: Mapping[str, Any] | None = None
) -> Preview:
    """Who would be called at `now`, who later, who never, and which rule says so. Changes nothing.

    `policy` asks "what if the batch had these values". Raises `BadInput` for values that cannot be used.
    """
    callable_now: list[str] = []
    counts: Counter[tuple[Rule, bool]] = Counter()
    first: dict[tuple[Rule, bool], datetime] = {}
    because: dict[tuple[Rule, bool], str] = {}
    examples: dict[tuple[Rule, bool], list[str]] = {}
    async with db.read() as session:
        batch = await _batch(batches.get(session, batch_id), batch_id)
        ids = await batches.member_ids(session, batch_id)
        found = await contacts.facts(session, batch_id, ids, now)
    overrides = batch.policy if policy is None else policy
    for customer_id in ids:
        facts = found[customer_id]
        rules = policy_for(facts.customer.industry, overrides, where="batch.policy")
        contact = as_contact(facts, Purpose(batch.purpose), batch_state="running")
        decision = permit(contact, rules, now)
        if isinstance(decision, Permit):
            callable_now.append(customer_id)
            continue
        final = earliest(contact, rules, now)
        shown = final if isinstance(final, Block) else decision
        key = (shown.rule, isinstance(final, Permit))
        counts[key] += 1
        because.setdefault(key, shown.because)
        examples.setdefault(key, [])
        if len(examples[key]) < _EXAMPLES:
            examples[key].append(customer_id)
        if isinstance(final, Permit):
            first[key] = min(first.get(key, final.at), final.at)
    groups = {
        key: Waiting(
            rule=key[0], count=count, until=first.get(key), because=because[key], examples=tuple(examples[key])
        )
        for key, count in counts.most_common()
    }
    return Preview(
        now=tuple(callable_now),
        later=tuple(group for (_, later), group in groups.items() if later),
        never=tuple(group for (_, later), group in groups.items() if not later),
    )


async def launch(db: Database, batch_id: str, now: datetime) -> None:
    """draft or paused → running. Every member is looked at anew. Raises `BatchState`."""
    async with db.write() as session:
        batch = await _batch(batches.get(session, batch_id), batch_id)
        values = {} if batch.launched_at else {"launched_at": now}
        if not await batches.move(session, batch_id, states=("draft", "paused"), to="running", values=values):
            raise BatchState(
                f"batch {batch_id} is {batch.state} → only a draft or a paused batch can be launched"
            )
        await batches.clear_blocks(session, batch_id)


async def pause(db: Database, batch_id: str) -> None:
    """running → paused: no further call of it is placed; calls under way go on. Raises `BatchState`."""
    await _move(db, batch_id, states=("running",), to="paused", cure="only a running batch can be paused")


async def done(db: Database, batch_id: str, now: datetime) -> None:
    """running → done. Raises `BatchState`."""
    cure = "only a running batch can be done"
    await _move(db, batch_id, states=("running",), to="done", cure=cure, values={"ended_at": now})


async def _move(
    db: Database,
    batch_id: str,
    *,
    states: tuple[str, ...],
    to: str,
    cure: str,
    values: Mapping[str, Any] | None = None,
) -> None:
    async with db.write() as session:
        batch = await _batch(batches.get(session, batch_id), batch_id)
        if not await batches.move(session, batch_id, states=states, to=to, values=values):
            raise BatchState(f"batch {batch_id} is {batch.state} → {cure}")


async def _batch(found: Any, batch_id: str) -> Batch:
    batch: Batch | None = await found
    if batch is None:
        raise BatchState(f"batch {batch_id} does not exist → `callbot batch list` shows them")
    return batch


def _shape(new: NewBatch, where: str) -> list[Problem]:
    problems: list[Problem] = []

    def wrong(what: str, cure: str) -> None:
        problems.append(Problem(where=where, what=what, cure=cure))

    if new.purpose not in (Purpose.MARKETING, Purpose.SERVICE_FOLLOWUP):
        wrong(f"purpose {new.purpose!r} is not one of a batch", "use marketing or service_followup")
    if new.lines < 1:
        wrong(f"{new.lines} lines cannot call anybody", "use 1 or more")
    if not 0 <= new.hold_out_percent < 100:
        wrong(f"a hold-out of {new.hold_out_percent} % is not possible", "use 0 to less than 100")
    try:
        policy_for("", new.policy, where=f"{where}: policy")
    except BadInput as error:
        problems.extend(error.problems)
    return problems


def _members(ids: Sequence[str], known: Mapping[str, bytes], where: str) -> list[Problem]:
    if not ids:
        return [Problem(where=where, what="the list is empty", cure="give at least one customer")]
    problems = []
    if missing := [customer_id for customer_id in dict.fromkeys(ids) if customer_id not in known]:
        what = f"{len(missing)} customers do not exist, among them {', '.join(missing[:_EXAMPLES])}"
        problems.append(Problem(where=where, what=what, cure="import them first"))
    if double := [customer_id for customer_id, times in Counter(ids).items() if times > 1]:
        what = f"{len(double)} customers are listed more than once, among them {', '.join(double[:_EXAMPLES])}"
        problems.append(Problem(where=where, what=what, cure="list everybody once"))
    return problems


def _hold_out(ids: Sequence[str], percent: float, seed: int | None) -> frozenset[str]:
    """A random share, rounded to whole people."""
    count = round(len(ids) * percent / 100)
    return frozenset(random.Random(seed).sample(sorted(ids), count))
