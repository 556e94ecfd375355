"""Rows of the store, with all that filled in which a test does not care about."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from callbot.ids import new_id
from callbot.store.tables import Attempt, Batch, Call, CallTurn, Customer


def a_customer(since: datetime, **columns: Any) -> Customer:
    """Somebody who is in the base since then."""
    values = {
        "name": "王芳",
        "industry": "ecommerce",
        "brand": "悦选商城",
        "phone_cipher": b"secret-cipher",
        "phone_hash": f"secret-hash-{new_id()}",
        "phone_masked": "100****2345",
        "created_at": since,
        "updated_at": since,
    }
    return Customer(**{**values, **columns})


def a_batch(made_at: datetime, **columns: Any) -> Batch:
    """A batch that is running."""
    values = {"name": "三月唤醒", "flow": "winback/ecommerce", "state": "running", "created_at": made_at}
    return Batch(**{**values, **columns})


def an_attempt(queued_at: datetime, **columns: Any) -> Attempt:
    """The first attempt at somebody, due at once; `columns` name the batch and the customer."""
    values = {"seq": 1, "purpose": "marketing", "priority": 1, "due_at": queued_at, "queued_at": queued_at}
    return Attempt(**{**values, **columns})


def a_call(started_at: datetime, **columns: Any) -> Call:
    """The call of an attempt; `columns` name it and the customer."""
    return Call(**{"flow": "winback/ecommerce", "flow_version": 1, "started_at": started_at, **columns})


def a_turn(text: str, **columns: Any) -> CallTurn:
    """What the callee said first, heard to the end."""
    values = {"position": 0, "speaker": "callee", "text": text, "heard": text, "start_ms": 0, "end_ms": 900}
    return CallTurn(**{**values, **columns})
