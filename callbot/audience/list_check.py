"""A base looked through before anything of it is stored: what an import would refuse, and who is in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from callbot.audience.base_files import open_base
from callbot.audience.importing import Defaults
from callbot.audience.row import Rejection, Row, reject
from callbot.audience.row_reading import Part, RowReader
from callbot.audience.sheet import ROWS
from callbot.store import intake
from callbot.store.database import Database
from callbot.store.phones import PhoneVault

_ONE_PERSON = "核对名单：一位客户一个编号、一个号码"


@dataclass(slots=True, kw_only=True)
class Looked:
    """What a base holds, before it is in the store."""

    rows: int = 0
    rejected: list[Rejection] = field(default_factory=list)
    phones: list[str] = field(default_factory=list)
    """E.164, of every good row, in the list's order."""
    callees: set[tuple[str, str | None]] = field(default_factory=set)
    """Industries with time zones; None: not known."""


@dataclass(frozen=True, slots=True)
class _Person:
    """Who a row is about."""

    row: Row
    phone_hash: str
    """Empty where the row names nobody by phone."""
    external_id: str


def look_through(path: Path, now: datetime, *, defaults: Defaults | None = None) -> Looked:
    """Read everything and store nothing: bad cells and people listed twice, told as an import would tell them.

    Asks no base. Raises like `import_base`.
    """
    looked = Looked()
    for _ in _pages(path, now, PhoneVault(bytes(32), bytes(32)), defaults, looked):
        pass
    return looked


async def contradictions(
    database: Database, vault: PhoneVault, path: Path, now: datetime, *, defaults: Defaults | None = None
) -> list[Rejection]:
    """Good rows that contradict the base or are the history of nobody. Raises like `import_base`."""
    found: list[Rejection] = []
    for part, people in _pages(path, now, vault, defaults, Looked()):
        if people:
            found += await _against_the_base(database, part, people)
    return found


def _pages(
    path: Path, now: datetime, vault: PhoneVault, defaults: Defaults | None, looked: Looked
) -> Iterator[tuple[Part, list[_Person]]]:
    given = (defaults or Defaults()).given
    lines: dict[int, int] = {}
    for part, sheet in open_base(path, None, given).items():
        reader = RowReader(part=part, now=now, vault=vault, given=given)
        rows = sheet.rows()
        while page := list(_people(reader, islice(rows, ROWS), looked, lines)):
            yield part, [person for person in page if person is not None]


def _people(
    reader: RowReader, rows: Iterator[Row], looked: Looked, lines: dict[int, int]
) -> Iterator[_Person | None]:
    """One for each row; None where the base need not be asked about it."""
    for row in rows:
        looked.rows += 1
        values, wrong = reader.read(row)
        if wrong:
            looked.rejected += wrong
            yield None
        elif reader.part is Part.CUSTOMERS:
            double = _double(row, values, lines)
            looked.rejected += double
            looked.phones.append(values["phone"])
            looked.callees.add((values["industry"], _zone(values)))
            hashed = reader.vault.hash(values["phone"])
            yield None if double else _Person(row, hashed, values.get("external_id", ""))
        else:
            key = "external_id" if "customer" in values else "phone"
            named = values.get("customer") or values["phone"]
            hashed = "" if key == "external_id" else reader.vault.hash(named)
            listed = hash((key, named)) in lines
            yield None if listed else _Person(row, hashed, "" if hashed else named)


def _zone(values: dict[str, Any]) -> str | None:
    """As it would be stored: the list's own, or the country's."""
    if "timezone" in values:
        return values["timezone"] or None
    return "Asia/Shanghai" if values["phone"].startswith("+86") else None


def _double(row: Row, values: dict[str, Any], lines: dict[int, int]) -> list[Rejection]:
    for key, title in (("phone", "手机号"), ("external_id", "客户编号")):
        if key in values:
            first = lines.setdefault(hash((key, values[key])), row.line)
            if first != row.line:
                return [reject(row, title, f"与第 {first} 行重复", "同一位客户只保留一行")]
    return []


async def _against_the_base(database: Database, part: Part, people: list[_Person]) -> list[Rejection]:
    named = [(person.phone_hash, person.external_id) for person in people]
    async with database.read() as session:
        if part is Part.CUSTOMERS:
            clashes = await intake.clashes(session, named)
            return [
                reject(person.row, "手机号", clash, _ONE_PERSON)
                for person, clash in zip(people, clashes, strict=True)
                if clash
            ]
        owners = await intake.owners(
            session,
            external_ids={external_id for _, external_id in named if external_id},
            phone_hashes={phone_hash for phone_hash, _ in named if phone_hash},
        )
    return [
        reject(person.row, "手机号" if person.phone_hash else "客户编号", "客户不在库中", "先导入这位客户")
        for person in people
        if (person.phone_hash or person.external_id) not in owners
    ]
