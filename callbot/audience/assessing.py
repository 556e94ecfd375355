"""Customers judged and the conclusions kept: one whose history changed, or the whole base in pages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import TypeAlias

from callbot.audience.assess import Assessment, assess, assess_all, conclusion
from callbot.audience.crew import in_order, spare_cores
from callbot.audience.profile import profile_of
from callbot.audience.score.case import Scorer
from callbot.audience.score.scorecard import SCORECARD
from callbot.clock import Clock
from callbot.store.conclusions import save_conclusions
from callbot.store.customers import Conclusion, CustomerFilter, histories_of, id_pages, load_history
from callbot.store.database import Database, Session

_PAGE = 1_000
"""Customers judged and kept together."""
_WORTH = 10
"""Pages; a smaller base is judged before the first process has started."""

_Page: TypeAlias = tuple[tuple[str, ...], datetime]
"""Customer ids, and the moment at which they are judged."""


async def assess_base(
    database: Database,
    clock: Clock,
    which: CustomerFilter | None = None,
    scorer: Scorer = SCORECARD,
    *,
    processes: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Judge customers page by page and keep the conclusions; returns how many.

    `processes` read and judge beside this one, which stores; None chooses by the number of customers.
    `progress` is told how many are done after each page.
    """
    pages = id_pages(database, which, page=_PAGE)
    first: list[tuple[str, ...]] = []
    if processes is None:
        while len(first) <= _WORTH and (page := await anext(pages, None)) is not None:
            first.append(page)
        processes = spare_cores() if len(first) > _WORTH else 0
    count = 0
    async for (ids, now), conclusions in _judged(database, _dated(first, pages, clock), scorer, processes):
        async with database.write() as session:
            await save_conclusions(session, conclusions, now)
        count += len(ids)
        if progress:
            progress(count)
    return count


async def assess_customer(
    session: Session, customer_id: str, now: datetime, scorer: Scorer = SCORECARD
) -> Assessment | None:
    """Judge one customer with what this transaction has stored so far, and keep it; None: no such customer."""
    history = await load_history(session, customer_id)
    if history is None:
        return None
    judged = assess(profile_of(history), now, scorer)
    await save_conclusions(session, [conclusion(judged)], now)
    return judged


async def _dated(
    first: list[tuple[str, ...]], rest: AsyncIterator[tuple[str, ...]], clock: Clock
) -> AsyncIterator[_Page]:
    for ids in first:
        yield ids, clock.now()
    async for ids in rest:
        yield ids, clock.now()


async def _judged(
    database: Database, pages: AsyncIterator[_Page], scorer: Scorer, processes: int
) -> AsyncIterator[tuple[_Page, list[Conclusion]]]:
    if processes == 0:
        async for page in pages:
            yield page, await _conclusions(database, scorer, page)
        return
    url = database.url.render_as_string(hide_password=False)
    judged = in_order(pages, _judge, processes=processes, begin=_begin, given=(url, scorer))
    async for page, conclusions in judged:
        yield page, conclusions


async def _conclusions(database: Database, scorer: Scorer, page: _Page) -> list[Conclusion]:
    ids, now = page
    async with database.read() as session:
        histories = await histories_of(session, ids)
    return [
        conclusion(each) for each in assess_all([profile_of(history) for history in histories], now, scorer)
    ]


_work: list[tuple[asyncio.Runner, Database, Scorer]] = []
"""What this process judges with; empty where no process was begun."""


def _begin(url: str, scorer: Scorer) -> None:
    _work.append((asyncio.Runner(), Database(url), scorer))


def _judge(page: _Page) -> list[Conclusion]:
    runner, database, scorer = _work[0]
    return runner.run(_conclusions(database, scorer, page))
