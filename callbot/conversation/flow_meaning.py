"""What a flow must be beyond its schema: names exist, answers lead on, steps are reached. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from callbot.conversation.flow import NEEDED_LINES, Line, Part, Reaction, Step
from callbot.conversation.flow_source import Mistakes, Place
from callbot.conversation.labels import Intent


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """Everything that was read, before it is a flow."""

    top: Place
    entry: str
    steps: Mapping[str, Step]
    places: Mapping[str, Place]
    """Step → where it stands."""
    own: Sequence[str]
    """Steps of the flow's own file, and of its sub-flows: they must be reached."""
    parts: Mapping[str, Part]
    part_places: Mapping[str, Place]
    always: Mapping[Intent, Reaction]
    lines: Mapping[str, Line]
    targets: Sequence[tuple[str, Place]]
    calls: Sequence[tuple[str, Place]]


def check_meaning(whole: Whole, mistakes: Mistakes) -> None:
    """Add what is wrong to `mistakes`."""
    shown = [name for name in whole.steps if "/" not in name]
    for target, place in whole.targets:
        if target not in whole.steps:
            inside = target.rpartition("/")[0]
            near = [name.rpartition("/")[2] for name in whole.steps if name.rpartition("/")[0] == inside]
            mistakes.complain(place, f"没有 `{place.data}` 这个步骤", f"可用：{'、'.join(near)}")
    for name, place in whole.calls:
        if name not in whole.parts:
            mistakes.complain(
                place,
                f"没有 `{name}` 这个子流程",
                f"可用：{'、'.join(whole.parts)}" if whole.parts else "在 `parts:` 里写上它的文件",
            )
    if whole.entry not in whole.steps:
        mistakes.complain(whole.top["entry"], f"没有 `{whole.entry}` 这个步骤", f"可用：{'、'.join(shown)}")
    for name in NEEDED_LINES:
        if name not in whole.lines:
            mistakes.complain(whole.top, f"缺少 `{name}` 这一行话", f"在 `lines:` 下面补上 `{name}:`")
    reached = reachable(whole)
    for name in whole.own:
        if name not in reached:
            mistakes.complain(
                whole.places[name],
                f"步骤 `{name}` 走不到",
                "引到它，或者删掉",
            )
    for name, step in whole.steps.items():
        _check_answers(step, whole, mistakes)
        if step.call in whole.parts and step.returns:
            missing = [result for result in whole.parts[step.call].results if result not in step.returns]
            if missing:
                mistakes.complain(
                    whole.places[name],
                    f"步骤 `{name}` 没有写 `{step.call}` 返回这些之后去哪里：{'、'.join(missing)}",
                    "在 `returns:` 下面补上",
                )
    for circle in _circles(whole):
        mistakes.complain(
            whole.places[circle[0]],
            f"一直转圈，不提问也不结束：{' → '.join(circle)}",
            "让其中一个步骤提问或结束",
        )


def _check_answers(step: Step, whole: Whole, mistakes: Mistakes) -> None:
    if step.ask is None or step.otherwise is not None:
        return
    handled = {*step.then, *whole.always, Intent.SILENCE_FILLER_UNCLEAR}
    missing = [intent for intent in Intent if intent not in handled]
    if missing:
        mistakes.complain(
            whole.places[step.name],
            f"步骤 `{step.name}` 没有回应：{'、'.join(missing)}",
            "在 `then:` 下面补上，或者写 `otherwise:`",
        )


def reachable(whole: Whole) -> frozenset[str]:
    """Steps that some conversation can come to."""
    reached: set[str] = set()
    heads = [whole.entry, *_heads(whole.always.values(), whole.parts)]
    while heads:
        name = heads.pop()
        if name in reached or name not in whole.steps:
            continue
        reached.add(name)
        step = whole.steps[name]
        heads.extend(step.next_steps)
        reactions = (*step.then.values(), *((step.otherwise,) if step.otherwise else ()))
        heads.extend(_heads(reactions, whole.parts))
        if step.call in whole.parts:
            heads.append(whole.parts[step.call].entry)
    return frozenset(reached)


def _heads(reactions: Iterable[Reaction], parts: Mapping[str, Part]) -> list[str]:
    return [
        *(reaction.goto for reaction in reactions if reaction.goto),
        *(parts[reaction.call].entry for reaction in reactions if reaction.call in parts),
    ]


def _circles(whole: Whole) -> list[tuple[str, ...]]:
    """Ways round over steps that neither ask nor end: a call would hang in them."""

    def silent(name: str) -> tuple[str, ...]:
        step = whole.steps.get(name)
        if step is None:
            return ()
        if step.fork:
            return tuple(branch.goto for branch in step.fork)
        return (whole.parts[step.call].entry,) if step.call in whole.parts else ()

    found: list[tuple[str, ...]] = []
    done: set[str] = set()

    def walk(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            found.append((*path[path.index(name) :], name))
        elif name not in done:
            for following in silent(name):
                walk(following, (*path, name))
            done.add(name)

    for name in whole.steps:
        walk(name, ())
    return found
