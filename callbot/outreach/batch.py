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
    People,
    member_problems,
    people_problems,
    values_problems,
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
from callbot.store.tables import Batch, OfferRow

__all__ = [
    "BatchState",
    "Cancelled",
    "NewBatch",
    "People",
    "Preview",
    "Waiting",
    "cancel",
    "create",
    "done",
    "finish_if_over",
    "launch",
    "pause",
    "people_problems",
    "preview",
    "problems",
    "problems_of",
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
    known = await _known(db, new)
    problems = await _problems(db, vault, new, known, now, flows, ())
    if problems:
        raise BadInput(problems)
    return await _store(db, new, known, now)


async def problems(
    db: Database,
    vault: PhoneVault,
    new: NewBatch,
    now: datetime,
    *,
    flows: Mapping[str, Flow] | None = None,
    to_come: Sequence[OfferRow] = (),
) -> list[Problem]:
    """Everything that keeps `create` from making this batch; stores nothing."""
    return await _problems(db, vault, new, await _known(db, new), now, flows, to_come)


async def _known(db: Database, new: NewBatch) -> dict[str, Candidate]:
    async with db.read() as session:
        return await members.known(session, list(dict.fromkeys(new.customer_ids)))


async def _problems(
    db: Database,
    vault: PhoneVault,
    new: NewBatch,
    known: Mapping[str, Candidate],
    now: datetime,
    flows: Mapping[str, Flow] | None,
    to_come: Sequence[OfferRow],
) -> list[Problem]:
    people = People(
        phones=[vault.reveal(person.phone_cipher) for person in known.values()],
        callees={(person.industry, person.timezone) for person in known.values()},
    )
    found = await problems_of(db, new, people, now, flows=flows, to_come=to_come)
    return [*found, *member_problems(new.customer_ids, known, new.where)]


async def problems_of(
    db: Database,
    new: NewBatch,
    people: People,
    now: datetime,
    *,
    flows: Mapping[str, Flow] | None = None,
    to_come: Sequence[OfferRow] = (),
) -> list[Problem]:
    """Everything wrong with values, policy, offers, numbers, flow and windows, for people in the store or not
    yet in it; stores nothing.

    `to_come` are offers of a sheet that is not stored yet.
    """
    return [
        *values_problems(new, now),
        *await _offer_problems(db, new, now, to_come),
        *people_problems(new, people, flows, now),
    ]


async def _offer_problems(
    db: Database, new: NewBatch, now: datetime, to_come: Sequence[OfferRow]
) -> list[Problem]:
    problems: list[Problem] = []

    def wrong(what: str, cure: str) -> None:
        problems.append(Problem(where=new.where, what=what, cure=cure))

    if new.offers:
        today = max(now.astimezone(CHINA).date(), new.starts_on or now.astimezone(CHINA).date())
        async with db.read() as session:
            newest = await newest_versions(session, new.offers)
        for row in to_come:
            if row.code not in newest or row.version >= newest[row.code].version:
                newest[row.code] = row
        for code in dict.fromkeys(new.offers):
            offer = newest.get(code)
            if offer is None:
                wrong(f"没有优惠 {code}", "选优惠表里有的，或先导入这条优惠")
            elif offer.withdrawn_at is not None and offer.withdrawn_at <= now:
                wrong(f"优惠 {code} 已撤回", "换一条优惠")
            elif offer.valid_until is not None and offer.valid_until < today:
                wrong(f"优惠 {code} 在 {offer.valid_until} 截止，早于批次开始", "换一条优惠")
            elif offer.stock is not None and offer.stock <= 0:
                wrong(f"优惠 {code} 已没有库存", "换一条优惠")
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
