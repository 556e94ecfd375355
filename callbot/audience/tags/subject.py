"""What a condition may look at of one customer: the profile and what was concluded about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from callbot.audience.profile import Profile, profile_of
from callbot.store.customers import History
from callbot.store.tag_tree import TAG_OF_TRAIT, Trait


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One customer at one moment."""

    profile: Profile
    traits: Mapping[Trait, str]
    """Empty text or missing: unknown."""
    tags: frozenset[str]
    consents: frozenset[str]
    """Purposes whose last word is a yes with evidence."""
    priority: int


def subject_of(history: History, now: datetime) -> Subject:
    """The stored history as a condition sees it at `now` (UTC)."""
    row = history.customer
    tags = {tag.name: tag.value for tag in history.tags}
    stored = {
        Trait.GENDER: row.gender,
        Trait.REGION: row.region,
        Trait.INDUSTRY: row.industry,
        Trait.BRAND: row.brand,
        Trait.MEMBER_LEVEL: row.member_level,
        Trait.NAMED_AGENT: row.named_agent,
        Trait.STAGE: row.stage,
        Trait.REASON: row.reason,
        Trait.SEGMENT: row.segment,
        Trait.STRATEGY: row.strategy,
        Trait.PREFERRED_CHANNEL: row.preferred_channel,
    }
    return Subject(
        profile=profile_of(history),
        traits=stored | {trait: tags.get(name, "") for trait, name in TAG_OF_TRAIT.items()},
        tags=frozenset(tags),
        consents=_consents(history, now),
        priority=row.priority,
    )


def _consents(history: History, now: datetime) -> frozenset[str]:
    said = [each for each in history.consents if each.at <= now]
    last = {
        purpose: max(
            (each for each in said if each.purpose == purpose), key=lambda each: (each.at, not each.granted)
        )
        for purpose in {each.purpose for each in said}
    }
    return frozenset(purpose for purpose, each in last.items() if each.granted and each.evidence.strip(" "))
