"""Reads a base's past into examples to learn from."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

from callbot.audience.cells import CHINA
from callbot.audience.profile import profile_of
from callbot.audience.score.snapshots import LOOK_BACK, Asked, Examples, Gathered, Question, Returns, moments
from callbot.errors import BadInput
from callbot.store.customers import CustomerFilter, every_history
from callbot.store.database import Database
from callbot.store.sampling import industries, recorded_span, sampled_ids

FEWEST_MOMENTS = 4
"""Two to learn from, one to calibrate on, one to test on."""
_PAGE = 500

OnProgress = Callable[[int, int], None]
"""(customers read, customers in all)"""


async def question(
    database: Database, *, until: date | None, horizon_days: int, returns: Returns
) -> tuple[Asked, datetime]:
    """The moments that the base's past allows, and the moment after which nothing is looked at.

    `until` is a day of China's calendar, included; None: the last record. Raises `BadInput` with what is needed
    where the past is too short.
    """
    horizon = timedelta(days=horizon_days)
    async with database.read() as session:
        span = await recorded_span(session)
    needed = LOOK_BACK + FEWEST_MOMENTS * horizon
    if span is None:
        raise BadInput.one(
            "历史", "库里没有任何订单或事件，无从学起", f"导入至少 {needed.days} 天的订单和事件，再训练"
        )
    first, last = span
    if until is not None:
        end_of_day = datetime.combine(until, time.max, tzinfo=CHINA).astimezone(UTC)
        last = min(last, end_of_day)
    found = moments(first, last, horizon)
    if len(found) < FEWEST_MOMENTS:
        days = max(0, (last - first).days)
        dates = f"从 {first.astimezone(CHINA):%Y-%m-%d} 到 {last.astimezone(CHINA):%Y-%m-%d}"
        parts = f"{LOOK_BACK.days} 天作背景，{FEWEST_MOMENTS} 段各 {horizon_days} 天用来学习、校准和比较"
        raise BadInput.one(
            "历史",
            f"{dates}共 {days} 天，至少需要 {needed.days} 天（{parts}）",
            "导入更早的订单和事件，或缩短 --horizon-days；在此之前由规则评分",
        )
    return Asked(moments=found, horizon=horizon, returns=returns), last


async def gather(
    database: Database, asked: Asked, *, most: int, on_progress: OnProgress | None = None
) -> dict[Question, dict[str, Examples]]:
    """Examples by question and industry, from at most `most` customers of each industry."""
    async with database.read() as session:
        ids = {industry: await sampled_ids(session, industry, most) for industry in await industries(session)}
    total, done = sum(len(each) for each in ids.values()), 0
    found: dict[Question, dict[str, Examples]] = {about: {} for about in Question}
    for industry, chosen in ids.items():
        gathered = [Gathered(about) for about in Question]
        for start in range(0, len(chosen), _PAGE):
            which = CustomerFilter(ids=tuple(chosen[start : start + _PAGE]))
            async for page in every_history(database, which, page=_PAGE):
                for history in page:
                    profile = profile_of(history)
                    for each in gathered:
                        each.add(profile, asked)
                done += len(page)
                if on_progress is not None:
                    on_progress(done, total)
        for each in gathered:
            found[each.about][industry] = each.examples()
    return found
