"""What happened in one attempt: on the line, in the conversation, and in the journal, which always counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from callbot.conversation.labels import FollowUpKind, Outcome, TransferReason
from callbot.conversation.prompt_use import PromptUse
from callbot.conversation.result import CallResult, GuardBlock, JournalKind
from callbot.outreach.outcomes import settled_outcome
from callbot.store.tables import JournalRow
from callbot.store.unsettled import Unsettled

EARLY_HANG_UP_MS = 3000
"""Answered and gone sooner than this is not a conversation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How an attempt ended, as far as the one who ran or found it can say."""

    attempt_id: str
    outcome: Outcome
    """Of the conversation, or of the line when there was none."""
    cause: str = ""
    """The line's cause or ours: `busy`, `unreachable`, `worker-lost`, `no-media`..."""
    result: CallResult | None = None
    interrupted: bool = False
    """It did not end by itself: a crash, a stop, a carrier that gave no answer."""
    error: str = ""
    call: Mapping[str, Any] = field(default_factory=dict)
    """Further columns of the call row: `recording`, `event_log`, `disclosure_ms`."""
    blocks: tuple[GuardBlock, ...] = ()
    """What the guard stopped, where there is no result to say it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One attempt to be settled: how it ended, and how the store holds it."""

    ended: Ended
    before: Unsettled

    def outcome(self) -> tuple[Outcome, str]:
        """The one outcome, and its cause."""
        if self.early():
            return Outcome.REJECTED, "early_hang_up"
        outcome = settled_outcome(self.ended.outcome, self.journalled())
        return outcome, self.ended.cause or outcome.value

    def early(self) -> bool:
        result = self.ended.result
        return (
            result is not None
            and result.ended_by == "callee"
            and result.duration_ms < EARLY_HANG_UP_MS
            and result.outcome in (Outcome.NO_ANSWER, Outcome.INTERRUPTED)
            and not any(turn.speaker == "callee" for turn in result.turns)
            and not self.journalled()
        )

    def journalled(self) -> tuple[JournalKind, ...]:
        """Kinds of notes, the committed ones first."""
        noted = self.ended.result.notes if self.ended.result else ()
        kinds = [JournalKind(row.kind) for row in self.before.journal] + [note.kind for note in noted]
        if self._told_the_agent():
            kinds.append(JournalKind.DO_NOT_CALL)
        return tuple(dict.fromkeys(kinds))

    def lines(self, kind: JournalKind) -> list[tuple[str, Mapping[str, Any]]]:
        """Words and data of the notes of one kind; the committed ones, or the call's own where none is.

        What a customer asked of the human agent stands with them.
        """
        told = self._told_the_agent() if kind is JournalKind.DO_NOT_CALL else []
        rows: Sequence[JournalRow] = [row for row in self.before.journal if row.kind == kind]
        if rows:
            return [*((row.words, row.data) for row in rows), *told]
        noted = self.ended.result.notes if self.ended.result else ()
        return [*((note.words, note.data) for note in noted if note.kind is kind), *told]

    def _told_the_agent(self) -> list[tuple[str, Mapping[str, Any]]]:
        """Wrap-ups that say: no more contact. Of any scope, since a form names none."""
        transfers = self.ended.result.transfers if self.ended.result else ()
        return [
            (str(transfer.wrap_up.get("note") or "客户对坐席说不要再联系"), {"scope": "all"})
            for transfer in transfers
            if transfer.wrap_up.get("outcome") == Outcome.DO_NOT_CALL
        ]

    def words(self, kind: JournalKind) -> str:
        return "；".join(words for words, _ in self.lines(kind))

    def named(self) -> tuple[FollowUpKind, ...]:
        return self.ended.result.follow_ups if self.ended.result and not self.early() else ()

    def complained(self) -> bool:
        transfers = self.ended.result.transfers if self.ended.result else ()
        return any(transfer.reason == TransferReason.COMPLAINT for transfer in transfers) or (
            JournalKind.COMPLAINT in self.journalled()
        )

    def owed_human(self) -> bool:
        """They asked for a human, or needed one, and spoke with none."""
        transfers = self.ended.result.transfers if self.ended.result else ()
        if any(transfer.result == "connected" for transfer in transfers):
            return False
        return bool(transfers) or self.complained() or JournalKind.TRANSFER_REQUEST in self.journalled()

    def requested_by(self) -> str:
        return str(self.before.attempt.permit.get("requested_by", ""))

    def scope(self) -> str:
        """`voice` only where every such sentence limited it to calls; in doubt `all`."""
        scopes = {str(data.get("scope", "all")) for _, data in self.lines(JournalKind.DO_NOT_CALL)}
        return "voice" if scopes == {"voice"} else "all"

    def prompts(self) -> tuple[PromptUse, ...]:
        """Every request to a model that this attempt made: for its opener, then during the call."""
        kept = self.before.attempt.opener.get("prompts") or ()
        known = PromptUse.__dataclass_fields__
        opener = tuple(PromptUse(**{name: use[name] for name in known if name in use}) for use in kept)
        return (*opener, *(self.ended.result.prompts if self.ended.result else ()))

    def transfers(self) -> list[dict[str, Any]]:
        transfers = self.ended.result.transfers if self.ended.result else ()
        return [
            {
                "transfer_id": transfer.transfer_id,
                "reason": transfer.reason,
                "result": transfer.result,
                "agent_id": transfer.agent_id,
                "wrap_up": dict(transfer.wrap_up),
                "bridged_ms": transfer.bridged_ms,
            }
            for transfer in transfers
        ]
