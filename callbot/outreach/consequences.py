"""From how an attempt ended to everything that is written about it. Pure: values in, one `Settlement` out."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, assert_never

from callbot.conversation.labels import FollowUpKind, Outcome, TransferReason
from callbot.conversation.prompt_use import spending
from callbot.conversation.result import JournalKind
from callbot.outreach.calendar import zone_of
from callbot.outreach.call_record import block_columns, call_columns, turn_columns
from callbot.outreach.case import Case, Ended
from callbot.outreach.contact import Contact
from callbot.outreach.follow_up_rows import COMPLAINT_DESK, SALES_DESK, FollowUpRows, later
from callbot.outreach.outcomes import MEANINGS, Feedback, Response, follow_ups
from callbot.outreach.permit import Permit, earliest
from callbot.outreach.policy import OUTER_HOURS, Policy, Purpose
from callbot.outreach.promised import register, spoken, unkept
from callbot.outreach.retries import RETRIES, Then, next_try
from callbot.store.cases import NewCase
from callbot.store.settlement import NewTag, NextAttempt, Settlement, Suppression
from callbot.store.unsettled import Unsettled

PROMISED_PRIORITY = 1_000_000
"""What the customer asked for is called before everything else."""


def consequences(
    ended: Ended, before: Unsettled, contact: Contact, policy: Policy, now: datetime
) -> Settlement:
    """Everything that follows from one attempt.

    `before` is the attempt as the store holds it, with the journal that counts whatever became of the call;
    `contact` is the person as somebody to call back at their own request. All times UTC.
    Source: docs/outcomes.md.
    """
    case = Case(ended=ended, before=before)
    return _Consequences(case=case, contact=contact, policy=policy, now=now).settlement()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Consequences:
    case: Case
    contact: Contact
    policy: Policy
    now: datetime

    def settlement(self) -> Settlement:
        outcome, cause = self.case.outcome()
        kinds = follow_ups(
            outcome, self.case.journalled(), self.case.named(), complained=self.case.complained()
        )
        retry: datetime | None = None
        then: Then | None = None
        if kinds == (FollowUpKind.RETRY_LATER,):
            tried = self._next_try(outcome, cause)
            if isinstance(tried, datetime):
                retry = tried
            else:
                then = tried
                kinds = self._instead(then)
        heard = spoken(self.case, outcome)
        kinds = tuple(dict.fromkeys((*kinds, *unkept(heard, kinds))))
        callback = self._callback_due() if FollowUpKind.SCHEDULE_CALLBACK in kinds else None
        left = FollowUpRows(
            case=self.case, policy=self.policy, now=self.now, retry=retry, callback=callback, then=then
        )
        rows = tuple(left.of(kind, leading=not index) for index, kind in enumerate(kinds))
        attempt = self.case.before.attempt
        settlement = Settlement(
            attempt_id=attempt.id,
            customer_id=attempt.customer_id,
            state="interrupted" if self.case.ended.interrupted else "done",
            outcome=outcome.value,
            cause=cause,
            error=self.case.ended.error,
            ended_at=self.now,
            call=call_columns(self.case),
            turns=turn_columns(self.case.ended.result),
            blocks=block_columns(self.case.ended),
            promises=register(
                self.case,
                heard,
                rows,
                call_at=self._agreed() or callback,
                owner=self.case.before.customer.named_agent or SALES_DESK,
                now=self.now,
            ),
            customer=self._customer(kinds, outcome),
            tags=self._tags(outcome, cause),
            follow_ups=rows,
            suppression=self._suppression(kinds),
            case=self._case(kinds),
            next_attempt=self._next_attempt(retry, callback, kinds),
            keeps=self.case.requested_by() if attempt.answered_at and not self.case.early() else "",
        )
        return replace(settlement, payload=self._payload(settlement))

    # When to call again

    def _next_try(self, outcome: Outcome, cause: str) -> datetime | Then:
        zone = zone_of(self.case.before.customer.timezone)
        if zone is None:
            return Then.NOTHING
        requested = self.case.before.attempt.purpose == Purpose.REQUESTED
        earlier = [
            _retry_key(row.cause, row.outcome)
            for row in self.case.before.earlier
            if row.batch_id == self.case.before.attempt.batch_id
        ]
        if cause == "early_hang_up" or outcome is Outcome.REJECTED:
            # Two weak refusals are a soft no, in whichever batch.
            weak = [row for row in self.case.before.earlier if row.outcome == Outcome.REJECTED]
            if weak:
                return Then.SOFT_NO
        return next_try(
            _retry_key(cause, outcome.value),
            earlier,
            self.now,
            zone,
            OUTER_HOURS if requested else self.policy.voice,
            every_day=requested,
        )

    def _instead(self, then: Then) -> tuple[FollowUpKind, ...]:
        match then:
            case Then.SECOND_PUSH if not self.case.before.second_push:
                return (FollowUpKind.PUSH_OFFER_3D,)
            case Then.SECOND_PUSH | Then.LIST_OWNER:
                return (FollowUpKind.ASSIGN_AGENT_24H,)
            case Then.SOFT_NO:
                return (FollowUpKind.LOW_PRIORITY_NO_TOUCH_30D,)
            case Then.NOTHING:
                return (FollowUpKind.ASSIGN_AGENT_24H,) if self.case.requested_by() else ()
            case _:
                assert_never(then)

    def _callback_due(self) -> datetime | None:
        """When the booked call may be made: the time they named, moved to where it is allowed.

        None when no time is known to be allowed; a human then decides.
        """
        start = max(self._agreed() or self.now + timedelta(days=1), self.now)
        decision = earliest(self.contact, self.policy, start)
        return decision.at if isinstance(decision, Permit) else None

    def _agreed(self) -> datetime | None:
        """The time that was agreed for a call-back."""
        wanted = self.case.ended.result.callback_at if self.case.ended.result else None
        for _, data in self.case.lines(JournalKind.CALLBACK):
            wanted = wanted or _instant(data.get("when"))
        return wanted

    def _next_attempt(
        self, retry: datetime | None, callback: datetime | None, kinds: tuple[FollowUpKind, ...]
    ) -> NextAttempt | None:
        attempt = self.case.before.attempt
        if FollowUpKind.BLACKLIST in kinds:
            return None
        if retry is not None:
            return NextAttempt(
                purpose=attempt.purpose,
                priority=attempt.priority,
                due_at=retry,
                requested_by=self.case.requested_by(),
            )
        if callback is not None and not self.case.owed_human():
            return NextAttempt(
                purpose=Purpose.REQUESTED,
                priority=PROMISED_PRIORITY,
                due_at=callback,
                for_follow_up=FollowUpKind.SCHEDULE_CALLBACK,
            )
        return None

    # What is written

    def _customer(self, kinds: tuple[FollowUpKind, ...], outcome: Outcome) -> dict[str, Any]:
        customer, refusal, now = self.case.before.customer, self.policy.refusal, self.now
        changes: dict[str, Any] = {}
        if FollowUpKind.LOW_PRIORITY_NO_TOUCH_30D in kinds:
            changes["low_priority"] = True
            changes["no_touch_until"] = later(customer.no_touch_until, now + refusal.soft)
        if FollowUpKind.COMPLAINT_PAUSE_30D in kinds:
            changes["complaint_pause_until"] = later(
                customer.complaint_pause_until, now + refusal.complaint_pause
            )
        if FollowUpKind.MARK_NUMBER_INVALID in kinds:
            changes["number_valid"] = False
            changes["number_note"] = "空号" if outcome is Outcome.INVALID_NUMBER else "号主不符"
        if self.case.complained() or outcome is Outcome.TRANSFERRED:
            changes["own_enquiry_at"] = now  # they came to us: the answer may need one more call (R140)
        return changes

    def _tags(self, outcome: Outcome, cause: str) -> tuple[NewTag, ...]:
        meaning = MEANINGS[outcome]
        response, feedback = meaning.response, meaning.feedback
        if self.case.complained() and response is not Response.REFUSED:
            response = feedback = None
        elif outcome is Outcome.TRANSFERRED and any(
            one["reason"] == TransferReason.HIGH_VALUE_COMPLEX_QUERY for one in self.case.transfers()
        ):
            response, feedback = Response.WILLING, Feedback.CLEAR_NEED
        evidence = {"attempt_id": self.case.before.attempt.id, "outcome": outcome.value, "cause": cause}
        tags = []
        if response:
            tags.append(NewTag(name="触达结果", value=response, rule="R028-R030", evidence=evidence))
        if feedback:
            tags.append(NewTag(name="意向反馈", value=feedback, rule="R141", evidence=evidence))
        if self.case.complained():
            words = self.case.words(JournalKind.COMPLAINT)
            tags.append(
                NewTag(name="投诉", value="处理中", rule="R167-R169", evidence={**evidence, "words": words})
            )
        return tuple(tags)

    def _suppression(self, kinds: tuple[FollowUpKind, ...]) -> Suppression | None:
        if FollowUpKind.BLACKLIST not in kinds:
            return None
        return Suppression(scope=self.case.scope(), words=self.case.words(JournalKind.DO_NOT_CALL))

    def _case(self, kinds: tuple[FollowUpKind, ...]) -> NewCase | None:
        if FollowUpKind.COMPLAINT_PAUSE_30D not in kinds:
            return None
        return NewCase(
            words=self.case.words(JournalKind.COMPLAINT),
            owner=COMPLAINT_DESK,
            answer_due_at=self.now + self.policy.refusal.complaint_answer,
        )

    def _payload(self, settlement: Settlement) -> dict[str, Any]:
        return {
            "attempt_id": settlement.attempt_id,
            "batch_id": self.case.before.batch.id,
            "customer_id": settlement.customer_id,
            "external_id": self.case.before.customer.external_id,
            "call_id": self.case.before.call.id if self.case.before.call else None,
            "outcome": settlement.outcome,
            "cause": settlement.cause,
            "ended_at": settlement.ended_at.isoformat(),
            "tags": {tag.name: tag.value for tag in settlement.tags},
            "follow_ups": [
                {"kind": row.kind, "leading": row.leading, "owner": row.owner, "due_at": row.due_at.isoformat()}
                for row in settlement.follow_ups
            ],
            "promises": [
                {"kind": row.kind, "words": row.words, "due_at": row.due_at.isoformat(), "owner": row.owner}
                for row in settlement.promises
                if row.state == "open"
            ],
            "llm": asdict(spending(self.case.prompts())),
        }


def _retry_key(cause: str | None, outcome: str | None) -> str:
    return cause if cause and cause in RETRIES else outcome or ""


def _instant(text: Any) -> datetime | None:
    """A time as the journal keeps it; None for anything that does not name an instant."""
    if isinstance(text, datetime):
        return text.astimezone(UTC) if text.tzinfo else None
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None
