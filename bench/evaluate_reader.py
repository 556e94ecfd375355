"""Measures the local reader, the transfer decision and the outcome on labelled files.

    python bench/evaluate_reader.py bench/understanding/test

Reads `utterances.jsonl` ({"id", "text", "label", "emotion", "hard", "turns"?}), `transfers.jsonl` ({"id",
"turns": [{"role", "text"}], "transfer", "reason", "turn", "misleading"}) and `dialogues.jsonl` ({"id",
"turns", "outcome", "follow_up", "callback_time"}) of the folder. Intervals are 95 % bootstrap intervals.
A prompt that only says why nobody can be reached counts as voicemail, and 空号 as wrong_number, as the
labels have it.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import f1_score, precision_recall_fscore_support

from callbot.conversation.labels import Intent, Outcome, TransferReason
from callbot.conversation.outcome import Handover, Stance, decide
from callbot.conversation.reading import Context
from callbot.conversation.transfer import Need, Said, need
from callbot.conversation.understand import LocalReader
from callbot.conversation.understand.context import asked

SAMPLES = 1000


def lines(path: Path) -> list[dict[str, Any]]:
    rows = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        try:
            rows.append(json.loads(line))
        except ValueError as error:
            raise SystemExit(f"{path}, line {number}: {error}; correct the line") from None
    return rows


def interval(count: int, measure: Callable[[np.ndarray[Any, Any]], float]) -> str:
    """The measure on all of `count` items, with the interval from resampled ones."""
    if not count:
        return "no items"
    chance = np.random.default_rng(0)
    values = [measure(chance.integers(0, count, count)) for _ in range(SAMPLES)]
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return f"{measure(np.arange(count)):.3f} [{low:.3f}, {high:.3f}]"


def share(right: Sequence[bool]) -> str:
    hits = np.array(right, dtype=float)
    return interval(len(hits), lambda some: float(hits[some].mean()))


def report(name: str, truth: Sequence[str], guess: Sequence[str]) -> None:
    labels = sorted(set(truth))
    meant, read = np.array(truth), np.array(guess)

    def macro(some: np.ndarray[Any, Any]) -> float:
        present = sorted(set(meant[some]))
        return float(f1_score(meant[some], read[some], labels=present, average="macro", zero_division=0))

    print(f"\n== {name}: {len(truth)} items")
    print(f"accuracy {share((meant == read).tolist())}, macro-F1 {interval(len(truth), macro)}")
    precision, recall, _, support = precision_recall_fscore_support(meant, read, labels=labels, zero_division=0)
    for place, label in enumerate(labels):
        of_label = (read[meant == label] == label).tolist()
        as_label = (meant[read == label] == label).tolist()
        print(
            f"  {label:34} precision {precision[place]:.3f}, recall {recall[place]:.3f} "
            f"(n={support[place]}; P {share(as_label)}; R {share(of_label)})"
        )
    worst = Counter((t, g) for t, g in zip(truth, guess, strict=True) if t != g).most_common(10)
    print("  worst confusions: " + ", ".join(f"{t} as {g} {count}" for (t, g), count in worst))


def heard(reader: LocalReader, turns: Sequence[dict[str, str]]) -> list[Said]:
    """What the callee said, each turn read after the bot's words before it."""
    history: list[Said] = []
    bot_said = ""
    for place, turn in enumerate(turns):
        if turn["role"] == "bot":
            bot_said = turn["text"]
            continue
        asks = asked(Context(bot_said=bot_said))
        reading = reader.understand(turn["text"], Context(bot_said=bot_said, asks=asks))
        history.append(Said(turn=place, text=turn["text"], reading=reading, bot_said=bot_said, asks=asks))
    return history


def utterances(reader: LocalReader, rows: list[dict[str, Any]]) -> None:
    readings, took = [], []
    for row in rows:
        bot = next((t["text"] for t in reversed(row.get("turns") or []) if t["role"] == "bot"), "")
        began = time.perf_counter()
        readings.append(reader.understand(row["text"], Context(bot_said=bot)))
        took.append((time.perf_counter() - began) * 1000)
    report("intent", [row["label"] for row in rows], [reading.intent.value for reading in readings])
    hard = [place for place, row in enumerate(rows) if row.get("hard")]
    report(
        "intent, hard items",
        [rows[place]["label"] for place in hard],
        [readings[place].intent.value for place in hard],
    )
    report("emotion", [row["emotion"] for row in rows], [reading.emotion.value for reading in readings])
    print("\n== confidence of intents")
    for low, high in ((0.0, 0.35), (0.35, 0.5), (0.5, 0.7), (0.7, 0.9), (0.9, 1.01)):
        right = [
            reading.intent.value == row["label"]
            for row, reading in zip(rows, readings, strict=True)
            if low <= reading.confidence < high
        ]
        print(f"  {low:.2f} to {min(high, 1):.2f}: {len(right)} items, right {share(right)}")
    print(
        f"\nwall time of a reading: p50 {np.percentile(took, 50):.1f} ms, p95 {np.percentile(took, 95):.1f} ms"
    )


def transfers(reader: LocalReader, rows: list[dict[str, Any]]) -> None:
    found: list[Need | None] = [need(heard(reader, row["turns"])) for row in rows]
    meant = [bool(row["transfer"]) for row in rows]
    pairs = list(zip(rows, found, meant, strict=True))
    print(f"\n== transfer: {len(rows)} snippets")
    print(
        f"precision {share([m for _, f, m in pairs if f])}, recall {share([bool(f) for _, f, m in pairs if m])}"
    )
    for reason in TransferReason:
        caught = [bool(f) for r, f, m in pairs if m and r["reason"] == reason]
        print(f"  recall of {reason.value:26} {share(caught)}")
    print(
        f"  reason right where both transfer {share([f.reason == r['reason'] for r, f, m in pairs if f and m])}"
    )
    print(f"  turn right where both transfer {share([f.turn == r['turn'] for r, f, m in pairs if f and m])}")
    tempting = [bool(f) for r, f, m in pairs if r.get("misleading") and not m]
    print(f"  false transfers on misleading snippets {share(tempting)}")


def dialogues(reader: LocalReader, rows: list[dict[str, Any]]) -> None:
    outcomes, follow_ups, spoken = [], [], []
    for row in rows:
        said = heard(reader, row["turns"])
        needed = need(said)
        decision = decide(
            [
                Stance(
                    turn=each.turn,
                    words=each.text,
                    intents=(each.reading.intent, *each.reading.others),
                    asks=each.asks,
                    slots=each.reading.slots,
                )
                for each in said
            ],
            handovers=[Handover(turn=needed.turn, reason=needed.reason, connected=True)] if needed else [],
        )
        outcome = decision.outcome
        if said and all(each.reading.intent is Intent.ANNOUNCEMENT for each in said):
            invalid = outcome is Outcome.INVALID_NUMBER
            outcome = Outcome.WRONG_NUMBER if invalid else Outcome.VOICEMAIL
        outcomes.append(outcome.value)
        follow_ups.append(decision.follow_ups[0].value)
        if row.get("callback_time") and outcome is Outcome.CALLBACK:
            spoken.append(decision.callback_spoken == row["callback_time"])
    report("outcome", [row["outcome"] for row in rows], outcomes)
    report("follow-up", [row["follow_up"] for row in rows], follow_ups)
    print(f"\ncall-back time, word for word, where both call back: {share(spoken)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    reader = LocalReader()
    for name, measure in (("utterances", utterances), ("transfers", transfers), ("dialogues", dialogues)):
        path = folder / f"{name}.jsonl"
        if path.exists():
            measure(reader, lines(path))
        else:
            print(f"{path} is missing: not measured")


if __name__ == "__main__":
    main()
