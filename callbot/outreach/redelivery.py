"""What an answer to a webhook means: taken, tried again later, or never."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(hours=6)
LONGEST_ASKED = timedelta(hours=24)
"""A `Retry-After` beyond this is read as this."""

REFUSED: Final = frozenset({400, 405, 406, 410, 411, 413, 414, 415, 422, 431, 451})
"""The receiver understood and will not take this message, now or later. 401, 403 and 404 are not among them:
a secret being changed or a receiver being deployed answers like that for a while."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The receiver has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """Not yet: the next try is at `at`."""

    at: datetime
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Never:
    """A dead letter until somebody replays it."""

    because: str


def judge(
    status: int | None,
    *,
    because: str,
    tries: int,
    max_tries: int,
    retry_after: str | None,
    jitter: float,
    now: datetime,
) -> Taken | Again | Never:
    """The verdict on try number `tries`, counted from 1.

    `status` is the HTTP status, None when no answer came, and `because` says in words what went wrong.
    `retry_after` is the header as received; `jitter` is between 0 and 1.
    """
    if status is not None and 200 <= status < 300:
        return Taken()
    if status in REFUSED:
        return Never(because=because)
    if tries >= max_tries:
        return Never(because=f"{because}；试了 {tries} 次后放弃")
    wait = max(backoff(tries, jitter), asked_wait(retry_after, now))
    return Again(at=now + wait, because=because)


def backoff(tries: int, jitter: float) -> timedelta:
    """How long to wait after so many tries: it doubles up to a bound, and `jitter` takes off up to half of it,
    so that many messages do not come back in the same moment."""
    doubled: timedelta = FIRST_WAIT * 2 ** min(tries - 1, 20)
    return min(doubled, LONGEST_WAIT) * (1 - jitter / 2)


def asked_wait(retry_after: str | None, now: datetime) -> timedelta:
    """What `Retry-After` asks for, in seconds or as an HTTP date; nothing for what cannot be read."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=min(int(text), 10**8)), LONGEST_ASKED)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return timedelta()
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(moment - now, timedelta()), LONGEST_ASKED)
