"""The section `sequence` of a scenario pack, read from YAML; every mistake with file and line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from callbot.audience.profile import INTERACTIONS
from callbot.conversation.labels import Outcome
from callbot.conversation.message import SELLS, Topic
from callbot.errors import BadInput, Problem
from callbot.outreach.policy import Purpose
from callbot.outreach.sequences import (
    ALWAYS,
    CHANNELS,
    HUMAN,
    NO_TOUCHES,
    Activation,
    Sequence,
    Step,
    Stop,
    Touches,
    touches_from_plain,
)
from callbot.resources import folder
from callbot.store import packs
from callbot.store.database import Session

EVENTS = INTERACTIONS | {"order"}
"""What may start a sequence or count as activation."""
LONGEST_DAYS = 365
_PURPOSES = (Purpose.MARKETING, Purpose.SERVICE_FOLLOWUP)


@cache
def shipped_touches() -> Mapping[str, Touches]:
    """The sequences that ship with callbot, by industry. Raises `BadInput` with every mistake in them."""
    return load_touches(folder("dialog_flows") / "packs")


def touches_for(industry: str) -> Touches:
    """The shipped sequences of one industry; none for an industry without a pack."""
    return shipped_touches().get(industry, NO_TOUCHES)


async def touches_in_force(session: Session, industry: str) -> Touches:
    """The sequences of the pack that is installed for an industry; without one those that ship with callbot."""
    pack = await packs.installed(session, industry)
    return touches_from_plain(industry, pack.touches) if pack and pack.touches else touches_for(industry)


def load_touches(place: Path) -> dict[str, Touches]:
    """The section `sequence` of every `<industry>.yaml` in a folder; a pack without one has no sequences.

    Raises `BadInput` with every problem found.
    """
    found: dict[str, Touches] = {}
    problems: list[Problem] = []
    for path in sorted(place.glob("*.yaml")):
        try:
            touches = read_touches(path)
            if touches is not NO_TOUCHES:
                found[path.stem] = touches
        except BadInput as bad:
            problems.extend(bad.problems)
    if problems:
        raise BadInput(problems)
    return found


def read_touches(path: Path) -> Touches:
    """The section `sequence` of a pack, `NO_TOUCHES` without one. Raises `BadInput` with every problem."""
    data = _read(path)
    if "sequence" not in data:
        return NO_TOUCHES
    problems: list[Problem] = []
    touches = _Reading(path, problems).touches(path.stem, data)
    if problems:
        raise BadInput(problems)
    return touches


def _read(path: Path) -> CommentedMap:
    try:
        data = YAML(typ="rt").load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput.one(str(path), f"读不了：{error}", "存成 UTF-8 文本") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise BadInput.one(where, f"不是 YAML：{error.problem}", "改正这一行") from None
    except YAMLError as error:
        raise BadInput.one(str(path), f"不是 YAML：{error}", "改正这个文件") from None
    if not isinstance(data, CommentedMap):
        raise BadInput.one(f"{path}:1", "不是场景包", "每一节写名称，下面写它的值")
    return data


class _Reading:
    """Builds from one file and collects what is wrong with it; a wrong value is replaced, never used."""

    def __init__(self, path: Path, problems: list[Problem]) -> None:
        self._path = path
        self._problems = problems

    def touches(self, industry: str, data: CommentedMap) -> Touches:
        section = self._table(data, "sequence", {"version", "activation", "touches"})
        version = self._whole(section, "version", least=1, most=1_000_000)
        activation = self._table(section, "activation", {"within_days", "by"})
        sequences = self._table(section, "touches", None)
        return Touches(
            industry=industry,
            version=version,
            activation=Activation(
                within=timedelta(days=self._whole(activation, "within_days", least=1, most=LONGEST_DAYS)),
                by=self._names(activation, "by", EVENTS, needed=True),
            ),
            sequences=tuple(
                self._sequence(f"{industry}/{name}", version, sequences, name) for name in sequences
            ),
        )

    def _sequence(self, name: str, version: int, parent: CommentedMap, key: str) -> Sequence:
        table = self._table(parent, key, {"starts_on", "stops_on", "steps"})
        starts = self._table(table, "starts_on", {"events", "outcomes"})
        events = self._names(starts, "events", EVENTS)
        outcomes = self._names(starts, "outcomes", frozenset(Outcome))
        if starts and not events | outcomes:
            self._wrong(table, "starts_on", "没有写由什么开始", "写 events 或 outcomes")
        stops = self._names(table, "stops_on", frozenset(Stop), needed=True)
        if stops and (lacking := ALWAYS - stops):
            self._wrong(
                table,
                "stops_on",
                f"缺少 {'、'.join(sorted(lacking))}，它们结束任何序列",
                "补上，让文件写明会发生什么",
            )
        return Sequence(
            name=name,
            version=version,
            events=events,
            outcomes=outcomes,
            stops_on=frozenset(Stop(stop) for stop in stops) | ALWAYS,
            steps=self._steps(table),
        )

    def _steps(self, table: CommentedMap) -> tuple[Step, ...]:
        rows = table.get("steps")
        if not isinstance(rows, CommentedSeq) or not rows:
            self._wrong(table, "steps", "不是步骤的列表", "每次触达写一行 `- after_days: …`")
            return ()
        steps: list[Step] = []
        for index in range(len(rows)):
            row = self._table(rows, index, {"after_days", "channel", "purpose", "what"})
            step = self._step(row)
            if steps and step.after <= steps[-1].after:
                self._wrong(row, "after_days", "不晚于上一步", "按先后排列")
            steps.append(step)
        return tuple(steps)

    def _step(self, row: CommentedMap) -> Step:
        channel = self._one(row, "channel", CHANNELS)
        purpose = Purpose(self._one(row, "purpose", tuple(each.value for each in _PURPOSES)))
        what = str(row.get("what", ""))
        if channel == HUMAN:
            if not what.strip():
                self._wrong(row, "what", "没有写人工要做什么", "用文字写明")
        else:
            topic = Topic(self._one(row, "what", tuple(Topic)))
            what = topic.value
            if topic in SELLS and purpose is not Purpose.MARKETING:
                self._wrong(row, "purpose", f"{topic.value} 是推销", "purpose 写 marketing")
        return Step(
            after=timedelta(days=self._whole(row, "after_days", least=0, most=LONGEST_DAYS)),
            channel=channel,
            purpose=purpose,
            what=what,
        )

    # Values

    def _table(self, parent: Any, key: Any, known: set[str] | None) -> CommentedMap:
        value = parent[key] if isinstance(parent, CommentedSeq) else parent.get(key)
        if not isinstance(value, CommentedMap):
            self._wrong(parent, key, "缺失，或不是一组值", "在下面逐行写名称和值")
            return CommentedMap()
        for name in value:
            if known is not None and name not in known:
                self._wrong(value, name, "这里没有这个名称", f"可用：{'、'.join(sorted(known))}")
        return value

    def _whole(self, table: CommentedMap, key: str, *, least: int, most: int) -> int:
        value = table.get(key)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            if table:
                self._wrong(table, key, f"不能是 {value!r}", f"写 {least} 到 {most} 的整数")
            return least
        return int(value)

    def _one(self, table: CommentedMap, key: str, allowed: tuple[str, ...]) -> str:
        value = table.get(key)
        if value not in allowed:
            if table:
                self._wrong(table, key, f"不能是 {value!r}", f"可用：{'、'.join(allowed)}")
            return str(allowed[0])
        return str(value)

    def _names(
        self, table: CommentedMap, key: str, allowed: frozenset[Any], *, needed: bool = False
    ) -> frozenset[str]:
        value = table.get(key)
        if value is None and not needed:
            return frozenset()
        if not isinstance(value, CommentedSeq) or not value:
            if table:
                self._wrong(table, key, "不是名称的列表", f"可选：{'、'.join(sorted(allowed))}")
            return frozenset()
        for name in value:
            if name not in allowed:
                self._wrong(table, key, f"不能是 {name!r}", f"可选：{'、'.join(sorted(allowed))}")
        return frozenset(str(name) for name in value if name in allowed)

    def _wrong(self, parent: Any, key: Any, what: str, cure: str) -> None:
        line = 1
        if isinstance(parent, (CommentedMap, CommentedSeq)):
            line = int(parent.lc.line or 0) + 1
            if key in (parent.lc.data or {}):
                line = int(parent.lc.data[key][0]) + 1
        self._problems.append(Problem(where=f"{self._path}:{line}", what=f"{key}：{what}", cure=cure))
