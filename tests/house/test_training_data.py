"""What the reader learns from stays as it is described, and apart from what it is measured on."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from bench.reader_data import FOLDER, Example, examples, families, nearest
from callbot.conversation.labels import Emotion, Intent, Signal
from callbot.conversation.understand.normal import essence

LONG = 8
"""Characters from which two people hardly ever say the same thing by chance."""
TESTS = ("test", "test_two", "test_four")
SEALED = (*TESTS, "develop_two")
"""Written before the training by authors who saw none of it; the last has become a set to develop on."""


@cache
def learnt() -> tuple[Example, ...]:
    return tuple(examples())


def written_rows() -> list[dict[str, str]]:
    return [
        json.loads(line)
        for path in sorted((FOLDER / "train").glob("*.jsonl"))
        for line in path.read_text("utf-8").splitlines()
    ]


def test_every_label_has_been_written_often_enough() -> None:
    rows = [row for row in written_rows() if row["origin"] == "written"]
    intents, emotions = (Counter(row[name] for row in rows) for name in ("intent", "emotion"))
    signals = Counter(example.signal for example in learnt())
    assert {intent: intents[intent] for intent in Intent if intents[intent] < 200} == {}
    assert {emotion: emotions[emotion] for emotion in Emotion if emotions[emotion] < 150} == {}
    assert {signal: signals[signal] for signal in Signal if signals[signal] < 50} == {}


def test_templates_do_not_pass_as_writing() -> None:
    texts = [example.core for example in learnt()]
    alike = Counter(families(texts))
    assert max(alike.values()) <= 12
    assert len(alike) >= 0.97 * len(texts)


@pytest.mark.parametrize("name", SEALED)
def test_what_is_measured_on_has_not_been_learnt(name: str) -> None:
    said = [essence(text) for path in sorted((FOLDER / name).glob("*.jsonl")) for text in callee_words(path)]
    shares = nearest([text for text in said if len(text) >= LONG], [example.core for example in learnt()])
    # Counts only: whoever reads a failure shall not read the test set.
    assert sum(share == 1 for share in shares) <= 0.005 * len(shares)
    assert sum(share >= 0.5 for share in shares) <= 0.06 * len(shares)


def test_nothing_is_learnt_from_what_rules_are_developed_on() -> None:
    said = [
        essence(text)
        for path in sorted((FOLDER / "develop").glob("*.jsonl"))
        for text in callee_words(path)
        if len(essence(text)) >= LONG
    ]
    shares = nearest(said, [example.core for example in learnt()])
    assert said
    assert max(shares) < 1


def callee_words(path: Path) -> list[str]:
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [
        text
        for row in rows
        for text in (
            [row["text"]]
            if "text" in row
            else [turn["text"] for turn in row["turns"] if turn["role"] == "callee"]
        )
    ]


@pytest.mark.parametrize("name", SEALED)
def test_the_test_sets_are_those_that_were_there_before_the_training(name: str) -> None:
    folder = FOLDER / name
    noted = "\n".join(
        path.read_text("utf-8") for path in (folder / "README.md", folder / "SHA256SUMS") if path.exists()
    )
    sums = {file: found for found, file in re.findall(r"\b([0-9a-f]{64})\s+(\w+\.jsonl)", noted)}
    files = sorted(folder.glob("*.jsonl"))
    assert files
    assert {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files} == sums
