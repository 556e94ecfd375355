"""Lists are taken in row by row: good rows stored once, bad ones reported with place and cure."""

from __future__ import annotations

import csv
from datetime import timedelta
from pathlib import Path

import pytest
from audience_histories import NOW
from sqlmodel import SQLModel, col, func, select

from callbot.audience.importing import Defaults, import_base
from callbot.audience.row_reading import Part
from callbot.errors import BadInput
from callbot.store.customers import load_history
from callbot.store.database import Database
from callbot.store.phones import PhoneVault
from callbot.store.tables import Attempt, Consent, Customer, DoNotContact, Event, Purchase

VAULT = PhoneVault(b"c" * 32, b"h" * 32)
HEAD = "客户编号,姓名,手机号,行业,品牌"
WANG = "A1,王晓芸,+8610024681357,电商,悦选商城"
LI = "A2,李建国,+8610035792468,电商,悦选商城"


def write(path: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path.write_bytes("\n".join(lines).encode(encoding))
    return path


async def count(database: Database, table: type[SQLModel]) -> int:
    async with database.read() as session:
        return (await session.exec(select(func.count()).select_from(table))).one()


async def one(database: Database, key: str) -> Customer:
    async with database.read() as session:
        return (await session.exec(select(Customer).where(Customer.external_id == key))).one()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
async def test_a_list_in_any_accepted_encoding(
    sqlite_database: Database, tmp_path: Path, encoding: str
) -> None:
    file = write(tmp_path / "c.csv", HEAD, WANG, encoding=encoding)
    report = await import_base(sqlite_database, VAULT, file, NOW)
    assert (report.parts[Part.CUSTOMERS].new, report.rejected) == (1, 0)
    who = await one(sqlite_database, "A1")
    assert (who.name, who.industry, who.phone_masked) == ("王晓芸", "ecommerce", "100****1357")
    assert (who.timezone, who.timezone_source) == ("Asia/Shanghai", "country")
    assert VAULT.reveal(who.phone_cipher) == "+8610024681357"


@pytest.mark.parametrize(
    ("encoding", "named"),
    [
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-32", "UTF-32"),
        ("big5", "Big5"),
        ("latin-1", "不是 UTF-8"),
    ],
)
async def test_another_encoding_is_named(
    sqlite_database: Database, tmp_path: Path, encoding: str, named: str
) -> None:
    lines = (
        [HEAD, WANG]
        if encoding.startswith("utf")
        else ["name,phone,industry,brand", "陳雅婷與許志豪,1,電商,這是繁體中文的客戶名單"]
    )
    if encoding == "latin-1":
        lines = ["name,phone", "Zoë Gonzál\xff,1"]
    file = write(tmp_path / "c.csv", *lines, encoding=encoding)
    with pytest.raises(BadInput, match=named):
        await import_base(sqlite_database, VAULT, file, NOW)


async def test_english_headers_in_any_order(sqlite_database: Database, tmp_path: Path) -> None:
    file = write(tmp_path / "c.csv", "Phone,brand,NAME,industry", "10024681357,悦选商城,王晓芸,ecommerce")
    assert (await import_base(sqlite_database, VAULT, file, NOW)).parts[Part.CUSTOMERS].new == 1


async def test_a_missing_column_stores_nothing(sqlite_database: Database, tmp_path: Path) -> None:
    write(tmp_path / "customers.csv", HEAD, WANG)
    write(tmp_path / "events.csv", "客户编号,时间", "A1,-3d")
    with pytest.raises(BadInput, match="缺少必填列“类型"):
        await import_base(sqlite_database, VAULT, tmp_path, NOW)
    assert await count(sqlite_database, Customer) == 0


async def test_a_list_may_leave_out_what_is_given_otherwise(sqlite_database: Database, tmp_path: Path) -> None:
    file = write(tmp_path / "c.csv", "姓名,手机号", "王晓芸,10024681357")
    defaults = Defaults(industry="education", brand="启明学堂")
    report = await import_base(sqlite_database, VAULT, file, NOW, defaults=defaults, keep_ids=True)
    (only,) = report.customer_ids
    async with sqlite_database.read() as session:
        who = await session.get_one(Customer, only)
    assert (who.industry, who.brand) == ("education", "启明学堂")


BAD_ROWS = [
    ("A3,张三,12345,电商,悦选商城", "手机号"),
    ("A3,张三,,电商,悦选商城", "手机号"),
    ("A3,,10057913579,电商,悦选商城", "姓名"),
    ("A3,张三,10057913579,渔业,悦选商城", "行业"),
    ("A3,张三,10057913579,电商,悦选商城,多出来", "行尾"),
    ("A3,张三,10024681357,电商,悦选商城", "与第 2 行重复"),
    ("A1,张三,10057913579,电商,悦选商城", "与第 2 行重复"),
    (f"A3,{'张' * 41},10057913579,电商,悦选商城", "太长"),
]


@pytest.mark.parametrize(("line", "named"), BAD_ROWS)
async def test_a_bad_row_is_reported_and_the_others_stored(
    sqlite_database: Database, tmp_path: Path, line: str, named: str
) -> None:
    file = write(tmp_path / "c.csv", HEAD, WANG, line, LI)
    report = await import_base(sqlite_database, VAULT, file, NOW, rejects=tmp_path / "out")
    part = report.parts[Part.CUSTOMERS]
    assert (part.rows, part.new, part.rejected) == (3, 2, 1)
    assert "c.csv 第 3 行" in str(report.problems[0])
    assert named in str(report.problems[0])
    assert report.problems[0].cure
    assert part.rejected_file is not None
    with part.rejected_file.open(encoding="utf-8-sig", newline="") as rejected:
        header, *rows = list(csv.reader(rejected))
    assert header == [*HEAD.split(","), "行号", "列", "原因", "处理办法"]
    assert len(rows) == 1
    assert rows[0][5] == "3"


async def test_the_rejected_file_can_be_corrected_and_imported(
    sqlite_database: Database, tmp_path: Path
) -> None:
    file = write(tmp_path / "c.csv", HEAD, "A1,王晓芸,12345,电商,悦选商城")
    first = await import_base(sqlite_database, VAULT, file, NOW, rejects=tmp_path)
    rejected = first.parts[Part.CUSTOMERS].rejected_file
    assert rejected is not None
    corrected = write(tmp_path / "again.csv", rejected.read_text("utf-8-sig").replace("12345", "10024681357"))
    second = await import_base(sqlite_database, VAULT, corrected, NOW)
    assert (second.parts[Part.CUSTOMERS].new, second.rejected) == (1, 0)


async def test_a_second_import_changes_instead_of_doubling(database: Database, tmp_path: Path) -> None:
    write(tmp_path / "customers.csv", f"{HEAD},地区", f"{WANG},杭州")
    write(tmp_path / "orders.csv", "客户编号,订单编号,时间,商品,金额", "A1,O1,-35d,空气炸锅,399")
    write(
        tmp_path / "events.csv",
        "手机号,类型,时间,内容,数据",
        '10024681357,评价,2026-01-02,不错,"{""rating"": 5}"',
    )
    write(tmp_path / "consents.csv", "客户编号,用途,同意,时间,凭证", "A1,营销,是,-90d,TY-1")
    await import_base(database, VAULT, tmp_path, NOW)
    write(tmp_path / "customers.csv", f"{HEAD},地区", f"{WANG.replace('王晓芸', '王小芸')},")
    report = await import_base(database, VAULT, tmp_path, NOW + timedelta(days=1))
    assert (report.parts[Part.CUSTOMERS].new, report.parts[Part.CUSTOMERS].changed) == (0, 1)
    assert [await count(database, table) for table in (Customer, Purchase, Event, Consent)] == [1, 1, 1, 1]
    who = await one(database, "A1")
    async with database.read() as session:
        history = await load_history(session, who.id)
    assert history is not None
    assert (history.customer.name, history.customer.region) == ("王小芸", "杭州")
    assert history.purchases[0].at == NOW + timedelta(days=1 - 35)
    assert history.purchases[0].amount_fen == 399_00
    assert history.events[0].data == {"rating": 5}


async def test_one_file_may_carry_consent_and_last_order(sqlite_database: Database, tmp_path: Path) -> None:
    file = write(
        tmp_path / "c.csv",
        f"{HEAD},营销同意时间,同意凭证,最近购买时间,最近购买商品,最近购买金额",
        f"{WANG},2025-06-01,TY-1,2025-12-01,空气炸锅,399.5",
    )
    await import_base(sqlite_database, VAULT, file, NOW)
    await import_base(sqlite_database, VAULT, file, NOW)
    assert [await count(sqlite_database, table) for table in (Purchase, Consent)] == [1, 1]


async def test_history_of_an_unknown_customer_is_rejected(sqlite_database: Database, tmp_path: Path) -> None:
    write(tmp_path / "customers.csv", HEAD, WANG)
    write(
        tmp_path / "orders.csv",
        "客户编号,订单编号,时间,商品,金额",
        "B9,O1,-3d,空气炸锅,1",
        "A1,O2,+9d,空气炸锅,1",
    )
    report = await import_base(sqlite_database, VAULT, tmp_path, NOW)
    told = "\n".join(map(str, report.problems))
    assert "第 2 行" in told
    assert "客户不在库中" in told
    assert "在将来" in told
    assert report.rejected == 2


async def test_a_phone_of_somebody_else_is_a_clash(database: Database, tmp_path: Path) -> None:
    await import_base(database, VAULT, write(tmp_path / "c.csv", HEAD, WANG, LI), NOW)
    stolen = write(tmp_path / "d.csv", HEAD, WANG.replace("A1", "A2"), LI.replace("A2", "A3"))
    report = await import_base(database, VAULT, stolen, NOW)
    assert report.rejected == 2
    assert "编号属于客户 A2，号码却属于客户 A1" in str(report.problems[0])
    assert "已属于客户 A2，这一行写的是 A3" in str(report.problems[1])
    assert (await one(database, "A1")).name == "王晓芸"


async def test_a_changed_number_counts_as_valid_again(database: Database, tmp_path: Path) -> None:
    await import_base(database, VAULT, write(tmp_path / "c.csv", f"{HEAD},号码有效", f"{WANG},否"), NOW)
    assert not (await one(database, "A1")).number_valid
    await import_base(database, VAULT, write(tmp_path / "c.csv", f"{HEAD},号码有效", f"{WANG},是"), NOW)
    assert not (await one(database, "A1")).number_valid, "the same dead number does not come to life by a list"
    await import_base(database, VAULT, write(tmp_path / "c.csv", HEAD, WANG.replace("1357", "1358")), NOW)
    assert (await one(database, "A1")).number_valid


async def test_a_list_never_shortens_a_pause(database: Database, tmp_path: Path) -> None:
    head = f"{HEAD},最近拒绝,最近投诉"
    await import_base(database, VAULT, write(tmp_path / "c.csv", head, f"{WANG},-1d,-2d"), NOW)
    await import_base(database, VAULT, write(tmp_path / "c.csv", head, f"{WANG},-20d,-25d"), NOW)
    who = await one(database, "A1")
    assert who.no_touch_until == NOW + timedelta(days=29)
    assert who.complaint_pause_until == NOW + timedelta(days=28)
    assert who.low_priority


async def test_do_not_contact_is_listed_once(database: Database, tmp_path: Path) -> None:
    file = write(tmp_path / "c.csv", f"{HEAD},勿扰", f"{WANG},全部", f"{LI},电话")
    for _ in range(2):
        await import_base(database, VAULT, file, NOW)
    async with database.read() as session:
        scopes = (await session.exec(select(DoNotContact.scope).order_by(col(DoNotContact.scope)))).all()
    assert scopes == ["all", "voice"]


async def test_earlier_calls_count_in_the_ledger_once(database: Database, tmp_path: Path) -> None:
    write(tmp_path / "customers.csv", HEAD, WANG)
    head = "客户编号,事件编号,类型,时间,内容,数据"
    write(tmp_path / "events.csv", head, 'A1,E1,外呼,-2d,,"{""answered"": true}"', "A1,E2,外呼,-5d,未接,")
    for _ in range(2):
        await import_base(database, VAULT, tmp_path, NOW)
    async with database.read() as session:
        calls = (await session.exec(select(Attempt).order_by(col(Attempt.seq)))).all()
    assert [(call.state, call.answered_at is not None) for call in calls] == [("done", True), ("done", False)]
    assert calls[0].dialing_at == NOW - timedelta(days=2)


async def test_an_unknown_zone_stays_unknown(sqlite_database: Database, tmp_path: Path) -> None:
    await import_base(sqlite_database, VAULT, write(tmp_path / "c.csv", f"{HEAD},时区", f"{WANG},未知"), NOW)
    assert (await one(sqlite_database, "A1")).timezone is None


@pytest.mark.parametrize(
    ("content", "named"),
    [("", "空的"), (f'{HEAD}\nA1,"王', "不是 CSV"), (f"{HEAD},姓名\n", "出现了两次")],
)
async def test_a_broken_file_is_named(
    sqlite_database: Database, tmp_path: Path, content: str, named: str
) -> None:
    with pytest.raises(BadInput, match=named):
        await import_base(sqlite_database, VAULT, write(tmp_path / "c.csv", content), NOW)


async def test_a_missing_file_is_named(sqlite_database: Database, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="不存在"):
        await import_base(sqlite_database, VAULT, tmp_path / "none.csv", NOW)
    with pytest.raises(BadInput, match=r"没有 customers\.csv"):
        await import_base(sqlite_database, VAULT, tmp_path, NOW)


async def test_a_list_longer_than_a_chunk(database: Database, tmp_path: Path) -> None:
    lines = [f"N{n},客户,+86100{n * 7919 + 20_000_000:08d},电商,悦选商城" for n in range(4_203)]
    seen: list[int] = []
    report = await import_base(
        database,
        VAULT,
        write(tmp_path / "c.csv", HEAD, *lines),
        NOW,
        progress=lambda step: seen.append(step.rows),
    )
    assert report.parts[Part.CUSTOMERS].new == await count(database, Customer) == 4_203
    assert seen == [2_000, 4_000, 4_203]
