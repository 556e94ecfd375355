"""What comes in with a row, ready to be stored: checked, the phone sealed, the owner not yet known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A customer: the columns the list has a value for, and what the row says beside them."""

    line: int
    phone_hash: str
    external_id: str | None
    values: Mapping[str, Any]
    consent: Mapping[str, Any] | None = None
    purchase: Mapping[str, Any] | None = None
    do_not_contact: str = ""
    """Scope, empty for whoever may be contacted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """Something of a customer's history: an order, an event or a consent."""

    line: int
    owner: str
    """External id, or phone hash."""
    by_phone: bool
    kind: str
    """`order`, `consent`, or the kind of the event."""
    values: Mapping[str, Any]
    refunds: str = ""
    """Number of the order that this event refunds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """What became of an `Incoming`."""

    customer_id: str
    """Empty when nothing was stored."""
    new: bool = False
    clash: str = ""
    """zh-CN: why the list contradicts the base."""
    twin: int | None = None
    """The earlier line about the same person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A row that is in the base now."""

    customer_id: str
    kind: str = ""
    """`order`, `consent`, the kind of the event, or empty for the customer's own row."""
    external_id: str = ""
    at: datetime | None = None
    """When it happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastCall:
    """A call to a customer that another system made."""

    customer_id: str
    external_id: str
    at: datetime
    answered: bool
