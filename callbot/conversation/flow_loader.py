"""Flows from YAML: checked by schema and by meaning, every error with file and line."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from callbot.conversation.flow import (
    NEEDED_LINES,
    OPENER,
    Ask,
    Condition,
    Do,
    Flow,
    Line,
    Reaction,
    Rung,
    Step,
    Variation,
)
from callbot.conversation.labels import Emotion, Intent, Outcome, TransferReason
from callbot.conversation.result import JournalKind
from callbot.conversation.wording import PLACEHOLDERS, placeholders
from callbot.errors import BadInput, Problem

LONGEST_SENTENCE = 40
"""Characters between two stops that a listener follows without effort."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_STOPS = re.compile(r"[。！？；]")


@cache
def schema() -> Mapping[str, Any]:
    """The JSON Schema of a flow file."""
    text = files("callbot.conversation").joinpath("flow_schema.json").read_text(encoding="utf-8")
    loaded: Mapping[str, Any] = json.loads(text)
    return loaded


def load_flow(path: Path) -> Flow:
    """Read and check one flow file and what it extends. Raises `BadInput` with every problem found."""
    return _Loading(path).flow()


def load_flows(folder: Path) -> dict[str, Flow]:
    """Every flow below `folder` by name; files without `entry` are only there to be extended."""
    flows: dict[str, Flow] = {}
    problems: list[Problem] = []
    for path in sorted(folder.rglob("*.y*ml")):
        try:
            if "entry" not in _read(path):
                continue
            flow = load_flow(path)
        except BadInput as bad:
            problems.extend(bad.problems)
            continue
        if flow.name in flows:
            problems.append(
                Problem(
                    where=str(path),
                    what=f"the name {flow.name} is taken by {flows[flow.name].source}",
                    cure="give one of them another name",
                )
            )
        flows[flow.name] = flow
    if problems:
        raise BadInput(problems)
    return flows


def _read(path: Path) -> CommentedMap:
    try:
        data = YAML(typ="rt").load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput.one(str(path), f"cannot be read: {error.strerror}", "check the path") from None
    except UnicodeDecodeError:
        raise BadInput.one(str(path), "is not UTF-8", "save the file as UTF-8") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise BadInput.one(where, f"is not YAML: {error.problem}", "correct the line") from None
    except YAMLError as error:
        raise BadInput.one(str(path), f"is not YAML: {error}", "correct the file") from None
    if not isinstance(data, CommentedMap):
        raise BadInput.one(f"{path}:1", "is not a flow", "start with `flow: name`")
    return data


@dataclass(frozen=True, slots=True)
class _Place:
    """A value of a file with the line it stands in."""

    path: Path
    data: Any
    row: int

    def __getitem__(self, key: Any) -> _Place:
        return _Place(self.path, self.data[key], _row(self.data, key, self.row))

    def items(self) -> list[tuple[str, _Place]]:
        return [(str(key), self[key]) for key in self.data]

    def get(self, key: str) -> _Place | None:
        return self[key] if isinstance(self.data, dict) and key in self.data else None

    @property
    def where(self) -> str:
        return f"{self.path}:{self.row}"


def _row(parent: Any, key: Any, fallback: int) -> int:
    if isinstance(parent, CommentedMap) and key in parent.lc.data:
        return int(parent.lc.data[key][0]) + 1
    if isinstance(parent, CommentedSeq) and key in (parent.lc.data or {}):
        return int(parent.lc.data[key][0]) + 1
    return fallback


class _Loading:
    """One load: collects problems while it builds."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[Problem] = []
        self.lines: dict[str, Line] = {}
        self.steps: dict[str, _Place] = {}
        self.targets: list[tuple[str, _Place]] = []

    def complain(self, place: _Place | str, what: str, cure: str) -> None:
        where = place if isinstance(place, str) else place.where
        problem = Problem(where=where, what=what, cure=cure)
        if problem not in self.problems:
            self.problems.append(problem)

    def flow(self) -> Flow:
        layers = self.layers()
        self.stop_if_broken()
        for layer in layers:
            if (found := layer.get("lines")) is not None:
                for name, place in found.items():
                    self.lines[name] = self.line(name, place)
            if (found := layer.get("steps")) is not None:
                self.steps |= dict(found.items())
        always: dict[Intent, Reaction] = {}
        for layer in layers:
            if (found := layer.get("always")) is not None:
                always |= self.reactions(found)[0]
        top = layers[-1]
        steps = {name: self.step(name, place) for name, place in self.steps.items()}
        silence = self.silence(layers)
        self.check_names(top, steps, always)
        self.stop_if_broken()
        return Flow(
            name=str(top.data["flow"]),
            version=int(top.data["version"]),
            title=str(top.data["title"]),
            industry=str(top.data.get("industry", "")),
            entry=str(top.data["entry"]),
            steps=steps,
            lines=self.lines,
            always=always,
            silence=silence,
            hotwords=tuple(str(word) for layer in layers for word in layer.data.get("hotwords", ())),
            source=str(self.path),
        )

    def stop_if_broken(self) -> None:
        if self.problems:
            raise BadInput(self.problems)

    def layers(self) -> list[_Place]:
        """The files from the most basic to the flow itself, each checked by the schema."""
        layers: list[_Place] = []
        path, seen = self.path, set[Path]()
        while True:
            place = _Place(path, _read(path), 1)
            self.check_schema(place)
            layers.insert(0, place)
            seen.add(path.resolve())
            parent = place.get("extends")
            if parent is None or not isinstance(parent.data, str):
                break
            path = path.parent / parent.data
            if path.resolve() in seen:
                self.complain(parent, "the flow extends itself", "break the circle")
                break
            if not path.is_file():
                self.complain(parent, f"{parent.data} does not exist", "name a file beside this one")
                break
        for key in ("flow", "version", "title", "entry", "steps"):
            if key not in layers[-1].data:
                self.complain(layers[-1], f"`{key}` is missing", f"add `{key}:`")
        return layers

    def check_schema(self, place: _Place) -> None:
        for error in Draft202012Validator(schema()).iter_errors(place.data):
            while error.context:
                # Of the alternatives the one that went deepest is the one that was meant.
                error = max(
                    error.context, key=lambda child: (len(child.absolute_path), child.validator != "type")
                )
            at = place
            for part in error.absolute_path:
                at = at[part]
            if error.validator == "additionalProperties" and isinstance(at.data, dict):
                known = error.schema.get("properties", {})
                for key in at.data:
                    if key not in known:
                        self.complain(at[key], f"unknown key `{key}`", f"use one of: {', '.join(known)}")
            else:
                self.complain(at, error.message, f"see `{'.'.join(map(str, error.absolute_path)) or 'flow'}`")

    # Parts

    def line(self, name: str, place: _Place) -> Line:
        body = place.data
        promise = ""
        if isinstance(body, dict):
            promise, body = str(body.get("promise", "")), body["say"]
        promises: dict[str, str] = {}
        for variant in (body,) if isinstance(body, str) else body:
            own = variant if isinstance(variant, dict) else {"say": variant, "promise": promise}
            words = str(own["say"])
            self.check_words(words, place)
            promises[words] = str(own["promise"])
        return Line(
            name=name,
            variants=tuple(promises),
            promises={words: kind for words, kind in promises.items() if kind},
        )

    def check_words(self, text: str, place: _Place) -> None:
        try:
            names = placeholders(text)
        except ValueError as error:
            self.complain(place, f"broken placeholder in “{text}”: {error}", "close every brace")
            return
        for name in names:
            if name not in PLACEHOLDERS and not name.startswith("slot."):
                self.complain(
                    place,
                    f"unknown placeholder {{{name}}}",
                    f"use one of: {', '.join(sorted(PLACEHOLDERS))}, slot.NAME",
                )
        for sentence in _STOPS.split(text):
            if len(re.sub(r"\{[^}]*\}", "某某", sentence)) > LONGEST_SENTENCE:
                self.complain(
                    place, f"a sentence of more than {LONGEST_SENTENCE} characters: {sentence}", "split it"
                )

    def words(self, place: _Place, *, name: str = "") -> tuple[Line, ...]:
        """Lines by name, or text written where it is said."""
        body = place.data
        return tuple(
            self.one(str(item), place if isinstance(body, str) else place[index], name)
            for index, item in enumerate([body] if isinstance(body, str) else body)
        )

    def one(self, words: str, place: _Place, name: str = "") -> Line:
        if words == OPENER:
            return Line(name=OPENER, variants=("",))
        if words in self.lines:
            return self.lines[words]
        if _NAME.fullmatch(words):
            self.complain(place, f"unknown line `{words}`", "add it under `lines:` or write the words here")
        else:
            self.check_words(words, place)
        return Line(name=name or words, variants=(words,))

    def step(self, name: str, place: _Place) -> Step:
        data = place.data
        say, ask = place.get("say"), place.get("ask")
        then, otherwise = self.reactions(place["then"]) if "then" in data else ({}, None)
        if ask is None and not data.get("end") and not data.get("do"):
            self.complain(place, f"step `{name}` neither asks nor ends", "add `ask:`, `end:` or `do:`")
        if ask is None and then:
            self.complain(place["then"], f"step `{name}` waits for an answer but asks nothing", "add `ask:`")
        when: dict[Emotion, Variation] = {}
        for label, spot in place["when"].items() if "when" in data else ():
            if label not in set(Emotion):
                self.complain(spot, f"unknown emotion `{label}`", f"use one of: {', '.join(Emotion)}")
                continue
            when[Emotion(label)] = Variation(
                say=self.words(spot["say"], name=f"{name}.{label}"),
                only_if=tuple(Condition(word) for word in spot.data.get("only_if", ())),
            )
        return Step(
            name=name,
            title=str(data["title"]),
            say=self.words(say, name=name) if say else (),
            ask=self.ask(name, ask) if ask else None,
            then=then,
            otherwise=otherwise,
            when=when,
            keep={slot: tuple(map(str, words)) for slot, words in data.get("keep", {}).items()},
            end=Outcome(data["end"]) if "end" in data else None,
            do=Do(data["do"]) if "do" in data else None,
        )

    def ask(self, step: str, place: _Place) -> Ask:
        data = place.data
        if data["kind"] == "choice" and "choices" not in data:
            self.complain(place, f"step `{step}` asks a choice without choices", "add `choices: […]`")
        again = place.get("again")
        keys: dict[str, Intent] = {}
        for digit, spot in place["keys"].items() if "keys" in data else ():
            if spot.data in set(Intent):
                keys[digit] = Intent(spot.data)
            else:
                self.complain(spot, f"unknown label `{spot.data}`", f"use one of: {', '.join(Intent)}")
        return Ask(
            line=self.one(str(data["say"]), place["say"], f"{step}.ask"),
            kind=str(data["kind"]),
            again=self.one(str(again.data), again, f"{step}.again") if again else None,
            choices=tuple(map(str, data.get("choices", ()))),
            keys=keys,
        )

    def reactions(self, place: _Place) -> tuple[dict[Intent, Reaction], Reaction | None]:
        found: dict[Intent, Reaction] = {}
        otherwise: Reaction | None = None
        for key, spot in place.items():
            reaction = self.reaction(spot)
            for label in (part.strip() for part in key.split(",")):
                if label == "otherwise":
                    otherwise = reaction
                elif label not in set(Intent):
                    self.complain(spot, f"unknown label `{label}`", f"use one of: {', '.join(Intent)}")
                elif Intent(label) in found:
                    self.complain(spot, f"label `{label}` stands twice", "remove one")
                else:
                    found[Intent(label)] = reaction
        return found, otherwise

    def reaction(self, place: _Place) -> Reaction:
        data = place.data
        if isinstance(data, str):
            self.targets.append((data, place))
            return Reaction(goto=data)
        if "goto" in data:
            self.targets.append((str(data["goto"]), place["goto"]))
        leads = [key for key in ("goto", "resume", "do", "end") if data.get(key)]
        if len(leads) != 1:
            what = "leads nowhere" if not leads else f"leads to {' and '.join(leads)} at once"
            self.complain(place, what, "give exactly one of goto, resume, do, end")
        if data.get("end") and not data.get("say"):
            self.complain(place, "ends without a goodbye", "add `say:`")
        say = place.get("say")
        return Reaction(
            say=self.words(say) if say else (),
            goto=str(data.get("goto", "")),
            resume=bool(data.get("resume", False)),
            do=Do(data["do"]) if "do" in data else None,
            reason=TransferReason(data["reason"]) if "reason" in data else None,
            note=JournalKind(data["note"]) if "note" in data else None,
            end=Outcome(data["end"]) if "end" in data else None,
        )

    def silence(self, layers: list[_Place]) -> tuple[Rung, ...]:
        place = next((found for layer in reversed(layers) if (found := layer.get("silence"))), None)
        if place is None:
            self.complain(layers[-1], "`silence` is missing", "add the silence ladder")
            return ()
        rungs: list[Rung] = []
        for index in range(len(place.data)):
            spot = place[index]
            line = spot.get("line")
            if line is None and spot.data["do"] != "repeat":
                self.complain(spot, f"`{spot.data['do']}` needs a line", "add `line:`")
            rungs.append(
                Rung(
                    after_ms=round(float(spot.data["after_s"]) * 1000),
                    do=str(spot.data["do"]),
                    line=self.one(str(line.data), line, "silence") if line else None,
                )
            )
        if rungs[-1].do != "end":
            self.complain(place, "the silence ladder does not end", "make the last rung `do: end`")
        return tuple(rungs)

    # Meaning

    def check_names(self, top: _Place, steps: Mapping[str, Step], always: Mapping[Intent, Reaction]) -> None:
        for target, place in self.targets:
            if target not in steps:
                self.complain(place, f"unknown step `{target}`", f"use one of: {', '.join(steps)}")
        entry = str(top.data["entry"])
        if entry not in steps:
            self.complain(top["entry"], f"unknown step `{entry}`", f"use one of: {', '.join(steps)}")
        for name in NEEDED_LINES:
            if name not in self.lines:
                self.complain(top, f"line `{name}` is missing", f"add `{name}:` under `lines:`")
        reached = self.reachable(entry, steps, always)
        own = top.get("steps")
        for name in own.data if own else ():
            if name not in reached:
                self.complain(self.steps[name], f"step `{name}` is never reached", "lead to it or remove it")
        for name, step in steps.items():
            if step.ask is None or step.otherwise is not None:
                continue
            handled = {*step.then, *always, Intent.SILENCE_FILLER_UNCLEAR}
            missing = [intent for intent in Intent if intent not in handled]
            if missing:
                self.complain(
                    self.steps[name],
                    f"step `{name}` has no answer to: {', '.join(missing)}",
                    "add them under `then:` or add `otherwise:`",
                )

    def reachable(
        self, entry: str, steps: Mapping[str, Step], always: Mapping[Intent, Reaction]
    ) -> frozenset[str]:
        reached: set[str] = set()
        heads = [entry, *(reaction.goto for reaction in always.values() if reaction.goto)]
        while heads:
            name = heads.pop()
            if name in reached or name not in steps:
                continue
            reached.add(name)
            step = steps[name]
            heads.extend(reaction.goto for reaction in step.then.values() if reaction.goto)
            if step.otherwise is not None and step.otherwise.goto:
                heads.append(step.otherwise.goto)
        return frozenset(reached)
