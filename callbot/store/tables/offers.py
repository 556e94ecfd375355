"""The offer sheet."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from callbot.store.tables.base import json_object, moment, ulid


class OfferRow(SQLModel, table=True):
    """One version of one offer. Discounts and amounts exist nowhere else."""

    __tablename__ = "offer"
    __table_args__ = (UniqueConstraint("code", "version"),)

    id: str = ulid()
    code: str = Field(index=True)
    version: int = 1
    industry: str
    title: str
    discount_percent: int | None = None
    amount_fen: int | None = None
    min_spend_fen: int | None = None
    gift: str | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    stock: int | None = None
    priority: int = 0
    eligibility: dict[str, Any] = json_object()
    compensation: bool = False
    """May be offered for a complaint (R169)."""
    withdrawn_at: datetime | None = moment(nullable=True)
    created_at: datetime = moment()
