"""JSON Lines with utterances or conversations, labelled or not; a bad line is named with file and line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from callbot.conversation.judging import SpokenTurn
from callbot.conversation.labels import Emotion, FollowUpKind, Intent, Outcome, TransferReason
from callbot.errors import BadInput, Problem


class Row(BaseModel):
    """What every line has; fields nobody asks about are ignored."""

    model_config = ConfigDict(frozen=True)

    id: str | int


class TurnRow(BaseModel):
    model_config = ConfigDict(frozen=True)

    role: Literal["bot", "callee"]
    text: str


class UtteranceRow(Row):
    """An utterance, and the turns before it where its meaning rests on them."""

    text: str
    turns: tuple[TurnRow, ...] = ()
    hard: bool = False

    @property
    def before(self) -> tuple[SpokenTurn, ...]:
        return _spoken(self.turns)


class IntentRow(UtteranceRow):
    label: Intent | None = Field(default=None, validation_alias=AliasChoices("intent", "label"))


class EmotionRow(UtteranceRow):
    label: Emotion | None = Field(default=None, validation_alias=AliasChoices("emotion", "label"))


class ConversationRow(Row):
    turns: tuple[TurnRow, ...] = Field(min_length=1)

    @property
    def spoken(self) -> tuple[SpokenTurn, ...]:
        return _spoken(self.turns)


def _none(value: Any) -> Any:
    return None if value in ("", "none") else value


class HandoffRow(ConversationRow):
    transfer: bool | None = None
    reason: Annotated[TransferReason | None, BeforeValidator(_none)] = None
    turn: int | None = None
    misleading: bool = False


class OutcomeRow(ConversationRow):
    outcome: Outcome | None = None
    follow_up: FollowUpKind | None = None
    callback_time: str | None = None


R = TypeVar("R", bound=Row)


def read_rows(path: Path, kind: type[R]) -> list[R]:
    """Every line of `path` as `kind`; blank lines are skipped. Raises `BadInput` with every bad line."""
    try:
        lines = path.read_text("utf-8-sig").split("\n")
    except OSError as error:
        raise BadInput.one(
            str(path), f"cannot be read: {error.strerror}", "name a file with one JSON object a line"
        ) from None
    except UnicodeDecodeError as error:
        broken = path.read_bytes().count(b"\n", 0, error.start) + 1
        raise BadInput.one(f"{path}, line {broken}", "is not UTF-8 text", "save the file as UTF-8") from None
    rows: list[R] = []
    problems: list[Problem] = []
    first: dict[str | int, int] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            row = kind.model_validate_json(line)
        except ValidationError as error:
            problems += [_problem(where, detail) for detail in error.errors(include_url=False)]
            continue
        if row.id in first:
            problems.append(
                Problem(
                    where=where,
                    what=f"id {row.id!r} was already used in line {first[row.id]}",
                    cure="give each line its own id",
                )
            )
        first.setdefault(row.id, number)
        rows.append(row)
    if problems:
        raise BadInput(problems)
    if not rows:
        raise BadInput.one(str(path), "holds no rows", "write one JSON object a line")
    return rows


def _problem(where: str, detail: Any) -> Problem:
    place = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "json_invalid":
        return Problem(where=where, what="is not JSON", cure="write one JSON object on each line")
    if detail["type"] in ("model_type", "model_attributes_type"):
        return Problem(where=where, what="is not a JSON object", cure="write one JSON object on each line")
    if detail["type"] == "missing":
        return Problem(where=where, what=f"{place} is missing", cure=f"add {place}")
    got = detail["input"] if isinstance(detail["input"], (str, int, float, bool)) else None
    shown = f" (got {str(got)[:40]!r})" if got is not None else ""
    return Problem(where=where, what=f"{place}: {detail['msg']}{shown}", cure=f"correct {place}")


def _spoken(turns: tuple[TurnRow, ...]) -> tuple[SpokenTurn, ...]:
    return tuple(SpokenTurn(role=turn.role, text=turn.text) for turn in turns)
