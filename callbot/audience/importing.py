"""Taking in a customer base: a folder of lists or one list, checked row by row, good rows stored as they come.

Nothing is stored before every header is good. A bad row is reported and written to a file of rejected rows; it
never holds up the good ones. How far a list got stands in the base (`ImportRun`), in the transaction that
stored its rows: an import that was killed goes on without doubles.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from time import monotonic

from callbot.audience.base_files import open_base
from callbot.audience.landing import Landing, land, refusals
from callbot.audience.list_text import digest
from callbot.audience.reading_crew import crew_size, read_blocks
from callbot.audience.rejects import RejectedRows
from callbot.audience.row import Rejection
from callbot.audience.row_reading import COLUMNS, Part, Portion, RowReader
from callbot.audience.sheet import ROWS, Block, Sheet
from callbot.errors import BadInput, CallbotError, Problem
from callbot.store import arrivals, import_runs
from callbot.store.database import Database
from callbot.store.phones import PhoneVault
from callbot.store.tables import ImportRun

_SHOWN = 200
"""So many rejected rows are kept in memory for the report; the file has all of them."""


class ImportTaken(CallbotError):
    """Another process takes in the same list."""

    code = "import-taken"
    retryable = True


class Start(StrEnum):
    """What to do about a list that was taken in before, wholly or in part."""

    FRESH = "fresh"
    """Skip what is finished; refuse what was interrupted."""
    RESUME = "resume"
    """Skip what is finished; go on with what was interrupted."""
    AGAIN = "again"
    """Read it from the beginning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a list is."""

    part: Part
    rows: int
    read: int
    """Bytes of the file on the disk."""
    size: int


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
    run_id: str = ""
    resumed_at: int = 0
    """Line at which an interrupted import went on; 0: it began at the beginning."""
    known_since: datetime | None = None
    """When this very list was taken in before; then nothing was read."""


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
    part: Part | None = None,
    defaults: Defaults | None = None,
    rejects: Path | None = None,
    keep_ids: bool = False,
    start: Start = Start.AGAIN,
    processes: int | None = None,
    chunk: int = ROWS,
    progress: Callable[[Progress], None] | None = None,
) -> ImportReport:
    """Import one list (of customers, unless `part` says otherwise), or a folder of customers.csv and, where
    present, orders.csv, events.csv and consents.csv; each may be .jsonl, and packed as .gz.

    `rejects` is a directory for the files of rejected rows. `processes` read the list beside this one; None
    chooses by the list's size. `chunk` rows are stored in one transaction, and `progress` is told after each.

    Raises `BadInput` before anything is stored when a file, its encoding or its header is unusable, or when an
    earlier import of it was interrupted and `start` is FRESH; `ImportTaken` when another process moves the same
    import on.
    """
    given = (defaults or Defaults()).given
    sheets = open_base(path, part, given)
    digests = {each: digest(sheet.path) for each, sheet in sheets.items()}
    earlier = {each: await _earlier(database, each, digests[each], given) for each in sheets}
    if start is Start.FRESH and (
        stopped := [run for run in earlier.values() if run and run.state == "running"]
    ):
        raise BadInput([_interrupted(run) for run in stopped])
    report = ImportReport()
    for each, sheet in sheets.items():
        run = earlier[each] if start is not Start.AGAIN else None
        if run is not None and run.state == "done":
            report.parts[each] = _known(run, sheet)
            continue
        resumed = run is not None
        if run is None:
            run = await _begin(database, each, sheet, digests[each], given, now)
        reader = RowReader(part=each, now=run.started_at, vault=vault, given=given)
        intake = _Intake(database, sheet, reader, run, report, keep_ids, progress)
        report.parts[each].resumed_at = run.line if resumed else 0
        await intake.work(rejects, crew_size(sheet) if processes is None else processes, chunk, now)
    return report


class _Intake:
    """One list on its way into the base."""

    def __init__(
        self,
        database: Database,
        sheet: Sheet,
        reader: RowReader,
        run: ImportRun,
        report: ImportReport,
        keep_ids: bool,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self._database = database
        self._sheet = sheet
        self._reader = reader
        self._run = run
        self._report = report
        self._keep_ids = keep_ids
        self._progress = progress
        self._at = run.position
        self._begun = monotonic()
        self._summary = report.parts[reader.part] = PartReport(
            source=sheet.path.name,
            rows=run.rows,
            new=run.new,
            changed=run.changed,
            rejected=run.rejected,
            ignored_columns=sheet.unknown,
            run_id=run.id,
        )

    async def work(self, rejects: Path | None, processes: int, chunk: int, now: datetime) -> None:
        """Read and store the rest of the list in chunks, each chunk a transaction."""
        run, part = self._run, self._reader.part
        blocks = self._sheet.blocks(at=run.position, line=run.line, rows=chunk)
        with RejectedRows(rejects, self._sheet, COLUMNS[part], at=run.rejects_size) as file:
            async for block, portion in read_blocks(self._sheet, self._reader, blocks, processes=processes):
                await self._store(block, portion, file, now)
                if self._progress:
                    self._progress(Progress(part=part, rows=self._summary.rows, read=block.read, size=run.size))
            async with self._database.write() as session:
                await import_runs.finish(session, run.id, self._moment(now))
            self._summary.rejected_file = file.path

    def _moment(self, now: datetime) -> datetime:
        """The present, `now` being when this process began: a long list takes minutes."""
        return now + timedelta(seconds=monotonic() - self._begun)

    async def _store(self, block: Block, portion: Portion, file: RejectedRows, now: datetime) -> None:
        """Rows, rejected ones and position belong together; on resuming, the file is cut back to its row."""
        moment = self._moment(now)
        async with self._database.write() as session:
            landing = await land(
                session, self._reader.part, portion, now, source=self._sheet.path.name, run=self._run.id
            )
            await arrivals.note(session, landing.stored, moment)
            wrong = portion.rejected
            if landing.refused:
                rows = (self._reader.completed(row) for row in self._sheet.read(block))
                wrong = wrong + refusals(rows, landing.refused)
            file.write(wrong)
            step = import_runs.Step(
                position=block.end,
                line=block.end_line,
                rows=portion.rows,
                new=landing.new,
                changed=landing.changed,
                rejected=len({each.row.line for each in wrong}),
                rejects=str(file.path or ""),
                rejects_size=file.size,
            )
            if not await import_runs.advance(session, self._run.id, at=self._at, step=step, now=moment):
                raise ImportTaken(
                    f"{self._sheet.path.name}：另一个进程正在导入同一份名单 → 等它结束，或先停掉它"
                )
        self._at = block.end
        _add(self._report, self._summary, portion, landing, wrong)
        if self._keep_ids and self._reader.part is Part.CUSTOMERS:
            self._report.customer_ids += landing.customers.values()


def _add(
    report: ImportReport, summary: PartReport, portion: Portion, landing: Landing, wrong: Sequence[Rejection]
) -> None:
    summary.rows += portion.rows
    summary.new += landing.new
    summary.changed += landing.changed
    summary.rejected += len({each.row.line for each in wrong})
    report.problems += [each.problem for each in wrong[: max(0, _SHOWN - len(report.problems))]]


async def _earlier(database: Database, part: Part, sha256: str, given: Mapping[str, str]) -> ImportRun | None:
    """The last import of this list with the same defaults."""
    async with database.read() as session:
        run = await import_runs.latest(session, kind=part, sha256=sha256)
    return run if run is not None and run.defaults == given else None


async def _begin(
    database: Database, part: Part, sheet: Sheet, sha256: str, given: Mapping[str, str], now: datetime
) -> ImportRun:
    async with database.write() as session:
        return await import_runs.begin(
            session,
            kind=part,
            source=sheet.path.name,
            sha256=sha256,
            size=sheet.path.stat().st_size,
            position=sheet.begin,
            line=sheet.line,
            defaults=given,
            now=now,
        )


def _interrupted(run: ImportRun) -> Problem:
    return Problem(
        where=f"{run.source} 第 {run.line} 行",
        what=f"上一次导入在这里中断，此前 {run.rows} 行已处理",
        cure="加 --resume 从这里继续，或加 --again 从头再来",
    )


def _known(run: ImportRun, sheet: Sheet) -> PartReport:
    return PartReport(
        source=sheet.path.name,
        rows=run.rows,
        new=run.new,
        changed=run.changed,
        rejected=run.rejected,
        ignored_columns=sheet.unknown,
        rejected_file=Path(run.rejects) if run.rejects else None,
        run_id=run.id,
        known_since=run.ended_at,
    )
