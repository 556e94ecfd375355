"""A list is the same list however it is written; what cannot be used is named with its place and cure."""

from __future__ import annotations

import csv
import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest
from audience_histories import NOW
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import select

from callbot.audience.importing import ImportReport, import_base
from callbot.audience.row_reading import COLUMNS, Part
from callbot.audience.sheet import open_sheet
from callbot.errors import BadInput
from callbot.store.database import Database
from callbot.store.phones import PhoneVault
from callbot.store.tables import Customer, Event, Purchase, Tag

VAULT = PhoneVault(b"c" * 32, b"h" * 32)
PEOPLE: list[dict[str, Any]] = [
    {
        "external_id": "A1",
        "name": "王晓芸",
        "phone": "+8610024681357",
        "industry": "电商",
        "brand": "悦选商城",
        "interests": ["厨房", "母婴"],
        "number_valid": True,
        "last_order_at": "2025-11-20 12:30",
        "last_order_item": "空气炸锅",
        "last_order_yuan": 399.5,
        "region": "杭州\t西湖",
    },
    {
        "external_id": "A2",
        "name": "李建国",
        "phone": "+8610035792468",
        "industry": "电商",
        "brand": "悦选商城",
        "birthday": "1980-05-06",
        "do_not_contact": "电话",
    },
]
EVENTS: list[dict[str, Any]] = [
    {"customer": "A1", "external_id": "E1", "kind": "评价", "at": "-3d", "note": "一般", "data": {"rating": 3}},
    {"phone": "10035792468", "kind": "login", "at": "2026-02-01T08:00:00+08:00"},
    {
        "customer": "A2",
        "external_id": "O1",
        "kind": "订单",
        "at": "-9d",
        "data": {"item": "养生壶", "amount_yuan": 199, "category": "厨房"},
    },
]


def cell(value: Any) -> str:
    match value:
        case bool():
            return "是" if value else "否"
        case list():
            return ";".join(value)
        case dict():
            return json.dumps(value, ensure_ascii=False)
        case _:
            return str(value)


def as_csv(path: Path, rows: list[dict[str, Any]]) -> Path:
    keys = list(dict.fromkeys(key for row in rows for key in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(keys)
        writer.writerows([[cell(row[key]) if key in row else "" for key in keys] for row in rows])
    return path


def as_jsonl(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def packed(path: Path) -> Path:
    target = path.with_name(path.name + ".gz")
    target.write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    return target


async def contents(database: Database) -> list[Any]:
    kept: list[Any] = []
    made = {"id", "customer_id", "phone_cipher", "import_id", "import_line"}
    async with database.read() as session:
        for table in (Customer, Event, Purchase):
            found = (await session.execute(select(table))).scalars()
            kept.append(sorted(str(row.model_dump(exclude=made)) for row in found))
    return kept


async def taken(database: Database, folder: Path) -> ImportReport:
    return await import_base(database, VAULT, folder, NOW, rejects=folder)


@pytest.mark.parametrize("zipped", [False, True])
async def test_jsonl_is_taken_like_csv(tmp_path: Path, zipped: bool) -> None:
    seen = []
    for form in ("csv", "jsonl"):
        folder = tmp_path / form
        folder.mkdir()
        for name, rows in (("customers", PEOPLE), ("events", EVENTS)):
            path = folder / f"{name}.{form}"
            written = as_csv(path, rows) if form == "csv" else as_jsonl(path, rows)
            if zipped:
                packed(written)
        database = Database(f"sqlite:///{tmp_path / f'{form}.db'}")
        await database.migrate()
        report = await taken(database, folder)
        seen.append((await contents(database), [each.what for each in report.problems], report.rejected))
        await database.aclose()
    assert seen[0] == seen[1]
    (customers, events, purchases), problems, rejected = seen[0]
    assert (len(customers), len(events), len(purchases)) == (1, 1, 1)
    assert rejected == 2
    assert problems == ["含有换行或不可见字符", "客户不在库中"]


async def test_a_line_that_is_no_object_is_rejected_with_its_number(
    sqlite_database: Database, tmp_path: Path
) -> None:
    good = json.dumps(PEOPLE[1], ensure_ascii=False)
    bad = ['{"name": ', "[1]", json.dumps({**PEOPLE[1], "name": ["李"]}), "[" * 90_000]
    file = tmp_path / "people.jsonl"
    file.write_text("\n".join(["", good, *bad, ""]), encoding="utf-8")
    report = await import_base(sqlite_database, VAULT, file, NOW, rejects=tmp_path)
    assert report.parts[Part.CUSTOMERS].new == 1
    assert [(each.where, each.what) for each in report.problems] == [
        ("people.jsonl 第 3 行，整行", "这一行不是完整的 JSON"),
        ("people.jsonl 第 4 行，整行", "这一行不是 JSON 对象"),
        ("people.jsonl 第 5 行，列“姓名”", "写的是列表"),
        ("people.jsonl 第 6 行，整行", "这一行不是完整的 JSON"),
    ]


async def test_what_no_database_takes_is_rejected_and_holds_up_nobody(
    database: Database, tmp_path: Path
) -> None:
    await import_base(database, VAULT, as_jsonl(tmp_path / "people.jsonl", PEOPLE[1:]), NOW)
    event = {"customer": "A2", "kind": "login", "at": "-1d"}
    lines = [
        json.dumps({**event, "note": "\ud800"}),
        json.dumps({**event, "data": {"a": "\ud800"}}),
        json.dumps({**event, "data": {"a": float("nan")}}),
        json.dumps({**event, "note": "\x00"}),
        json.dumps({**event, "note": "好"}),
    ]
    file = tmp_path / "events.jsonl"
    file.write_text("\n".join(lines), encoding="utf-8")
    report = await import_base(database, VAULT, file, NOW, part=Part.EVENTS, rejects=tmp_path)
    assert (report.parts[Part.EVENTS].new, report.rejected) == (1, 4)
    plain = tmp_path / "events.csv"
    plain.write_text('客户编号,类型,时间,数据\nA2,登录,-2d,"{""a"": ""\\ud800""}"\n', encoding="utf-8")
    assert (await import_base(database, VAULT, plain, NOW, part=Part.EVENTS)).rejected == 1


@pytest.mark.parametrize(
    ("name", "content", "what", "cure"),
    [
        ("c.csv", "姓名,手机号1,行业,品牌\n", "缺少必填列“手机号（phone）”", "最接近的是“手机号1”"),
        ("c.csv", "姓名,号,行业,品牌\n", "缺少必填列“手机号（phone）”", "列名可以是 手机号、电话"),
        ("c.jsonl", '{"name": "a", "phone_no": "1", "industry": "电商", "brand": "b"}', "phone", "“phone_no”"),
        ("c.jsonl", "\n\n", "没有 JSON 对象", "每行写一个对象"),
        ("c.json", '[{"name": "a"}]', "一整个 JSON 文档", "每行写一个 JSON 对象"),
        ("c.csv", '[{"name": "a"}]', "一整个 JSON 文档", "每行写一个 JSON 对象"),
        ("c.csv", "姓名,手机号\r王,1\r", "CR", "另存为"),
    ],
)
async def test_a_list_that_cannot_be_used_is_named(
    sqlite_database: Database, tmp_path: Path, name: str, content: str, what: str, cure: str
) -> None:
    file = tmp_path / name
    file.write_bytes(content.encode())
    with pytest.raises(BadInput) as error:
        await import_base(sqlite_database, VAULT, file, NOW)
    assert what in error.value.problems[0].what
    assert cure in error.value.problems[0].cure


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"PK\x03\x04" + bytes(20), "Excel"),
        (b"\xd0\xcf\x11\xe0" + bytes(20), "Excel"),
        (gzip.compress("姓名,手机号\n".encode() * 50, mtime=0)[:-9], "压缩文件损坏"),
        (b"\x1f\x8bno gzip at all", "压缩文件损坏"),
        (gzip.compress("姓名,手机号\n".encode("utf-16"), mtime=0), "UTF-16"),
    ],
)
async def test_a_file_of_another_kind_is_named(
    sqlite_database: Database, tmp_path: Path, content: bytes, named: str
) -> None:
    file = tmp_path / "c.csv"
    file.write_bytes(content)
    with pytest.raises(BadInput, match=named):
        await import_base(sqlite_database, VAULT, file, NOW)


async def test_rejected_rows_are_no_formulas_and_come_back_as_they_were(
    sqlite_database: Database, tmp_path: Path
) -> None:
    head = "客户编号,姓名,手机号,行业,品牌,注册时间,地区"
    evil = '=HYPERLINK(""x"")'
    lines = [
        f'A1,"{evil}",+8610024681357,矿业,悦选商城,-35d,@SUM(1)',
        "A2,李建国,+8610035792468,电商,悦选商城,-40d,杭州",
    ]
    file = tmp_path / "base.csv"
    file.write_text("\n".join([head, *lines]), encoding="utf-8")
    report = await import_base(sqlite_database, VAULT, file, NOW, rejects=tmp_path / "out")
    rejected = report.parts[Part.CUSTOMERS].rejected_file
    assert rejected is not None
    assert rejected.stat().st_mode & 0o077 == 0
    with rejected.open(encoding="utf-8-sig", newline="") as opened:
        cells = list(csv.reader(opened))[1]
    assert not [each for each in cells if each[:1] in ("=", "+", "-", "@")]
    corrected = rejected.with_name("corrected.csv")
    corrected.write_text(rejected.read_text("utf-8-sig").replace("矿业", "电商"), encoding="utf-8")
    assert (await import_base(sqlite_database, VAULT, corrected, NOW)).rejected == 0
    async with sqlite_database.read() as session:
        who = (await session.exec(select(Customer).where(Customer.external_id == "A1"))).one()
    assert (who.name, who.region) == ('=HYPERLINK("x")', "@SUM(1)")
    assert VAULT.reveal(who.phone_cipher) == "+8610024681357"


WORDS = st.text(alphabet="a,\"\n \r;王'=", max_size=6)


@settings(max_examples=150, deadline=None)
@given(
    rows=st.lists(st.lists(WORDS, min_size=2, max_size=3), max_size=12),
    size=st.integers(1, 5),
    gbk=st.booleans(),
)
def test_blocks_hold_the_records_of_the_file_with_their_lines(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], size: int, gbk: bool
) -> None:
    """Read in blocks, from any block on, the records are those that the csv module finds."""
    file = tmp_path_factory.mktemp("lists") / "o.csv"
    encoding = "gb18030" if gbk else "utf-8-sig"
    with file.open("w", encoding=encoding, newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["客户编号", "备注", "事件编号"])
        writer.writerows(rows)
    sheet = open_sheet(file, [column for column in COLUMNS[Part.EVENTS] if not column.required])
    blocks = list(sheet.blocks(rows=size))
    assert b"".join(block.data for block in blocks) == file.read_bytes()[sheet.begin :]
    whole = list(sheet.rows())
    assert [row for block in blocks for row in sheet.read(block)] == whole
    for done, block in enumerate(blocks, 1):
        rest = [
            row
            for later in sheet.blocks(at=block.end, line=block.end_line, rows=7)
            for row in sheet.read(later)
        ]
        assert rest == [row for later in blocks[done:] for row in sheet.read(later)]
    with file.open(encoding=encoding, newline="\n") as source:
        reader = csv.reader(source)
        next(reader)
        begins, expected = reader.line_num + 1, []
        for record in reader:
            if any(each.strip() for each in record):
                expected.append(begins)
            begins = reader.line_num + 1
    assert [row.line for row in whole] == expected


async def test_an_import_sets_no_tags(sqlite_database: Database, tmp_path: Path) -> None:
    await import_base(sqlite_database, VAULT, as_csv(tmp_path / "c.csv", PEOPLE[1:]), NOW)
    async with sqlite_database.read() as session:
        assert (await session.exec(select(Tag))).all() == []


@pytest.mark.parametrize(
    ("name", "endless"),
    [
        ("c.csv", b"a" * (3 << 20)),
        ("c.csv", b'"' + b"a\n" * (1 << 20)),
        ("c.csv", b",".join([b'"' + b"a" * (1 << 18) + b'\n"'] * 9)),
        ("c.jsonl", b'{"name": "' + b"a" * (3 << 20)),
    ],
    ids=["one line", "a quote left open", "many long cells", "one object"],
)
def test_a_record_without_end_is_refused_where_it_begins(tmp_path: Path, name: str, endless: bytes) -> None:
    head = b'{"name": "x"}\n' if name.endswith("jsonl") else "姓名\n".encode()
    path = tmp_path / name
    path.write_bytes(head + endless)
    name_column = [column for column in COLUMNS[Part.CUSTOMERS] if column.key == "name"]
    for pack in (False, True):
        file = packed(path) if pack else path
        with pytest.raises(BadInput, match=rf"{re.escape(file.name)} 第 2 行: 这一条超过 1 MiB"):
            list(open_sheet(file, name_column).rows())
