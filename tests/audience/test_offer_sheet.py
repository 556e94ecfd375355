"""Offers: a wrong row stops the sheet, a version never changes its promise, and only what holds is offered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from audience_histories import NOW

from callbot.audience.offer_sheet import import_offers, read_offers
from callbot.errors import BadInput
from callbot.store.database import Database
from callbot.store.offers import take_one, valid_offers, withdraw

HEAD = (
    "优惠编号,版本,行业,名称,减免百分比,金额（元）,使用门槛（元）,赠品,"
    "开始日期,截止日期,库存,优先级,可用于补偿,沉默天数起,沉默天数止"
)


def sheet(path: Path, *rows: str) -> Path:
    path.write_text("\n".join((HEAD, *rows)), "utf-8")
    return path


async def codes(database: Database, at: datetime, *, compensation: bool | None = None) -> list[str]:
    async with database.read() as session:
        return [
            f"{row.code}/{row.version}"
            for row in await valid_offers(session, "ecommerce", at, compensation=compensation)
        ]


async def test_only_what_holds_is_offered_best_first(database: Database, tmp_path: Path) -> None:
    await import_offers(
        database,
        sheet(
            tmp_path / "o.csv",
            "LOW,1,电商,八折券,20,,,,,,,1,否,,",
            "HIGH,1,电商,五十元券,,50,299,,-1d,+1d,2,9,否,181,365",
            "OLD,1,电商,旧券,,5,,,,-1d,,5,否,,",
            "SOON,1,电商,新券,,5,,,+1d,,,5,否,,",
            "GONE,1,电商,售罄,,5,,,,,0,5,否,,",
            "SORRY,1,电商,补偿券,,30,,,,,,0,是,,",
            "OTHER,1,教育,试听课,,,,试听课一节,,,,9,否,,",
        ),
        NOW,
    )
    assert await codes(database, NOW) == ["HIGH/1", "LOW/1", "SORRY/1"]
    assert await codes(database, NOW, compensation=True) == ["SORRY/1"]
    async with database.write() as session:
        assert [await take_one(session, "HIGH", 1) for _ in range(3)] == [True, True, False]
        assert await take_one(session, "LOW", 1)
        assert await withdraw(session, "LOW", NOW)
        assert not await withdraw(session, "LOW", NOW)
    assert await codes(database, NOW) == ["SORRY/1"]


async def test_the_last_day_is_a_day_in_china(sqlite_database: Database, tmp_path: Path) -> None:
    await import_offers(sqlite_database, sheet(tmp_path / "o.csv", "A,1,电商,券,,5,,,,2026-03-02,,0,否,,"), NOW)
    assert await codes(sqlite_database, datetime(2026, 3, 2, 15, 59, tzinfo=UTC)) == ["A/1"]
    assert await codes(sqlite_database, datetime(2026, 3, 2, 16, 0, tzinfo=UTC)) == []


async def test_the_newest_version_stands_for_the_offer(database: Database, tmp_path: Path) -> None:
    rows = ("A,1,电商,券,,5,,,,,,0,否,,", "A,2,电商,券,,8,,,,-1d,,0,否,,")
    await import_offers(database, sheet(tmp_path / "o.csv", *rows), NOW)
    assert await codes(database, NOW) == [], "an older version does not come back when the newer has ended"


async def test_a_version_does_not_change_its_promise(database: Database, tmp_path: Path) -> None:
    row = "A,1,电商,券,,5,,,,+9d,,0,否,,"
    await import_offers(database, sheet(tmp_path / "o.csv", row), NOW)
    await import_offers(database, sheet(tmp_path / "o.csv", row), NOW + timedelta(days=3))
    with pytest.raises(BadInput, match="把版本改为 2"):
        await import_offers(database, sheet(tmp_path / "o.csv", row.replace(",5,", ",6,")), NOW)


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ("A,1,电商,券,,,,,,,,0,否,,", "没有折扣、金额或赠品"),
        ("A,1,电商,券,20,5,,,,,,0,否,,", "分成两个优惠"),
        ("A,1,电商,券,120,,,,,,,0,否,,", "1 到 99"),
        ("A,1,电商,券,,五元,,,,,,0,否,,", "不是金额"),
        ("A,1,电商,券,,50,20,,,,,0,否,,", "低于优惠金额"),
        ("A,1,电商,券,,5,,,2026-05-01,2026-04-01,,0,否,,", "早于开始日期"),
        ("A,1,电商,券,,5,,,,,,0,否,180,90", "小于起始值"),
        ("A,1,电商,,,5,,,,,,0,否,,", "“名称”是空的"),
        ("OK,1,电商,券,,5,,,,,,0,否,,", "与第 2 行是同一优惠"),
    ],
)
async def test_one_bad_row_stops_the_sheet(
    sqlite_database: Database, tmp_path: Path, row: str, named: str
) -> None:
    file = sheet(tmp_path / "o.csv", "OK,1,电商,券,,5,,,,,,0,否,,", row)
    with pytest.raises(BadInput, match=named) as caught:
        await import_offers(sqlite_database, file, NOW)
    assert "o.csv 第 3 行" in str(caught.value)
    assert await codes(sqlite_database, NOW) == []


def test_an_empty_sheet_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="没有任何优惠"):
        read_offers(sheet(tmp_path / "o.csv"), NOW)
