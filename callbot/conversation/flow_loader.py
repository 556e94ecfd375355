"""Flows from YAML: checked by schema and by meaning, every error with file and line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from callbot.conversation.flow import Entry, Flow, Part, Reaction, Rung, Step
from callbot.conversation.flow_lines import LineReader
from callbot.conversation.flow_meaning import Whole, check_meaning
from callbot.conversation.flow_source import Mistakes, Place, read_yaml
from callbot.conversation.flow_steps import StepReader
from callbot.conversation.knowledge_file import check_questions, read_knowledge, without_doubles
from callbot.conversation.labels import Intent
from callbot.errors import BadInput, Problem

_BESIDE = (".test.yaml", ".test.yml", ".faq.yaml", ".faq.yml")
"""Endings of what lies beside flows and is none."""


@cache
def schema() -> Mapping[str, Any]:
    """The JSON Schema of a flow file."""
    text = files("callbot.conversation").joinpath("flow_schema.json").read_text(encoding="utf-8")
    loaded: Mapping[str, Any] = json.loads(text)
    return loaded


def load_flow(path: Path) -> Flow:
    """Read and check one flow file and what it takes in. Raises `BadInput` with every problem found."""
    return _Loading(path).flow()


def load_flows(folder: Path) -> dict[str, Flow]:
    """Every flow below `folder` by name; files without `flow` and `entry` are only there to be taken in."""
    flows: dict[str, Flow] = {}
    problems: list[Problem] = []
    for path in flow_files(folder):
        try:
            head = _read(path).data
            if {"part", "pack"} & set(head) or not {"flow", "entry"} & set(head):
                continue
            flow = load_flow(path)
        except BadInput as bad:
            problems.extend(bad.problems)
            continue
        if flow.name in flows:
            problems.append(
                Problem(
                    where=str(path),
                    what=f"名称 {flow.name} 已被 {flows[flow.name].source} 使用",
                    cure="给其中一个换个名称",
                )
            )
        flows[flow.name] = flow
    if problems:
        raise BadInput(problems)
    return flows


def flow_files(folder: Path) -> Iterator[Path]:
    """Files below `folder` that may hold a flow."""
    for path in sorted(folder.rglob("*.y*ml")):
        if not path.name.endswith(_BESIDE):
            yield path


def _read(path: Path) -> Place:
    return read_yaml(path, what="流程", start="flow: 名称")


class _Loading:
    """One load: reads the flow, the files it extends, its sub-flows and its knowledge."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.mistakes = Mistakes()
        self.lines = LineReader(self.mistakes)
        self.handlers: dict[str, str] = {}
        self.readers: list[StepReader] = []

    def flow(self) -> Flow:
        layers = self.layers()
        parts = self.parts(layers)
        self.mistakes.stop_if_any()
        for file in (*parts.values(), *layers):
            if (found := file.get("lines")) is not None:
                self.lines.add(found)
        knowledge = self.knowledge((*parts.values(), *layers))
        places: dict[str, Place] = {}
        steps: dict[str, Step] = {}
        reader = self.reader("")
        for layer in layers:
            if (found := layer.get("steps")) is not None:
                places |= dict(found.items())
        steps |= {name: reader.step(name, place) for name, place in places.items()}
        called: dict[str, Part] = {}
        for name, file in parts.items():
            called[name] = self.part(name, file, steps, places)
        always: dict[Intent, Reaction] = {}
        for layer in layers:
            if (found := layer.get("always")) is not None:
                always |= reader.reactions(found, "always")[0]
        top = layers[-1]
        silence = self.silence(layers, reader)
        own = top.get("steps")
        check_meaning(
            Whole(
                top=top,
                entry=str(top.data["entry"]),
                steps=steps,
                places=places,
                own=[*(own.data if own else ()), *(name for name in places if "/" in name)],
                parts=called,
                part_places=parts,
                always=always,
                lines=self.lines.lines,
                targets=[target for each in self.readers for target in each.targets],
                calls=[call for each in self.readers for call in each.calls],
            ),
            self.mistakes,
        )
        self.mistakes.stop_if_any()
        in_force = {reaction.handler for reaction in always.values()}
        return Flow(
            name=str(top.data["flow"]),
            version=int(top.data["version"]),
            title=str(top.data["title"]),
            industry=str(top.data.get("industry", "")),
            entry=str(top.data["entry"]),
            steps=steps,
            lines=self.lines.lines,
            always=always,
            silence=silence,
            parts=called,
            knowledge=tuple(knowledge.values()),
            findings=self.findings((*parts.values(), *layers)),
            hotwords=tuple(str(word) for layer in layers for word in layer.data.get("hotwords", ())),
            handlers={
                name: where
                for name, where in self.handlers.items()
                if name in in_force or not name.startswith("always: ")
            },
            source=str(self.path),
        )

    def layers(self) -> list[Place]:
        """The files from the most basic to the flow itself, each checked by the schema."""
        layers: list[Place] = []
        path, seen = self.path, set[Path]()
        while True:
            place = _read(path)
            self.mistakes.check_schema(place, schema(), root="flow")
            layers.insert(0, place)
            seen.add(path.resolve())
            parent = place.get("extends")
            if parent is None or not isinstance(parent.data, str):
                break
            path = path.parent / parent.data
            if path.resolve() in seen:
                self.mistakes.complain(parent, "流程扩展了它自己", "去掉这个循环")
                break
            if not path.is_file():
                self.mistakes.complain(parent, f"{parent.data} 不存在", "写这个文件旁边的文件")
                break
        for key in ("flow", "version", "title", "entry", "steps"):
            if key not in layers[-1].data:
                self.mistakes.complain(layers[-1], f"缺少 `{key}`", f"补上 `{key}:`")
        return layers

    def parts(self, layers: list[Place]) -> dict[str, Place]:
        """The sub-flows by name, and those that they call themselves."""
        found: dict[str, Place] = {}
        seen: dict[Path, str] = {}
        waiting = [(layer, row) for layer in layers for row in _listed(layer, "parts")]
        while waiting:
            _, row = waiting.pop(0)
            path = row.path.parent / str(row.data)
            if path.resolve() in seen:
                continue
            if not path.is_file():
                self.mistakes.complain(row, f"{row.data} 不存在", "写这个文件旁边的文件")
                continue
            try:
                place = _read(path)
            except BadInput as bad:
                self.mistakes.problems.extend(bad.problems)
                continue
            self.mistakes.check_schema(place, schema(), root="part")
            missing = [key for key in ("part", "title", "entry", "steps") if key not in place.data]
            for key in missing:
                self.mistakes.complain(place, f"缺少 `{key}`", f"补上 `{key}:`")
            name = seen[path.resolve()] = str(place.data.get("part", path.stem))
            if name in found:
                self.mistakes.complain(
                    place, f"子流程 {name} 在 {found[name].path} 里也有", "给其中一个换个名称"
                )
            found[name] = place
            waiting += [(place, row) for row in _listed(place, "parts")]
        return found

    def part(self, name: str, file: Place, steps: dict[str, Step], places: dict[str, Place]) -> Part:
        """Read one sub-flow into `steps` and `places`."""
        reader = self.reader(name)
        for step, place in file["steps"].items():
            full = reader.full(step)
            places[full] = place
            steps[full] = reader.step(step, place)
        entry = reader.target(file["entry"])
        results = tuple(dict.fromkeys(result for result, _ in reader.results))
        if not results:
            self.mistakes.complain(file, f"子流程 {name} 不会返回", "在某一步写 `return:`")
        return Part(name=name, title=str(file.data["title"]), entry=entry, results=results)

    def reader(self, part: str) -> StepReader:
        reader = StepReader(mistakes=self.mistakes, lines=self.lines, handlers=self.handlers, part=part)
        self.readers.append(reader)
        return reader

    def knowledge(self, files: tuple[Place, ...]) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        for file in files:
            for row in _listed(file, "knowledge"):
                path = row.path.parent / str(row.data)
                if not path.is_file():
                    self.mistakes.complain(row, f"{row.data} 不存在", "写这个文件旁边的文件")
                    continue
                entries |= read_knowledge(path, lines=self.lines, handlers=self.handlers)
        entries = without_doubles(entries)
        check_questions(entries, files[-1], self.mistakes)
        return entries

    def silence(self, layers: list[Place], reader: StepReader) -> tuple[Rung, ...]:
        place = next((found for layer in reversed(layers) if (found := layer.get("silence"))), None)
        if place is None:
            self.mistakes.complain(layers[-1], "缺少 `silence`", "补上沉默之后怎么办")
            return ()
        return reader.silence(place)

    @staticmethod
    def findings(files: tuple[Place, ...]) -> dict[str, str]:
        return {
            str(slot): str(shown) for file in files for slot, shown in file.data.get("findings", {}).items()
        }


def _listed(place: Place, key: str) -> list[Place]:
    found = place.get(key)
    return found.rows() if found is not None and isinstance(found.data, list) else []
