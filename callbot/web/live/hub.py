"""The present state as keyed items, and who follows its changes.

Nobody is sent a change twice or a state that has been overtaken: a follower keeps the number of the last change
it has seen, and gets each item that changed since, once, as it is now. A slow follower merely skips states.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

_MOST_GONE = 10_000


class Topic(StrEnum):
    """What an item is about."""

    CALL = "call"
    BATCH = "batch"
    DESK = "desk"
    TRANSFER = "transfer"
    ALARM = "alarm"
    FIGURES = "figures"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing as it is now; None as `value` means that it is gone."""

    topic: Topic
    key: str
    value: Mapping[str, Any] | None
    """JSON values."""
    agents: frozenset[str] = frozenset()
    """Agents whom it concerns: they see it among their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a follower is sent at once."""

    id: str
    whole: bool
    """True: this is all there is, what is not in it does not exist. False: only what changed."""
    items: tuple[Item, ...]


@dataclass(slots=True)
class _Kept:
    item: Item
    seq: int


Sees = Callable[[Item], bool]


class Hub:
    """For one process. `epoch` tells its numbers from those of another process or start."""

    def __init__(self, epoch: str = "") -> None:
        self.epoch = epoch or secrets.token_hex(4)
        self._kept: OrderedDict[tuple[Topic, str], _Kept] = OrderedDict()
        """In the order of their last change; gone items stay for those who come back."""
        self._seq = 0
        self._forgotten = 0
        """Up to this number gone items are not known any more."""
        self._gone = 0
        self._changed = asyncio.Event()
        self._closed = False

    def replace(self, topic: Topic, items: Iterable[Item]) -> None:
        """Everything there is of one topic; what is missing is gone, what is equal has not changed."""
        now = {item.key: item for item in items}
        before = [
            key for (kind, key), kept in self._kept.items() if kind is topic and kept.item.value is not None
        ]
        for key in before:
            if key not in now:
                self.put(Item(topic=topic, key=key, value=None))
        for item in now.values():
            self.put(item)

    def put(self, item: Item) -> None:
        """One item as it is now."""
        place = (item.topic, item.key)
        kept = self._kept.get(place)
        if (kept.item if kept else None) == item or (kept is None and item.value is None):
            return
        was_gone = kept is not None and kept.item.value is None
        self._gone += (item.value is None) - was_gone
        self._seq += 1
        self._kept[place] = _Kept(item, self._seq)
        self._kept.move_to_end(place)
        self._forget()
        self._changed.set()

    def close(self) -> None:
        """Let everybody go."""
        self._closed = True
        self._changed.set()

    def resumable(self, last_id: str) -> int | None:
        """The number of a message sent earlier, if everything since is still known."""
        epoch, _, number = last_id.partition("-")
        if epoch != self.epoch or not number.isascii() or not number.isdigit():
            return None
        seq = int(number)
        return seq if self._forgotten <= seq <= self._seq else None

    async def follow(
        self, sees: Sees, *, last_id: str = "", pause_s: float = 0.25, idle_s: float = 15.0
    ) -> AsyncGenerator[Message | None, None]:
        """The whole first, or what changed since `last_id`; then changes, at most one message in `pause_s`.

        None after `idle_s` without a change, so that the caller can look whether somebody still listens. Ends
        when the hub is closed.
        """
        seq = self.resumable(last_id) if last_id else None
        shown: set[tuple[Topic, str]] = set()
        if seq is None:
            seq = self._seq
            items = tuple(
                kept.item for kept in self._kept.values() if kept.item.value is not None and sees(kept.item)
            )
            shown = {(item.topic, item.key) for item in items}
            yield self._message(seq, items, whole=True)
        else:
            # What they have on the screen is not known, so everything counts as shown.
            shown = {place for place, kept in self._kept.items() if kept.seq > seq or sees(kept.item)}
        while not self._closed:
            if self._seq == seq:
                self._changed.clear()
                try:
                    async with asyncio.timeout(idle_s):
                        await self._wait()
                except TimeoutError:
                    yield None
                continue
            items, seq = self._since(seq, sees, shown), self._seq
            if items:
                yield self._message(seq, items, whole=False)
            await asyncio.sleep(pause_s)

    async def _wait(self) -> None:
        await self._changed.wait()

    def _since(self, seq: int, sees: Sees, shown: set[tuple[Topic, str]]) -> tuple[Item, ...]:
        found: list[Item] = []
        for place, kept in reversed(self._kept.items()):
            if kept.seq <= seq:
                break
            if kept.item.value is not None and sees(kept.item):
                shown.add(place)
                found.append(kept.item)
            elif place in shown:
                shown.discard(place)
                found.append(Item(topic=place[0], key=place[1], value=None))
        return tuple(reversed(found))

    def _message(self, seq: int, items: tuple[Item, ...], *, whole: bool) -> Message:
        return Message(id=f"{self.epoch}-{seq}", whole=whole, items=items)

    def _forget(self) -> None:
        if self._gone <= _MOST_GONE:
            return
        for place, kept in list(self._kept.items()):
            if kept.item.value is None:
                del self._kept[place]
                self._gone -= 1
                self._forgotten = kept.seq
                if self._gone <= _MOST_GONE // 2:
                    return
