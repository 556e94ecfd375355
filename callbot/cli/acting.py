"""A person changes one row: the change, and the row as it is then, for people or for programs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from callbot.app import open_database
from callbot.cli.output import explained, out, print_json, run
from callbot.clock import SystemClock
from callbot.settings import load_settings
from callbot.store.database import Database
from callbot.store.plain import plain

R = TypeVar("R")


def act(work: Callable[[Database, datetime], Awaitable[R]], as_json: bool, told: Callable[[R], str]) -> None:
    """Do it now and print the row: as JSON, or in the sentence that `told` makes of it."""

    async def change() -> R:
        async with open_database(load_settings()) as db:
            return await work(db, SystemClock().now())

    with explained():
        row = run(change())
    if as_json:
        print_json(plain(row))
    else:
        out.print(told(row))
