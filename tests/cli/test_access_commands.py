"""Users, tokens and the audit log on the command line."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from callbot.cli.main import app

Call = Callable[..., Result]


@pytest.fixture
def call(place: Path) -> Call:
    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(app, list(arguments))

    return invoke


def test_users_are_added_given_roles_and_kept_out(call: Call) -> None:
    added = call("user", "add", "Boss", "--role", "admin", "--by", "root")
    assert added.exit_code == 0
    assert re.search(r"http://127\.0\.0\.1:8090/link/\S{43}", added.output)
    assert call("user", "add", "zhao", "--role", "supervisor", "--role", "qa", "--by", "root").exit_code == 0
    assert call("user", "role", "zhao", "agent", "--by", "root").exit_code == 0
    assert call("user", "disable", "zhao", "--by", "root").exit_code == 0
    users = json.loads(call("user", "list", "--json").output)
    assert [(user["name"], user["roles"], user["state"]) for user in users] == [
        ("boss", ["admin"], "active"),
        ("zhao", ["agent"], "disabled"),
    ]
    enabled = json.loads(call("user", "enable", "zhao", "--by", "root", "--json").output)
    assert (enabled["name"], enabled["state"]) == ("zhao", "active")
    actions = [entry["action"] for entry in json.loads(call("audit", "list", "--json").output)]
    assert actions[::-1] == [
        *("user.add", "user.link", "user.add", "user.link", "user.role", "user.disabled", "user.active")
    ]


def test_an_agent_takes_customers_on_a_telephone_or_in_the_browser(call: Call) -> None:
    call("user", "add", "lin", "--role", "agent", "--by", "root")
    assert "用电话 …4851 接听" in call("user", "telephone", "lin", "+86 100 3729 4851", "--by", "root").output
    (lin,) = json.loads(call("user", "list", "--json").output)
    assert lin["telephone"] == "…4851"
    assert "在浏览器里接听" in call("user", "telephone", "lin", "--by", "root").output
    entries = json.loads(call("audit", "list", "--json").output)
    changes = [entry["detail"]["to"] for entry in entries if entry["action"] == "user.telephone"]
    assert changes == ["", "…4851"], "and nowhere the whole number"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("disable", "boss"), "最后一位管理员"),
        (("role", "boss", "qa"), "最后一位管理员"),
        (("link", "nobody"), "没有这个用户"),
        (("add", "boss", "--role", "qa"), "已被使用"),
        (("add", "a b", "--role", "qa"), "不能用作用户名"),
        (("telephone", "boss", "10010"), "不是运营商能拨的地址"),
        (("telephone", "boss", "sip:a b@pbx"), "不是运营商能拨的地址"),
    ],
)
def test_what_cannot_be_done_says_why(call: Call, command: tuple[str, ...], said: str) -> None:
    call("user", "add", "boss", "--role", "admin", "--by", "root")
    refused = call("user", *command, "--by", "root")
    assert refused.exit_code == 2
    assert said in refused.output
    assert "Traceback" not in refused.output


def test_a_token_is_shown_once_and_taken_back(call: Call) -> None:
    made = call("token", "add", "crm", "--scope", "intake.events", "--days", "30", "--by", "root")
    found = re.search(r"cb_\S+", made.output)
    assert found is not None
    token = found[0]
    listed = call("token", "list", "--json")
    (row,) = json.loads(listed.output)
    assert token not in listed.output
    assert (row["prefix"], row["scopes"], row["expires_at"] is not None) == (
        token[:10],
        ["intake.events"],
        True,
    )
    assert call("token", "revoke", row["prefix"], "--by", "root").exit_code == 0
    assert call("token", "revoke", row["prefix"], "--by", "root").exit_code == 2
    assert call("token", "add", "crm", "--scope", "user.manage", "--by", "root").exit_code == 2
    second = json.loads(call("token", "add", "bi", "--scope", "report.read", "--by", "root", "--json").output)
    assert (second["token"].startswith(second["prefix"]), second["scopes"]) == (True, ["report.read"])


def test_a_program_gets_the_link_of_a_new_user(call: Call) -> None:
    made = json.loads(call("user", "add", "li", "--role", "qa", "--by", "root", "--json").output)
    assert made["user"]["roles"] == ["qa"]
    assert re.fullmatch(r"http://127\.0\.0\.1:8090/link/\S{43}", made["link"])


def test_a_changed_log_is_found(call: Call, tmp_path: Path) -> None:
    for name in ("zhao", "qian", "sun"):
        call("user", "add", name, "--role", "admin", "--by", "root")
    whole = call("audit", "verify")
    assert (whole.exit_code, "完整：6 条" in whole.output) == (0, True)
    connection = sqlite3.connect(tmp_path / "var" / "callbot.db")
    connection.executescript(
        "DROP TRIGGER audit_no_update; UPDATE audit_entry SET actor = 'somebody else' WHERE seq = 3;"
    )
    connection.close()
    broken = call("audit", "verify")
    assert (broken.exit_code, "第 3 条" in broken.output) == (1, True)
    assert json.loads(call("audit", "verify", "--json").output)["broken_at"] == 3
