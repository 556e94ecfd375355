"""A customer and an offer as calls and messages may know them."""

from __future__ import annotations

from callbot.audience.assess import Assessment
from callbot.audience.person import facts, products, salutation
from callbot.audience.profile import Profile
from callbot.conversation.facts import Offer, Person
from callbot.store.tables import OfferRow


def as_offer(row: OfferRow) -> Offer:
    """A row of the offer sheet as the conversation knows it."""
    return Offer(
        code=row.code,
        version=row.version,
        title=row.title,
        discount_percent=row.discount_percent,
        amount_fen=row.amount_fen,
        min_spend_fen=row.min_spend_fen,
        gift=row.gift,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        stock=row.stock,
    )


def person_of(profile: Profile, judged: Assessment) -> Person:
    """The customer as a conversation or a message may know them (R166)."""
    return Person(
        customer_id=profile.customer_id,
        name=profile.name,
        salutation=salutation(profile.name, profile.gender),
        industry=profile.industry,
        brand=profile.brand,
        facts=facts(profile, judged.at),
        products=products(profile),
        reason=judged.reason,
        strategy=judged.strategy.name if judged.strategy else "",
        named_agent=profile.named_agent,
        tier=judged.tier,
    )
