"""A conversation flow as a picture that can be read: steps, the ways between them, and every line."""

from __future__ import annotations

from typing import Self

from callbot.audience.columns import INDUSTRIES
from callbot.conversation.flow import OPENER, Flow, Line, Reaction, Step
from callbot.conversation.flow_graph import edges, nodes
from callbot.web.shapes.base import Out


class FlowLineOut(Out):
    """A flow in a list."""

    name: str
    version: int
    title: str
    industry: str
    """The scenario pack it was written for; empty: any."""
    steps: int
    lines: int
    knowledge: int


class ConditionOut(Out):
    """One thing that must be so."""

    name: str
    """What it is about: offer…, person…, feels or slot…."""
    among: list[str]
    """The value must be one of these; empty: any."""
    known: bool
    """Whether it must be known, or must not be."""


class WordingOut(Out):
    text: str
    promises: str
    """What it promises when it was heard; empty: nothing."""
    only_if: list[ConditionOut]
    """All of these must be so; none: it always fits."""


class SaidOut(Out):
    """One thing the bot can say, in several wordings."""

    name: str
    variants: list[WordingOut]

    @classmethod
    def of(cls, line: Line) -> Self:
        return cls(
            name=line.name,
            variants=[
                WordingOut(
                    text=text,
                    promises=str(line.promises.get(text, "")),
                    only_if=[ConditionOut.model_validate(each) for each in line.only_if.get(text, ())],
                )
                for text in line.variants
            ],
        )


class ReactionOut(Out):
    """What follows from an answer."""

    answer: str
    """An intent; empty: any other answer."""
    say: list[SaidOut]
    goto: str
    call: str
    resume: bool
    do: str
    reason: str
    end: str

    @classmethod
    def of(cls, answer: str, reaction: Reaction) -> Self:
        return cls(
            answer=answer,
            say=[SaidOut.of(line) for line in reaction.say],
            goto=reaction.goto,
            call=reaction.call,
            resume=reaction.resume,
            do=reaction.do or "",
            reason=reaction.reason or "",
            end=reaction.end or "",
        )


class MoodOut(Out):
    """Other words for a step when the callee sounds a certain way."""

    emotion: str
    say: list[SaidOut]


class StepOut(Out):
    name: str
    title: str
    part: str
    """The sub-flow it belongs to; empty: the flow itself."""
    shape: str
    """ask, end, fork or call."""
    opens: bool
    """It begins with the opener that was written for this person."""
    say: list[SaidOut]
    question: SaidOut | None
    question_kind: str
    again: SaidOut | None
    answers: list[ReactionOut]
    moods: list[MoodOut]
    fills: list[str]
    """Slots."""
    end: str
    do: str

    @classmethod
    def of(cls, step: Step, shape: str) -> Self:
        ask, otherwise = step.ask, step.otherwise
        answers = [ReactionOut.of(intent, reaction) for intent, reaction in step.then.items()]
        if otherwise is not None:
            answers.append(ReactionOut.of("", otherwise))
        return cls(
            name=step.name,
            title=step.title,
            part=step.name.rpartition("/")[0],
            shape=shape,
            opens=any(line.name == OPENER for line in step.say),
            say=[SaidOut.of(line) for line in step.say if line.name != OPENER],
            question=SaidOut.of(ask.line) if ask else None,
            question_kind=ask.kind if ask else "",
            again=SaidOut.of(ask.again) if ask and ask.again else None,
            answers=answers,
            moods=[
                MoodOut(emotion=emotion, say=[SaidOut.of(line) for line in variation.say])
                for emotion, variation in step.when.items()
            ],
            fills=[keep.slot for keep in step.keep],
            end=step.end or "",
            do=step.do or "",
        )


class WayOut(Out):
    """One way from step to step."""

    start: str
    end: str
    answers: list[str]
    """Intents, conditions or results that lead there; empty text: every other answer."""
    into_part: bool


class PartOut(Out):
    name: str
    title: str
    entry: str


class KnowledgeOut(Out):
    name: str
    asks: list[str]
    answer: SaidOut | None
    """Null: the flow's own handlers answer these questions."""


class FlowOut(Out):
    name: str
    version: int
    title: str
    industry: str
    """The scenario pack it was written for; empty: any."""
    entry: str
    steps: list[StepOut]
    ways: list[WayOut]
    parts: list[PartOut]
    always: list[ReactionOut]
    """What is answered at every step unless the step answers it itself."""
    lines: list[SaidOut]
    """Every line by name, those of the engine too."""
    knowledge: list[KnowledgeOut]
    findings: dict[str, str]
    """Slots that stand in the record of the call, with the names people read."""

    @classmethod
    def of(cls, flow: Flow) -> Self:
        shapes = {node.id: node.shape for node in nodes(flow)}
        return cls(
            name=flow.name,
            version=flow.version,
            title=flow.title,
            industry=INDUSTRIES.get(flow.industry, ""),
            entry=flow.entry,
            steps=[StepOut.of(step, shapes[name]) for name, step in flow.steps.items()],
            ways=[
                WayOut(
                    start=edge.start,
                    end=edge.end,
                    answers=["" if each == "其余" else each for each in edge.label.split("、")],
                    into_part=edge.dotted,
                )
                for edge in edges(flow)
            ],
            parts=[PartOut.model_validate(part) for part in flow.parts.values()],
            always=[ReactionOut.of(intent, reaction) for intent, reaction in flow.always.items()],
            lines=[SaidOut.of(line) for line in flow.lines.values() if line.name != OPENER],
            knowledge=[
                KnowledgeOut(
                    name=entry.name,
                    asks=list(entry.asks),
                    answer=SaidOut.of(entry.answer) if entry.answer else None,
                )
                for entry in flow.knowledge
            ],
            findings=dict(flow.findings),
        )


def flow_line(flow: Flow) -> FlowLineOut:
    return FlowLineOut(
        name=flow.name,
        version=flow.version,
        title=flow.title,
        industry=INDUSTRIES.get(flow.industry, ""),
        steps=len(flow.steps),
        lines=len(flow.lines),
        knowledge=len(flow.knowledge),
    )
