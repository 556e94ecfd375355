"""`callbot guard check`: anyone can measure the guard on their own lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from callbot.cli.main import app

SHEET = {
    "offers": [{"id": "a", "title": "八折券", "discount_percent": 20, "valid_until": "2026-03-31", "stock": 9}],
    "facts": ["3月12日购买了空气炸锅"],
    "slots": {"callback_time": "明天下午三点"},
    "today": "2026-03-20",
}


def guard(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["guard", "check", *arguments])
    return result.exit_code, result.output


def write(path: Path, *rows: object) -> str:
    path.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows), "utf-8")
    return str(path)


def test_each_line_gets_its_answer_and_labels_give_rates(tmp_path: Path) -> None:
    lines = write(
        tmp_path / "in.jsonl",
        {"id": "1", "text": "给您八折", "allowed_expected": True, **SHEET},
        {"id": "2", "text": "给您七折", "label": "blocked", **SHEET},
        {"id": "3", "text": "八折券，送您一台烤箱", **SHEET},
    )
    code, said = guard(lines, "--out", str(tmp_path / "out.jsonl"))
    assert code == 0, said
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()]
    assert [row["id"] for row in rows] == ["1", "2", "3"]
    assert [row["allowed"] for row in rows] == [True, False, False]
    assert rows[0] == {"id": "1", "allowed": True, "violations": []}
    assert set(rows[1]["violations"][0]) == {"span", "why"}
    assert rows[1]["violations"][0]["span"] == "七折"
    assert "1/1 = 1.0000" in said
    assert "0/1 = 0.0000" in said


@pytest.mark.parametrize(
    ("bad", "names"),
    [
        ("{broken", "JSON"),
        (json.dumps({"id": "2", "today": "2026-03-20"}), "text"),
        (json.dumps({"id": "2", "text": "x", "today": "20. March"}), "today"),
        (
            json.dumps({"id": "2", "text": "x", "today": "2026-03-20", "offers": [{"id": "a"}]}),
            "offers.0.title",
        ),
        (
            json.dumps(
                {
                    "id": "2",
                    "text": "x",
                    "today": "2026-03-20",
                    "offers": [{"id": "a", "title": "t", "percent": 3}],
                }
            ),
            "offers.0.percent",
        ),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_written(tmp_path: Path, bad: str, names: str) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text(json.dumps({"id": "1", "text": "您好", **SHEET}) + "\n" + bad + "\n", "utf-8")
    code, said = guard(str(path), "--out", str(tmp_path / "out.jsonl"))
    assert code == 2
    assert "in.jsonl:2" in said.replace("\n", "")
    assert names in said
    assert not (tmp_path / "out.jsonl").exists()


def test_a_file_that_is_missing_empty_or_no_text(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").touch()
    (tmp_path / "gbk.jsonl").write_bytes("您好".encode("gbk"))
    for name in ("none.jsonl", "empty.jsonl", "gbk.jsonl"):
        code, said = guard(str(tmp_path / name), "--out", str(tmp_path / "out.jsonl"))
        assert code == 2, said
        assert name in said.replace("\n", "")
