"""What a call needs to know of one person, read and judged freshly before the phone rings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from callbot.audience import segments
from callbot.audience.assess import assess
from callbot.audience.eligibility import eligible
from callbot.audience.profile import profile_of
from callbot.audience.terms import in_terms_of
from callbot.clock import Clock
from callbot.conversation.facts import Offer, Person
from callbot.conversation.flow import Flow
from callbot.errors import BadInput
from callbot.outreach.known import as_offer, person_of
from callbot.store import batches, customers
from callbot.store.database import Database
from callbot.store.offers import valid_offers
from callbot.store.phones import PhoneVault
from callbot.store.tables import Attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """Everything about one person that a call needs, read before it is dialled."""

    number: str
    """E.164. Goes to the carrier and nowhere else."""
    person: Person
    offers: tuple[Offer, ...]
    flow: Flow
    zone: str | None


class DossierReader:
    """Reads dossiers for attempts: `station.dossier`."""

    def __init__(self, db: Database, vault: PhoneVault, clock: Clock, flows: Mapping[str, Flow]) -> None:
        self._db = db
        self._vault = vault
        self._clock = clock
        self._flows = flows

    async def __call__(self, attempt: Attempt) -> Dossier:
        """The dossier of one attempt. Raises `BadInput` when the customer or the flow is gone."""
        now = self._clock.now()
        async with self._db.read() as session:
            history = await customers.load_history(session, attempt.customer_id, tags=True)
            batch = await batches.get(session, attempt.batch_id)
            if history is None or batch is None:
                raise BadInput.one(f"拨打 {attempt.id}", "它的客户或批次已不存在", "放弃这次拨打")
            offers = await valid_offers(session, history.customer.industry, now, compensation=False)
            groups = await segments.memberships(session, history, now)
        profile = profile_of(history)
        judged = assess(profile, now)
        judged = replace(judged, strategy=in_terms_of(judged.strategy, groups, profile, now))
        meant = judged.strategy.offers if judged.strategy else ()
        return Dossier(
            number=self._vault.reveal(history.customer.phone_cipher),
            person=person_of(profile, judged),
            offers=tuple(
                as_offer(row)
                for row in sorted(offers, key=lambda row: row.code not in meant)
                if (not batch.offers or row.code in batch.offers) and eligible(row.eligibility, profile, judged)
            ),
            flow=flow_for(batch.flow, profile.industry, self._flows),
            zone=history.customer.timezone,
        )


def flow_for(name: str, industry: str, flows: Mapping[str, Flow]) -> Flow:
    """The flow of this name, or of a pack's folder the one for the industry: `winback` → `winback/ecommerce`.

    Raises `BadInput` that lists the flows there are.
    """
    found = flows.get(name) or flows.get(f"{name}/{industry}")
    if found is None:
        raise BadInput.one(
            f"流程 {name}",
            "没有这个流程" if industry == "*" else f"没有这个流程，也没有 {name}/{industry}",
            f"可选：{'、'.join(sorted(flows))}",
        )
    return found
