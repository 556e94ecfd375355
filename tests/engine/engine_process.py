"""A process with an engine, for the tests: python engine_process.py URL EXECUTOR DIRECTORY [job ...]

Each run of a job leaves a file in the directory. A job whose id begins with `long` never ends while the file
`hold` is there. Runs until its standard input ends.
"""

from __future__ import annotations

import asyncio
import sys
import uuid
from pathlib import Path

from callbot.engine.dbos_engine import DbosEngine
from callbot.engine.port import Job
from callbot.engine.schedule import Schedule


async def main(url: str, executor: str, directory: Path, jobs: list[str]) -> None:
    async def note(job: Job) -> None:
        (directory / f"{job.id.replace(':', '.')} {executor} {uuid.uuid4().hex}").touch()
        if job.id.startswith("long") and (directory / "hold").exists():
            await asyncio.Event().wait()

    schedules = [Schedule(name="tick", cron="* * * * * *", handler="note")]
    async with DbosEngine(url, executor=executor, handlers={"note": note}, schedules=schedules) as engine:
        for job in jobs:
            await engine.run_once(job, "note")
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), sys.argv[4:]))
