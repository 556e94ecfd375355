"""What every answer is made of."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict

from callbot.store.phones import hide_numbers

T = TypeVar("T")


class Out(BaseModel):
    """An answer, read from a row or a sheet."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class In(BaseModel):
    """A request; unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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
