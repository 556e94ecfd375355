"""Customers and what is known of them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from callbot.ids import new_id
from callbot.store.tables.base import json_list, json_object, moment, ulid


class Customer(SQLModel, table=True):
    """A person in the base. The phone number exists only as ciphertext and keyed hash."""

    id: str = ulid()
    external_id: str | None = Field(default=None, unique=True)
    name: str
    gender: str = ""
    """男, 女 or empty."""
    birthday: date | None = None
    region: str = ""
    industry: str = Field(index=True)
    """ecommerce, aesthetics, education or finance: names the scenario pack."""
    brand: str
    phone_cipher: bytes
    phone_hash: str = Field(unique=True, max_length=64)
    phone_masked: str
    timezone: str | None = None
    """IANA name; None blocks every contact."""
    timezone_source: str = ""
    """data, country or empty."""
    preferred_channel: str = ""
    named_agent: str = ""
    member_level: str = ""
    """In the business's own words: 金卡."""
    member_until: date | None = None
    """Last day of the member rights."""
    interests: list[str] = json_list()
    number_valid: bool = True
    number_note: str = ""
    registered_at: datetime | None = moment(nullable=True)
    own_enquiry_at: datetime | None = moment(nullable=True)
    """The customer's own last enquiry: allows one more follow-up (R140)."""
    low_priority: bool = False
    no_touch_until: datetime | None = moment(nullable=True)
    """Soft refusal: no touch on any channel before (C1)."""
    complaint_pause_until: datetime | None = moment(nullable=True)
    stage: str = ""
    reason: str = ""
    segment: str = ""
    strategy: str = ""
    priority: int = 0
    """Higher is called first; with its explanation in `assessment`."""
    assessment: dict[str, Any] = json_object()
    assessed_at: datetime | None = moment(nullable=True)
    next_touch_at: datetime | None = moment(nullable=True, index=True)
    import_id: str | None = None
    """The import that last wrote this row."""
    import_line: int | None = None
    """The line of its list: a second line about the same person is refused."""
    created_at: datetime = moment()
    updated_at: datetime = moment()


class Consent(SQLModel, table=True):
    """Who agreed to what, when, to which text, on which channel, and where the proof is."""

    id: str = ulid()
    customer_id: str = Field(foreign_key="customer.id", index=True)
    purpose: str
    """marketing or service_followup."""
    granted: bool
    at: datetime = moment()
    text_version: str
    channel: str
    evidence: str

    __table_args__ = (UniqueConstraint("customer_id", "purpose", "granted", "evidence"),)


class Event(SQLModel, table=True):
    """Something a customer did or that happened with them, from CRM, app, tickets or our own contacts."""

    __table_args__ = (
        UniqueConstraint("customer_id", "external_id"),
        Index(None, "customer_id", "at"),
    )

    id: str = ulid()
    customer_id: str = Field(foreign_key="customer.id")
    external_id: str = Field(default_factory=new_id, max_length=64)
    """The source's own id, so that a second import changes nothing."""
    kind: str
    """login, browse, favourite, cart, form, visit, enquiry, refund, ticket, review, message_open, call..."""
    at: datetime = moment()
    note: str = ""
    data: dict[str, Any] = json_object()


class Purchase(SQLModel, table=True):
    """One order."""

    __table_args__ = (UniqueConstraint("customer_id", "external_id"), Index(None, "customer_id", "at"))

    id: str = ulid()
    customer_id: str = Field(foreign_key="customer.id")
    external_id: str
    at: datetime = moment()
    item: str
    category: str = ""
    amount_fen: int
    refunded: bool = False


class Tag(SQLModel, table=True):
    """One tag of one customer with the rule and figures behind it."""

    __table_args__ = (UniqueConstraint("customer_id", "name"),)

    id: str = ulid()
    customer_id: str = Field(foreign_key="customer.id")
    name: str = Field(index=True)
    value: str = ""
    rule: str
    evidence: dict[str, Any] = json_object()
    origin: str = ""
    """`assessment` for those that the rules of the audience set and take back; empty for all others."""
    at: datetime = moment()


class DoNotContact(SQLModel, table=True):
    """A number that must not be contacted. Keyed by the phone hash, so it outlives the customer row."""

    __tablename__ = "do_not_contact"

    id: str = ulid()
    phone_hash: str = Field(index=True, max_length=64)
    scope: str = "all"
    """all, or voice where they limited it to calls."""
    words: str = ""
    source: str
    """Attempt id, import file or person."""
    at: datetime = moment()
