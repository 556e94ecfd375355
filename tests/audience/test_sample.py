"""The sample base is taken in without a flaw and covers every stage, reason, strategy and obstacle."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from sqlmodel import col, select

import callbot.audience
from callbot.audience.assess import Assessment, assess
from callbot.audience.assessing import assess_base
from callbot.audience.importing import import_base
from callbot.audience.names import JUDGED_TAGS
from callbot.audience.offer_sheet import import_offers, read_offers
from callbot.audience.person import facts
from callbot.audience.profile import profile_of
from callbot.audience.reasons import Reason
from callbot.audience.rfm import Segment
from callbot.audience.silence import Stage
from callbot.audience.strategy import StrategyName
from callbot.clock import ShiftedClock
from callbot.store.customers import CustomerFilter, History, every_history, list_customers
from callbot.store.database import Database
from callbot.store.offers import valid_offers
from callbot.store.phones import PhoneVault, is_sample
from callbot.store.tables import Attempt, DoNotContact, Tag

SAMPLE = Path(callbot.audience.__file__).with_name("sample")
INDUSTRIES = ("ecommerce", "aesthetics", "education", "finance")
VAULT = PhoneVault(b"c" * 32, b"h" * 32)


@pytest.fixture(params=["2026-03-02", "2027-11-20", "2028-02-29"])
def now(request: pytest.FixtureRequest) -> datetime:
    """The sample must be as good on any day."""
    return datetime.fromisoformat(f"{request.param}T02:00:00").replace(tzinfo=UTC)


@pytest.fixture
async def base(sqlite_database: Database, now: datetime) -> list[History]:
    report = await import_base(sqlite_database, VAULT, SAMPLE, now)
    assert report.problems == []
    assert all(not part.ignored_columns for part in report.parts.values())
    return [history async for page in every_history(sqlite_database) for history in page]


async def test_everybody_is_there_with_an_invented_number(base: list[History]) -> None:
    assert len(base) >= 44
    assert Counter(history.customer.industry for history in base).keys() == set(INDUSTRIES)
    phones = sorted(VAULT.reveal(history.customer.phone_cipher) for history in base)
    assert all(is_sample(phone) for phone in phones)
    numbers = [int(phone[1:]) for phone in phones]
    assert min(b - a for a, b in pairwise(numbers)) > 1


async def test_every_stage_reason_and_strategy_occurs(base: list[History], now: datetime) -> None:
    found: list[Assessment] = [assess(profile_of(history), now) for history in base]
    assert {each.stage for each in found} >= {Stage.ACTIVE, Stage.FIRST, Stage.CONTINUED, Stage.DEEP}
    assert {each.reason for each in found} == set(Reason)
    assert {each.strategy.name for each in found if each.strategy} == set(StrategyName)
    assert {each.segment for each in found} == set(Segment)


async def test_every_obstacle_occurs(sqlite_database: Database, base: list[History], now: datetime) -> None:
    marketing = [{c.granted for c in history.consents if c.purpose == "marketing"} for history in base]
    assert set() in marketing
    assert {True, False} in marketing
    assert any(not c.evidence for history in base for c in history.consents)
    customers = [history.customer for history in base]
    assert any(each.timezone is None for each in customers)
    assert any(not each.number_valid for each in customers)
    assert any(each.no_touch_until and each.no_touch_until > now for each in customers)
    assert any(each.complaint_pause_until and each.complaint_pause_until > now for each in customers)
    async with sqlite_database.read() as session:
        assert set((await session.exec(select(DoNotContact.scope))).all()) == {"all", "voice"}
        answered = Counter((await session.exec(select(Attempt.customer_id))).all())
    assert max(answered.values()) == 2


async def test_everybody_has_something_to_cite(base: list[History], now: datetime) -> None:
    for history in base:
        assert facts(profile_of(history), now)


async def test_the_conclusions_are_kept_and_kept_up(
    sqlite_database: Database, base: list[History], now: datetime
) -> None:
    clock = ShiftedClock.starting_at(now)
    for _ in range(2):
        assert await assess_base(sqlite_database, clock) == len(base)
    async with sqlite_database.read() as session:
        deep = await list_customers(session, CustomerFilter(stages=(Stage.DEEP,), industry="finance"))
        tagged = await list_customers(session, CustomerFilter(tags=("加购未结算",)))
        tags = (await session.exec(select(Tag).where(col(Tag.customer_id) == tagged[0].id))).all()
    assert deep
    assert [each.priority for each in deep] == sorted((each.priority for each in deep), reverse=True)
    assert all(each.assessment["priority"] and each.assessed_at for each in deep)
    assert len({tag.name for tag in tags}) == len(tags)
    assert all(tag.rule for tag in tags)


async def test_the_offers_hold_and_each_industry_can_make_amends(
    sqlite_database: Database, now: datetime
) -> None:
    await import_offers(sqlite_database, SAMPLE / "offers.csv", now)
    async with sqlite_database.read() as session:
        for industry in INDUSTRIES:
            assert len(await valid_offers(session, industry, now, compensation=False)) >= 2
            assert len(await valid_offers(session, industry, now, compensation=True)) == 1


def test_the_coupons_of_the_long_tail_are_on_the_sheet(now: datetime) -> None:
    """R064 and R068: ¥20 without threshold at 3–6 months, ¥50 with one at 6–12, a pack of ¥100 from 6 on."""
    offers = {
        (offer["amount_fen"], bool(offer["min_spend_fen"]), offer["eligibility"].get("min_silent_days"))
        for offer in read_offers(SAMPLE / "offers.csv", now)
        if offer["industry"] == "ecommerce"
    }
    assert {(20_00, False, 90), (50_00, True, 181), (100_00, False, 181)} <= offers


async def test_staff_can_take_no_name_that_the_assessment_uses(base: list[History], now: datetime) -> None:
    given = {tag.name for history in base for tag in assess(profile_of(history), now).tags}
    assert len(given) > 10
    assert given <= JUDGED_TAGS
