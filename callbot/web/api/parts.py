"""What many routes take: the part of a list, lists in the query, a moment."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query

from callbot.store.lists import Part
from callbot.web.shapes.base import Instant


def _part(
    limit: Annotated[int, Query(ge=1, le=500)] = 50, offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0
) -> Part:
    return Part(limit=limit, offset=offset)


Listed = Annotated[Part, Depends(_part)]
Several = Annotated[list[str], Query(max_length=50)]
"""A name that may be given several times."""
Word = Annotated[str, Query(max_length=200)]
When = Annotated[Instant | None, Query()]
