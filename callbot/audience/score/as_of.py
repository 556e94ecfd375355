"""A customer as they stood at a past moment: what was not known then is gone."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from callbot.audience.profile import Happening, Order, Profile

_REVISED: Final = frozenset({"status"})
"""Keys of an event's data that are overwritten later without a date."""


def as_of(profile: Profile, moment: datetime) -> Profile:
    """The profile with what happened up to `moment` (UTC, included).

    Fields that are overwritten without a date are left out, because nobody can say what they held then: refund
    marks of orders, states of tickets, member level and its end, preferences, the own agent, interests and low
    priority. The own enquiry is the last one with a date.
    """
    past = profile.happenings[: bisect_right(profile.happenings, moment, key=_at)]
    enquiries = [each.at for each in past if each.kind == "enquiry"]
    if profile.own_enquiry_at is not None and profile.own_enquiry_at <= moment:
        enquiries.append(profile.own_enquiry_at)
    return Profile(
        customer_id=profile.customer_id,
        industry=profile.industry,
        brand=profile.brand,
        registered_at=profile.registered_at
        if profile.registered_at is not None and profile.registered_at <= moment
        else None,
        own_enquiry_at=max(enquiries, default=None),
        orders=tuple(
            replace(order, refunded=False) if order.refunded else order
            for order in profile.orders[: bisect_right(profile.orders, moment, key=_at)]
        ),
        happenings=tuple(_then(each) for each in past),
        calls=tuple(
            each if each.answered_at is None or each.answered_at <= moment else replace(each, answered_at=None)
            for each in profile.calls
            if each.at <= moment
        ),
    )


def _then(each: Happening) -> Happening:
    if not each.data or _REVISED.isdisjoint(each.data):
        return each
    kept = {key: value for key, value in each.data.items() if key not in _REVISED}
    return replace(each, data=MappingProxyType(kept))


def _at(each: Happening | Order) -> datetime:
    return each.at
