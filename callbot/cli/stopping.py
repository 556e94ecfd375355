"""Ctrl-C and SIGTERM for long-running commands: the first asks for a clean end, the second for one at once."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager


class Stopping:
    """What was asked for so far."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        """Begin nothing new and end what is under way."""
        self.now = asyncio.Event()
        """End what is under way at once."""
        self.interrupted = False
        """It was Ctrl-C."""

    def ask(self) -> None:
        """Once for a clean end, again for one at once."""
        if self.asked.is_set():
            self.now.set()
        self.asked.set()


@contextmanager
def listening() -> Iterator[Stopping]:
    """Signals go to the `Stopping` while the block runs. Only in a process's main thread."""
    stopping, loop = Stopping(), asyncio.get_running_loop()

    def interrupt() -> None:
        stopping.interrupted = True
        stopping.ask()

    loop.add_signal_handler(signal.SIGINT, interrupt)
    loop.add_signal_handler(signal.SIGTERM, stopping.ask)
    try:
        yield stopping
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
