"""Turn latency with the packaged recogniser and voice at 1, 2 and 4 calls, and how many calls that makes.

    python -m bench.real_models --lines 1,2,4
    python -m bench.real_models --lines 2 --personas interested,refuses

For each number of lines one whole `callbot demo --exit` over the same callees: real speech both ways, packaged
Whisper, local reader, Kokoro. A first run that is not counted fills the voice cache (`--cold` leaves it out and
forgets the cache before each run). Turn latency is what callbot stores with each turn; when the opener is heard
is read from the finished recordings: the first sound on the bot's channel after the carrier's `start`. CPU is
that of all processes, the simulated carrier and agents included, from the first call on. Prints Markdown.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
import wave
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from callbot.insight.latency import latency_table
from callbot.resources import folder

_SOUND = 500
"""Above the noise of the recogniser's own line, far below speech (16-bit samples)."""
_PROMPT_MS = 1_500
"""From the callee's last word to the answer, p95: a longer pause is no conversation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One demo."""

    lines: int
    report: Mapping[str, Any]
    wall_s: float
    cpu_s: float
    """From the first call on: models are loaded and openers are spoken before."""
    talked_s: float
    """Length of all its calls together."""
    openers_ms: Sequence[float]

    @property
    def cores_a_call(self) -> float:
        """CPU seconds for a second of one call."""
        return self.cpu_s / self.talked_s if self.talked_s else 0.0

    @property
    def answer_p95_ms(self) -> float:
        return next((row.p95 for row in latency_table(self.report["latencies"]) if row.part == "total"), 0.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", default="1,2,4")
    parser.add_argument("--personas", default="", help="only these callees, by name; default: all")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--data", type=Path, default=Path("var/real-models"))
    parser.add_argument("--cold", action="store_true", help="forget the spoken lines before each run")
    options = parser.parse_args()
    options.data.mkdir(parents=True, exist_ok=True)
    callees = chosen(options)
    if not options.cold:
        demo(4, callees, options)
    runs = []
    for lines in (int(part) for part in options.lines.split(",")):
        if options.cold:
            shutil.rmtree(options.data / "voices", ignore_errors=True)
        runs.append(demo(lines, callees, options))
    print_latencies(runs)
    print_openers(runs)
    print(f"\n{word(runs)}")


def print_latencies(runs: Sequence[Run]) -> None:
    print("| lines | part of the turn, ms | p50 | p95 | max | turns |\n|---|---|---|---|---|---|")
    for run in runs:
        for row in latency_table(run.report["latencies"]):
            print(
                f"| {run.lines} | {row.part} | {row.p50:.0f} | {row.p95:.0f} | {row.worst:.0f} | {row.turns} |"
            )


def print_openers(runs: Sequence[Run]) -> None:
    print(
        "\n| lines | opener heard after, ms: p50 | p95 | max | calls | outcomes as meant | s | CPU s in calls ",
        end="",
    )
    print("| CPU a second of call |\n|---|---|---|---|---|---|---|---|---|")
    for run in runs:
        p50, p95, worst = (
            np.quantile(run.openers_ms or [np.nan], part, method="higher") for part in (0.5, 0.95, 1.0)
        )
        right = sum(call["agrees"] for call in run.report["calls"])
        print(
            f"| {run.lines} | {p50:.0f} | {p95:.0f} | {worst:.0f} | {len(run.openers_ms)} "
            f"| {right}/{len(run.report['calls'])} | {run.wall_s:.0f} | {run.cpu_s:.0f} "
            f"| {run.cores_a_call:.2f} |"
        )


def word(runs: Sequence[Run]) -> str:
    """How many calls this machine carries with local models."""
    cores = len(os.sched_getaffinity(0))
    prompt = [run.lines for run in runs if 0 < run.answer_p95_ms <= _PROMPT_MS]
    dearest = max(run.cores_a_call for run in runs)
    held = (
        f"at up to {max(prompt)} calls at once the answer came within {_PROMPT_MS / 1000:g} s (p95)"
        if prompt
        else f"at no number of calls tried did the answer come within {_PROMPT_MS / 1000:g} s (p95)"
    )
    most = f"{cores / dearest:.1f}" if dearest else "?"
    return f"With local models, {cores} cores: {held}; by its CPU the machine is full at {most} calls."


def chosen(options: argparse.Namespace) -> Path:
    """The folder of the callees."""
    all_of_them = folder("recordings_fixtures") / "personas"
    if not options.personas:
        return all_of_them
    place: Path = options.data / "personas"
    shutil.rmtree(place, ignore_errors=True)
    for name in options.personas.split(","):
        shutil.copytree(all_of_them / name, place / name)
    return place


def demo(lines: int, callees: Path, options: argparse.Namespace) -> Run:
    """Hold one. Ends the program where the demo did not get to its end."""
    report = options.data / "report.json"
    report.unlink(missing_ok=True)
    shutil.rmtree(options.data / "recordings", ignore_errors=True)
    command = [sys.executable, "-m", "callbot", "demo", "--exit", "--fresh", "--quiet"]
    command += ["--seed", str(options.seed), "--lines", str(lines), "--personas", str(callees)]
    command += ["--data", str(options.data), "--report", str(report)]
    started = time.monotonic()
    with subprocess.Popen(command, stdout=sys.stderr) as program:
        begun_cpu_s = last_cpu_s = 0.0
        while program.poll() is None:
            last_cpu_s = max(last_cpu_s, cpu_of(program.pid))
            if not begun_cpu_s and recordings(options.data):
                begun_cpu_s = last_cpu_s
            time.sleep(0.5)
    wall_s, status = time.monotonic() - started, program.returncode
    if not report.is_file():
        raise SystemExit(f"{' '.join(command)} ended with status {status} and wrote no report")
    bots = [bot_in(path) for path in recordings(options.data)]
    return Run(
        lines=lines,
        report=json.loads(report.read_text(encoding="utf-8")),
        wall_s=wall_s,
        cpu_s=last_cpu_s - begun_cpu_s,
        talked_s=sum(seconds for _, seconds in bots),
        openers_ms=sorted(sound for sound, _ in bots if sound >= 0),
    )


def recordings(data: Path) -> Sequence[Path]:
    return sorted((data / "recordings").rglob("*.wav"))


def bot_in(path: Path) -> tuple[float, float]:
    """Until the first sound on the bot's channel, in ms, -1 where there is none; and the length in s."""
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(
            -1, file.getnchannels()
        )
        loud = np.flatnonzero(np.abs(samples[:, 1].astype(np.int32)) > _SOUND)
        first_ms = float(loud[0]) * 1000 / file.getframerate() if loud.size else -1.0
        return first_ms, len(samples) / file.getframerate()


def cpu_of(pid: int) -> float:
    """CPU seconds of a process and all it has started, those that have ended included."""
    total = 0.0
    try:
        root = psutil.Process(pid)
        for one in (root, *root.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                total += sum(one.cpu_times()[:4])
    except psutil.NoSuchProcess:
        return 0.0
    return total


if __name__ == "__main__":
    main()
