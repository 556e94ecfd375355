"""The console names things as the rest of callbot does, in both languages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from callbot.insight import words

LABELS = Path("console/src/words")
TABLES: Mapping[str, Mapping[str, str]] = {
    "outcome": words.OUTCOMES,
    "followUp": words.FOLLOW_UPS,
    "state": words.STATES,
    "speaker": words.SPEAKERS,
    "intent": words.INTENTS,
    "emotion": words.EMOTIONS,
    "journal": words.JOURNAL,
    "transfer": words.TRANSFERS,
    "transferReason": words.TRANSFER_REASONS,
    "endedBy": words.ENDED_BY,
    "check": words.CHECKS,
    "event": words.EVENTS,
    "owner": words.OWNERS,
    "failed": words.FAILED,
    "alarm": words.ALARMS,
    "promise": words.PROMISES,
    "promiseState": words.PROMISE_STATES,
    "stop": words.STOPS,
    "latency": words.LATENCY,
}


def labels(language: str) -> dict[str, dict[str, str]]:
    read: dict[str, dict[str, str]] = json.loads((LABELS / f"labels.{language}.json").read_text("utf-8"))
    return read


def test_the_console_uses_the_words_of_the_commands() -> None:
    assert labels("zh") == {table: dict(names) for table, names in TABLES.items()}


def test_every_word_exists_in_english_too() -> None:
    chinese, english = labels("zh"), labels("en")
    assert {t: set(names) for t, names in english.items()} == {t: set(names) for t, names in chinese.items()}
    assert all(word.strip() and word.isascii() for names in english.values() for word in names.values())
