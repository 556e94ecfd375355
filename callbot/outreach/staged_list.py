"""A list that somebody handed in for a batch: kept in a folder of its own, checked row by row, then taken in.

Its good rows enter the base when it is taken in; its bad rows stand in a file with reason and cure. The list
itself holds phone numbers in the clear, so it is removed as soon as it was taken in, or a day after it came.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from callbot.audience.base_files import open_base
from callbot.audience.importing import Defaults
from callbot.audience.list_check import contradictions, look_through
from callbot.audience.rejects import RejectedRows
from callbot.audience.row import Rejection
from callbot.audience.row_reading import COLUMNS, Part
from callbot.audience.score.case import Scorer
from callbot.clock import Clock
from callbot.errors import BadInput, Problem
from callbot.ids import new_id
from callbot.outreach.batch_checks import number_problems
from callbot.outreach.taking_in import take_in
from callbot.store.database import Database
from callbot.store.phones import PhoneVault

KEPT = timedelta(days=1)
"""So long a list that nobody took in stays."""
SHOWN_PROBLEMS = 500
_ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
_ENDINGS = (".csv", ".jsonl")
_UNSAFE = re.compile(r"[^\w.()（）\- ]+")
_NOTES = "staged.json"
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowProblem:
    """One bad cell."""

    line: int
    """Of the file, its header being line 1."""
    who: str
    """The name in that row, empty where there is none."""
    column: str
    what: str
    cure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedList:
    """What is known of a list that was handed in."""

    id: str
    name: str
    """The file's name."""
    by: str
    at: datetime
    industry: str = ""
    brand: str = ""
    """For rows of a list without that column."""
    rows: int = 0
    bad: int = 0
    """Rows with something wrong."""
    problems: tuple[RowProblem, ...] = ()
    """The first of them."""
    warnings: tuple[Problem, ...] = ()
    """What would keep a batch of the whole list from being made."""
    industries: tuple[str, ...] = ()
    taken: bool = False
    """Its good rows are in the base."""
    new: int = 0
    customer_ids: tuple[str, ...] = ()

    @property
    def good(self) -> int:
        return self.rows - self.bad


class NoSuchList(BadInput):
    """There is no staged list of this id, or no longer."""

    code = "no-such-list"


class StagedLists:
    """All of them, below one folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def stage(
        self,
        db: Database,
        vault: PhoneVault,
        clock: Clock,
        *,
        name: str,
        content: AsyncIterator[bytes],
        by: str,
        defaults: Defaults,
    ) -> StagedList:
        """Keep a list and read every row of it; stores nobody.

        Raises `BadInput` for a name that is no list, an encoding or a header that cannot be used.
        """
        now = clock.now()
        self._forget_old(now)
        file_name = _file_name(name)
        list_id = new_id()
        folder = self._root / list_id
        folder.mkdir(parents=True, mode=0o700)
        try:
            path = folder / file_name
            await _write(path, content)
            looked = await asyncio.to_thread(look_through, path, now, defaults=defaults)
            rejected = [*looked.rejected, *await contradictions(db, vault, path, now, defaults=defaults)]
            self._write_rejected(folder, path, defaults, rejected)
            staged = StagedList(
                id=list_id,
                name=file_name,
                by=by,
                at=now,
                industry=defaults.industry,
                brand=defaults.brand,
                rows=looked.rows,
                bad=len({each.row.line for each in rejected}),
                problems=tuple(_problem(each) for each in rejected[:SHOWN_PROBLEMS]),
                warnings=tuple(number_problems(looked.phones, file_name)),
                industries=tuple(sorted({industry for industry, _ in looked.callees})),
            )
            self._keep(staged)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return staged

    def get(self, list_id: str) -> StagedList:
        """Raises `NoSuchList`."""
        try:
            if _ID.fullmatch(list_id):
                return _read(json.loads((self._root / list_id / _NOTES).read_text("utf-8")))
        except (OSError, ValueError):
            pass
        raise NoSuchList([Problem(where="名单", what="没有这份名单，或已超过一天被清除", cure="重新上传")])

    def rejected_file(self, list_id: str) -> Path | None:
        """Its bad rows with reasons; None where every row is good. Raises `NoSuchList`."""
        self.get(list_id)
        return next((self._root / list_id).glob("*.rejected.csv"), None)

    async def take_in(
        self, db: Database, vault: PhoneVault, clock: Clock, scorer: Scorer, list_id: str
    ) -> StagedList:
        """Store and judge the good rows; a list that was taken in stays as it is. Raises `NoSuchList`,
        `BadInput` for a list without a good row.
        """
        staged = self.get(list_id)
        if staged.taken:
            return staged
        if not staged.good:
            raise BadInput.one(staged.name, "没有一行可以使用", "按“原因”修改后重新上传")
        path = self._root / list_id / staged.name
        defaults = Defaults(industry=staged.industry, brand=staged.brand)
        found = await take_in(db, vault, clock, scorer, path, defaults=defaults)
        values: dict[str, Any] = {
            **_fields(staged),
            "taken": True,
            "new": found.new,
            "customer_ids": found.ids,
        }
        taken = StagedList(**values)
        self._keep(taken)
        path.unlink(missing_ok=True)
        return taken

    def _keep(self, staged: StagedList) -> None:
        text = json.dumps(asdict(staged), ensure_ascii=False, default=str)
        path = self._root / staged.id / _NOTES
        path.touch(mode=0o600)
        path.write_text(text, "utf-8")

    @staticmethod
    def _write_rejected(folder: Path, path: Path, defaults: Defaults, rejected: list[Rejection]) -> None:
        sheet = open_base(path, None, defaults.given)[Part.CUSTOMERS]
        with RejectedRows(folder, sheet, COLUMNS[Part.CUSTOMERS]) as file:
            file.write(rejected)

    def _forget_old(self, now: datetime) -> None:
        if not self._root.is_dir():
            return
        for folder in self._root.iterdir():
            modified = datetime.fromtimestamp(folder.stat().st_mtime, now.tzinfo)
            if _ID.fullmatch(folder.name) and now - modified > KEPT:
                shutil.rmtree(folder, ignore_errors=True)


def _file_name(name: str) -> str:
    """A name that stays inside its folder."""
    bare = _UNSAFE.sub("_", name.replace("\\", "/").rpartition("/")[2]).strip(" .")
    stem, dot, ending = bare.rpartition(".")
    if not stem or f"{dot}{ending.lower()}" not in _ENDINGS:
        cure = "另存为 CSV（UTF-8 或 GBK）或 JSONL 后上传；压缩文件请先解压"
        raise BadInput.one(f"文件 {bare or '未命名'}", "不是 .csv 或 .jsonl 名单", cure)
    return f"{stem[:80]}.{ending.lower()}"


async def _write(path: Path, content: AsyncIterator[bytes]) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        async for chunk in content:
            if not file.tell() and chunk.startswith(_GZIP):
                raise BadInput.one(path.name, "是压缩文件", "解压后上传")  # what it unpacks to has no bound
            file.write(chunk)


def _problem(rejection: Rejection) -> RowProblem:
    return RowProblem(
        line=rejection.row.line,
        who=rejection.row.cells.get("name", ""),
        column=rejection.column,
        what=rejection.what,
        cure=rejection.cure,
    )


def _fields(staged: StagedList) -> dict[str, Any]:
    return {name: getattr(staged, name) for name in StagedList.__dataclass_fields__}


def _read(notes: dict[str, Any]) -> StagedList:
    return StagedList(
        **{
            **notes,
            "at": datetime.fromisoformat(notes["at"]),
            "problems": tuple(RowProblem(**each) for each in notes["problems"]),
            "warnings": tuple(Problem(**each) for each in notes["warnings"]),
            "industries": tuple(notes["industries"]),
            "customer_ids": tuple(notes["customer_ids"]),
        }
    )
