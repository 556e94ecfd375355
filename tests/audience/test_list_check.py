"""A list is looked through before anything of it is stored."""

from __future__ import annotations

from pathlib import Path

from audience_histories import NOW
from sqlmodel import func, select

from callbot.audience.importing import import_base
from callbot.audience.list_check import contradictions, look_through
from callbot.store.database import Database
from callbot.store.phones import PhoneVault
from callbot.store.tables import Customer, Event

VAULT = PhoneVault(b"c" * 32, b"h" * 32)
HEAD = "客户编号,姓名,手机号,行业,品牌"
WANG = "A1,王晓芸,+8610024681357,电商,悦选商城"
LI = "A2,李建国,+8610035792468,医美,悦选医美"


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_who_is_on_a_list_and_what_is_wrong_with_it(tmp_path: Path) -> None:
    looked = look_through(write(tmp_path / "c.csv", HEAD, WANG, LI, WANG, "A4,,12,电商,x"), NOW)
    assert looked.rows == 4
    assert sorted({each.row.line for each in looked.rejected}) == [4, 5]
    assert looked.phones[:2] == ["+8610024681357", "+8610035792468"]
    assert looked.callees == {("ecommerce", "Asia/Shanghai"), ("aesthetics", "Asia/Shanghai")}


def test_a_cell_that_cannot_be_read_is_told_once(tmp_path: Path) -> None:
    head = f"{HEAD},营销同意时间,同意凭证,最近购买时间,最近购买商品"
    looked = look_through(write(tmp_path / "c.csv", head, f"{WANG},2035-06-01,TY-1,2035-06-01,空调"), NOW)
    assert [(each.column, "将来" in each.what) for each in looked.rejected] == [
        ("列“营销同意时间”", True),
        ("列“最近购买时间”", True),
    ]
    looked = look_through(write(tmp_path / "d.csv", head, f"{WANG},,TY-1,-9d,"), NOW)
    assert [each.column for each in looked.rejected] == ["列“营销同意时间”", "列“最近购买商品”"]


async def test_what_contradicts_the_base_is_named_and_nothing_is_stored(
    sqlite_database: Database, tmp_path: Path
) -> None:
    await import_base(sqlite_database, VAULT, write(tmp_path / "first.csv", HEAD, WANG), NOW)
    folder = tmp_path / "base"
    folder.mkdir()
    write(folder / "customers.csv", HEAD, LI, WANG.replace("A1", "A9"))
    write(
        folder / "events.csv",
        "客户编号,手机号,类型,时间",
        "A1,,登录,-1d",
        "A2,,登录,-1d",
        ",+8610024681357,登录,-1d",
        "A7,,登录,-1d",
        ",+8610099999999,登录,-1d",
    )
    found = await contradictions(sqlite_database, VAULT, folder, NOW)
    assert [(each.row.source, each.row.line) for each in found] == [
        ("customers.csv", 3),
        ("events.csv", 5),
        ("events.csv", 6),
    ]
    assert "A1" in found[0].what
    async with sqlite_database.read() as session:
        for table, stored in ((Customer, 1), (Event, 0)):
            assert (await session.exec(select(func.count()).select_from(table))).one() == stored
