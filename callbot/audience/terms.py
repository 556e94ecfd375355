"""What a segment is offered: a strategy with each of its terms spelled out, and when it may be used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from callbot.audience.preference import channel_for
from callbot.audience.profile import Profile
from callbot.audience.strategy import Strategy, StrategyName

PREFERRED: Final = "preferred"
"""The channel that the customer named or answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """A strategy for a group, every part explicit (R118)."""

    name: StrategyName
    whom: str
    when: str
    what: str
    channel: str
    """A channel by name, or `preferred`."""
    wording: str
    offers: tuple[str, ...] = ()
    benefit_first: bool = False
    """The opener may name a benefit."""
    urgency: bool = False
    """A real end date may be stressed."""

    def plain(self) -> dict[str, Any]:
        """The form in which the store keeps it."""
        return {**asdict(self), "name": self.name.value, "offers": list(self.offers)}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Terms:
        """What `plain` made."""
        return cls(**{**plain, "name": StrategyName(plain["name"]), "offers": tuple(plain["offers"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """A segment that a customer is in; `figures` show why."""

    segment: str
    terms: Terms | None
    figures: Mapping[str, str]


def in_terms_of(
    chosen: Strategy | None, memberships: Sequence[Membership], profile: Profile, now: datetime
) -> Strategy | None:
    """The strategy of the first segment that the rules allow, else what the rules chose.

    Where the rules forbid to start with a benefit (damaged experience, competitor, unknown reason: C4, R193,
    R194), a segment's strategy is used only if it neither leads with one nor stresses an end date (C5). Who is
    not silent is contacted for a segment only, such as an early warning (R087).
    """
    for each in memberships:
        terms = each.terms
        if terms is None or (chosen and not chosen.benefit_first and (terms.benefit_first or terms.urgency)):
            continue
        figures = "，".join(f"{name}{value}" for name, value in each.figures.items())
        return Strategy(
            name=terms.name,
            because=f"属于人群“{each.segment}”：{figures}",
            benefit_first=terms.benefit_first,
            urgency=terms.urgency,
            when=terms.when,
            what=terms.what,
            channel=channel_for(profile, now) if terms.channel == PREFERRED else terms.channel,
            wording=terms.wording,
            whom=terms.whom,
            offers=terms.offers,
            segment=each.segment,
        )
    return chosen
