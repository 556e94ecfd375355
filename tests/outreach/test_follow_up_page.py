"""docs/follow-ups.md names what the code knows, and its examples are read as shown."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from callbot.cli.main import Commands
from callbot.conversation.message import Topic
from callbot.insight import words
from callbot.outreach.message_rules import Failed
from callbot.outreach.sequence_file import load_touches, touches_for
from callbot.outreach.sequences import CHANNELS, Stop
from callbot.outreach.touches import TASK, TOUCHING

PAGE = (Path(__file__).parents[2] / "docs" / "follow-ups.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "names",
    [
        Topic,
        Failed,
        Stop,
        CHANNELS,
        (*TOUCHING, TASK),
        words.ALARMS,
    ],
    ids=["topics", "reasons of failure", "stops", "channels", "kinds", "alarms"],
)
def test_the_page_names_all(names: Iterable[str]) -> None:
    assert [str(name) for name in names if f"`{name}`" not in PAGE] == []


def test_the_example_is_the_aftercare_that_ships(tmp_path: Path) -> None:
    (example,) = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    (tmp_path / "aesthetics.yaml").write_text(example, encoding="utf-8")
    shown = load_touches(tmp_path)["aesthetics"]
    shipped = touches_for("aesthetics")
    assert shown.activation == shipped.activation
    assert shown.sequences[0] in shipped.sequences


def test_every_command_and_option_shown_exists() -> None:
    shown = [
        line.split()[1:] for line in PAGE.splitlines() if re.match(r"callbot (followup|case|alarm) ", line)
    ]
    assert len(shown) > 10
    for group, command, *rest in shown:
        commands = Commands.late[group].command(group).commands
        options = {option for param in commands[command].params for option in param.opts}
        assert {word for word in rest if word.startswith("--")} <= options, (group, command)
