"""Examples and lists in the docs are those of the code."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

from callbot.conversation.flow import NEEDED_LINES, Condition, Do, Flow
from callbot.conversation.flow_loader import load_flow, schema
from callbot.conversation.labels import Emotion, Intent, Outcome, TransferReason
from callbot.conversation.result import JournalKind
from callbot.conversation.wording import PLACEHOLDERS
from callbot.errors import BadInput

ROOT = Path(__file__).parents[2]
FLOWS = (ROOT / "docs" / "flows.md").read_text(encoding="utf-8")
CALLS = (ROOT / "docs" / "calls.md").read_text(encoding="utf-8")


def blocks(page: str, kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """The flow of docs/flows.md as a file, beside what it extends."""
    shutil.copy(ROOT / "dialog_flows" / "common.yaml", tmp_path / "common.yaml")
    file = tmp_path / "winback" / "bookshop.yaml"
    file.parent.mkdir()
    file.write_text(next(text for text in blocks(FLOWS, "yaml") if text.startswith("flow:")), encoding="utf-8")
    return file


def test_the_example_flow_is_a_flow(shop: Path) -> None:
    flow: Flow = load_flow(shop)
    assert flow.name == "winback/bookshop"
    assert flow.steps["offer"].then[Intent.CONSIDERING].goto == "close_later"
    assert flow.steps["offer"].when[Emotion.HESITANT].only_if == (Condition.DEADLINE,)
    assert flow.steps["close_interested"].end is Outcome.INTERESTED
    assert flow.line("booked").promise == "agent_contact"


def test_the_mistakes_shown_are_the_mistakes_found(shop: Path) -> None:
    text = shop.read_text(encoding="utf-8")
    shop.write_text(
        text.replace("greeting_ack, interested: offer", "greeting_ack, interested: soluton")
        .replace("considering: close_later", "deny: close_later")
        .replace("deny, refuse: close_refused", "refuse: close_refused")
        .replace("      otherwise: close_later\n", ""),
        encoding="utf-8",
    )
    with pytest.raises(BadInput) as found:
        load_flow(shop)
    said = {problem.what for problem in found.value.problems}
    shown = set(re.findall(r"^✗ my-shop\.yaml:\d+: (.*?) →", FLOWS, re.MULTILINE))
    assert shown == said


@pytest.mark.parametrize(
    "names",
    [Intent, Emotion, TransferReason, Do, Condition, NEEDED_LINES, tuple(schema()["properties"])],
    ids=["intents", "emotions", "reasons", "do", "conditions", "lines", "keys"],
)
def test_the_page_on_flows_names_all(names: Iterable[str]) -> None:
    assert [str(name) for name in names if not re.search(rf"`(?:do: )?{re.escape(str(name))}`", FLOWS)] == []


def test_the_page_on_flows_names_every_kind_of_question_and_placeholder() -> None:
    kinds = schema()["$defs"]["ask"]["properties"]["kind"]["enum"]
    assert [kind for kind in kinds if f"| `{kind}` |" not in FLOWS] == []
    assert [name for name in PLACEHOLDERS if f"`{{{name}}}`" not in FLOWS] == []


def test_the_page_on_calls_names_every_event_of_the_log() -> None:
    written = {
        name
        for path in (ROOT / "callbot" / "conversation").rglob("*.py")
        for name in re.findall(
            r"(?:log\.event|self\._event)\(\s*\"([a-z-]+)\"", path.read_text(encoding="utf-8")
        )
    }
    assert {"answered", "turn", "transfer-offered", "outcome"} <= written
    assert sorted(name for name in written if f"`{name}`" not in CALLS) == []


def test_the_page_on_calls_names_every_kind_of_note() -> None:
    assert [kind for kind in JournalKind if f"| `{kind}` |" not in CALLS] == []


def test_the_messages_of_the_desk_are_read_as_shown() -> None:
    from handoff.wire import decode_from_agent, decode_from_desk

    agent = [line for block in blocks(CALLS, "jsonl") for line in block.splitlines()]
    read = {"→": decode_from_agent, "←": decode_from_desk}
    kinds = {(line[0], read[line[0]](line[1:].strip()).type) for line in agent}
    assert kinds == {
        *(("→", kind) for kind in ("hello", "presence", "accept", "decline", "hangup", "wrap_up")),
        *(
            ("←", kind)
            for kind in ("welcome", "presence", "ring", "withdrawn", "connected", "ended", "refused")
        ),
    }
    assert all(json.loads(line[1:]) for line in agent)
