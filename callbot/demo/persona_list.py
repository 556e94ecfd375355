"""Personas as a customer list: the CSV files that a supervisor would upload."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from callbot.telephony.simulator.persona import Persona


def write_lists(personas: Iterable[Persona], folder: Path) -> None:
    """Write customers.csv, orders.csv, events.csv and consents.csv; times are relative to the import."""
    personas = tuple(personas)
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "customers.csv", (_customer(persona) for persona in personas))
    _write(
        folder / "orders.csv",
        (
            {
                "phone": persona.customer.phone,
                "external_id": order.id,
                "at": _ago(order.days_ago),
                "item": order.item,
                "category": order.category,
                "amount_yuan": f"{order.amount_fen / 100:.2f}",
                "refunded": "是" if order.refunded else "否",
            }
            for persona in personas
            for order in persona.customer.orders
        ),
    )
    _write(
        folder / "events.csv",
        (
            {
                "phone": persona.customer.phone,
                "kind": event.kind,
                "at": _ago(event.days_ago),
                "note": event.note,
                "data": json.dumps(dict(event.data), ensure_ascii=False) if event.data else "",
            }
            for persona in personas
            for event in persona.customer.events
        ),
    )
    _write(
        folder / "consents.csv",
        (
            {
                "phone": persona.customer.phone,
                "purpose": consent.purpose,
                "granted": "是" if consent.granted else "否",
                "at": _ago(consent.days_ago),
                "text_version": consent.text_version,
                "channel": consent.channel,
                "evidence": consent.evidence,
            }
            for persona in personas
            for consent in persona.customer.consents
        ),
    )


def external_id(persona: Persona) -> str:
    """The customer number under which a persona is imported."""
    return persona.customer.external_id or f"persona-{persona.name}"


def _customer(persona: Persona) -> dict[str, str]:
    customer = persona.customer
    return {
        "external_id": external_id(persona),
        "name": customer.name,
        "phone": customer.phone,
        "industry": customer.industry,
        "brand": customer.brand,
        "gender": customer.gender,
        "birthday": customer.birthday.isoformat() if customer.birthday else "",
        "region": customer.region,
        "preferred_channel": customer.preferred_channel,
        "named_agent": customer.named_agent,
        "registered_at": _ago(customer.registered_days_ago),
        "own_enquiry_at": _ago(customer.own_enquiry_days_ago),
    }


def _ago(days: int | None) -> str:
    return "" if days is None else f"-{days}d"


def _write(path: Path, rows: Iterable[Mapping[str, str]]) -> None:
    rows = list(rows)
    path.unlink(missing_ok=True)
    if not rows:
        return
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
