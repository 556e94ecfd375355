"""The desk's messages as text: one JSON object each, named by its `type`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, TypeVar

from pydantic import TypeAdapter, ValidationError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_Message = TypeVar("_Message")


class BadMessage(Exception):
    """A text message that is not one of ours; says which field is wrong, never what it held."""


def encode(message: DataclassInstance) -> str:
    """The text of a message."""
    return json.dumps(asdict(message), ensure_ascii=False, separators=(",", ":"))


def decode(adapter: TypeAdapter[_Message], text: str | bytes) -> _Message:
    """The message in `text`, one of those that `adapter` knows. Raises `BadMessage`."""
    try:
        return adapter.validate_json(text)
    except ValidationError as invalid:
        first = invalid.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "message"
        raise BadMessage(f"{place}: {first['msg']}") from None
