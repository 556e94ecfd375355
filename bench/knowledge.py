"""How often the knowledge of the shipped flows is found: the figures of docs/flows.md.

    python bench/knowledge.py [FILE.jsonl]

Each line of the file is `{"flow", "text", "entry"}`: a question, and the entry that answers it, empty where
nobody wrote down an answer.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from callbot.conversation.flow import Flow
from callbot.conversation.flow_loader import load_flows
from callbot.conversation.lookup import Found, MeaningLookup, look_by_pieces
from callbot.resources import folder

HELD_OUT = Path(__file__).parents[1] / "tests" / "conversation" / "knowledge_held_out.jsonl"


def main(path: Path) -> None:
    flows = load_flows(folder("dialog_flows"))
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    ways: tuple[tuple[str, Callable[[Flow, str], Found | None]], ...] = (
        ("characters and sounds", look_by_pieces),
        ("with sentence vectors", MeaningLookup().look),
    )
    for name, look in ways:
        counts = Counter(_judged(look(flows[row["flow"]], row["text"]), row["entry"]) for row in rows)
        known = sum(bool(row["entry"]) for row in rows)
        print(
            f"{name}: right {counts['right']}/{known}, wrong {counts['wrong']}/{known}, "
            f"not answered {counts['missed']}/{known}, invented {counts['invented']}/{len(rows) - known}"
        )


def _judged(found: Found | None, entry: str) -> str:
    if found is None:
        return "missed" if entry else "left"
    if not entry:
        return "invented"
    return "right" if found.name == entry else "wrong"


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HELD_OUT)
