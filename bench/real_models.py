"""Turn latency with the packaged recogniser and voice at 1, 2 and 4 calls, and how soon the opener is heard.

    python -m bench.real_models --lines 1,2,4

For each number of lines one whole `callbot demo --exit` over the same callees: real speech both ways, packaged
Whisper, local reader, Kokoro. A first run that is not counted fills the voice cache (`--cold` leaves it out and
forgets the cache before each run). Turn latency is what callbot stores with each turn; when the opener is heard
is read from the finished recordings: the first sound on the bot's channel after the carrier's `start`. Prints
Markdown.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from callbot.insight.latency import latency_table

_SOUND = 500
"""Above the noise of the recogniser's own line, far below speech (16-bit samples)."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", default="1,2,4")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--data", type=Path, default=Path("var/real-models"))
    parser.add_argument("--cold", action="store_true", help="forget the spoken lines before each run")
    options = parser.parse_args()
    if not options.cold:
        demo(4, options)
    rows, openers = [], []
    for lines in (int(part) for part in options.lines.split(",")):
        if options.cold:
            shutil.rmtree(options.data / "voices", ignore_errors=True)
        report, wall, cpu = demo(lines, options)
        right = sum(call["agrees"] for call in report["calls"])
        for row in latency_table(report["latencies"]):
            rows.append(
                f"| {lines} | {row.part} | {row.p50:.0f} | {row.p95:.0f} | {row.worst:.0f} | {row.turns} |"
            )
        heard = sorted(first_sound_ms(path) for path in recordings(options.data))
        p50, p95, worst = (np.quantile(heard, part, method="higher") for part in (0.5, 0.95, 1.0))
        meant = f"{right}/{len(report['calls'])}"
        openers.append(
            f"| {lines} | {p50:.0f} | {p95:.0f} | {worst:.0f} | {len(heard)} | {meant} "
            f"| {wall:.0f} | {cpu:.0f} |"
        )
    print("| lines | part of the turn, ms | p50 | p95 | max | turns |\n|---|---|---|---|---|---|")
    print("\n".join(rows))
    print("\n| lines | opener heard after, ms: p50 | p95 | max | calls | outcomes as meant | s | s of CPU |")
    print("|---|---|---|---|---|---|---|---|")
    print("\n".join(openers))


def demo(lines: int, options: argparse.Namespace) -> tuple[dict[str, Any], float, float]:
    """The demo's report, and the wall and CPU seconds of all its processes."""
    report = options.data / "report.json"
    options.data.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable,
        "-m",
        "callbot",
        "demo",
        "--exit",
        "--fresh",
        "--quiet",
        "--seed",
        str(options.seed),
    ]
    command += ["--lines", str(lines), "--data", str(options.data), "--report", str(report)]
    before, started = _cpu_of_children(), time.monotonic()
    subprocess.run(command, check=False)
    wall, cpu = time.monotonic() - started, _cpu_of_children() - before
    found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return found, wall, cpu


def recordings(data: Path) -> Sequence[Path]:
    """Of calls in which the bot spoke."""
    found = sorted((data / "recordings").rglob("*.wav"))
    return [path for path in found if first_sound_ms(path) >= 0]


def first_sound_ms(path: Path) -> float:
    """Until the first sound on the bot's channel, in ms; -1 where there is none."""
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(
            -1, file.getnchannels()
        )
        loud = np.flatnonzero(np.abs(samples[:, 1].astype(np.int32)) > _SOUND)
        return float(loud[0]) * 1000 / file.getframerate() if loud.size else -1.0


def _cpu_of_children() -> float:
    times = psutil.Process().cpu_times()
    return times.children_user + times.children_system


if __name__ == "__main__":
    main()
