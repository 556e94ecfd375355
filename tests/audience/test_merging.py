"""Who is the same person: the table of docs/import.md, row by row."""

from __future__ import annotations

from pathlib import Path

import pytest
from audience_histories import NOW
from sqlmodel import select

from callbot.audience.importing import import_base
from callbot.store.database import Database
from callbot.store.phones import PhoneVault
from callbot.store.tables import Customer

VAULT = PhoneVault(b"c" * 32, b"h" * 32)
P1, P2, P3 = "+8610024681357", "+8610035792468", "+8610057924680"
HEAD = "客户编号,姓名,手机号,行业,品牌"
KNOWN = (("A1", P1), ("A2", P2), ("", P3))
"""The base: two people with numbers of their own, one known by phone only."""


async def take(database: Database, path: Path, rows: tuple[tuple[str, str], ...], name: str) -> list[str]:
    lines = [f"{external},{name},{phone},电商,悦选商城" for external, phone in rows]
    path.write_text("\n".join([HEAD, *lines]), encoding="utf-8")
    report = await import_base(database, VAULT, path, NOW)
    return [problem.what for problem in report.problems]


@pytest.mark.parametrize(
    ("external", "phone", "merged_into", "said"),
    [
        ("A1", P1, "A1", ""),
        ("", P1, "A1", ""),
        ("A1", "+8610068024691", "A1", ""),
        ("A9", P3, "A9", ""),
        ("", P3, "", ""),
        ("A9", P1, None, "这个号码已属于客户 A1，这一行写的是 A9"),
        ("A1", P2, None, "编号属于客户 A1，号码却属于客户 A2"),
        ("A1", P3, None, "编号属于客户 A1，号码却属于客户 "),
    ],
)
async def test_a_row_about_somebody_known(
    database: Database, tmp_path: Path, external: str, phone: str, merged_into: str | None, said: str
) -> None:
    assert await take(database, tmp_path / "base.csv", KNOWN, "旧名") == []
    told = await take(database, tmp_path / "row.csv", ((external, phone),), "新名")
    async with database.read() as session:
        people = (await session.exec(select(Customer))).all()
    assert len(people) == 3
    renamed = [(who.external_id or "", VAULT.reveal(who.phone_cipher)) for who in people if who.name == "新名"]
    if merged_into is None:
        assert renamed == []
        assert [each.startswith(said) for each in told] == [True]
    else:
        assert told == []
        assert renamed == [(merged_into, phone)]


@pytest.mark.parametrize(
    ("external", "phone", "new"),
    [("A9", "+8610068024691", True), ("", "+8610068024691", True), ("", "123", False)],
)
async def test_a_row_about_somebody_new(
    database: Database, tmp_path: Path, external: str, phone: str, new: bool
) -> None:
    await take(database, tmp_path / "base.csv", KNOWN, "旧名")
    told = await take(database, tmp_path / "row.csv", ((external, phone),), "新名")
    async with database.read() as session:
        assert len((await session.exec(select(Customer.id))).all()) == 3 + new
    assert (told == []) is new


async def test_the_second_line_about_a_person_is_refused_wherever_it_stands(
    database: Database, tmp_path: Path
) -> None:
    """Also in a later chunk, and when only the phone or only the number is the same."""
    rows = (("A1", P1), ("A2", P2), ("A1", P3), ("A3", P1), ("", P2))
    path = tmp_path / "list.csv"
    lines = [f"{external},王,{phone},电商,悦选商城" for external, phone in rows]
    path.write_text("\n".join([HEAD, *lines]), encoding="utf-8")
    for chunk in (2, 10):
        report = await import_base(database, VAULT, path, NOW, chunk=chunk)
        assert [(each.where.split("，")[0], each.what) for each in report.problems] == [
            ("list.csv 第 4 行", "与第 2 行重复"),
            ("list.csv 第 5 行", "与第 2 行重复"),
            ("list.csv 第 6 行", "与第 3 行重复"),
        ]
