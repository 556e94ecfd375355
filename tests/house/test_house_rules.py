"""What holds for the whole repository: no heavy dependency, no registry address, no oversized file."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [ROOT / name for name in listed.decode().split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("name", ["run.txt", "dev.txt"])
def test_no_torch_and_no_cuda_is_installed(name: str) -> None:
    lines = (ROOT / "requirements" / name).read_text().splitlines()
    heavy = [line for line in lines if re.match(r"(torch|nvidia|triton|cuda)[a-z0-9-]*==", line)]
    assert heavy == []


@pytest.mark.parametrize("name", ["run.txt", "dev.txt"])
def test_every_requirement_is_pinned_with_a_hash(name: str) -> None:
    text = (ROOT / "requirements" / name).read_text().replace("\\\n", " ")
    pins = [line for line in text.splitlines() if re.match(r"[a-z0-9]", line)]
    assert pins
    assert [pin.split()[0] for pin in pins if "==" not in pin or "--hash=sha256:" not in pin] == []


def test_no_registry_address_is_named() -> None:
    hosts = re.compile("|".join(["pypi" + r"\.org", "pythonhosted" + r"\.org", "npmjs" + r"\.(org|com)"]))
    text = {".py", ".toml", ".txt", ".md", ".yaml", ".yml", ".json", ".jsonl", ".csv", ""}
    named = [
        str(path.relative_to(ROOT))
        for path in tracked()
        if path.suffix in text and hosts.search(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert named == []


def test_a_file_stays_short_enough_to_hold_one_idea() -> None:
    long = [
        f"{path.relative_to(ROOT)}: {lines}"
        for path in tracked()
        if path.suffix == ".py" and (lines := len(path.read_text(encoding="utf-8").splitlines())) > 500
    ]
    assert long == []


def test_the_repository_stays_small() -> None:
    assert sum(path.stat().st_size for path in tracked()) < 60_000_000
