"""Examples and lists in the docs are those of the code."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from callbot.conversation.condition import CONDITIONS
from callbot.conversation.flow import NEEDED_LINES, Do, Flow
from callbot.conversation.flow_loader import load_flow, schema
from callbot.conversation.labels import Emotion, Intent, Outcome, TransferReason
from callbot.conversation.result import JournalKind
from callbot.conversation.wording import PLACEHOLDERS
from callbot.errors import BadInput
from callbot.store.database import Database

ROOT = Path(__file__).parents[2]
FLOWS = (ROOT / "docs" / "flows.md").read_text(encoding="utf-8")
IMPORT = (ROOT / "docs" / "import.md").read_text(encoding="utf-8")
CALLS = (ROOT / "docs" / "calls.md").read_text(encoding="utf-8")


def blocks(page: str, kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """The flow of docs/flows.md as a file, beside what it extends."""
    for name in ("common.yaml", "common.faq.yaml"):
        shutil.copy(ROOT / "dialog_flows" / name, tmp_path / name)
    file = tmp_path / "winback" / "bookshop.yaml"
    file.parent.mkdir()
    file.write_text(next(text for text in blocks(FLOWS, "yaml") if text.startswith("flow:")), encoding="utf-8")
    return file


def test_the_example_flow_is_a_flow(shop: Path) -> None:
    flow: Flow = load_flow(shop)
    assert flow.name == "winback/bookshop"
    assert flow.steps["offer"].then[Intent.CONSIDERING].goto == "close_later"
    (condition,) = flow.steps["offer"].when[Emotion.HESITANT].only_if
    assert (condition.name, condition.known) == ("offer.deadline", True)
    assert flow.steps["close_interested"].end is Outcome.INTERESTED
    assert set(flow.line("booked").promises.values()) == {"agent_contact"}


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
    [Intent, Emotion, TransferReason, Do, CONDITIONS, NEEDED_LINES, tuple(schema()["properties"])],
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
    from handoff.wire import (
        decode_from_agent,
        decode_from_desk,
        decode_from_supervisor,
        decode_to_supervisor,
    )

    agents, supervisors = CALLS.split("### Supervisors")
    for page, read, kinds in (
        (
            agents,
            {"→": decode_from_agent, "←": decode_from_desk},
            {
                "→": "hello presence accept decline hold mute hand_back hangup wrap_up pong",
                "←": "welcome presence ring brief said withdrawn connected level hold mute party ended ping "
                "refused",
            },
        ),
        (
            supervisors,
            {"→": decode_from_supervisor, "←": decode_to_supervisor},
            {"→": "mode end", "←": "listening over"},
        ),
    ):
        shown = [line for block in blocks(page, "jsonl") for line in block.splitlines()]
        assert {(line[0], read[line[0]](line[1:].strip()).type) for line in shown} == {
            (arrow, kind) for arrow, names in kinds.items() for kind in names.split()
        }
        assert all(json.loads(line[1:]) for line in shown)


def test_the_lists_of_the_page_on_imports_are_read_as_shown(tmp_path: Path) -> None:
    from callbot.audience.row_reading import COLUMNS, Part, RowReader
    from callbot.audience.sheet import open_sheet
    from callbot.store.phones import PhoneVault

    now = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    shown = dict(zip((Part.CUSTOMERS, Part.EVENTS), blocks(IMPORT, "jsonl"), strict=True))
    for part, text in shown.items():
        file = tmp_path / f"{part}.jsonl"
        file.write_text(text, encoding="utf-8")
        reader = RowReader(part=part, now=now, vault=PhoneVault(bytes(32), bytes(32)))
        portion = reader.portion(open_sheet(file, COLUMNS[part]).rows())
        assert portion.rejected == []
        assert portion.rows == len(text.splitlines())


async def test_the_answer_of_the_page_on_imports_is_the_answer_given(
    sqlite_database: Database, tmp_path: Path
) -> None:
    from callbot.store import api_tokens
    from callbot.store.phones import PhoneVault
    from callbot.store.tables import ApiToken
    from callbot.testing import FixedClock
    from callbot.web.access.secret import new_token, secret_hash
    from callbot.web.app import create_app
    from callbot.web.site import build_site

    clock = FixedClock(datetime(2026, 3, 2, 9, 30, tzinfo=UTC))
    vault, token = PhoneVault(bytes(32), bytes(32)), new_token()
    scopes = ["intake.customers", "intake.events"]
    row = ApiToken(name="crm", prefix="", token_hash=secret_hash(token), scopes=scopes, made_at=clock.now())
    async with sqlite_database.write() as session:
        await api_tokens.add(session, row)
    app = create_app(build_site(db=sqlite_database, vault=vault, clock=clock, data=tmp_path))
    customer = json.loads(blocks(IMPORT, "jsonl")[0].splitlines()[0])
    sent, shown = (json.loads(text) for text in blocks(IMPORT, "json"))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app),
        base_url="http://127.0.0.1",
        headers={"Authorization": f"Bearer {token}"},
    ) as client:
        made = (await client.post("/api/customers", json=customer)).json()["results"][0]["customer_id"]
        answer = await client.post("/api/events", json=sent)
    assert answer.status_code == 207
    assert answer.text.replace(made, "01KJK6X8E1V3N5R9T2W4Y6Z8AB") == json.dumps(
        shown, ensure_ascii=False, separators=(",", ":")
    )


def test_the_page_on_imports_names_every_column_and_kind() -> None:
    from callbot.audience import columns

    named = set(re.findall(r"`([a-z_ ]+)`", IMPORT.replace("\n", " ")))
    words = {word for each in named for word in each.split()}
    lists = (*columns.CUSTOMERS, *columns.ORDERS, *columns.EVENTS, *columns.CONSENTS, *columns.OFFERS)
    english = {column.key.replace("_fen", "_yuan") for column in lists}
    assert english - words == set()
    assert set(columns.KINDS.values()) - words == set()
    assert [kind for kind in columns.KINDS if kind not in IMPORT] == []
