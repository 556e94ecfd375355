"""Puts profiles into a database, as an import would have left them."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import insert

from callbot.audience.profile import Profile
from callbot.store.database import Database
from callbot.store.tables import Customer, Event, Purchase


async def store_profiles(database: Database, profiles: Iterable[Profile]) -> None:
    """Customers with their orders and events; the phone is not one."""
    people, events, purchases = [], [], []
    for profile in profiles:
        registered = profile.registered_at
        assert registered is not None
        people.append(
            Customer(
                id=profile.customer_id,
                external_id=profile.customer_id,
                name=profile.name or "王晓芸",
                industry=profile.industry,
                brand=profile.brand,
                phone_cipher=b"x",
                phone_hash=profile.customer_id,
                phone_masked="138****0001",
                registered_at=registered,
                created_at=registered,
                updated_at=registered,
            ).model_dump()
        )
        events += [
            Event(
                customer_id=profile.customer_id, kind=each.kind, at=each.at, data=dict(each.data)
            ).model_dump()
            for each in profile.happenings
        ]
        purchases += [
            Purchase(
                customer_id=profile.customer_id,
                external_id=f"{profile.customer_id}-{place}",
                at=order.at,
                item=order.item,
                amount_fen=order.amount_fen,
            ).model_dump()
            for place, order in enumerate(profile.orders)
        ]
    async with database.write() as session:
        for table, rows in ((Customer, people), (Event, events), (Purchase, purchases)):
            await session.execute(insert(table), rows)
