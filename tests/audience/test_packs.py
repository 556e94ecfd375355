"""Scenario packs: the shipped ones hold, a mistake names its line, installing twice changes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from audience_histories import orders, profile
from store_rows import a_customer

from callbot.audience import segments
from callbot.audience.lines import shipped_lines
from callbot.audience.packs.install import install
from callbot.audience.packs.loading import load_pack, load_packs, shipped
from callbot.audience.profile import profile_of
from callbot.audience.segments import memberships
from callbot.audience.silence import Stage, silence
from callbot.audience.strategy import Strategy, StrategyName
from callbot.audience.tags import rules
from callbot.audience.terms import Membership, Terms, in_terms_of
from callbot.errors import BadInput
from callbot.store.customers import load_history
from callbot.store.database import Database
from callbot.store.offers import valid_offers
from callbot.store.segments import segments as stored_segments
from callbot.store.segments import tag_rules
from callbot.store.tables import Purchase

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
PACK = """\
pack: ecommerce
version: 1
title: 电商
flow: winback/ecommerce
silence: {purchase_days: 40, interaction_days: 400, continued_after: 60, deep_after: 150}
tags:
  - name: 少登录
    when: logins(6m) < 3
segments:
  - name: 三至六个月未购
    when: >-
      last_order_days in 90..180
      and has_tag("少登录")
    priority: 50
    strategy:
      name: 优惠补偿
      whom: 三至六个月未购
      when: 晚间
      what: 无门槛券
      channel: preferred
      wording: 先说券
      offers: [BACK-20]
      benefit_first: true
      urgency: true
offers:
  - {code: BACK-20, title: 回归券, amount_yuan: 20, valid_days: 30, stock: 10}
sequence: {version: 1}
"""


def _written(folder: Path, text: str = PACK, name: str = "ecommerce.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("industry", ["ecommerce", "aesthetics", "education", "finance"])
def test_the_shipped_packs_hold(industry: str) -> None:
    pack = load_packs(shipped())[industry]
    assert pack.silence == shipped_lines()[industry]
    assert any("流失预警" in each.name for each in pack.segments)
    assert any(each.values["compensation"] for each in pack.offers)


def test_the_offers_of_the_articles_stand_in_the_shop_pack() -> None:
    """R064 and R068; where they overlap the priority picks one (C8)."""
    offers = {each.values["code"]: each.values for each in load_packs(shipped())["ecommerce"].offers}
    no_threshold, threshold, big = offers["EC-RETURN-20"], offers["EC-RETURN-50"], offers["EC-PACK-100"]
    assert (no_threshold["amount_fen"], no_threshold["min_spend_fen"]) == (20_00, None)
    assert threshold["amount_fen"] == 50_00
    assert threshold["min_spend_fen"] > 50_00
    assert (big["amount_fen"], big["eligibility"]["min_silent_days"]) == (100_00, 181)
    assert threshold["priority"] != big["priority"]


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("pack: ecommerce", "pack: finance", 1, "文件名是 ecommerce"),
        ("title: 电商\n", "", 1, "缺少 title"),
        ("version: 1\ntitle", "versoin: 1\ntitle", 2, "不认识这一项"),
        ("purchase_days: 40", "purchase_days: 四十", 5, "应是 integer"),
        ("deep_after: 150", "deep_after: 50", 5, "深度沉默不晚于"),
        ("when: logins(6m) < 3", "when: login(6m) < 3", 8, "条件 列 1：没有「login」"),
        ('has_tag("少登录")', "has_tag(3)", 11, "条件 列 40"),
        ("name: 优惠补偿", "name: 打折", 16, "不在 优惠补偿"),
        ("channel: preferred", "channel: fax", 20, "不在 preferred"),
        ("wording: 先说券", "wording: 先说20元券", 21, "金额与折扣只能出自优惠表"),
        ("offers: [BACK-20]", "offers: [BACK-30]", 22, "没有优惠 BACK-30"),
        (", valid_days: 30", "", 24, "没有带截止日期的优惠"),
        ("amount_yuan: 20, ", "", 26, "没有折扣、金额或赠品"),
        ("amount_yuan: 20", "amount_yuan: 20, discount_percent: 5", 26, "分成两个优惠"),
        ("amount_yuan: 20", "amount_yuan: 20, min_spend_yuan: 10", 26, "门槛低于"),
        ("title: 回归券", "title: [回归券", 26, "不是 YAML"),
    ],
)
def test_a_mistake_names_its_line(tmp_path: Path, old: str, new: str, line: int, what: str) -> None:
    assert PACK.count(old) == 1
    path = _written(tmp_path, PACK.replace(old, new))
    with pytest.raises(BadInput) as caught:
        load_pack(path)
    told = [f"{each.what} {each.cure}" for each in caught.value.problems if each.where == f"{path}:{line}"]
    assert any(what in each for each in told), str(caught.value)


def test_a_pack_of_ones_own_replaces_the_shipped_one(tmp_path: Path) -> None:
    _written(tmp_path)
    packs = load_packs(shipped(), tmp_path)
    assert packs["ecommerce"].source.parent == tmp_path
    assert packs["finance"].source.parent == shipped()
    with pytest.raises(BadInput, match="没有这个文件夹"):
        load_packs(shipped(), tmp_path / "nowhere")


async def test_installing_writes_everything_and_again_nothing(database: Database, tmp_path: Path) -> None:
    pack = load_pack(_written(tmp_path))
    assert (await install(database, pack, NOW, by="chen")).changed
    later = NOW + timedelta(days=9)
    assert not (await install(database, pack, later, by="wang")).changed
    async with database.read() as session:
        (offer,) = await valid_offers(session, "ecommerce", NOW)
        (segment,) = await stored_segments(session)
        (rule,) = await tag_rules(session)
    assert (offer.code, offer.valid_from, offer.valid_until) == ("BACK-20", date(2026, 3, 2), date(2026, 4, 1))
    assert (segment.version, segment.origin, segment.updated_at) == (1, "ecommerce", NOW)
    assert segment.strategy["wording"] == "先说券"
    assert rule.expression == "logins(6m) < 3"


async def test_a_new_version_replaces_and_removes(sqlite_database: Database, tmp_path: Path) -> None:
    pack = load_pack(_written(tmp_path))
    await install(sqlite_database, pack, NOW, by="chen")
    async with sqlite_database.write() as session:
        (offer,) = await valid_offers(session, "ecommerce", NOW)
        offer.stock = 3
        session.add(offer)
    text = PACK.replace("version: 1\ntitle", "version: 2\ntitle").replace(
        "三至六个月未购\n    when", "新人群\n    when"
    )
    text = text.replace('has_tag("少登录")', "age > 20").replace("少登录", "很少登录")
    await install(sqlite_database, load_pack(_written(tmp_path, text)), NOW + timedelta(days=9), by="chen")
    async with sqlite_database.read() as session:
        assert [each.name for each in await stored_segments(session)] == ["新人群"]
        assert [each.name for each in await tag_rules(session)] == ["很少登录"]
        (offer,) = await valid_offers(session, "ecommerce", NOW + timedelta(days=9))
    assert (offer.stock, offer.valid_until) == (3, date(2026, 4, 10))


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("title: 电商", "title: 电商二", "版本没有变"),
        ("version: 1\ntitle: 电商", "version: 2\ntitle: 电商", "版本不可改写"),
    ],
)
async def test_what_was_promised_is_not_rewritten(
    sqlite_database: Database, tmp_path: Path, old: str, new: str, what: str
) -> None:
    await install(sqlite_database, load_pack(_written(tmp_path)), NOW, by="chen")
    changed = PACK.replace(old, new).replace("amount_yuan: 20", "amount_yuan: 25")
    with pytest.raises(BadInput, match=what):
        await install(sqlite_database, load_pack(_written(tmp_path, changed)), NOW, by="chen")


async def test_a_name_that_staff_use_is_refused_and_nothing_is_stored(
    sqlite_database: Database, tmp_path: Path
) -> None:
    await rules.save(sqlite_database, "少登录", "logins < 1", NOW, by="chen")
    with pytest.raises(BadInput, match="人工创建的规则"):
        await install(sqlite_database, load_pack(_written(tmp_path)), NOW, by="chen")
    async with sqlite_database.read() as session:
        assert await valid_offers(session, "ecommerce", NOW) == []
    with pytest.raises(BadInput, match="没有这个人群"):
        await segments.customer_ids(sqlite_database, "三至六个月未购", NOW)


async def test_the_installed_rules_of_silence_are_those_that_judge(
    sqlite_database: Database, tmp_path: Path
) -> None:
    """R046: 40 days without a purchase in this pack, 30 in the shipped one."""
    who = a_customer(NOW, name="某")
    async with sqlite_database.write() as session:
        session.add(who)
        await session.flush()
        bought = NOW - timedelta(days=35)
        session.add(Purchase(customer_id=who.id, external_id="1", at=bought, item="壶", amount_fen=1))

    async def stage() -> Stage:
        async with sqlite_database.read() as session:
            history = await load_history(session, who.id, tags=True)
            assert history is not None
            assert await memberships(session, history, NOW) == ()
        return silence(profile_of(history), NOW).stage

    assert await stage() is Stage.FIRST
    await install(sqlite_database, load_pack(_written(tmp_path)), NOW, by="chen")
    assert await stage() is Stage.ACTIVE


TERMS = Terms(
    name=StrategyName.COMPENSATE,
    whom="某些人",
    when="晚间",
    what="券",
    channel="preferred",
    wording="先说券",
    offers=("BACK-20",),
    benefit_first=True,
    urgency=True,
)
CARE = replace(TERMS, name=StrategyName.SERVICE, channel="voice", benefit_first=False, urgency=False, offers=())
RULES = Strategy(
    name=StrategyName.CONTENT,
    because="常看内容",
    benefit_first=True,
    urgency=False,
    when="",
    what="",
    channel="sms",
    wording="",
)
HARMED = replace(RULES, name=StrategyName.SERVICE, benefit_first=False)


@pytest.mark.parametrize(
    ("chosen", "terms", "expected"),
    [
        (RULES, [TERMS], "优惠补偿"),
        (RULES, [], "内容再激活"),
        (RULES, [None, CARE], "服务触达"),
        (HARMED, [TERMS], None),
        (HARMED, [TERMS, CARE], "care"),
        (HARMED, [replace(CARE, urgency=True)], None),
        (None, [TERMS], "优惠补偿"),
    ],
)
def test_a_segment_never_sells_where_the_rules_forbid_it(
    chosen: Strategy | None, terms: list[Terms | None], expected: str | None
) -> None:
    """C4 and C5 stand above any pack."""
    groups = [Membership(segment=f"{n}", terms=each, figures={"年龄": "33 岁"}) for n, each in enumerate(terms)]
    found = in_terms_of(chosen, groups, profile(bought=orders(100), preferred_channel="sms"), NOW)
    if expected is None:
        assert found is chosen
        return
    assert found is not None
    if expected == "care":
        assert (found.segment, found.benefit_first) == ("1", False)
    else:
        assert found.name == expected
        assert found.channel == ("voice" if found.name is StrategyName.SERVICE else "sms")
    assert Terms.of(TERMS.plain()) == TERMS
