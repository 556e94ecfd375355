"""Messages to customers: one port for every way of sending text, and the one that sends through the outbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from callbot.outreach.policy import Purpose
from callbot.store import outbox
from callbot.store.database import Session
from callbot.store.outbox import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One text for one customer. Whoever makes it has asked the permit."""

    key: str
    """Idempotency key: the same message has the same key however often it is sent."""
    customer_id: str
    external_id: str | None
    """The customer's id at the receiver, who knows the address."""
    channel: str
    """What the customer answers, e.g. sms, wecom, push, chat."""
    purpose: Purpose
    text: str
    expires_at: datetime
    """Not to be sent from then on: the window closes, or the offer ends."""
    offer_code: str | None = None
    offer_version: int | None = None
    follow_up_id: str | None = None
    attempt_id: str | None = None


class Channel(Protocol):
    """Sends text to customers."""

    async def send(self, session: Session, message: Message, now: datetime) -> str:
        """Send, as part of the transaction that causes it; the id under which its fate can be read."""
        ...


class WebhookChannel:
    """Puts messages into the outbox, from where a receiver outside gets them as `message.send`."""

    async def send(self, session: Session, message: Message, now: datetime) -> str:
        return await outbox.enqueue(
            session,
            key=message.key,
            kind=Kind.MESSAGE_SEND,
            payload=message_payload(message),
            customer_id=message.customer_id,
            expires_at=message.expires_at,
            now=now,
        )


def message_payload(message: Message) -> dict[str, Any]:
    """What the receiver of `message.send` gets; no phone number, the receiver looks it up."""
    offer = {"code": message.offer_code, "version": message.offer_version} if message.offer_code else None
    return {
        "customer_id": message.customer_id,
        "external_id": message.external_id,
        "channel": message.channel,
        "purpose": message.purpose.value,
        "text": message.text,
        "offer": offer,
        "follow_up_id": message.follow_up_id,
        "attempt_id": message.attempt_id,
        "expires_at": message.expires_at.isoformat(),
    }
