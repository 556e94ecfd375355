"""What calls cost in memory while they last, and what is left of a thousand of them.

    python -m bench.leak

One server holds `--idle` silent calls at once, then `--calls` short calls in waves. After each wave it says how
many tasks, files and threads it has and how large it is. Prints Markdown.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from typing import Any

from asr_tts.models import model_directory
from bench.carrier import PHASES, Call, tick
from bench.clips import Clips, load_clips
from callbot.settings import load_settings

HEAD = "| after | calls open | tasks | files | threads | RSS MB |\n|---|---|---|---|---|---|"


class Server:
    """`bench.media_server` in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self.process = process
        self.port = port

    @staticmethod
    async def start() -> Server:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.media_server", "--port", "0", stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        ready = json.loads(await process.stdout.readline())
        return Server(process, int(ready["url"].split(":")[2].split("/")[0]))

    async def stop(self) -> dict[str, Any]:
        """End it; its last words."""
        assert self.process.stdout is not None
        self.process.send_signal(signal.SIGTERM)
        last: dict[str, Any] = json.loads((await self.process.stdout.read()).splitlines()[-1])
        await self.process.wait()
        return last

    async def now(self, after: str) -> dict[str, Any]:
        """Ask what it holds, and print it."""
        assert self.process.stdout is not None
        self.process.send_signal(signal.SIGUSR1)
        found: dict[str, Any] = json.loads(await self.process.stdout.readline())
        print(
            f"| {after} | {found['calls']} | {found['tasks']} | {found['files']} | {found['threads']} "
            f"| {found['rss_mb']:.1f} |",
            flush=True,
        )
        return found


async def talk(server: Server, clips: Clips, count: int, seconds: float, options: argparse.Namespace) -> None:
    """So many calls at once, for so long, each hung up by the callee."""
    calls = [Call(number, clips, 0.6, options) for number in range(count)]
    phases: list[list[Call]] = [[] for _ in range(PHASES)]
    ticking = asyncio.ensure_future(tick(phases, []))
    for call in calls:
        await call.dial("127.0.0.1", server.port)
        phases[call.number % PHASES].append(call)
    await asyncio.sleep(seconds)
    if options.on_full is not None:
        await options.on_full()
    for call in calls:
        call.hang_up()
    await asyncio.gather(*(call.over.wait() for call in calls))
    ticking.cancel()


async def run(options: argparse.Namespace, clips: Clips) -> None:
    server = await Server.start()
    print(HEAD)
    options.on_full = None
    await talk(server, clips, 5, 3.0, options)
    await asyncio.sleep(2)
    base = await server.now("5 calls: everything is loaded")

    async def measure_idle() -> None:
        full = await server.now(f"{options.idle} silent calls, open")
        share = (full["rss_mb"] - base["rss_mb"]) / max(1, full["calls"])
        print(f"\nMemory of an idle call: {share:.2f} MB\n\n{HEAD}")

    options.on_full, options.mute = measure_idle, True
    await talk(server, clips, options.idle, 8.0, options)
    options.on_full, options.mute = None, False
    await asyncio.sleep(2)
    await server.now(f"{options.idle} silent calls, ended")
    for wave in range(1, options.calls // options.wave + 1):
        await talk(server, clips, options.wave, 1.0, options)
        if wave % max(1, options.calls // options.wave // 10) == 0:
            await asyncio.sleep(1)
            await server.now(f"{wave * options.wave} calls, ended")
    last = await server.stop()
    print(f"\n{last['calls']} calls held, {last['failed']} failed, {last['refused']} refused as too much")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--calls", type=int, default=1_000)
    parser.add_argument("--wave", type=int, default=50, help="calls at once")
    parser.add_argument("--idle", type=int, default=100)
    options = parser.parse_args()
    options.cough_every, options.mute = 0, False
    silero = model_directory(load_settings().models.directory, "silero-vad") / "silero_vad.onnx"
    asyncio.run(run(options, load_clips(silero)))


if __name__ == "__main__":
    main()
