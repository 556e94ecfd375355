"""docs/rules.md explains every rule that code, flows, prompts and tests name, and no other."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLACES = ("callbot", "asr_tts", "handoff", "dialog_flows", "prompts", "tests")
TEXT = {".py", ".yaml", ".md", ".html"}
SPAN = re.compile(r"\b(?:R\d{3}|C\d{1,2})(?:\s?[–-]\s?(?:R\d{3}|C\d{1,2}))?\b")
SECTION = re.compile(r"compliance section \d+")


def named(text: str) -> Iterator[str]:
    """Ids in `text`; R028-R030 and C1-C3 name what lies between as well."""
    for match in SPAN.finditer(text):
        ends = re.findall(r"([RC])(\d+)", match.group(0))
        (letter, first), (_, last) = ends[0], ends[-1]
        for number in range(int(first), int(last) + 1):
            yield f"R{number:03}" if letter == "R" else f"C{number}"
    yield from SECTION.findall(text)
    if "PIPL" in text:
        yield "PIPL"


def in_the_repository() -> dict[str, str]:
    """Id → a file that names it."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", *PLACES], cwd=ROOT, capture_output=True, check=True
    ).stdout
    found: dict[str, str] = {}
    for name in listed.decode().split("\0"):
        path = ROOT / name
        if path.suffix in TEXT and path.is_file() and path != Path(__file__):
            for rule in named(path.read_text(encoding="utf-8")):
                found.setdefault(rule, name)
    return found


def rows() -> dict[str, str]:
    """Id → its row of the page."""
    lines = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8").splitlines()
    cells = (line.split("|") for line in lines if line.startswith("|"))
    return {rule: "|".join(row) for row in cells for rule in named(row[1])}


def test_a_span_names_what_lies_between() -> None:
    assert list(named("R028-R030, C1-C3; R052–R053")) == [
        "R028",
        "R029",
        "R030",
        "C1",
        "C2",
        "C3",
        "R052",
        "R053",
    ]


def test_every_rule_that_is_named_is_explained() -> None:
    explained = rows()
    assert {rule: where for rule, where in in_the_repository().items() if rule not in explained} == {}


def test_the_page_names_modules_that_exist() -> None:
    gone = {
        module
        for row in rows().values()
        for module in re.findall(r"`(\w+/\w+\.py)`", row)
        if not any((folder / module).is_file() for folder in (ROOT / "callbot", ROOT))
    }
    assert gone == set()


def test_the_page_lists_no_rule_that_nobody_names() -> None:
    assert set(rows()) - set(in_the_repository()) == set()
