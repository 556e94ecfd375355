"""What every answer is made of."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, model_validator

from callbot.store.phones import hide_numbers

T = TypeVar("T")


class Out(BaseModel):
    """An answer, read from a row or a sheet."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class In(BaseModel):
    """A request; unknown keys are mistakes, and so is text that no database takes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _storable(cls, value: Any) -> Any:
        if not storable(value):
            raise ValueError("holds characters that are no text")
        return value


def storable(value: Any) -> bool:
    """Is every text in these JSON values one that can be stored: no NUL, no half of a surrogate pair?"""
    if isinstance(value, str):
        return "\0" not in value and not any("\ud800" <= each <= "\udfff" for each in value)
    if isinstance(value, dict):
        return all(storable(key) and storable(item) for key, item in value.items())
    return all(storable(each) for each in value) if isinstance(value, list) else True


def _of_our_time(at: datetime) -> datetime:
    if not 1970 <= at.year <= 2200:
        raise ValueError("is not a moment between 1970 and 2200")
    return at


def hidden(value: Any) -> Any:
    """JSON values with every phone number in their texts masked."""
    if isinstance(value, str):
        return hide_numbers(value)
    if isinstance(value, dict):
        return {key: hidden(item) for key, item in value.items()}
    if isinstance(value, list):
        return [hidden(item) for item in value]
    return value


Masked = Annotated[str, AfterValidator(hide_numbers)]
"""Text that people wrote or said."""
MaskedObject = Annotated[dict[str, Any], AfterValidator(hidden)]
MaskedList = Annotated[list[dict[str, Any]], AfterValidator(hidden)]
Moment = Annotated[datetime, AfterValidator(lambda at: at.astimezone(UTC))]
"""UTC, ISO 8601."""
Instant = Annotated[AwareDatetime, AfterValidator(_of_our_time)]
"""A moment that somebody names, with its zone."""


class Page(Out, Generic[T]):
    """A part of a list."""

    items: list[T]
    total: int
    """Over all pages."""
    limit: int
    offset: int


class ProblemOut(Out):
    """One thing wrong with a request."""

    where: str
    message: str
    hint: str = ""


class ErrorOut(Out):
    """Every refusal and every failure."""

    code: str
    """Stable, for programs."""
    message: str
    where: str = ""
    hint: str = ""
    request_id: str = ""
    problems: list[ProblemOut] = []
    """All of them, where there are several."""


class Done(Out):
    """It was done; there is nothing more to say."""

    done: bool = True
