"""Taking in a customer base: a folder of lists or one list, checked row by row, good rows stored as they come.

Nothing is stored before every header is good. A bad row is reported with row, column, reason and cure and
written to a file of rejected rows; it never holds up the good ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import islice
from pathlib import Path

from callbot.audience import columns
from callbot.audience.intake_rows import CustomerRows, HistoryRows, Stored
from callbot.audience.rejects import RejectedRows
from callbot.audience.row import Column, Rejection, Row
from callbot.audience.sheet import Sheet, open_sheet
from callbot.errors import BadInput, Problem
from callbot.store.database import Database
from callbot.store.phones import PhoneVault

CHUNK = 500
_SHOWN = 200
"""So many rejected rows are kept in memory for the report; the file has all of them."""


class Part(StrEnum):
    """The lists of a base, in the order in which they are taken in."""

    CUSTOMERS = "customers"
    ORDERS = "orders"
    EVENTS = "events"
    CONSENTS = "consents"


COLUMNS: dict[Part, tuple[Column, ...]] = {
    Part.CUSTOMERS: columns.CUSTOMERS,
    Part.ORDERS: columns.ORDERS,
    Part.EVENTS: columns.EVENTS,
    Part.CONSENTS: columns.CONSENTS,
}


@dataclass(slots=True, kw_only=True)
class PartReport:
    """What became of one list."""

    source: str
    rows: int = 0
    new: int = 0
    changed: int = 0
    """Rows about something known already; for histories `new` counts all stored rows."""
    rejected: int = 0
    ignored_columns: tuple[str, ...] = ()
    rejected_file: Path | None = None


@dataclass(slots=True, kw_only=True)
class ImportReport:
    """What an import did."""

    parts: dict[Part, PartReport] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    """The first rejected rows, one problem per bad cell."""
    customer_ids: list[str] = field(default_factory=list)
    """Customers of the list in its order, new and known; empty unless asked for."""

    @property
    def rejected(self) -> int:
        return sum(part.rejected for part in self.parts.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """Values for customers whose list has no such column."""

    industry: str = ""
    brand: str = ""

    @property
    def given(self) -> dict[str, str]:
        return {key: value for key, value in (("industry", self.industry), ("brand", self.brand)) if value}


async def import_base(
    database: Database,
    vault: PhoneVault,
    path: Path,
    now: datetime,
    *,
    defaults: Defaults | None = None,
    rejects: Path | None = None,
    keep_ids: bool = False,
    progress: Callable[[Part, int], None] | None = None,
) -> ImportReport:
    """Import one customer list, or a folder of customers.csv and, where present, orders.csv, events.csv and
    consents.csv.

    `rejects` is a directory for the files of rejected rows. `progress` is told the rows done after each chunk.
    Raises `BadInput` before anything is stored when a file, its encoding or its header is unusable.
    """
    given = (defaults or Defaults()).given
    sheets = _open(path, given)
    report = ImportReport()
    for part, sheet in sheets.items():
        summary = PartReport(source=sheet.path.name, ignored_columns=sheet.unknown)
        report.parts[part] = summary
        with RejectedRows(rejects, sheet, COLUMNS[part]) as rejected:
            rows = _completed(sheet.rows(), given) if part is Part.CUSTOMERS else sheet.rows()
            await _take(database, vault, part, rows, now, report, rejected, keep_ids, progress)
            summary.rejected_file = rejected.path
    return report


async def import_rows(
    database: Database,
    vault: PhoneVault,
    rows: Mapping[Part, Iterable[Row]],
    now: datetime,
    *,
    keep_ids: bool = False,
) -> ImportReport:
    """Import rows that come from elsewhere than a file, under the same rules; cells are text by column key."""
    report = ImportReport()
    for part in Part:
        if part in rows:
            report.parts[part] = PartReport(source=part.value)
            with RejectedRows(None, None, ()) as rejected:
                await _take(database, vault, part, iter(rows[part]), now, report, rejected, keep_ids, None)
    return report


def check_base(path: Path, now: datetime, *, defaults: Defaults | None = None) -> tuple[list[Rejection], int]:
    """Read everything and store nothing: the bad cells, and the number of rows. Raises like `import_base`."""
    given = (defaults or Defaults()).given
    bad: list[Rejection] = []
    count = 0
    for part, sheet in _open(path, given).items():
        reader = _reader(part, now)
        for row in _completed(sheet.rows(), given) if part is Part.CUSTOMERS else sheet.rows():
            count += 1
            bad += reader.read(row)[1]
    return bad, count


def _reader(part: Part, now: datetime) -> CustomerRows | HistoryRows:
    return CustomerRows(now) if part is Part.CUSTOMERS else HistoryRows(part.value, now)


def _completed(rows: Iterator[Row], given: dict[str, str]) -> Iterator[Row]:
    """The rows with defaults in the cells they leave empty."""
    for row in rows:
        yield Row(source=row.source, line=row.line, cells={**given, **row.cells}) if given else row


def _open(path: Path, given: dict[str, str]) -> dict[Part, Sheet]:
    if not path.is_dir():
        return {Part.CUSTOMERS: open_sheet(path, columns.CUSTOMERS, given=tuple(given))}
    if not (path / "customers.csv").is_file():
        raise BadInput.one(str(path), "文件夹里没有 customers.csv", "放入客户名单，或直接给出名单文件的路径")
    sheets: dict[Part, Sheet] = {}
    problems: list[Problem] = []
    for part in Part:
        file = path / f"{part.value}.csv"
        if not file.is_file():
            continue
        try:
            sheets[part] = open_sheet(file, COLUMNS[part], given=tuple(given) if part is Part.CUSTOMERS else ())
            if part is not Part.CUSTOMERS and not {"customer", "phone"} & set(sheets[part].keys):
                problems.append(
                    Problem(
                        where=f"{file.name} 第 1 行",
                        what="没有说明每行属于哪位客户",
                        cure="加上“客户编号”（customer）或“手机号”（phone）列",
                    )
                )
        except BadInput as error:
            problems += error.problems
    if problems:
        raise BadInput(problems)
    return sheets


async def _take(
    database: Database,
    vault: PhoneVault,
    part: Part,
    rows: Iterator[Row],
    now: datetime,
    report: ImportReport,
    rejected: RejectedRows,
    keep_ids: bool,
    progress: Callable[[Part, int], None] | None,
) -> None:
    """Read and store one list in chunks, each chunk a transaction."""
    summary = report.parts[part]
    reader = _reader(part, now)
    while chunk := list(islice(rows, CHUNK)):
        good, bad = [], []
        for row in chunk:
            values, wrong = reader.read(row)
            bad += wrong
            if not wrong:
                good.append((row, values))
        async with database.write() as session:
            stored: Stored = await reader.store(session, vault, good)
        bad += stored.rejected
        bad_lines = {rejection.row.line for rejection in bad}
        summary.rows += len(chunk)
        summary.new += stored.new
        summary.changed += stored.changed
        summary.rejected += len(bad_lines)
        if keep_ids:
            report.customer_ids += stored.customer_ids
        report.problems += [each.problem for each in bad[: max(0, _SHOWN - len(report.problems))]]
        rejected.write(bad)
        if progress:
            progress(part, summary.rows)
