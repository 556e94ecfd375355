"""Ctrl-C in the middle of a batch, and a second start: everything is settled and nobody is dialled twice."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from callbot.resources import folder

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("real-calls")]

CALLEES = ("busy", "call-back", "do-not-call", "refuses", "voicemail", "wrong-person")
_LONGEST_S = 240


class Demo:
    """`callbot demo` as its own process, watched from outside."""

    def __init__(self, place: Path) -> None:
        self.lines: list[str] = []
        self.books: dict[str, dict[str, Any]] = {}
        """The carrier's last word on each call it was asked for."""
        command = [sys.executable, "-m", "callbot", "demo", "--exit", "--quiet", "--lines", "2", "--seed", "5"]
        self.process = subprocess.Popen(
            [*command, "--personas", str(place / "personas"), "--data", str(place / "data")],
            cwd=place,
            env={**os.environ, "CALLBOT_MODELS__VOICE": "system"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # Whoever runs the tests in the background passes on an ignored Ctrl-C.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def output(self) -> str:
        return "".join(self.lines)

    def watch(self, until: Callable[[], bool]) -> None:
        """Follow the carrier's books until something is the case or the process is over."""
        deadline = time.monotonic() + _LONGEST_S
        while self.process.poll() is None and not until():
            assert time.monotonic() < deadline, self.output
            self._look()
            time.sleep(0.1)

    def ended(self) -> int:
        status = self.process.wait(timeout=_LONGEST_S)
        self._reader.join(timeout=10)
        return status

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)

    def _look(self) -> None:
        address = re.search(r"http://127\.0\.0\.1:\d+", self.output)
        if address is None:
            return
        try:
            report = httpx.get(f"{address.group()}/report", trust_env=False, timeout=5).json()
        except httpx.HTTPError:
            return
        self.books |= {call["sid"]: call for call in report["calls"]}


@contextmanager
def demo(place: Path) -> Iterator[Demo]:
    running = Demo(place)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.process.kill()
            running.process.wait()
        if running.process.stdout is not None:
            running.process.stdout.close()


def ask(place: Path, question: str) -> list[tuple[Any, ...]]:
    path = place / "data" / "callbot.db"
    if not path.exists():
        return []
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as db:
        try:
            return db.execute(question).fetchall()
        except sqlite3.OperationalError:  # the tables are still being made
            return []


def states(place: Path) -> Counter[str]:
    return Counter(dict(ask(place, "select state, count(*) from attempt group by state")))


def assert_settled(place: Path, output: str) -> None:
    """Nobody hangs in the air: every attempt that was begun has an outcome and all that belongs to it."""
    counts = states(place)
    assert counts["dialing"] == counts["in_call"] == 0, (counts, output)
    begun = "state in ('done', 'interrupted')"
    assert ask(place, f"select id from attempt where {begun} and (outcome is null or ended_at is null)") == []
    assert (
        ask(place, f"select id from attempt where {begun} and id not in (select attempt_id from follow_up)")
        == []
    )
    assert ask(place, "select id from call where ended_at is null or outcome is null") == []
    assert ask(place, "select id from journal where not settled") == []
    told = ask(
        place,
        f"select count(*) from attempt where {begun} and not exists "
        "(select 1 from outbox where instr(outbox.payload, attempt.id))",
    )
    assert told == [(0,)]


def test_a_stopped_batch_is_settled_and_goes_on_with_the_rest(tmp_path: Path) -> None:
    for name in CALLEES:
        shutil.copytree(folder("recordings_fixtures") / "personas" / name, tmp_path / "personas" / name)

    def in_the_middle() -> bool:
        counts = states(tmp_path)
        return counts["done"] >= 1 and counts["in_call"] >= 1 and counts["queued"] >= 1

    with demo(tmp_path) as first:
        first.watch(in_the_middle)
        assert first.process.poll() is None, first.output
        first.process.send_signal(signal.SIGINT)
        first.watch(lambda: False)
        status = first.ended()
    assert status == 130, first.output
    assert "Traceback" not in first.output
    assert_settled(tmp_path, first.output)
    kept = dict(ask(tmp_path, "select id, ended_at || outcome from attempt where state <> 'queued'"))
    assert 0 < len(kept) < len(CALLEES), first.output

    with demo(tmp_path) as second:
        second.watch(lambda: False)
        status = second.ended()
    assert status in {0, 1}, second.output
    assert "Traceback" not in second.output
    assert_settled(tmp_path, second.output)

    settled = dict(ask(tmp_path, "select id, ended_at || outcome from attempt where state <> 'queued'"))
    assert {key: settled[key] for key in kept} == kept
    reached = ask(tmp_path, "select count(distinct customer_id) from attempt where state <> 'queued'")
    assert reached == [(len(CALLEES),)], second.output

    placed = Counter(call["token"] for books in (first.books, second.books) for call in books.values())
    dialled = Counter(dict(ask(tmp_path, "select dial_token, 1 from attempt where dial_token is not null")))
    assert set(placed.values()) == {1}
    assert set(placed) <= set(dialled)
    # Who was settled before the stop is not rung again by the second start.
    old = {token for (token,) in ask(tmp_path, f"select dial_token from attempt where id in {in_list(kept)}")}
    assert not old & {call["token"] for call in second.books.values()}
    assert len({call["to"] for books in (first.books, second.books) for call in books.values()}) == len(CALLEES)


def in_list(ids: dict[str, Any]) -> str:
    return "('" + "','".join(ids) + "')"
