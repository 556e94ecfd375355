"""What the database selects by a condition is what the rule says of each customer's own history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_rows import a_batch, a_customer, an_attempt

from callbot.audience.tags.explain import explain
from callbot.audience.tags.judge import judge
from callbot.audience.tags.parse import parse
from callbot.audience.tags.subject import subject_of
from callbot.audience.tags.words import NUMBERS, NumberWord
from callbot.ids import new_id
from callbot.store.customers import History, load_histories
from callbot.store.database import Database, Session
from callbot.store.segments import matching_ids
from callbot.store.tables import Consent, Customer, Event, Purchase, Tag
from callbot.store.tag_tree import (
    Compare,
    Every,
    Figure,
    Holds,
    Node,
    Not,
    OneOf,
    Op,
    Period,
    Some,
    Test,
    Trait,
    Unit,
    Within,
)

NOW = datetime(2028, 2, 29, 16, 30, tzinfo=UTC)
TEXTS = ["", "金卡", "O'Neil", "%", "_", "厨房", "厨房电器"]
KINDS = ["login", "browse", "visit", "message_open"]

moments = st.one_of(
    st.integers(-2, 800).map(lambda days: NOW - timedelta(days=days)),
    st.integers(-3 * 86_400, 400 * 86_400).map(lambda seconds: NOW - timedelta(seconds=seconds)),
)
days = st.dates(date(1940, 1, 1), date(2028, 12, 31)) | st.sampled_from(
    [date(2000, 2, 29), date(1998, 2, 28), date(1998, 3, 1), NOW.date(), date(2028, 3, 1)]
)


@st.composite
def people(draw: st.DrawFn) -> list[Any]:
    """Rows of one customer."""
    key = new_id()
    rows: list[Any] = [
        a_customer(
            NOW,
            id=key,
            name="某",
            gender=draw(st.sampled_from(["", "男", "女"])),
            birthday=draw(st.none() | days),
            region=draw(st.sampled_from(TEXTS)),
            industry=draw(st.sampled_from(["ecommerce", "finance"])),
            phone_hash=key,
            preferred_channel=draw(st.sampled_from(["", "voice", "sms"])),
            member_level=draw(st.sampled_from(TEXTS)),
            member_until=draw(st.none() | st.integers(-90, 90).map(lambda n: NOW.date() + timedelta(days=n))),
            interests=draw(st.lists(st.sampled_from(TEXTS[1:]), max_size=2, unique=True)),
            registered_at=draw(st.none() | moments),
            stage=draw(st.sampled_from(["", "活跃", "深度沉默"])),
            priority=draw(st.integers(0, 100)),
        )
    ]
    for kind, at in draw(st.lists(st.tuples(st.sampled_from(KINDS), moments), max_size=5)):
        rows.append(Event(customer_id=key, kind=kind, at=at))
    for at, fen, item, refunded in draw(
        st.lists(st.tuples(moments, st.integers(0, 30_000), st.sampled_from(TEXTS), st.booleans()), max_size=3)
    ):
        rows.append(
            Purchase(
                customer_id=key,
                external_id=new_id(),
                at=at,
                item=item or "壶",
                category=draw(st.sampled_from(TEXTS)),
                amount_fen=fen,
                refunded=refunded,
            )
        )
    said = st.tuples(st.sampled_from(["marketing", "service_followup"]), st.booleans(), moments)
    for number, (purpose, granted, at) in enumerate(draw(st.lists(said, max_size=3))):
        rows.append(
            Consent(
                customer_id=key,
                purpose=purpose,
                granted=granted,
                at=at,
                text_version="1",
                channel="APP",
                evidence=draw(st.sampled_from([" " * number, f"E{number}"])),
            )
        )
    for name, value in {"价值": ["", "高价值"], "渠道偏好": ["短信"], "厨房": [""]}.items():
        if draw(st.booleans()):
            tag = Tag(customer_id=key, name=name, value=draw(st.sampled_from(value)), rule="", at=NOW)
            rows.append(tag)
    for seq, (at, answered) in enumerate(draw(st.lists(st.tuples(moments, st.booleans()), max_size=2))):
        rows.append(
            an_attempt(
                at,
                batch_id="B",
                customer_id=key,
                seq=seq,
                priority=0,
                dialing_at=at,
                answered_at=at + timedelta(seconds=9) if answered else None,
            )
        )
    return rows


def _figures(word: NumberWord) -> st.SearchStrategy[Figure]:
    periods = st.builds(Period, count=st.integers(1, 60), unit=st.sampled_from(Unit))
    return st.builds(
        Figure,
        number=st.just(word.number),
        kinds=st.just(word.kinds),
        period=st.none() | periods if word.counts else st.none(),
    )


figures = st.sampled_from(NUMBERS).flatmap(_figures)
values = (
    st.integers(-3, 12) | st.integers(-100, 900) | st.integers(0, 60_000) | st.sampled_from([10**12, -(10**12)])
)
traits = st.one_of(
    st.builds(
        OneOf,
        trait=st.sampled_from(Trait),
        values=st.lists(
            st.sampled_from([*TEXTS[1:], "男", "活跃", "高价值", "短信"]), min_size=1, max_size=3
        ).map(tuple),
    )
)
tests = st.builds(Holds, test=st.sampled_from(Test), text=st.sampled_from([*TEXTS[1:], "marketing"]))
leaves = st.one_of(
    st.builds(Compare, figure=figures, op=st.sampled_from(Op), value=values),
    st.builds(Within, figure=figures, low=values, high=values),
    traits,
    tests,
)


def _joined(inside: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    parts = st.lists(inside, min_size=2, max_size=3).map(tuple)
    return st.one_of(st.builds(Not, part=inside), st.builds(Every, parts=parts), st.builds(Some, parts=parts))


trees: st.SearchStrategy[Node] = st.recursive(leaves, _joined, max_leaves=5)


class _Undone(Exception):
    pass


async def _store(session: Session, customers: Sequence[Sequence[Any]]) -> list[str]:
    session.add(a_batch(NOW, id="B", name="", flow=""))
    await session.flush()
    for rows in customers:
        session.add(rows[0])
    await session.flush()
    session.add_all(row for rows in customers for row in rows[1:])
    await session.flush()
    return [rows[0].id for rows in customers]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(customers=st.lists(people(), min_size=1, max_size=3), wanted=st.lists(trees, min_size=4, max_size=8))
async def test_the_database_and_the_rule_agree(
    database: Database, customers: list[list[Any]], wanted: list[Node]
) -> None:
    try:
        async with database.write() as session:
            ids = await _store(session, customers)
            histories = await load_histories(session, [rows[0] for rows in customers], tags=True)
            for tree in wanted:
                expected = {
                    each.customer.id for each in histories if judge(tree, subject_of(each, NOW), NOW).met
                }
                found = set(await matching_ids(session, tree, NOW, among=ids))
                assert found == expected, explain(tree)
            raise _Undone
    except _Undone:
        pass


def known() -> tuple[Customer, list[Event], list[Purchase]]:
    """A man of 33 with two logins and a financial product."""
    who = a_customer(
        NOW,
        name="某",
        gender="男",
        birthday=date(1994, 5, 1),
        industry="finance",
        brand="某银行",
        region="上海",
    )
    logins = [Event(customer_id=who.id, kind="login", at=NOW - timedelta(days=days)) for days in (200, 20)]
    bought = Purchase(
        customer_id=who.id,
        external_id="1",
        at=NOW - timedelta(days=100),
        item="稳健理财90天",
        category="金融产品",
        amount_fen=500_050,
    )
    return who, logins, [bought]


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ('logins(6m) < 3 and holds("金融产品") and age in 30..40 and gender == "男"', True),
        ("logins(6m) = 1 and logins = 2", True),
        ("spent >= 5000.5 and spent < 5000.51", True),
        ('holds("理财")', True),
        ("last_order_days = 100 and last_login_days in 20..20", True),
        ("age = 33", True),
        ("not age = 33", False),
        ("last_visit_days > 30", False),
        ("not last_visit_days > 30", False),
        ('member_level != "金卡"', False),
        ('member_level != "金卡" or region = "上海"', True),
    ],
)
async def test_examples_hold_in_both(sqlite_database: Database, text: str, met: bool) -> None:
    """What is not known (no visit, no member level) is neither met nor not met."""
    who, logins, bought = known()
    async with sqlite_database.write() as session:
        session.add(who)
        await session.flush()
        session.add_all([*logins, *bought])
        await session.flush()
        tree = parse(text)
        (history,) = await load_histories(session, [who], tags=True)
        assert (await matching_ids(session, tree, NOW) == [who.id]) is met
        assert bool(judge(tree, subject_of(history, NOW), NOW).met) is met


def test_the_figures_behind_a_verdict_are_told() -> None:
    who, logins, bought = known()
    history = History(customer=who, events=tuple(logins), purchases=tuple(bought), consents=())
    condition = 'logins(6m) < 3 and holds("金融产品") and age > 20 and visits = 0 and last_visit_days > 3'
    verdict = judge(parse(condition), subject_of(history, NOW), NOW)
    assert verdict.met is None
    assert verdict.figures == {
        "近 6 个月登录": "1 次",
        "持有「金融产品」": "1 单，最近 2027-11-22 稳健理财90天",
        "年龄": "33 岁",
        "累计到店": "0 次",
        "距上次到店": "未知",
    }
