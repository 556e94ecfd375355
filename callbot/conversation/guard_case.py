"""Texts with their sheets from a JSONL file, so that anyone can measure the guard on their own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from callbot.conversation.facts import Offer
from callbot.conversation.guard import Sheet, Violation, check
from callbot.errors import BadInput, Problem


def _day(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("must be a day such as 2026-03-31")
    return value


def _id(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


_Day = Annotated[date, BeforeValidator(_day)]
_Id = Annotated[str, BeforeValidator(_id), Field(min_length=1)]
_Yuan = Annotated[float, Field(strict=True, ge=0, le=1e9, allow_inf_nan=False)]


class _Offer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: _Id
    title: str
    discount_percent: Annotated[int, Field(strict=True, gt=0, le=100)] | None = None
    amount_yuan: _Yuan | None = None
    gift: str | None = None
    min_spend_yuan: _Yuan | None = None
    valid_from: _Day | None = None
    valid_until: _Day | None = None
    stock: Annotated[int, Field(strict=True, ge=0)] | None = None

    def row(self) -> Offer:
        return Offer(
            code=self.id,
            version=1,
            title=self.title,
            discount_percent=self.discount_percent,
            amount_fen=_fen(self.amount_yuan),
            min_spend_fen=_fen(self.min_spend_yuan),
            gift=self.gift,
            valid_from=self.valid_from,
            valid_until=self.valid_until,
            stock=self.stock,
        )


_Label = Literal["allowed", "innocent", "ok", "true", "blocked", "stopped", "violation", "false", True, False]


class _Line(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: _Id
    text: str
    offers: tuple[_Offer, ...] = ()
    facts: tuple[str, ...] = ()
    slots: dict[str, str | int | float] = {}
    today: _Day
    allowed_expected: Annotated[bool, Field(strict=True)] | None = None
    label: _Label | None = None

    def expected(self) -> bool | None:
        if self.allowed_expected is not None:
            return self.allowed_expected
        return None if self.label is None else self.label in {"allowed", "innocent", "ok", "true", True}


def _fen(yuan: float | None) -> int | None:
    return None if yuan is None else round(yuan * 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One text, the sheet it is measured against and, where somebody judged it, what should happen."""

    id: str
    text: str
    sheet: Sheet
    allowed_expected: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the guard said about one case."""

    case: Case
    violations: tuple[Violation, ...]

    @property
    def allowed(self) -> bool:
        return not self.violations

    def row(self) -> dict[str, Any]:
        """`{"id", "allowed", "violations": [{"span", "why"}]}`."""
        return {
            "id": self.case.id,
            "allowed": self.allowed,
            "violations": [{"span": found.span, "why": found.why} for found in self.violations],
        }


def read(lines: Iterable[str], name: str) -> tuple[Case, ...]:
    """The cases of a JSONL file called `name`; empty lines are skipped.

    Raises `BadInput` that names every bad line by file, line number and field.
    """
    cases: list[Case] = []
    problems: list[Problem] = []
    for number, text in enumerate(lines, start=1):
        if not text.strip():
            continue
        try:
            line = _Line.model_validate_json(text.removeprefix("\ufeff"))
        except ValidationError as error:
            problems += _problems(error, f"{name}:{number}")
            continue
        sheet = Sheet(
            offers=tuple(offer.row() for offer in line.offers),
            facts=line.facts,
            slots={key: str(value) for key, value in line.slots.items()},
            today=line.today,
        )
        cases.append(Case(id=line.id, text=line.text, sheet=sheet, allowed_expected=line.expected()))
    if problems:
        raise BadInput(problems)
    return tuple(cases)


def judge(cases: Iterable[Case]) -> Iterator[Verdict]:
    """The guard's answer to each case, in order."""
    for case in cases:
        yield Verdict(case=case, violations=check(case.text, case.sheet))


def _problems(error: ValidationError, where: str) -> Iterator[Problem]:
    for found in error.errors(include_url=False):
        field = ".".join(str(part) for part in found["loc"])
        if found["type"] == "json_invalid":
            yield Problem(where=where, what=f"不是 JSON（{found['msg']}）", cure="一行写一个完整的 JSON 对象")
        elif found["type"] == "missing":
            yield Problem(where=where, what=f"缺少 {field}", cure=f"补上 {field}")
        elif found["type"] == "extra_forbidden":
            yield Problem(where=where, what=f"不认识 {field}", cure="去掉它，或改成 docs/guard.md 里列出的名字")
        else:
            yield Problem(
                where=where,
                what=f"{field or '整行'} 的值不对（{found['msg']}）",
                cure="按 docs/guard.md 的格式改",
            )
