"""`callbot customer import`: every kind of list, with a status that scripts can go by."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from callbot.cli.main import app

pytestmark = pytest.mark.usefixtures("place")

SAMPLE = Path(__file__).parents[2] / "callbot" / "audience" / "sample"
ROW = "A1,王晓芸,+8610024681357,电商,悦选商城"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["customer", *arguments])


def test_a_folder_and_the_same_folder_again() -> None:
    first = run("import", str(SAMPLE))
    assert first.exit_code == 0, first.output
    for said in ("客户 customers.csv", "订单 orders.csv", "事件 events.csv", "同意 consents.csv"):
        assert said in first.output
    again = run("import", str(SAMPLE), "--json")
    parts = json.loads(again.stdout)["parts"]
    assert all(part["known_since"] for part in parts.values())
    assert run("import", str(SAMPLE), "--kind", "offers").output.startswith("优惠 ")
    assert len(json.loads(run("imports", "--json").stdout)) == len(parts)


def test_one_list_of_a_kind(place: Path) -> None:
    (place / "c.csv").write_text(f"客户编号,姓名,手机号,行业,品牌\n{ROW}\n", encoding="utf-8")
    events = place / "e.jsonl"
    events.write_text('{"customer": "A1", "kind": "login", "at": "-3d"}\n', encoding="utf-8")
    assert run("import", "c.csv").exit_code == 0
    done = run("import", "e.jsonl", "--kind", "events")
    assert (done.exit_code, "写入 1" in done.output) == (0, True), done.output


def test_refused_rows_are_named_and_the_status_says_so(place: Path) -> None:
    (place / "c.csv").write_text(
        f"客户编号,姓名,手机号,行业,品牌\n{ROW}\nA2,李,12,电商,悦选商城\n", encoding="utf-8"
    )
    done = run("import", "c.csv")
    assert done.exit_code == 1
    assert "第 3 行，列“手机号”" in done.output
    assert (place / "var" / "rejected" / "c.rejected.csv").is_file()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nothing.csv",), "文件不存在"),
        (("nothing.csv", "--resume", "--again"), "不能同时用"),
        ((str(SAMPLE / "orders.csv"),), "缺少必填列"),
        ((".", "--kind", "offers"), "offers.csv: 文件不存在"),
    ],
)
def test_what_cannot_be_imported_is_explained(arguments: tuple[str, ...], said: str) -> None:
    done = run("import", *arguments)
    assert done.exit_code == 2, done.output
    assert said in done.output
    assert "Traceback" not in done.output
