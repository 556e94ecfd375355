"""A flow as a picture: Mermaid for pages, DOT for Graphviz. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, assert_never

from callbot.conversation.flow import OPENER, Flow, Reaction, Step

Shape = Literal["ask", "end", "fork", "call"]

_MOST = 22
"""Characters of a line that a box shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One step."""

    id: str
    label: str
    shape: Shape
    part: str
    """The sub-flow it belongs to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """One way from step to step."""

    start: str
    end: str
    label: str
    dotted: bool = False
    """Into a sub-flow."""


def nodes(flow: Flow) -> Iterator[Node]:
    """Every step, with what it says and asks."""
    for name, step in flow.steps.items():
        words = "" if step.ask is None else step.ask.line.variants[0]
        words = words or next((line.variants[0] for line in step.say if line.name != OPENER), "")
        label = f"{step.title}\n{_short(words)}" if words else step.title
        if step.end is not None:
            label += f"\n【{step.end}】"
        shape: Shape = "ask"
        if step.fork:
            shape = "fork"
        elif step.call:
            shape = "call"
        elif step.end is not None or step.back or step.do is not None:
            shape = "end"
        yield Node(id=name, label=label, shape=shape, part=name.rpartition("/")[0])


def edges(flow: Flow) -> Iterator[Edge]:
    """Every way between steps, several answers to the same place as one."""
    for name, step in flow.steps.items():
        ways: dict[str, list[str]] = {}
        for label, reaction in _reactions(step):
            if reaction.goto:
                ways.setdefault(reaction.goto, []).append(label)
            if reaction.call:
                yield Edge(start=name, end=flow.parts[reaction.call].entry, label=label, dotted=True)
        for branch in step.fork:
            label = "且".join(map(str, branch.only_if)) or "其余"
            ways.setdefault(branch.goto, []).append(label)
        if step.call:
            yield Edge(start=name, end=flow.parts[step.call].entry, label="进入", dotted=True)
            for result, following in step.returns.items():
                ways.setdefault(following, []).append(f"返回 {result}")
        for end, labels in ways.items():
            yield Edge(start=name, end=end, label="、".join(dict.fromkeys(labels)))


def _reactions(step: Step) -> Iterator[tuple[str, Reaction]]:
    for intent, reaction in step.then.items():
        yield intent.value, reaction
    if step.otherwise is not None:
        yield "其余", step.otherwise


def mermaid(flow: Flow) -> str:
    """A Mermaid flowchart."""
    ids = {name: f"s{number}" for number, name in enumerate(flow.steps)}
    lines = ["flowchart TD", f"  start([{flow.title} v{flow.version}]) --> {ids[flow.entry]}"]
    for part, group in _grouped(nodes(flow)):
        if part:
            lines.append(f'  subgraph {part}["{flow.parts[part].title}"]')
        for node in group:
            label = node.label.replace('"', "”").replace("\n", "<br>")
            lines.append(f"  {'  ' if part else ''}{ids[node.id]}{_mermaid(node.shape, label)}")
        if part:
            lines.append("  end")
    for edge in edges(flow):
        arrow = "-.->" if edge.dotted else "-->"
        lines.append(f'  {ids[edge.start]} {arrow}|"{edge.label}"| {ids[edge.end]}')
    return "\n".join(lines) + "\n"


def _mermaid(shape: Shape, label: str) -> str:
    match shape:
        case "ask":
            return f'["{label}"]'
        case "end":
            return f'(["{label}"])'
        case "fork":
            return f'{{"{label}"}}'
        case "call":
            return f'[["{label}"]]'
        case _:
            assert_never(shape)


def dot(flow: Flow) -> str:
    """A directed graph for Graphviz."""
    shapes = {"ask": "box", "end": "oval", "fork": "diamond", "call": "box3d"}
    lines = [f"digraph {_quoted(flow.name)} {{", "  rankdir=TB;", '  node [fontname="sans-serif"];']
    for number, (part, group) in enumerate(_grouped(nodes(flow))):
        if part:
            lines.append(f"  subgraph cluster_{number} {{ label={_quoted(flow.parts[part].title)};")
        lines += [
            f"  {_quoted(node.id)} [label={_quoted(node.label)}, shape={shapes[node.shape]}];" for node in group
        ]
        if part:
            lines.append("  }")
    for edge in edges(flow):
        style = ", style=dashed" if edge.dotted else ""
        lines.append(f"  {_quoted(edge.start)} -> {_quoted(edge.end)} [label={_quoted(edge.label)}{style}];")
    lines.append("}")
    return "\n".join(lines) + "\n"


def _grouped(found: Iterable[Node]) -> list[tuple[str, list[Node]]]:
    groups: dict[str, list[Node]] = {}
    for node in found:
        groups.setdefault(node.part, []).append(node)
    return list(groups.items())


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _short(words: str) -> str:
    if len(words) <= _MOST:
        return words
    kept = words[: _MOST - 1]
    open_at = kept.rfind("{")
    return (kept[:open_at] if open_at > kept.rfind("}") else kept) + "…"
