"""Which file holds which list of a base: one list by its kind, or a folder of them."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from callbot.audience.row_reading import COLUMNS, Part
from callbot.audience.sheet import Sheet, open_sheet
from callbot.errors import BadInput, Problem

ENDINGS = (".csv", ".jsonl", ".csv.gz", ".jsonl.gz")


def open_base(path: Path, part: Part | None, given: Collection[str]) -> dict[Part, Sheet]:
    """The lists of a file or folder, with good headers; `given` are columns that customers may leave out.

    A file without `part` is a list of customers. Raises `BadInput` with every problem of every list.
    """
    if not path.is_dir():
        return {part or Part.CUSTOMERS: _open(path, part or Part.CUSTOMERS, given)}
    files = {each: found for each in Part if part in (None, each) and (found := _file(path, each))}
    if part is None and Part.CUSTOMERS not in files:
        raise BadInput.one(str(path), "文件夹里没有 customers.csv", "放入客户名单，或直接给出名单文件的路径")
    if not files:
        raise BadInput.one(str(path), f"文件夹里没有 {part}.csv", "放入这份名单，或直接给出文件的路径")
    sheets: dict[Part, Sheet] = {}
    problems: list[Problem] = []
    for each, file in files.items():
        try:
            sheets[each] = _open(file, each, given)
        except BadInput as error:
            problems += error.problems
    if problems:
        raise BadInput(problems)
    return sheets


def _file(folder: Path, part: Part) -> Path | None:
    found = [file for ending in ENDINGS if (file := folder / f"{part}{ending}").is_file()]
    if len(found) > 1:
        names = "、".join(file.name for file in found)
        raise BadInput.one(str(folder), f"同一份名单有几个文件：{names}", "只留一个")
    return found[0] if found else None


def _open(file: Path, part: Part, given: Collection[str]) -> Sheet:
    if part is Part.CUSTOMERS:
        return open_sheet(file, COLUMNS[part], given=tuple(given))
    sheet = open_sheet(file, COLUMNS[part])
    if not {"customer", "phone"} & set(sheet.keys):
        raise BadInput.one(
            f"{file.name} 第 1 行",
            "没有说明每行属于哪位客户",
            "加上“客户编号”（customer）或“手机号”（phone）列",
        )
    return sheet
