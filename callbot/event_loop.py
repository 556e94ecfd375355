"""The event loop of a process that holds calls: uvloop, and asyncio's own where there is none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec


def loop_factory(name: str | None) -> Callable[[], asyncio.AbstractEventLoop] | None:
    """`asyncio` or `uvloop`; None takes uvloop where it is installed. The result suits `asyncio.Runner`."""
    if name == "asyncio" or (name is None and find_spec("uvloop") is None):
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = import_module("uvloop").new_event_loop
    return factory
