"""Scripted callees for a flow, in a file beside it: who is called, what they say, what must come of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from callbot.conversation.facts import Offer, Person
from callbot.conversation.flow import Flow
from callbot.conversation.flow_loader import load_flow
from callbot.conversation.flow_source import Mistakes, Place, read_yaml
from callbot.conversation.labels import Emotion, Intent
from callbot.conversation.plan import SHANGHAI
from callbot.conversation.rehearsal import Meant
from callbot.errors import BadInput

NOW = "2026-11-18 10:00"
"""A Wednesday: when a test takes place that names no time, in China."""
PERSON: Mapping[str, Any] = {
    "name": "王芳",
    "salutation": "王女士",
    "brand": "悦选商城",
    "facts": [],
    "reason": "自然流失",
    "strategy": "优惠补偿",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One thing the callee does: says something, stays silent so many times, presses a key, or leaves."""

    says: str = ""
    meant: Meant | None = None
    """None: the reader is asked."""
    silence: int = 0
    key: str = ""
    leaves: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One scripted callee, and what must come of the call."""

    title: str
    where: str
    """File and line."""
    person: Person
    offers: tuple[Offer, ...]
    now: datetime
    callee: tuple[Deed, ...]
    expect: Mapping[str, Any]
    agent: bool = True
    """Whether a human takes the call when one is needed."""
    transcript: bool = False
    """Whether it is worth reading as a conversation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trials:
    """A flow with the tests beside it."""

    flow: Flow
    source: str
    trials: tuple[Trial, ...]


@cache
def schema() -> Mapping[str, Any]:
    """The JSON Schema of a file with tests."""
    text = files("callbot.conversation").joinpath("trial_schema.json").read_text(encoding="utf-8")
    loaded: Mapping[str, Any] = json.loads(text)
    return loaded


def trial_files(path: Path) -> list[Path]:
    """`path` itself, or every file with tests below it that names a flow."""
    if path.is_file():
        return [path]
    found = sorted((*path.rglob("*.test.yaml"), *path.rglob("*.test.yml")))
    return [file for file in found if "flow" in _read(file).data]


def beside(flow: Path) -> Path:
    """Where the tests of a flow stand: `shop.yaml` → `shop.test.yaml`."""
    return flow.with_name(f"{flow.stem}.test{flow.suffix}")


def read_trials(path: Path) -> Trials:
    """The tests of one file and of those it takes in. Raises `BadInput` with every problem found."""
    mistakes = Mistakes()
    top = _read(path)
    mistakes.check_schema(top, schema(), root="tests")
    if "flow" not in top.data:
        mistakes.complain(top, "缺少 `flow`", "补上 `flow: 文件.yaml`，写明测的是哪个流程")
    mistakes.stop_if_any()
    flow_file = path.parent / str(top.data["flow"])
    if not flow_file.is_file():
        raise BadInput.one(top["flow"].where, f"{flow_file.name} 不存在", "写这个文件旁边的流程文件")
    flow = load_flow(flow_file)
    reading = _Reading(mistakes, top, flow)
    trials = reading.trials(top)
    for row in top["also"].rows() if "also" in top.data else ():
        other = row.path.parent / str(row.data)
        if not other.is_file():
            mistakes.complain(row, f"{row.data} 不存在", "写这个文件旁边的文件")
            continue
        also = _read(other)
        mistakes.check_schema(also, schema(), root="tests")
        mistakes.stop_if_any()
        trials += reading.trials(also)
    mistakes.stop_if_any()
    return Trials(flow=flow, source=str(path), trials=tuple(trials))


def _read(path: Path) -> Place:
    return read_yaml(path, what="测试文件", start="flow: 文件.yaml")


class _Reading:
    def __init__(self, mistakes: Mistakes, top: Place, flow: Flow) -> None:
        self.mistakes = mistakes
        self.top = top
        self.flow = flow

    def trials(self, file: Place) -> list[Trial]:
        """Of the flow's own file, or of one it takes in: whose tests may begin after the flow's greeting."""
        greet = self.top.get("greet") if "greeted" in file.data else None
        before = tuple(self.deed(row) for row in greet.rows()) if greet is not None else ()
        found = file.get("tests")
        return [self.trial(place, before) for place in found.rows()] if found is not None else []

    def trial(self, place: Place, before: tuple[Deed, ...]) -> Trial:
        data = place.data
        top = self.top.data
        now = datetime.strptime(str(top.get("now", NOW)), "%Y-%m-%d %H:%M").replace(tzinfo=SHANGHAI)
        told = {**PERSON, **top.get("person", {}), **data.get("person", {})}
        told.setdefault("industry", self.flow.industry or "通用")
        offers = place.get("offers") or self.top.get("offers")
        return Trial(
            title=str(data["title"]),
            where=place.where,
            person=Person(
                customer_id=str(data["title"]),
                name=str(told["name"]),
                salutation=str(told["salutation"]),
                industry=str(told["industry"]),
                brand=str(told["brand"]),
                facts=tuple(map(str, told["facts"])),
                reason=str(told["reason"]),
                strategy=str(told["strategy"]),
            ),
            offers=tuple(self.offer(row, number) for number, row in enumerate(offers.rows(), 1))
            if offers
            else (),
            now=now,
            callee=(*before, *(self.deed(row) for row in place["callee"].rows())),
            expect=data["expect"],
            agent=bool(data.get("agent", True)),
            transcript=bool(data.get("transcript", False)),
        )

    def deed(self, place: Place) -> Deed:
        if isinstance(place.data, str):
            says, _, means = place.data.partition(" = ")
            intent, _, emotion = means.partition("/")
            return Deed(says=says.strip(), meant=self.meant(place, intent.strip(), emotion.strip()))
        data = place.data
        if "silence" in data:
            return Deed(silence=int(data["silence"]))
        if "key" in data:
            return Deed(key=str(data["key"]))
        if "leaves" in data:
            return Deed(leaves=True)
        meant = self.meant(place, str(data.get("means", "")), str(data.get("feels", "")))
        if meant is not None:
            meant = Meant(
                intent=meant.intent,
                emotion=meant.emotion,
                also=tuple(Intent(label) for label in data.get("also", ()) if self.known(place, label, Intent)),
                slots={str(slot): str(value) for slot, value in data.get("slots", {}).items()},
            )
        return Deed(says=str(data["says"]), meant=meant)

    def meant(self, place: Place, intent: str, emotion: str) -> Meant | None:
        if not intent and not emotion:
            return None
        known = self.known(place, intent, Intent) and (not emotion or self.known(place, emotion, Emotion))
        if not known:
            return None
        return Meant(intent=Intent(intent), emotion=Emotion(emotion) if emotion else Emotion.NEUTRAL)

    def known(self, place: Place, label: str, labels: type[Intent] | type[Emotion]) -> bool:
        if label in set(labels):
            return True
        self.mistakes.complain(place, f"没有 `{label}` 这个标签", f"可用：{'、'.join(labels)}")
        return False

    def offer(self, place: Place, number: int) -> Offer:
        row = place.data

        def fen(name: str) -> int | None:
            return round(float(row[name]) * 100) if name in row else None

        return Offer(
            code=str(row.get("code", f"OFFER-{number}")),
            version=1,
            title=str(row["title"]),
            discount_percent=row.get("discount_percent"),
            amount_fen=fen("amount_yuan"),
            min_spend_fen=fen("min_spend_yuan"),
            gift=str(row["gift"]) if "gift" in row else None,
            valid_until=self.day(place["valid_until"]) if "valid_until" in row else None,
            stock=100,
        )

    def day(self, place: Place) -> date | None:
        try:
            return date.fromisoformat(str(place.data))
        except ValueError:
            self.mistakes.complain(place, f"“{place.data}”不是日期", "写成 2026-11-30")
            return None
