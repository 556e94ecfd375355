"""Each follow-up of a call as a row: who owns it, by when, and the words that they need for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, assert_never

from callbot.conversation.labels import FollowUpKind
from callbot.conversation.result import CallResult, JournalKind
from callbot.outreach.case import Case
from callbot.outreach.policy import Policy
from callbot.outreach.promised import wrap_up_due
from callbot.outreach.retries import Then
from callbot.store.follow_ups import SYSTEM
from callbot.store.settlement import NewFollowUp

OFFER_AFTER = timedelta(days=3)
AGENT_WITHIN = timedelta(hours=24)
WRAP_UP_WITHIN = timedelta(hours=1)
"""An agent who took the call notes by then what came of it."""

SALES_DESK = "sales-desk"
COMPLAINT_DESK = "complaint-desk"
LIST_OWNER = "list-owner"


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpRows:
    """What one settled attempt leaves to be done, at `now` (UTC). Source: docs/outcomes.md."""

    case: Case
    policy: Policy
    now: datetime
    retry: datetime | None
    """When the line is tried again."""
    callback: datetime | None
    """When the booked call may be made; None lets a human decide."""
    then: Then | None
    """What comes instead of another try."""

    def of(self, kind: FollowUpKind, *, leading: bool) -> NewFollowUp:
        """The row of one kind; the first of a settlement leads."""
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
                owner = LIST_OWNER if self.then is Then.LIST_OWNER else agent
                why = "多次未接通，转人工跟进" if self.then else "客户有明确意向或已获承诺"
                owed = (self.case.words(JournalKind.PROMISE), self.case.words(JournalKind.TRANSFER_REQUEST))
                return row(owner, now + AGENT_WITHIN, why=why, words=[words for words in owed if words])
            case FollowUpKind.PUSH_OFFER_3D:
                channel = self.case.before.customer.preferred_channel
                return row(
                    SYSTEM,
                    now + OFFER_AFTER,
                    channel=channel,
                    offers=_offers(result),
                    second_push=self.then is not None,
                )
            case FollowUpKind.LOW_PRIORITY_NO_TOUCH_30D:
                until = later(self.case.before.customer.no_touch_until, now + self.policy.refusal.soft)
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
                if self.case.owed_human() or self.callback is None:
                    owner = COMPLAINT_DESK if self.case.complained() else agent
                    due = self.callback or now + AGENT_WITHIN
                    if self.case.owed_human():
                        due = min(due, now + AGENT_WITHIN)
                    return row(owner, due, spoken=spoken, by="human")
                return row(SYSTEM, self.callback, spoken=spoken, by="callbot")
            case FollowUpKind.MARK_NUMBER_INVALID:
                return row(SYSTEM, now, state="done")
            case FollowUpKind.RETRY_LATER:
                return row(SYSTEM, self.retry or now + AGENT_WITHIN)
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


def later(known: datetime | None, new: datetime) -> datetime:
    """The later of an end that is known and a new one."""
    return max(known, new) if known else new


def _offers(result: CallResult | None) -> list[str]:
    turns = result.turns if result else ()
    return list(dict.fromkeys(code for turn in turns for code in turn.offers))
