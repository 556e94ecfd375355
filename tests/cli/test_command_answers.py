"""What the commands say about a customer who is there."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from command_line import run

from callbot.app import open_database, open_vault
from callbot.audience.assessing import assess_base
from callbot.audience.importing import import_base
from callbot.settings import load_settings
from callbot.testing import FixedClock

SAMPLE = Path(__file__).parents[2] / "callbot" / "audience" / "sample"
IMPORTED = datetime(2026, 11, 18, 1, 0, tzinfo=UTC)
ALLOWED_AT = "2026-11-19T10:00+08:00"
"""A Thursday morning in China."""
NIGHT = "2026-11-19T23:30+08:00"


@pytest.fixture(autouse=True)
def base(place: Path) -> None:
    """The sample customers, imported and judged."""

    async def fill() -> None:
        settings, clock = load_settings(), FixedClock(IMPORTED)
        async with open_database(settings) as db:
            report = await import_base(db, open_vault(settings), SAMPLE, IMPORTED)
            assert not report.problems
            await assess_base(db, clock)

    asyncio.run(fill())


def test_a_customer_is_shown_with_assessment_and_without_a_phone_number() -> None:
    text = run("customer", "show", "YX-1007")
    assert "王晓芸" in text
    assert "沉默阶段" in text
    assert "****" in text
    for output in (text, run("customer", "show", "YX-1007", "--json")):
        assert "10022906680" not in output
    shown = json.loads(run("customer", "show", "YX-1007", "--json"))
    assert shown["customer"]["external_id"] == "YX-1007"


def test_the_door_says_yes_with_status_0_and_no_with_status_3_rule_and_time() -> None:
    assert "王晓芸" in run("permit", "YX-1007", "--at", ALLOWED_AT)
    refused = json.loads(run("permit", "YX-1007", "--at", NIGHT, "--json", status=3))
    assert refused["allowed"] is False
    assert refused["rule"] == "window"
    assert refused["until"] > "2026-11-19T23:30"
    assert refused["because"]


@pytest.mark.parametrize("at", ["tomorrow", "2026-11-19T10:00"])
def test_a_time_without_zone_or_sense_is_refused(at: str) -> None:
    assert "--at" in run("permit", "YX-1007", "--at", at, status=2)


def test_asking_changes_nothing() -> None:
    before = run("customer", "show", "YX-1007", "--json")
    run("permit", "YX-1007", "--at", ALLOWED_AT)
    assert run("customer", "show", "YX-1007", "--json") == before


def test_where_nothing_was_called_yet_the_lists_say_what_to_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALLBOT_DATA", str(tmp_path / "new"))
    assert "callbot demo" in run("call", "list")
    assert "callbot demo" in run("batch", "list")
