"""A complaint with the answer that is due."""

from __future__ import annotations

from datetime import date, datetime
from typing import Self

from pydantic import Field

from callbot.store.cases import ListedCase
from callbot.store.tables import OfferRow
from callbot.web.shapes.base import In, Masked, Moment, Out


class CaseLine(Out):
    """A case in a list, with the person who complained."""

    id: str
    customer_id: str
    name: str
    phone_masked: str
    call_id: str | None
    words: Masked
    state: str
    owner: str
    opened_at: Moment
    answer_due_at: Moment
    overdue: bool
    answer: Masked
    answered_by: str
    answered_at: Moment | None
    compensation_code: str | None
    closed_at: Moment | None

    @classmethod
    def of(cls, listed: ListedCase, now: datetime) -> Self:
        case = listed.case
        return cls.model_validate(
            {
                **case.model_dump(),
                "name": listed.name,
                "phone_masked": listed.phone_masked,
                "overdue": case.state == "open" and case.answer_due_at <= now,
            }
        )


class CompensationOut(Out):
    """An offer of the sheet that may be given for this complaint now."""

    code: str
    title: str
    valid_until: date | None
    stock: int | None

    @classmethod
    def of(cls, row: OfferRow) -> Self:
        return cls.model_validate(row)


class AnswerIn(In):
    text: str = Field(min_length=1, max_length=2_000)
    """What the customer was told."""


class CompensateIn(In):
    code: str = Field(min_length=1, max_length=80)
