"""Recalls in answers and requests."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from callbot.web.shapes.base import In, Masked, Moment, Out


class RecallIn(In):
    """What no call may say any more."""

    kind: Literal["offer", "line"]
    value: Annotated[str, Field(min_length=2, max_length=200)]
    """An offer's code; a sentence or a part of it, as it is spoken."""
    why: Annotated[str, Field(max_length=200)] = ""


class RecallOut(Out):
    id: str
    kind: str
    value: str
    why: str
    made_by: str
    made_at: Moment


class HearerOut(Out):
    """Somebody who had heard it already."""

    call_id: str
    customer_id: str
    name: Masked
    phone_masked: str
    at_ms: int
    words: Masked
    called_at: Moment | None
    """None while the call is running."""


class RecallSheetOut(RecallOut):
    heard_by: list[HearerOut]
