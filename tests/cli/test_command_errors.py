"""What a person sees when what they gave cannot be used: place and cure, status 2, no traceback."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from command_line import run, write_csv
from typer.testing import CliRunner

from callbot.cli.main import app

PERSONAS = Path(__file__).parents[2] / "recordings_fixtures" / "personas"
GOOD = {
    "客户编号": "T-1",
    "姓名": "王小明",
    "手机号": "+8610058210937",
    "行业": "电商",
    "品牌": "悦选商城",
    "注册时间": "-400d",
}


@pytest.fixture(autouse=True)
def narrow(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def carrier(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A carrier's address at which nobody must knock."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        monkeypatch.setenv("CALLBOT_CARRIER__BASE_URL", f"http://127.0.0.1:{listener.getsockname()[1]}")
        yield listener


def refused(*arguments: str) -> str:
    """Run a command that must be refused; what it says."""
    return run(*arguments, status=2)


def empty(path: Path) -> Path:
    path.touch()
    return path


def spoilt(**changes: str) -> dict[str, str]:
    return {**GOOD, "客户编号": "T-2", "手机号": "+8610094417206", **changes}


def without(name: str) -> dict[str, str]:
    return {key: value for key, value in GOOD.items() if key != name}


BROKEN_LISTS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "a phone that is none": (
        lambda place: write_csv(place / "list.csv", GOOD, spoilt(手机号="12345")),
        r"list\.csv.*第 ?3 ?行.*手机号",
    ),
    "an unknown industry": (
        lambda place: write_csv(place / "list.csv", GOOD, spoilt(行业="航天")),
        r"list\.csv.*第 ?3 ?行.*行业.*航天",
    ),
    "a day that does not exist": (
        lambda place: write_csv(place / "list.csv", GOOD | {"生日": "1990-02-30"}),
        r"list\.csv.*第 ?2 ?行.*生日.*1990-02-30",
    ),
    "a missing name": (
        lambda place: write_csv(place / "list.csv", GOOD, spoilt(姓名="")),
        r"list\.csv.*第 ?3 ?行.*姓名",
    ),
    "no phone column": (lambda place: write_csv(place / "list.csv", without("手机号")), r"list\.csv.*手机号"),
    "another encoding": (
        lambda place: write_csv(place / "list.csv", GOOD, encoding="utf-16"),
        r"list\.csv.*(编码|UTF-8)",
    ),
    "no such file": (lambda place: place / "nowhere.csv", r"nowhere\.csv"),
    "nothing in it": (lambda place: empty(place / "list.csv"), r"list\.csv"),
}


@pytest.mark.parametrize("case", BROKEN_LISTS)
def test_a_broken_list_is_refused_before_anything_is_stored_or_dialled(
    place: Path, carrier: socket.socket, case: str
) -> None:
    make, says = BROKEN_LISTS[case]
    output = refused("batch", "run", str(make(place)), "--flow", "winback")
    assert re.search(says, output), output
    assert "→" in output
    assert not (place / "var" / "callbot.db").exists()
    with pytest.raises(BlockingIOError):
        carrier.accept()


def test_every_bad_row_is_named_at_once(place: Path, carrier: socket.socket) -> None:
    rows = [GOOD, spoilt(手机号="1"), spoilt(客户编号="T-3", 行业="航天"), spoilt(客户编号="T-4", 姓名="")]
    output = refused("batch", "run", str(write_csv(place / "list.csv", *rows)), "--flow", "winback")
    assert [row for row in (2, 3, 4, 5) if re.search(f"第 ?{row} ?行", output)] == [3, 4, 5]


def test_a_flow_that_is_not_there_is_refused_with_those_that_are(place: Path, carrier: socket.socket) -> None:
    output = refused("batch", "run", str(write_csv(place / "list.csv", GOOD)), "--flow", "winbakc/ecommerce")
    assert "winbakc/ecommerce" in output
    assert "winback/ecommerce" in output
    assert not (place / "var" / "callbot.db").exists()


def test_without_a_carrier_nobody_is_called_and_the_setting_is_named(place: Path) -> None:
    output = refused("batch", "run", str(write_csv(place / "list.csv", GOOD)), "--flow", "winback")
    assert "carrier.base_url" in output
    assert not (place / "var" / "callbot.db").exists()


def test_twilio_without_its_block_names_what_is_missing(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLBOT_CARRIER__KIND", "twilio")
    output = refused("batch", "run", str(write_csv(place / "list.csv", GOOD)), "--flow", "winback")
    for name in ("account", "auth_token", "from_number", "public_media_url"):
        assert name in output


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"减免百分比": "120"}, r"offers\.csv.*第 ?2 ?行.*减免百分比.*120"),
        ({"名称": ""}, r"offers\.csv.*第 ?2 ?行.*名称"),
        ({"截止日期": "2026-13-01"}, r"offers\.csv.*第 ?2 ?行.*截止日期"),
    ],
)
def test_a_broken_offer_sheet_dials_nobody(
    place: Path, carrier: socket.socket, changes: dict[str, str], says: str
) -> None:
    offer = {
        "优惠编号": "A",
        "行业": "电商",
        "名称": "老客户专属八折券",
        "减免百分比": "20",
        "截止日期": "+30d",
    }
    offers = write_csv(place / "offers.csv", offer | changes)
    customers = write_csv(place / "list.csv", GOOD)
    output = refused("batch", "run", str(customers), "--flow", "winback", "--offers", str(offers))
    assert re.search(says, output), output
    with pytest.raises(BlockingIOError):
        carrier.accept()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("outcome: interested", "outcome: intrested", r"persona\.yaml:\d+.*intrested"),
        ("phone: ", "phone: '+8613800138000'  # ", r"persona\.yaml:\d+.*8613800138000"),
        ("replies:", "replys:", r"persona\.yaml.*repl"),
        ("persona: ", "persona: [", r"persona\.yaml:\d+"),
    ],
)
def test_a_broken_callee_is_refused_with_file_and_line(place: Path, old: str, new: str, says: str) -> None:
    mine = place / "mine" / "interested"
    shutil.copytree(PERSONAS / "interested", mine)
    text = (mine / "persona.yaml").read_text(encoding="utf-8")
    assert old in text
    (mine / "persona.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    output = refused("demo", "--exit", "--personas", str(mine.parent))
    assert re.search(says, output), output
    assert "→" in output


def test_a_callee_whose_recording_is_damaged_is_refused_with_its_name(place: Path) -> None:
    mine = place / "mine" / "interested"
    shutil.copytree(PERSONAS / "interested", mine)
    wav = sorted(mine.glob("*.wav"))[0]
    wav.write_bytes(wav.read_bytes()[:30])
    output = refused("demo", "--exit", "--personas", str(mine.parent))
    assert wav.name in output


def test_a_folder_without_callees_is_refused(place: Path) -> None:
    output = refused("demo", "--exit", "--personas", str(place))
    assert str(place) in output
    assert "persona.yaml" in output


def test_a_broken_flow_is_named_with_file_and_line(place: Path) -> None:
    path = place / "mine.yaml"
    path.write_text("flow: mine\nversion: eins\n", encoding="utf-8")
    result = CliRunner().invoke(app, ["flow", "check", str(path)])
    assert result.exit_code != 0
    assert f"{path}:2" in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("CALLBOT_MEDIA__PORT", "eighty", "media.port"),
        ("CALLBOT_WEB__HOST", "0.0.0.0", "web.public_url"),
        ("CALLBOT_MODELS__VOICE", "opera", "models.voice"),
        ("CALLBOT_LLM__COLOUR", "red", "llm.colour"),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str) -> None:
    monkeypatch.setenv(name, value)
    for command in (("call", "list"), ("serve",), ("config", "show")):
        assert says in refused(*command)


def test_a_broken_settings_file_is_named(place: Path) -> None:
    (place / "callbot.toml").write_text("[media\nport = 1\n", encoding="utf-8")
    assert "callbot.toml" in refused("call", "list")


def test_missing_models_give_one_line_that_says_what_to_run(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALLBOT_MODELS__DIRECTORY", str(place / "models"))
    output = refused("serve")
    assert "callbot models install" in output
    assert str(place / "models") in output
    assert len([line for line in output.splitlines() if line.strip()]) <= 2


def test_a_broken_prompt_is_named_with_file_and_line(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prompts = place / "prompts"
    shutil.copytree(Path(__file__).parents[2] / "prompts", prompts)
    path = prompts / "opener" / "1.0.0.md"
    path.write_text(
        path.read_text(encoding="utf-8").replace("temperature:", "temprature:", 1), encoding="utf-8"
    )
    monkeypatch.setattr("callbot.conversation.prompts.folder", lambda name: place / name)
    monkeypatch.setenv("CALLBOT_LLM__BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("CALLBOT_LLM__MODEL", "any")
    output = refused("serve")
    assert re.search(r"opener/1\.0\.0\.md 第 \d+ 行.*temprature", output), output


def test_a_prompt_in_another_encoding_is_named(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prompts = place / "prompts"
    shutil.copytree(Path(__file__).parents[2] / "prompts", prompts)
    path = prompts / "opener" / "1.0.0.md"
    path.write_bytes(path.read_text(encoding="utf-8").encode("gb18030"))
    monkeypatch.setattr("callbot.conversation.prompts.folder", lambda name: place / name)
    monkeypatch.setenv("CALLBOT_LLM__BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("CALLBOT_LLM__MODEL", "any")
    assert "UTF-8" in refused("serve")


@pytest.mark.parametrize(
    "command",
    [
        ("call", "show", "01NOSUCHCALL"),
        ("call", "replay", "01NOSUCHCALL"),
        ("customer", "show", "01NOSUCHCALL"),
        ("permit", "01NOSUCHCALL"),
        ("batch", "show", "01NOSUCHCALL"),
        ("batch", "pause", "01NOSUCHCALL"),
    ],
)
def test_an_unknown_id_is_said_to_be_unknown(command: tuple[str, ...]) -> None:
    assert "01NOSUCHCALL" in refused(*command)


def test_a_command_ends_without_a_traceback_as_a_process_too(place: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "callbot", "call", "show", "01NOSUCHCALL"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert "01NOSUCHCALL" in done.stderr
    assert "Traceback" not in done.stderr
