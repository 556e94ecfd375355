"""Looking up what a callee asked: the index of a flow's knowledge, and the sentence vectors it needs."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np

from callbot.conversation.flow import Flow, Line
from callbot.conversation.knowledge import Knowledge, Near
from callbot.conversation.understand.features import Vector
from callbot.conversation.understand.normal import essence
from callbot.errors import BadInput
from callbot.resources import folder

FILE = "questions.npz"
"""Vectors of the questions of the flows in a folder, so that no process has to make them at its start."""
LONGEST = 40
"""Characters at the end of a question that count for its vector, as the reader has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The answer to a question."""

    name: str
    """Of the entry."""
    answer: Line
    likeness: float
    """0..1."""


class Lookup(Protocol):
    """Finds the answer to a question in a flow's knowledge."""

    async def find(self, flow: Flow, text: str) -> Found | None:
        """The entry that answers `text`, None where nobody wrote down an answer."""
        ...


class PieceLookup:
    """By characters and sounds alone: needs no model, and misses more."""

    async def find(self, flow: Flow, text: str) -> Found | None:
        return look_by_pieces(flow, text)


def look_by_pieces(flow: Flow, text: str) -> Found | None:
    """The entry whose questions share the most characters and sounds with `text`."""
    return _found(flow, _by_pieces(_asks(flow)).find(text)) if flow.knowledge else None


class MeaningLookup:
    """By meaning as well. A question costs a sentence vector, which the reader has made already."""

    async def find(self, flow: Flow, text: str) -> Found | None:
        if not flow.knowledge:
            return None
        from callbot.conversation.understand.sentences import thread

        return await asyncio.get_running_loop().run_in_executor(thread(), self.look, flow, text)

    def look(self, flow: Flow, text: str) -> Found | None:
        """`find` on the calling thread; one thread at a time."""
        from callbot.conversation.understand.sentences import meaning

        core = essence(text)
        if not core:
            return None
        return _found(flow, _by_meaning(_asks(flow)).find(text, meaning(core[-LONGEST:])))


_Asks: TypeAlias = tuple[tuple[str, str], ...]


def _asks(flow: Flow) -> _Asks:
    return tuple((entry.name, question) for entry in flow.knowledge for question in entry.asks)


def _found(flow: Flow, near: Near | None) -> Found | None:
    if near is None:
        return None
    answer = next(entry.answer for entry in flow.knowledge if entry.name == near.name)
    return None if answer is None else Found(name=near.name, answer=answer, likeness=near.likeness)


@lru_cache(maxsize=64)
def _by_pieces(asks: _Asks) -> Knowledge:
    return Knowledge(asks)


@lru_cache(maxsize=64)
def _by_meaning(asks: _Asks) -> Knowledge:
    return Knowledge(asks, vectors(question for _, question in asks))


def vectors(questions: Iterable[str]) -> dict[str, Vector]:
    """The vector of each question by its `essence`: those that ship with callbot are read, others are made."""
    from callbot.conversation.understand.sentences import meaning

    kept = _kept()
    texts = dict.fromkeys(essence(question) for question in questions)
    return {text: kept[key] if (key := _key(text)) in kept else meaning(text[-LONGEST:]) for text in texts}


def write_vectors(flows: Iterable[Flow], path: Path) -> int:
    """Write the vectors of every question of `flows` to `path`, at eight bits; how many there are.

    Raises `BadInput` when the file cannot be written.
    """
    from callbot.conversation.understand.sentences import meaning

    texts = sorted({essence(question) for flow in flows for entry in flow.knowledge for question in entry.asks})
    made = np.stack([meaning(text[-LONGEST:]) for text in texts])
    scale = np.abs(made).max(axis=1, keepdims=True) / 127
    try:
        with path.open("wb") as file:
            np.savez_compressed(
                file,
                keys=np.array([_key(text) for text in texts], dtype="S16"),
                vectors=np.round(made / scale).astype(np.int8),
                scale=scale.astype(np.float32),
            )
    except OSError as error:
        raise BadInput.one(str(path), f"写不了（{error.strerror}）", "换一个能写的路径") from None
    return len(texts)


def kept_questions() -> frozenset[str]:
    """Keys of the questions whose vectors ship with callbot."""
    return frozenset(_kept())


def key_of(question: str) -> str:
    """How a question is known in the file of vectors."""
    return _key(essence(question))


@lru_cache(maxsize=1)
def _kept() -> Mapping[str, Vector]:
    path = folder("dialog_flows") / FILE
    if not path.is_file():
        return {}
    with np.load(path, allow_pickle=False) as data:
        restored = data["vectors"].astype(np.float32) * data["scale"]
        return {bytes(key).decode(): vector for key, vector in zip(data["keys"], restored, strict=True)}


def _key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
