"""From how an attempt ended to everything that is written about it. Pure: values in, one `Settlement` out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, assert_never

from callbot.conversation.labels import FollowUpKind, Outcome, TransferReason
from callbot.conversation.prompt_use import spending
from callbot.conversation.result import CallResult, JournalKind, Turn
from callbot.outreach.calendar import zone_of
from callbot.outreach.case import Case, Ended
from callbot.outreach.contact import Contact
from callbot.outreach.outcomes import MEANINGS, Feedback, Response, follow_ups
from callbot.outreach.permit import Permit, earliest
from callbot.outreach.policy import OUTER_HOURS, Policy, Purpose
from callbot.outreach.promised import register, spoken, unkept, wrap_up_due
from callbot.outreach.retries import RETRIES, Then, next_try
from callbot.store.cases import NewCase
from callbot.store.settlement import NewFollowUp, NewTag, NextAttempt, Settlement, Suppression, Unsettled

PROMISED_PRIORITY = 1_000_000
"""What the customer asked for is called before everything else."""
OFFER_AFTER = timedelta(days=3)
AGENT_WITHIN = timedelta(hours=24)
WRAP_UP_WITHIN = timedelta(hours=1)
"""An agent who took the call notes by then what came of it."""

SYSTEM = "system"
SALES_DESK = "sales-desk"
COMPLAINT_DESK = "complaint-desk"
LIST_OWNER = "list-owner"


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
        rows = tuple(
            self._follow_up(kind, outcome, leading=not index, retry=retry, callback=callback, then=then)
            for index, kind in enumerate(kinds)
        )
        attempt = self.case.before.attempt
        settlement = Settlement(
            attempt_id=attempt.id,
            customer_id=attempt.customer_id,
            state="interrupted" if self.case.ended.interrupted else "done",
            outcome=outcome.value,
            cause=cause,
            error=self.case.ended.error,
            ended_at=self.now,
            call=self._call(),
            turns=tuple(_turn(turn) for turn in self.case.ended.result.turns) if self.case.ended.result else (),
            blocks=self._blocks(),
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

    def _follow_up(
        self,
        kind: FollowUpKind,
        outcome: Outcome,
        *,
        leading: bool,
        retry: datetime | None,
        callback: datetime | None,
        then: Then | None,
    ) -> NewFollowUp:
        now = self.now
        agent = self.case.before.customer.named_agent or SALES_DESK
        result = self.case.ended.result
        said: dict[str, Any] = {"concern": result.concern} if result and result.concern else {}
        if result and result.findings:
            said["findings"] = dict(result.findings)
        if result and result.unanswered:
            said["unanswered"] = list(result.unanswered)

        def row(owner: str, due: datetime, *, state: str = "open", **detail: Any) -> NewFollowUp:
            return NewFollowUp(
                kind=kind, leading=leading, owner=owner, due_at=due, state=state, detail={**said, **detail}
            )

        match kind:
            case FollowUpKind.ASSIGN_AGENT_24H:
                owner = LIST_OWNER if then is Then.LIST_OWNER else agent
                why = "多次未接通，转人工跟进" if then else "客户有明确意向或已获承诺"
                owed = (self.case.words(JournalKind.PROMISE), self.case.words(JournalKind.TRANSFER_REQUEST))
                return row(owner, now + AGENT_WITHIN, why=why, words=[words for words in owed if words])
            case FollowUpKind.PUSH_OFFER_3D:
                channel = self.case.before.customer.preferred_channel
                return row(
                    SYSTEM,
                    now + OFFER_AFTER,
                    channel=channel,
                    offers=_offers(result),
                    second_push=then is not None,
                )
            case FollowUpKind.LOW_PRIORITY_NO_TOUCH_30D:
                until = _later(self.case.before.customer.no_touch_until, now + self.policy.refusal.soft)
                return row(SYSTEM, until, no_touch_until=until.isoformat())
            case FollowUpKind.BLACKLIST:
                words = self.case.words(JournalKind.DO_NOT_CALL)
                return row(SYSTEM, now, state="done", scope=self.case.scope(), words=words)
            case FollowUpKind.COMPLAINT_PAUSE_30D:
                return row(
                    COMPLAINT_DESK,
                    now + self.policy.refusal.complaint_answer,
                    words=self.case.words(JournalKind.COMPLAINT),
                    pause_until=(now + self.policy.refusal.complaint_pause).isoformat(),
                    compensation=[
                        {"code": offer.code, "version": offer.version, "title": offer.title}
                        for offer in self.case.before.compensation
                    ],
                    transfers=self.case.transfers(),
                )
            case FollowUpKind.AGENT_HANDLES_NOW:
                return self._wrapped_up(row, agent)
            case FollowUpKind.SCHEDULE_CALLBACK:
                spoken = result.callback_spoken if result else ""
                spoken = spoken or next(
                    (str(data.get("spoken", "")) for _, data in self.case.lines(JournalKind.CALLBACK)), ""
                )
                if self.case.owed_human() or callback is None:
                    owner = COMPLAINT_DESK if self.case.complained() else agent
                    due = (
                        min(callback or now + AGENT_WITHIN, now + AGENT_WITHIN)
                        if self.case.owed_human()
                        else (callback or now + AGENT_WITHIN)
                    )
                    return row(owner, due, spoken=spoken, by="human")
                return row(SYSTEM, callback, spoken=spoken, by="callbot")
            case FollowUpKind.MARK_NUMBER_INVALID:
                return row(SYSTEM, now, state="done")
            case FollowUpKind.RETRY_LATER:
                return row(SYSTEM, retry or now + AGENT_WITHIN)
            case _:
                assert_never(kind)

    def _wrapped_up(self, row: Callable[..., NewFollowUp], agent: str) -> NewFollowUp:
        """The agent's wrap-up decides: done, a promise of theirs to keep, or nothing noted yet."""
        talked = [one for one in self.case.transfers() if one["result"] == "connected"]
        owner = str((talked[-1]["agent_id"] if talked else None) or agent)
        form: Mapping[str, Any] = talked[-1]["wrap_up"] if talked else {}
        promised = [str(form[name]) for name in ("promise", "follow_up") if form.get(name)]
        if promised:
            due = wrap_up_due(form, self.now)
            return row(owner, due, why="；".join(promised), transfers=self.case.transfers())
        if form.get("outcome") or form.get("note"):
            note = str(form.get("note") or form["outcome"])
            return replace(
                row(owner, self.now, state="done", transfers=self.case.transfers()), note=note, closed_by=owner
            )
        due = self.now + (WRAP_UP_WITHIN if talked else timedelta())
        return row(owner, due, why="坐席尚未填写小结", transfers=self.case.transfers())

    def _customer(self, kinds: tuple[FollowUpKind, ...], outcome: Outcome) -> dict[str, Any]:
        customer, refusal, now = self.case.before.customer, self.policy.refusal, self.now
        changes: dict[str, Any] = {}
        if FollowUpKind.LOW_PRIORITY_NO_TOUCH_30D in kinds:
            changes["low_priority"] = True
            changes["no_touch_until"] = _later(customer.no_touch_until, now + refusal.soft)
        if FollowUpKind.COMPLAINT_PAUSE_30D in kinds:
            changes["complaint_pause_until"] = _later(
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

    def _call(self) -> dict[str, Any]:
        columns = dict(self.case.ended.call)
        if result := self.case.ended.result:
            columns |= {
                "duration_ms": result.duration_ms,
                "ended_by": result.ended_by,
                "end_reason": result.end_reason,
                "disclosure_ms": _disclosed(result),
                "summary": {
                    "concern": result.concern,
                    "findings": dict(result.findings),
                    "unanswered": list(result.unanswered),
                    "callback_at": result.callback_at.isoformat() if result.callback_at else None,
                    "callback_spoken": result.callback_spoken,
                    "transfers": self.case.transfers(),
                    "llm": asdict(spending(self.case.prompts())),
                },
            }
            if result.flow:
                columns |= {"flow": result.flow, "flow_version": result.flow_version}
        elif self.case.ended.interrupted:
            columns |= {"end_reason": self.case.ended.cause}
        return columns

    def _blocks(self) -> tuple[Mapping[str, Any], ...]:
        result = self.case.ended.result
        return tuple(
            {
                **asdict(block),
                "violations": [{"span": span, "why": why} for span, why in block.violations],
            }
            for block in (result.blocks if result else ())
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


def _later(known: datetime | None, new: datetime) -> datetime:
    return max(known, new) if known else new


def _instant(text: Any) -> datetime | None:
    """A time as the journal keeps it; None for anything that does not name an instant."""
    if isinstance(text, datetime):
        return text.astimezone(UTC) if text.tzinfo else None
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None


def _disclosed(result: CallResult) -> int | None:
    """When the callee had heard to the end that an AI speaks, on the media clock."""
    heard = (turn.end_ms for turn in result.turns if turn.act == "disclosure" and not turn.interrupted)
    return next(heard, None)


def _offers(result: CallResult | None) -> list[str]:
    turns = result.turns if result else ()
    return list(dict.fromkeys(code for turn in turns for code in turn.offers))


def _turn(turn: Turn) -> dict[str, Any]:
    return {
        "speaker": turn.speaker,
        "text": turn.text,
        "heard": turn.heard,
        "start_ms": turn.start_ms,
        "end_ms": turn.end_ms,
        "interrupted": turn.interrupted,
        "intent": turn.intent,
        "emotion": turn.emotion,
        "confidence": turn.confidence,
        "slots": dict(turn.slots),
        "step": turn.step,
        "act": turn.act,
        "offers": list(turn.offers),
        "latency": {**asdict(turn.latency), "total": turn.latency.total} if turn.latency else {},
        "prompts": [asdict(use) for use in turn.prompts],
    }
