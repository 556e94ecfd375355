"""A list becomes customers who were judged: stored, concluded from, assessed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from callbot.audience.assessing import assess_base
from callbot.audience.importing import Defaults, import_base
from callbot.audience.score.case import Scorer
from callbot.clock import Clock
from callbot.errors import BadInput
from callbot.outreach.bulk_arrivals import conclude_arrivals
from callbot.store.customers import CustomerFilter
from callbot.store.database import Database
from callbot.store.phones import PhoneVault


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenIn:
    """Who came with a list."""

    ids: tuple[str, ...]
    """In the list's order, everybody once."""
    new: int
    """Rows of all its files that the base did not have."""


async def take_in(
    db: Database,
    vault: PhoneVault,
    clock: Clock,
    scorer: Scorer,
    path: Path,
    *,
    defaults: Defaults,
    whole: bool = False,
) -> TakenIn:
    """Store and judge the good rows of a list, or of a folder of lists.

    Raises `BadInput` for a list that cannot be read, and with `whole` for one with a bad row: its good rows are
    stored by then, and nobody was judged.
    """
    report = await import_base(db, vault, path, clock.now(), defaults=defaults, keep_ids=True)
    if whole and report.problems:
        raise BadInput(report.problems)
    ids = tuple(dict.fromkeys(report.customer_ids))
    await conclude_arrivals(db, clock, scorer)
    await assess_base(db, clock, CustomerFilter(ids=ids), scorer)
    return TakenIn(ids=ids, new=sum(part.new for part in report.parts.values()))
