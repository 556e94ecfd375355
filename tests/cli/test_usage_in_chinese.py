"""Whoever writes a command wrongly is told so in Chinese, with the option or argument by its name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer import rich_utils
from typer.testing import CliRunner

from callbot.cli import usage
from callbot.cli.main import app


@pytest.fixture(autouse=True)
def spoken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CALLBOT_DATA", str(tmp_path / "var"))
    monkeypatch.setattr(rich_utils, "rich_format_error", usage.show)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("bacth", "没有 bacth 这个命令，是不是 batch？"),
        ("batch lauch B", "没有 lauch 这个命令，是不是 launch？"),
        ("batch create list.csv", "缺少选项 --flow"),
        ("batch launch", "缺少 batch_id：批次编号"),
        ("batch list --jsn", "没有选项 --jsn，是不是 --json？"),
        ("batch list --json=1", "选项 --json 后面不写值"),
        ("batch list nonsense", "多写了 nonsense"),
        ("batch preview B --at", "选项 --at 后面没有写值"),
        ("batch create l.csv --flow f --lines 0", "--lines：小于 1"),
        ("batch create l.csv --flow f --lines two", "--lines：不是整数"),
        ("batch create l.csv --flow f --hold-out some", "--hold-out：不是数字"),
        ("batch create l.csv --flow f --until 31.12.", "--until：31.12. 不是这种格式：%Y-%m-%d"),
        ("customer import l.csv --kind people", "没有 people 这一种，可用：customers、orders"),
        ("user add zhao --role boss", "--role：没有 boss 这一种，可用：supervisor"),
    ],
)
def test_a_mistake_is_named_in_chinese(command: str, said: str) -> None:
    answer = CliRunner().invoke(app, command.split())
    assert answer.exit_code == 2, answer.output
    assert re.sub(r"\s", "", said) in re.sub(r"[\s│]", "", answer.output)
    assert "Traceback" not in answer.output


def test_a_group_without_a_command_shows_its_help_alone() -> None:
    answer = CliRunner().invoke(app, ["batch"])
    assert "launch" in answer.output
    assert "用法有误" not in answer.output
