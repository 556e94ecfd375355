"""JSON Lines with utterances or conversations, labelled or not; a bad line is named with file and line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from callbot.conversation.judging import SpokenTurn
from callbot.conversation.labels import Emotion, FollowUpKind, Intent, Outcome, TransferReason
from callbot.errors import BadInput, Problem, objection


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
        raise BadInput.one(str(path), f"读不了：{error.strerror}", "给一个每行一个 JSON 对象的文件") from None
    except UnicodeDecodeError as error:
        broken = path.read_bytes().count(b"\n", 0, error.start) + 1
        raise BadInput.one(f"{path} 第 {broken} 行", "不是 UTF-8 文本", "存成 UTF-8") from None
    rows: list[R] = []
    problems: list[Problem] = []
    first: dict[str | int, int] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"{path} 第 {number} 行"
        try:
            row = kind.model_validate_json(line)
        except ValidationError as error:
            problems += [_problem(where, detail) for detail in error.errors(include_url=False)]
            continue
        if row.id in first:
            problems.append(
                Problem(
                    where=where,
                    what=f"id {row.id!r} 已用于第 {first[row.id]} 行",
                    cure="每行用自己的 id",
                )
            )
        first.setdefault(row.id, number)
        rows.append(row)
    if problems:
        raise BadInput(problems)
    if not rows:
        raise BadInput.one(str(path), "没有任何行", "每行写一个 JSON 对象")
    return rows


def _problem(where: str, detail: Any) -> Problem:
    place = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "json_invalid":
        return Problem(where=where, what="不是 JSON", cure="每行写一个 JSON 对象")
    if detail["type"] in ("model_type", "model_attributes_type"):
        return Problem(where=where, what="不是 JSON 对象", cure="每行写一个 JSON 对象")
    if detail["type"] == "missing":
        return Problem(where=where, what=f"缺少 {place}", cure=f"补上 {place}")
    got = detail["input"] if isinstance(detail["input"], (str, int, float, bool)) else None
    shown = f"（写的是 {str(got)[:40]!r}）" if got is not None else ""
    return Problem(where=where, what=f"{place} {objection(detail)}{shown}", cure=f"改正 {place}")


def _spoken(turns: tuple[TurnRow, ...]) -> tuple[SpokenTurn, ...]:
    return tuple(SpokenTurn(role=turn.role, text=turn.text) for turn in turns)
