"""How often the recorded outcome is what the simulated callee meant, over many seeds, and the turn latency.

    python -m bench.demo_agreement --seeds 101-120 --reports var/agreement --lines 8

Each seed is one whole `callbot demo --exit`: other phrasings, real speech of the callees, real recogniser.
The bot speaks with the system's voice (`--voice kokoro` changes it): callees hear its energy only, and a
machine of two cores then has time for more calls at once. A seed whose report is there already is not run
again. Prints Markdown.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from callbot.insight.latency import latency_table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="101-120", help="first-last")
    parser.add_argument("--reports", type=Path, default=Path("var/agreement"))
    parser.add_argument("--lines", type=int, default=8)
    parser.add_argument("--voice", choices=("system", "kokoro"), default="system")
    options = parser.parse_args()
    first, last = (int(part) for part in options.seeds.split("-"))
    options.reports.mkdir(parents=True, exist_ok=True)
    reports = [report(seed, options) for seed in range(first, last + 1)]
    print(markdown(reports))


def report(seed: int, options: argparse.Namespace) -> dict[str, Any]:
    """The demo's report for one seed, run if it is not there yet."""
    path = options.reports / f"{seed}.json"
    if not path.is_file():
        command = [sys.executable, "-m", "callbot", "demo", "--exit", "--fresh", "--quiet", "--seed", str(seed)]
        command += [
            "--lines",
            str(options.lines),
            "--data",
            str(options.reports / "demo"),
            "--report",
            str(path),
        ]
        environment = {**os.environ, "CALLBOT_MODELS__VOICE": options.voice}
        subprocess.run(command, check=False, env=environment)
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def markdown(reports: list[dict[str, Any]]) -> str:
    """Agreement by persona, the confusions, and the latency split over all bot turns."""
    calls = [call for report in reports for call in report["calls"]]
    right = sum(call["agrees"] for call in calls)
    lines = [
        f"{len(reports)} seeds, {len(calls)} attempts: {right} agree ({right / len(calls):.1%}); "
        f"missed do-not-calls {sum(len(r['missed_do_not_call']) for r in reports)}, "
        f"missed complaints {sum(len(r['missed_complaint']) for r in reports)}, "
        f"calls without an outcome {sum(len(r['without_outcome']) for r in reports)}.",
        "",
        "| persona | means | agree | otherwise recorded as |",
        "|---|---|---|---|",
    ]
    for persona in sorted({call["persona"] for call in calls}):
        own = [call for call in calls if call["persona"] == persona]
        wrong = Counter(call["outcome"] for call in own if not call["agrees"])
        lines.append(
            f"| {persona} | {own[0]['meant']} | {sum(call['agrees'] for call in own)}/{len(own)} | "
            f"{', '.join(f'{name} {count}' for name, count in wrong.items()) or '–'} |"
        )
    lines += ["", "| part of the turn, ms | turns | p50 | p95 | worst |", "|---|---|---|---|---|"]
    for row in latency_table(turn for report in reports for turn in report["latencies"]):
        lines.append(f"| {row.part} | {row.turns} | {row.p50:.0f} | {row.p95:.0f} | {row.worst:.0f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
