"""What a call leaves behind, collected as it goes: turns, notes, stances, handovers, and the one result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from callbot.conversation.act import Draft, State
from callbot.conversation.floor_events import Words
from callbot.conversation.judging import stances
from callbot.conversation.labels import Outcome, TransferReason
from callbot.conversation.line import HungUp
from callbot.conversation.outcome import Decision, Handover, LineEnd, decide
from callbot.conversation.plan import CallPlan
from callbot.conversation.prompt_use import PromptUse
from callbot.conversation.reading import Reading
from callbot.conversation.result import (
    CallLog,
    CallResult,
    GuardBlock,
    Journal,
    JournalKind,
    Note,
    TransferResult,
    Turn,
)
from callbot.conversation.transfer import Need, Said, need

_ONCE = frozenset({JournalKind.DO_NOT_CALL, JournalKind.COMPLAINT, JournalKind.TRANSFER_REQUEST})


@dataclass(slots=True)
class Record:
    """Grows during the call; `result` closes it."""

    plan: CallPlan
    journal: Journal
    log: CallLog
    turns: list[Turn] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    transfers: list[TransferResult] = field(default_factory=list)
    handovers: list[Handover] = field(default_factory=list)
    prompts: list[PromptUse] = field(default_factory=list)
    """Every request to a model."""
    blocks: list[GuardBlock] = field(default_factory=list)
    """What the guard stopped."""
    dealt_with: int = 0
    """Callee turns before this one have had their transfer."""

    async def note(self, draft: Draft, words: str, at_ms: int) -> None:
        """Journal one note now. A journal that fails is logged; the note still leaves with the result."""
        known = next((note for note in self.notes if note.kind is draft.kind), None)
        if (
            known is not None
            and draft.kind in _ONCE
            and dict(known.data) | dict(draft.data) == dict(known.data)
        ):
            return
        note = Note(kind=draft.kind, words=words, at_ms=at_ms, data=dict(draft.data))
        self.notes.append(note)
        try:
            await self.journal.write(note)
        except Exception as error:
            self.log.event("journal-failed", at_ms, kind=note.kind.value, error=repr(error))
        else:
            self.log.event("note", at_ms, kind=note.kind.value, data=dict(note.data))

    def hear(self, text: str, reading: Reading, *, bot_said: str, asks: str) -> None:
        """One callee turn, understood."""
        self.said.append(Said(turn=len(self.said), text=text, reading=reading, bot_said=bot_said, asks=asks))

    def aside(self, words: Words) -> None:
        """A back-channel: heard, written down, not answered."""
        self.turns.append(
            Turn(
                speaker="callee",
                text=words.text,
                heard=words.text,
                start_ms=words.start_ms,
                end_ms=words.end_ms,
                confidence=words.confidence,
                act="aside",
            )
        )

    def need(self, reading: Reading, text: str, *, bot_said: str, asks: str) -> Need | None:
        """Would a human be needed if this were the next turn?"""
        now = Said(turn=len(self.said), text=text, reading=reading, bot_said=bot_said, asks=asks)
        return need([*self.said, now], since=self.dealt_with)

    def transferred(self, result: TransferResult, reason: TransferReason, turn: int) -> None:
        self.transfers.append(result)
        talked = result.result == "connected" and result.agent_id is not None
        self.handovers.append(Handover(turn=turn, reason=reason, connected=talked))

    def compare(self, transfer_id: str, compared: Callable[[TransferResult], TransferResult]) -> None:
        """Replace the result of one transfer by what its transcript adds to it."""
        self.transfers = [compared(one) if one.transfer_id == transfer_id else one for one in self.transfers]

    def result(
        self,
        state: State,
        end: HungUp,
        *,
        lost: bool,
        callback_default: datetime,
        parsed: datetime | None,
    ) -> CallResult:
        """The one result. `parsed`: the point in time of the call-back as decided, if it names one."""
        decision = self.decision(state, end, lost=lost)
        callback_at, spoken = state.callback_at, state.callback_spoken
        if decision.outcome is Outcome.CALLBACK:
            callback_at = callback_at or parsed or callback_default
            spoken = spoken or decision.callback_spoken
        elif decision.outcome is Outcome.DO_NOT_CALL:
            callback_at, spoken = None, ""
        ended_by: Literal["callee", "bot", "carrier"] = end.by
        return CallResult(
            outcome=decision.outcome,
            follow_ups=decision.follow_ups,
            turns=tuple(sorted(self.turns, key=lambda turn: (turn.start_ms, turn.end_ms))),
            notes=tuple(self.notes),
            transfers=tuple(self.transfers),
            callback_at=callback_at,
            callback_spoken=spoken,
            concern=decision.concern or state.slots.get("concern", ""),
            findings={
                shown: state.slots[slot]
                for slot, shown in self.plan.flow.findings.items()
                if state.slots.get(slot)
            },
            unanswered=tuple(dict.fromkeys(state.unanswered)),
            ended_by=ended_by,
            end_reason=end.reason or "normal",
            duration_ms=end.at_ms,
            flow=self.plan.flow.name,
            flow_version=self.plan.flow.version,
            prompts=tuple(self.prompts),
            blocks=tuple(self.blocks),
        )

    def decision(self, state: State, end: HungUp, *, lost: bool) -> Decision:
        """The outcome as it stands."""
        return decide(
            stances(self.said),
            line=LineEnd(ended_by=end.by, lost=lost),
            handovers=self.handovers,
            booked=state.callback_at is not None,
        )
