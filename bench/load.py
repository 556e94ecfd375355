"""How many calls one core carries: ramps each server until the rule breaks, one point after the other.

    python -m bench.load --servers callbot --calls 50,100,150,200 --report var/load.json
    python -m bench.load --servers bare,pipecat-timeout,pipecat-smart --python var/pipecat/bin/python

Each point has a fresh server on one core and a fresh carrier on another, so that nothing of one point is left
in the next. A server's ramp ends with its first point that is not held. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import signal
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from bench.carrier import process
from bench.rule import breaches, broken_promises, is_void, spread

READY_WITHIN_S = 60.0
STOPPED_WITHIN_S = 20.0
_VERSIONS = ("websockets", "numpy", "onnxruntime", "uvloop")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """A server and its usual ramp."""

    command: tuple[str, ...]
    calls: tuple[int, ...]
    foreign: bool = False
    """Runs under the interpreter of `--python`."""
    dial_rate: float = 20.0
    """Calls a second: what sets a call up must not be what breaks the rule."""
    coughs: bool = False
    """Resumes after a false interruption."""


CONTESTANTS = {
    "callbot": Contestant(
        command=("-m", "bench.media_server"), calls=(50, 100, 150, 200, 250, 300), coughs=True
    ),
    "bare": Contestant(command=("-m", "bench.bare_server"), calls=(50, 100, 150, 200, 250, 300)),
    "pipecat-timeout": Contestant(
        command=("bench/pipecat_server.py", "--turns", "timeout"),
        calls=(5, 10, 15, 20, 25, 30),
        foreign=True,
        dial_rate=2.0,
    ),
    "pipecat-smart": Contestant(
        command=("bench/pipecat_server.py", "--turns", "smart"),
        calls=(2, 5, 8, 10, 12),
        foreign=True,
        dial_rate=2.0,
    ),
}


async def measure(name: str, calls: int, options: argparse.Namespace) -> dict[str, Any]:
    """One point."""
    one = CONTESTANTS[name]
    interpreter = options.python if one.foreign else sys.executable
    extra = [] if one.foreign or not options.reader or name == "bare" else ["--reader", options.reader]
    loop = ["--loop", options.loop] if options.loop else []
    server = await asyncio.create_subprocess_exec(
        interpreter, *one.command, "--port", "0", "--core", str(options.server_core), *extra, *loop,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert server.stdout is not None
    try:
        async with asyncio.timeout(READY_WITHIN_S):
            ready = json.loads(await server.stdout.readline())
        idle = process(ready["pid"])
        carrier = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.carrier", "--core", str(options.carrier_core),
            "--port", ready["url"].split(":")[2].split("/")[0], "--calls", str(calls),
            "--seconds", str(options.seconds), "--silence-ms", str(ready["end_of_turn_ms"]),
            "--dial-rate", str(one.dial_rate), "--pid", str(ready["pid"]),
            "--cough-every", "5" if one.coughs else "0",
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        printed, _ = await carrier.communicate()
        point: dict[str, Any] = json.loads(printed)
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOPPED_WITHIN_S):
                last = (await server.stdout.read()).splitlines()
                await server.wait()
        except TimeoutError:
            server.kill()
            last = []
    point["server"] = name
    point["server_stopped"] = json.loads(last[-1]) if last else {}
    point["mb_per_call"] = round((point["server_rss_mb"] - idle["rss_mb"]) / calls, 2)
    return point


async def ramp(name: str, calls: tuple[int, ...], options: argparse.Namespace) -> list[dict[str, Any]]:
    """Points until one is not held."""
    points = []
    for count in calls:
        point = await measure(name, count, options)
        points.append(point)
        print(row(point), flush=True)
        if breaches(point) and not is_void(point):
            break
    return points


HEAD = (
    "| server | calls | CPU % | CPU % a call | overhead ms | barge-in ms | resume ms | late ms | false pauses "
    "| unanswered | loop lag p99 ms | MB a call | generator late p99 ms | verdict |\n" + "|---" * 14 + "|"
)


def row(point: dict[str, Any]) -> str:
    """One line of the table; spreads are p50/p95/p99."""
    noticed = point["noticed"]
    cells = [
        point["server"],
        point["calls"],
        point["server_cpu_percent"],
        f"{point['server_cpu_percent'] / point['calls']:.2f}",
        spread(noticed["overhead"]),
        spread(noticed["barge_in"]),
        spread(noticed["resumed"]),
        spread(noticed["late"]),
        noticed["false_pauses"],
        f"{noticed['unanswered']} of {noticed['turns']}",
        point["server_stopped"].get("loop_lag_ms", {}).get("p99", "–"),
        point["mb_per_call"],
        point["generator_late_p99_ms"],
        verdict(point),
    ]
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def verdict(point: dict[str, Any]) -> str:
    if is_void(point):
        return "void: the generator was late"
    if broken := breaches(point):
        return "not held: " + ", ".join(broken)
    if broken := broken_promises(point):
        return "held, but " + ", ".join(broken)
    return "held"


def machine() -> str:
    found = []
    for name in _VERSIONS:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"no {name}")
    cpu = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), "")
    return f"{cpu.split(':')[-1].strip()}, Python {platform.python_version()}, {', '.join(found)}"


async def main_async(options: argparse.Namespace) -> None:
    print(f"{machine()}; load of the machine before: {os.getloadavg()[0]:.1f}\n\n{HEAD}", flush=True)
    points = []
    for name in options.servers.split(","):
        wanted = tuple(int(count) for count in options.calls.split(",")) if options.calls else None
        points += await ramp(name, wanted or CONTESTANTS[name].calls, options)
    if lags := [lag for point in points for lag in point["voice_activity_lag_ms"]]:
        print(f"\nvoice-activity lag of the clips, ungated model: p50/p95/p99 {spread(lags)} ms")
    if options.report:
        options.report.parent.mkdir(parents=True, exist_ok=True)
        options.report.write_text(json.dumps(points))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--servers", default="callbot", help=f"of {', '.join(CONTESTANTS)}")
    parser.add_argument("--calls", default="", help="the ramp, e.g. 50,100,150; default: each server's own")
    parser.add_argument("--seconds", type=float, default=30.0, help="measured at each point")
    parser.add_argument("--python", default=sys.executable, help="the interpreter that has Pipecat")
    parser.add_argument("--reader", choices=("instant", "local"), default="", help="callbot only")
    parser.add_argument("--loop", choices=("asyncio", "uvloop"), default="")
    parser.add_argument("--server-core", type=int, default=0)
    parser.add_argument("--carrier-core", type=int, default=1)
    parser.add_argument("--report", type=Path, help="every figure as JSON")
    asyncio.run(main_async(parser.parse_args()))


if __name__ == "__main__":
    main()
