"""Batches: made from a list or a segment, checked before they exist, looked at before anything is dialled."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import datetime

from callbot.conversation.flow import Flow
from callbot.errors import BadInput, Problem
from callbot.ids import new_id
from callbot.outreach.batch_checks import (
    CHINA,
    NewBatch,
    flow_problems,
    member_problems,
    number_problems,
    values_problems,
    window_problems,
)
from callbot.outreach.batch_life import (
    BatchState,
    Cancelled,
    cancel,
    done,
    finish_if_over,
    launch,
    pause,
    resume,
)
from callbot.outreach.batch_preview import Preview, Waiting, preview
from callbot.outreach.rank import call_priority
from callbot.store import batches, members
from callbot.store.database import Database
from callbot.store.members import Candidate, NewMember
from callbot.store.offers import newest_versions
from callbot.store.phones import PhoneVault
from callbot.store.tables import Batch

__all__ = [
    "BatchState",
    "Cancelled",
    "NewBatch",
    "Preview",
    "Waiting",
    "cancel",
    "create",
    "done",
    "finish_if_over",
    "launch",
    "pause",
    "preview",
    "problems_before_members",
    "resume",
    "values_problems",
]

_CHUNK = 1000
"""Members in one write transaction."""


async def create(
    db: Database, vault: PhoneVault, new: NewBatch, now: datetime, *, flows: Mapping[str, Flow] | None = None
) -> str:
    """Make a draft; its id. Nothing is dialled. Raises `BadInput` with every problem of the batch at once.

    `flows`: those that exist; None leaves the flow unchecked.
    """
    ids = list(new.customer_ids)
    async with db.read() as session:
        known = await members.known(session, list(dict.fromkeys(ids)))
    problems = await problems_before_members(db, new, now)
    problems += member_problems(ids, known, new.where)
    problems += number_problems([vault.reveal(person.phone_cipher) for person in known.values()], new.where)
    if flows is not None:
        problems += flow_problems(new.flow, {person.industry for person in known.values()}, flows)
    callees = {(person.industry, person.timezone) for person in known.values()}
    problems += window_problems(new, callees, now)
    if problems:
        raise BadInput(problems)
    return await _store(db, new, known, now)


async def problems_before_members(db: Database, new: NewBatch, now: datetime) -> list[Problem]:
    """What can be said before anybody is known: values, policy and offers."""
    return [*values_problems(new, now), *await _offer_problems(db, new, now)]


async def _offer_problems(db: Database, new: NewBatch, now: datetime) -> list[Problem]:
    problems: list[Problem] = []

    def wrong(what: str, cure: str) -> None:
        problems.append(Problem(where=new.where, what=what, cure=cure))

    if new.offers:
        today = max(now.astimezone(CHINA).date(), new.starts_on or now.astimezone(CHINA).date())
        async with db.read() as session:
            newest = await newest_versions(session, new.offers)
        for code in dict.fromkeys(new.offers):
            row = newest.get(code)
            if row is None:
                wrong(f"offer {code} does not exist", "choose one of the offer sheet, or import it first")
            elif row.withdrawn_at is not None and row.withdrawn_at <= now:
                wrong(f"offer {code} was withdrawn", "choose another one")
            elif row.valid_until is not None and row.valid_until < today:
                wrong(f"offer {code} ends on {row.valid_until}, before the batch starts", "choose another one")
            elif row.stock is not None and row.stock <= 0:
                wrong(f"offer {code} has no stock left", "choose another one")
    return problems


async def _store(db: Database, new: NewBatch, known: Mapping[str, Candidate], now: datetime) -> str:
    ids = list(new.customer_ids)
    held = _hold_out(ids, new.hold_out_percent, new.seed)
    batch = Batch(
        id=new_id(),
        name=new.name,
        flow=new.flow,
        purpose=new.purpose,
        state="making",
        hold_out_percent=new.hold_out_percent,
        lines=new.lines,
        priority=new.priority,
        starts_on=new.starts_on,
        ends_on=new.ends_on,
        offers=list(dict.fromkeys(new.offers)),
        policy=dict(new.policy),
        source=new.source,
        created_by=new.created_by,
        created_at=now,
    )
    async with db.write() as session:
        session.add(batch)
    try:
        for start in range(0, len(ids), _CHUNK):
            some = [
                NewMember(
                    customer_id=customer_id,
                    hold_out=customer_id in held,
                    rank=-call_priority(known[customer_id].priority, known[customer_id].low_priority),
                )
                for customer_id in ids[start : start + _CHUNK]
            ]
            async with db.write() as session:
                await members.add_members(session, batch.id, some)
        async with db.write() as session:
            await batches.move(session, batch.id, states=("making",), to="draft")
    except BaseException:
        async with db.write() as session:
            await batches.discard(session, batch.id)
        raise
    return batch.id


def _hold_out(ids: Sequence[str], percent: float, seed: int | None) -> frozenset[str]:
    """A random share, rounded to whole people."""
    count = round(len(ids) * percent / 100)
    return frozenset(random.Random(seed).sample(sorted(ids), count))
