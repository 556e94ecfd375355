"""What may not be after any number of kills. Dials are counted at the carrier, messages at the receiver."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from soak_callees import STOP
from sqlmodel import select

from callbot.store.database import Database
from callbot.store.phones import PhoneVault
from callbot.store.tables import (
    Attempt,
    BatchMember,
    Call,
    Customer,
    DoNotContact,
    FollowUp,
    JournalRow,
    Outbox,
)

_HEARD_FOR_CERTAIN = timedelta(seconds=3)
"""Between the end of the words and the end of the call: by then they are understood and written down."""


@dataclass(slots=True)
class Verdict:
    """Violations in words, and the figures of the run."""

    wrong: list[str] = field(default_factory=list)
    figures: dict[str, int] = field(default_factory=dict)

    def none(self, what: str, found: Sequence[Any]) -> None:
        self.figures[what] = len(found)
        if found:
            self.wrong.append(f"{len(found)} × {what}: {list(found)[:5]}")


async def judge(
    db: Database,
    vault: PhoneVault,
    books: Mapping[str, Any],
    bodies: Mapping[str, Sequence[Any]],
    kinds: Mapping[str, str],
) -> Verdict:
    """`books`: the carrier's report; `bodies`: what the receiver got; `kinds`: phone → kind of callee."""
    async with db.read() as session:
        attempts = (await session.exec(select(Attempt))).all()
        customers = {row.id: row for row in (await session.exec(select(Customer))).all()}
        members = (await session.exec(select(BatchMember))).all()
        calls = (await session.exec(select(Call))).all()
        journal = (await session.exec(select(JournalRow))).all()
        follow_ups = (await session.exec(select(FollowUp))).all()
        outbox = (await session.exec(select(Outbox))).all()
        blocked = {row.phone_hash for row in (await session.exec(select(DoNotContact))).all()}
    verdict = Verdict()
    phone = {key: vault.reveal(row.phone_cipher) for key, row in customers.items()}
    begun = [row for row in attempts if row.state != "queued"]
    tokens = {row.dial_token: row for row in begun}

    # Dialled at most once for one attempt, and only for one.
    dials: Mapping[str, int] = books["dials_by_token"]
    verdict.figures["dials at the carrier"] = sum(dials.values())
    verdict.figures["attempts begun"] = len(begun)
    verdict.none("dialled twice for one attempt", [token for token, times in dials.items() if times > 1])
    verdict.none("dialled without an attempt", [token for token in dials if token not in tokens])
    per_number = Counter(phone[row.customer_id] for row in begun)
    verdict.none(
        "number dialled more often than attempted",
        [number for number, times in books["dials_by_number"].items() if times > per_number[number]],
    )

    # Nothing hangs in the air.
    verdict.none("row stuck", [row.id for row in attempts if row.state in ("dialing", "in_call")])
    verdict.none("member forgotten", [row.customer_id for row in members if row.state == "ready"])
    tried = {row.customer_id for row in begun}
    verdict.none(
        "member never called",
        [
            f"{row.customer_id} {row.state} {row.blocked_by} {row.blocked_because}"
            for row in members
            if row.customer_id not in tried
        ],
    )
    verdict.none("call without an end", [row.id for row in calls if row.ended_at is None or not row.outcome])
    verdict.none("journal line unsettled", [row.id for row in journal if not row.settled])

    # One outcome each, with all that belongs to it.
    verdict.none("attempt without outcome", [row.id for row in begun if not row.outcome or not row.ended_at])
    settled = Counter(str(row.payload.get("attempt_id")) for row in outbox if row.kind == "attempt.settled")
    verdict.none("outcome not reported", [row.id for row in begun if settled[row.id] == 0])
    verdict.none("outcome reported twice", [key for key, times in settled.items() if times > 1])
    followed = {row.attempt_id for row in follow_ups}
    verdict.none("attempt nothing follows from", [row.id for row in begun if row.id not in followed])
    leading = Counter(row.attempt_id for row in follow_ups if row.leading)
    verdict.none("attempt with two leading follow-ups", [key for key, times in leading.items() if times > 1])
    verdict.figures["interrupted"] = sum(row.state == "interrupted" for row in attempts)

    # Who said stop is not dialled again.
    verdict.none("journalled stop not blacklisted", _unheeded(journal, customers, blocked))
    said = _said_stop(books)
    verdict.figures["said stop, heard for certain"] = len(said)
    verdict.none("dialled after saying stop", _dialled_after(books, said))
    stopped = {row.attempt_id for row in journal if row.kind == "do_not_call"}
    heard = [row for row in begun if row.id in stopped]
    verdict.figures["stops written down"] = len(heard)
    verdict.figures["stops written down in calls that were killed"] = sum(
        row.state == "interrupted" for row in heard
    )
    placed = {call["token"]: call for call in books["calls"]}
    ends = {phone[row.customer_id]: _time(placed[str(row.dial_token)]["placed_at"]) for row in heard}
    verdict.none("dialled after a stop was written down", _dialled_after(books, ends))
    verdict.none("stop without its outcome", [row.id for row in heard if row.outcome != "do_not_call"])

    # Every message arrived, under one key with one content.
    verdict.none("message not delivered", [row.id for row in outbox if not bodies.get(row.idempotency_key)])
    verdict.none(
        "message of nobody", [key for key in bodies if key not in {row.idempotency_key for row in outbox}]
    )
    verdict.none(
        "key with two contents", [key for key, got in bodies.items() if any(one != got[0] for one in got)]
    )
    verdict.figures["messages"] = len(bodies)
    verdict.figures["messages delivered again"] = sum(len(got) - 1 for got in bodies.values())

    # Whoever was left alone came to what they meant.
    last: dict[str, Attempt] = {}
    for row in sorted(begun, key=lambda row: row.seq):
        last[phone[row.customer_id]] = row
    undone = [number for number, row in last.items() if row.state == "done" and row.outcome != kinds[number]]
    differing = [f"{number} {kinds[number]} → {last[number].outcome}" for number in undone]
    verdict.none("outcome unlike what was said", [one for one in differing if "complaint" not in one])
    return verdict


def _unheeded(journal: Sequence[JournalRow], customers: Mapping[str, Customer], blocked: set[str]) -> list[str]:
    stops = [row for row in journal if row.kind == "do_not_call"]
    return [row.customer_id for row in stops if customers[row.customer_id].phone_hash not in blocked]


def _said_stop(books: Mapping[str, Any]) -> dict[str, datetime]:
    """Number → when a call ended in which stop was said early enough to be heard for certain."""
    said: dict[str, datetime] = {}
    for call in books["calls"]:
        if not call["answered_at"] or not call["ended_at"]:
            continue
        answered, ended = _time(call["answered_at"]), _time(call["ended_at"])
        for turn in call["turns"]:
            spoken = answered + timedelta(milliseconds=turn["end_ms"])
            if turn["text"] == STOP and ended - spoken >= _HEARD_FOR_CERTAIN:
                said.setdefault(call["to"], ended)
    return said


def _dialled_after(books: Mapping[str, Any], said: Mapping[str, datetime]) -> list[str]:
    placed: defaultdict[str, list[datetime]] = defaultdict(list)
    for call in books["calls"]:
        placed[call["to"]].append(_time(call["placed_at"]))
    return [number for number, when in said.items() if any(at > when for at in placed[number])]


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
