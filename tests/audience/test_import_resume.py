"""An import that was killed goes on: the base ends up as if nobody had killed it, and no row is there twice."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from audience_histories import NOW
from sqlmodel import select

from callbot.audience.importing import Defaults, ImportTaken, Progress, Start, import_base
from callbot.audience.row_reading import Part
from callbot.errors import BadInput
from callbot.store import import_runs
from callbot.store.database import Database
from callbot.store.phones import PhoneVault
from callbot.store.tables import Consent, Customer, Purchase

VAULT = PhoneVault(b"c" * 32, b"h" * 32)
CHUNK = 200
ROWS = 650
GOOD = ROWS - 7
"""Rows that are not bad."""
HEAD = "客户编号,姓名,手机号,行业,品牌,营销同意时间,同意凭证,最近购买时间,最近购买商品"


def write_base(file: Path) -> Path:
    """A list with a bad row in each hundred, and a double of a row of the first chunk in the last."""
    lines = [HEAD]
    for number in range(ROWS):
        phone = "123" if number % 100 == 7 else f"+86100{number * 7919 + 20_000_000:08d}"
        lines.append(f"N{number},客户,{phone},电商,悦选商城,-90d,TY-{number},-{number % 300}d,空气炸锅")
    lines.append(f"N9999,双,+86100{3 * 7919 + 20_000_000:08d},电商,悦选商城,,,,")
    file.write_text("\n".join(lines) + "\n", encoding="gbk")
    return file


async def contents(database: Database) -> list[list[str]]:
    made = {"id", "customer_id", "phone_cipher", "import_id", "created_at", "updated_at"}
    async with database.read() as session:
        return [
            sorted(
                str(row.model_dump(exclude=made)) for row in (await session.execute(select(table))).scalars()
            )
            for table in (Customer, Consent, Purchase)
        ]


async def migrated(url: str) -> Database:
    database = Database(url)
    await database.migrate()
    return database


def killed(url: str, file: Path, rejects: Path, processes: int, moment: str) -> list[int]:
    """Run an import until it kills itself; the processes that it had started."""
    script = Path(__file__).with_name("import_killed.py")
    command = [sys.executable, str(script), url, str(file), str(rejects), str(processes), moment]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == -9, done.stderr
    return [int(pid) for pid in done.stdout.split()]


@pytest.mark.parametrize(("moment", "processes"), [("stored", 0), ("storing", 0), ("storing", 1)])
async def test_a_killed_import_goes_on_without_doubles(tmp_path: Path, moment: str, processes: int) -> None:
    file = write_base(tmp_path / "base.csv")
    whole = await migrated(f"sqlite:///{tmp_path / 'whole.db'}")
    expected = await import_base(whole, VAULT, file, NOW, rejects=tmp_path / "whole")

    url = f"sqlite:///{tmp_path / 'killed.db'}"
    database = await migrated(url)
    rejects = tmp_path / "killed"
    started = killed(url, file, rejects, processes, moment)
    _, alive = psutil.wait_procs([psutil.Process(pid) for pid in started if psutil.pid_exists(pid)], timeout=30)
    assert alive == [], "a reading process outlived the import that started it"
    assert len(started) >= processes

    with pytest.raises(BadInput, match=r"中断，此前 \d+ 行已处理 → 加 --resume"):
        await import_base(database, VAULT, file, NOW, rejects=rejects, start=Start.FRESH)
    later = NOW + timedelta(hours=5)
    report = await import_base(
        database, VAULT, file, later, rejects=rejects, start=Start.RESUME, processes=0, chunk=CHUNK
    )
    part = report.parts[Part.CUSTOMERS]
    assert part.resumed_at == (402 if moment == "stored" else 202)
    counts = [
        (each.rows, each.new, each.changed, each.rejected) for each in (part, expected.parts[Part.CUSTOMERS])
    ]
    assert counts[0] == counts[1]
    assert counts[0] == (ROWS + 1, GOOD, 0, 8)
    assert await contents(database) == await contents(whole)
    assert (rejects / "base.rejected.csv").read_bytes() == (
        tmp_path / "whole" / "base.rejected.csv"
    ).read_bytes()

    again = await import_base(database, VAULT, file, later, rejects=rejects, start=Start.RESUME)
    assert again.parts[Part.CUSTOMERS].known_since is not None
    assert await contents(database) == await contents(whole)
    await database.aclose()
    await whole.aclose()


class Stopped(Exception):
    pass


async def interrupted(database: Database, file: Path, **named: Any) -> None:
    """An import that ends after its first chunk."""

    def stop(_step: Progress) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        await import_base(database, VAULT, file, NOW, processes=0, chunk=CHUNK, progress=stop, **named)


async def test_a_resumed_import_on_both_databases(database: Database, tmp_path: Path) -> None:
    file = write_base(tmp_path / "base.csv")
    await interrupted(database, file)
    report = await import_base(database, VAULT, file, NOW, start=Start.RESUME, processes=0, chunk=CHUNK)
    assert report.parts[Part.CUSTOMERS].new == GOOD
    assert "与第 5 行重复" in report.problems[-1].what
    async with database.read() as session:
        assert len((await session.exec(select(Customer.id))).all()) == GOOD


async def test_a_list_that_was_changed_is_another_list(sqlite_database: Database, tmp_path: Path) -> None:
    file = write_base(tmp_path / "base.csv")
    await interrupted(sqlite_database, file)
    file.write_text(file.read_text("gbk").replace("空气炸锅", "养生壶"), encoding="utf-8")
    report = await import_base(sqlite_database, VAULT, file, NOW, start=Start.FRESH, processes=0, chunk=CHUNK)
    assert (report.parts[Part.CUSTOMERS].new, report.parts[Part.CUSTOMERS].changed) == (
        GOOD - 198,
        198,
    )


async def test_beginning_again_leaves_the_interrupted_import(sqlite_database: Database, tmp_path: Path) -> None:
    file = write_base(tmp_path / "base.csv")
    await interrupted(sqlite_database, file)
    await import_base(sqlite_database, VAULT, file, NOW, start=Start.AGAIN, processes=0, chunk=CHUNK)
    async with sqlite_database.read() as session:
        assert [run.state for run in await import_runs.recent(session)] == ["done", "left"]


async def test_other_defaults_are_another_import(sqlite_database: Database, tmp_path: Path) -> None:
    file = tmp_path / "c.csv"
    file.write_text("姓名,手机号,品牌\n王晓芸,+8610024681357,悦选商城\n", encoding="utf-8")
    for industry in ("ecommerce", "education"):
        await import_base(
            sqlite_database, VAULT, file, NOW, defaults=Defaults(industry=industry), start=Start.FRESH
        )
    async with sqlite_database.read() as session:
        assert (await session.exec(select(Customer.industry))).all() == ["education"]


async def test_two_processes_do_not_take_in_the_same_import(database: Database, tmp_path: Path) -> None:
    file = write_base(tmp_path / "base.csv")
    await interrupted(database, file)

    async def going_on() -> int:
        report = await import_base(database, VAULT, file, NOW, start=Start.RESUME, processes=0, chunk=CHUNK)
        return report.parts[Part.CUSTOMERS].new

    ends = await asyncio.gather(going_on(), going_on(), return_exceptions=True)
    assert {type(end) for end in ends} == {int, ImportTaken}
    async with database.read() as session:
        assert len((await session.exec(select(Customer.id))).all()) == GOOD
