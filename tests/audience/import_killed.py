"""Imports a list and dies by SIGKILL: `python import_killed.py URL FILE REJECTS PROCESSES MOMENT`.

The moment `stored` is after the second chunk, `storing` inside the transaction of the second chunk, when its
rejected rows are on the disk already.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from callbot.audience.importing import Progress, import_base
from callbot.store import import_runs
from callbot.store.database import Database
from callbot.store.phones import PhoneVault

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
CHUNK = 200


def main() -> None:
    url, file, rejects, processes, moment = sys.argv[1:]
    advance = import_runs.advance

    async def dying(*args: Any, **named: Any) -> bool:
        moved = await advance(*args, **named)
        if named["step"].line > 2 * CHUNK:
            die()
        return moved

    def progress(step: Progress) -> None:
        if step.rows >= 2 * CHUNK:
            die()

    def die() -> None:
        children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
        sys.stdout.write(children.read_text() if children.exists() else "")
        sys.stdout.flush()
        os.kill(os.getpid(), signal.SIGKILL)

    if moment == "storing":
        import_runs.advance = dying
    asyncio.run(
        import_base(
            Database(url),
            PhoneVault(b"c" * 32, b"h" * 32),
            Path(file),
            NOW,
            rejects=Path(rejects),
            processes=int(processes),
            chunk=CHUNK,
            progress=progress if moment == "stored" else None,
        )
    )


if __name__ == "__main__":
    main()
