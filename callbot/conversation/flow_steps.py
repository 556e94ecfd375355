"""The steps of a flow file: questions, what follows from the answers, and where a step branches."""

from __future__ import annotations

from dataclasses import dataclass, field

from callbot.conversation.flow import Ask, Branch, Do, Keep, Reaction, Rung, Step, Variation
from callbot.conversation.flow_lines import LineReader
from callbot.conversation.flow_source import Mistakes, Place
from callbot.conversation.labels import Emotion, Intent, Outcome, TransferReason
from callbot.conversation.result import JournalKind

_LEADS = ("goto", "resume", "call", "return", "do", "end")
_WAYS_ON = ("end", "do", "fork", "call", "return")


@dataclass(slots=True, eq=False)
class StepReader:
    """Reads the steps and handlers of one file. `part` is the sub-flow it holds, empty for a flow."""

    mistakes: Mistakes
    lines: LineReader
    handlers: dict[str, str]
    """Handler → file and line, filled as they are read."""
    part: str = ""
    targets: list[tuple[str, Place]] = field(default_factory=list)
    """Steps that are named somewhere, for the check that they exist."""
    calls: list[tuple[str, Place]] = field(default_factory=list)
    results: list[tuple[str, Place]] = field(default_factory=list)
    """What the sub-flow comes back with."""

    def full(self, step: str) -> str:
        """The name of a step of this file within the whole flow."""
        return f"{self.part}/{step}" if self.part else step

    def step(self, name: str, place: Place) -> Step:
        data, title, complain = place.data, self.full(name), self.mistakes.complain
        say, ask, back = place.get("say"), place.get("ask"), place.get("return")
        then, otherwise = self.reactions(place["then"], title) if "then" in data else ({}, None)
        ways = [key for key in _WAYS_ON if data.get(key)]
        if ask is None and not ways:
            complain(place, f"步骤 `{name}` 既不提问也不结束", "补上 `ask:`、`end:`、`do:`、`fork:` 或 `call:`")
        if len(ways) + (ask is not None) > 1:
            both = [*ways, *(["ask"] if ask is not None else [])]
            complain(place, f"步骤 `{name}` 同时有 {' 和 '.join(both)}", "只留一个")
        if ask is None and then:
            complain(place["then"], f"步骤 `{name}` 等回答，却没有提问", "补上 `ask:`")
        if back is not None:
            self.result(back)
        return Step(
            name=title,
            title=str(data["title"]),
            say=self.lines.words(say, name=title) if say else (),
            ask=self.ask(name, ask) if ask else None,
            then=then,
            otherwise=otherwise,
            when=self.variations(place["when"], title) if "when" in data else {},
            keep=tuple(_keep(slot, spot) for slot, spot in place["keep"].items()) if "keep" in data else (),
            end=Outcome(data["end"]) if "end" in data else None,
            do=Do(data["do"]) if "do" in data else None,
            fork=self.fork(place["fork"], title) if "fork" in data else (),
            call=self.called(place["call"]) if "call" in data else "",
            returns=self.returns(place, name) if "call" in data else {},
            back=str(back.data) if back is not None else "",
        )

    def ask(self, step: str, place: Place) -> Ask:
        data, title = place.data, self.full(step)
        if data["kind"] == "choice" and "choices" not in data:
            self.mistakes.complain(place, f"步骤 `{step}` 让人选择，却没有选项", "补上 `choices: […]`")
        again = place.get("again")
        keys: dict[str, Intent] = {}
        for digit, spot in place["keys"].items() if "keys" in data else ():
            if spot.data in set(Intent):
                keys[digit] = Intent(spot.data)
                self.handlers[key_handler(title, digit)] = spot.where
            else:
                self.mistakes.complain(spot, f"没有 `{spot.data}` 这个标签", f"可用：{'、'.join(Intent)}")
        return Ask(
            line=self.lines.one(str(data["say"]), place["say"], f"{title}.ask"),
            kind=str(data["kind"]),
            again=self.lines.one(str(again.data), again, f"{title}.again") if again else None,
            choices=tuple(map(str, data.get("choices", ()))),
            keys=keys,
        )

    def variations(self, place: Place, step: str) -> dict[Emotion, Variation]:
        found: dict[Emotion, Variation] = {}
        for label, spot in place.items():
            if label not in set(Emotion):
                self.mistakes.complain(spot, f"没有 `{label}` 这种情绪", f"可用：{'、'.join(Emotion)}")
                continue
            handler = f"{step}: when {label}"
            self.handlers[handler] = spot.where
            found[Emotion(label)] = Variation(
                say=self.lines.words(spot["say"], name=f"{step}.{label}"),
                only_if=self.lines.conditions(spot["only_if"]) if "only_if" in spot.data else (),
                handler=handler,
            )
        return found

    def fork(self, place: Place, step: str) -> tuple[Branch, ...]:
        branches = []
        for number, spot in enumerate(place.rows(), 1):
            handler = f"{step}: fork {number}"
            self.handlers[handler] = spot.where
            branches.append(
                Branch(
                    goto=self.target(spot["goto"]),
                    only_if=self.lines.conditions(spot["only_if"]) if "only_if" in spot.data else (),
                    handler=handler,
                )
            )
        if branches[-1].only_if:
            self.mistakes.complain(place, "没有一条分支适合所有人", "最后一条不带 `only_if`")
        return tuple(branches)

    def reactions(self, place: Place, where: str) -> tuple[dict[Intent, Reaction], Reaction | None]:
        """Reactions by intent and the one for the rest; `where`: the step, or `always`."""
        found: dict[Intent, Reaction] = {}
        otherwise: Reaction | None = None
        for key, spot in place.items():
            labels = [part.strip() for part in key.split(",")]
            handler = f"{where}: {', '.join(labels)}"
            self.handlers[handler] = spot.where
            reaction = self.reaction(spot, handler)
            for label in labels:
                if label == "otherwise":
                    otherwise = reaction
                elif label not in set(Intent):
                    self.mistakes.complain(spot, f"没有 `{label}` 这个标签", f"可用：{'、'.join(Intent)}")
                elif Intent(label) in found:
                    self.mistakes.complain(spot, f"标签 `{label}` 写了两次", "去掉一个")
                else:
                    found[Intent(label)] = reaction
        return found, otherwise

    def reaction(self, place: Place, handler: str) -> Reaction:
        data = place.data
        if isinstance(data, str):
            return Reaction(handler=handler, goto=self.target(place))
        leads = [key for key in _LEADS if data.get(key)]
        if len(leads) != 1:
            what = "没有下文" if not leads else f"同时有 {' 和 '.join(leads)}"
            self.mistakes.complain(place, what, "在 goto、resume、call、return、do、end 里写一个")
        if data.get("end") and not data.get("say"):
            self.mistakes.complain(place, "没有道别就结束", "补上 `say:`")
        say, back = place.get("say"), place.get("return")
        if back is not None:
            self.result(back)
        return Reaction(
            handler=handler,
            say=self.lines.words(say) if say else (),
            goto=self.target(place["goto"]) if "goto" in data else "",
            resume=bool(data.get("resume", False)),
            call=self.called(place["call"]) if "call" in data else "",
            back=str(back.data) if back is not None else "",
            do=Do(data["do"]) if "do" in data else None,
            reason=TransferReason(data["reason"]) if "reason" in data else None,
            note=JournalKind(data["note"]) if "note" in data else None,
            end=Outcome(data["end"]) if "end" in data else None,
            keep={str(slot): str(value) for slot, value in data.get("set", {}).items()},
        )

    def silence(self, place: Place) -> tuple[Rung, ...]:
        rungs: list[Rung] = []
        for number, spot in enumerate(place.rows(), 1):
            line = spot.get("line")
            if line is None and spot.data["do"] != "repeat":
                self.mistakes.complain(spot, f"`{spot.data['do']}` 缺少要说的话", "补上 `line:`")
            handler = f"silence: {number}"
            self.handlers[handler] = spot.where
            rungs.append(
                Rung(
                    after_ms=round(float(spot.data["after_s"]) * 1000),
                    do=str(spot.data["do"]),
                    line=self.lines.one(str(line.data), line, "silence") if line else None,
                    handler=handler,
                )
            )
        if rungs[-1].do != "end":
            self.mistakes.complain(place, "沉默之后没有结束", "最后一级写 `do: end`")
        return tuple(rungs)

    # Names to be checked once everything is read

    def target(self, place: Place) -> str:
        if "/" in str(place.data):
            self.mistakes.complain(place, f"`{place.data}` 在子流程里面", "用 `call:` 进入子流程")
        name = self.full(str(place.data))
        self.targets.append((name, place))
        return name

    def called(self, place: Place) -> str:
        self.calls.append((str(place.data), place))
        return str(place.data)

    def result(self, place: Place) -> None:
        if not self.part:
            self.mistakes.complain(place, "这里没有子流程可以返回", "只有子流程里能写 `return:`")
        self.results.append((str(place.data), place))

    def returns(self, place: Place, name: str) -> dict[str, str]:
        found = place.get("returns")
        if found is None:
            self.mistakes.complain(place, f"步骤 `{name}` 进入子流程，没有写回来之后去哪里", "补上 `returns:`")
            return {}
        return {result: self.target(spot) for result, spot in found.items()}


def key_handler(step: str, digit: str) -> str:
    """The handler of a key that answers the question of `step`."""
    return f"{step}: key {digit}"


def _keep(slot: str, place: Place) -> Keep:
    """`[a, b]`: the word itself; `{value: [a, b]}`: what it stands for; `all`: everything that was said."""
    if isinstance(place.data, str):
        return Keep(slot=slot)
    if isinstance(place.data, dict):
        return Keep(
            slot=slot,
            values={value: tuple(str(row.data) for row in spot.rows()) for value, spot in place.items()},
        )
    return Keep(slot=slot, values={str(row.data): (str(row.data),) for row in place.rows()})
