"""The callee and the human: offering, waiting with a sign of life, handing over, taking back."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol, TypeAlias, assert_never

from asr_tts.recogniser import Recognizer
from callbot.conversation.act import Act, State
from callbot.conversation.bridge_notes import BridgeNotes
from callbot.conversation.briefing import BriefWriter
from callbot.conversation.by_telephone import OverTheSwitch
from callbot.conversation.dialogue import Dialogue
from callbot.conversation.floor_events import FloorEvent, HandedOver, Hold
from callbot.conversation.labels import TransferReason
from callbot.conversation.line import Line
from callbot.conversation.plan import CallPlan, SessionOptions
from callbot.conversation.record import Record
from callbot.conversation.result import CallLog, JournalKind, TransferResult, Turn
from callbot.conversation.transferring import Transfer, brief, compared, line_of, lines
from handoff.bridge import Bridged, Nobody
from handoff.desk import Desk, NotPlaced, Placed, TelephoneDown
from handoff.telephone import Telephone


@dataclass(frozen=True, slots=True, eq=False)
class DeskAnswered:
    transfer: Transfer
    placed: Placed | NotPlaced


@dataclass(frozen=True, slots=True, eq=False)
class BridgeEnded:
    transfer: Transfer
    bridged: Bridged


@dataclass(frozen=True, slots=True, eq=False)
class TakenOver:
    """A supervisor takes the call."""

    supervisor: str


@dataclass(frozen=True, slots=True, eq=False)
class Dismissed:
    """A supervisor ends the call."""


DeskMessage: TypeAlias = DeskAnswered | BridgeEnded | TakenOver | Dismissed


class Stage(Protocol):
    """What handing over needs of the session."""

    state: State

    @property
    def over(self) -> bool:
        """The line is gone."""
        ...

    @property
    def silent(self) -> bool:
        """Nothing of the bot's is being played or waits to be."""
        ...

    async def tell_floor(self, event: FloorEvent) -> None: ...

    async def say(self, act: Act) -> None: ...

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]: ...

    def post(self, message: DeskMessage) -> None: ...

    def drop_answer(self) -> None:
        """Answer no more what is being answered; its words still count."""
        ...


class HandingOver:
    """At most one transfer at a time; every failure brings the bot back."""

    def __init__(
        self,
        stage: Stage,
        *,
        plan: CallPlan,
        line: Line,
        desk: Desk,
        dialogue: Dialogue,
        record: Record,
        log: CallLog,
        options: SessionOptions,
        recognizer: Recognizer,
        briefs: BriefWriter,
        telephone: Telephone | None = None,
    ) -> None:
        """`telephone` reaches agents on telephones of their own; None: the carrier cannot."""
        self._stage = stage
        self._plan = plan
        self._line = line
        self._desk = desk
        self._dialogue = dialogue
        self._record = record
        self._log = log
        self._options = options
        self._recognizer = recognizer
        self._briefs = briefs
        self._telephone = telephone
        self.transfer: Transfer | None = None
        self._bridge: BridgeNotes | None = None
        self._conversations: list[_Conversation] = []
        self._wrapping: set[asyncio.Task[None]] = set()
        self._writing: set[asyncio.Task[None]] = set()
        self._accepted: DeskAnswered | None = None
        self._handed_over = False
        """The floor is the human's."""
        self._due = 0.0

    @property
    def due(self) -> float | None:
        """When a human who is there has waited long enough, on the loop's clock."""
        return self._due if self._accepted is not None else None

    @property
    def with_human(self) -> bool:
        """Callee and human are talking."""
        return self._bridge is not None

    async def begin(self, reason: TransferReason, turn: int) -> None:
        """Offer the callee to the desk; `turn` is the callee turn that made it necessary."""
        await self.cancel()
        self._record.dealt_with = turn + 1
        await self._offer(reason, turn)

    async def take_over(self, supervisor: str) -> None:
        """A supervisor takes the call from the bot, who says so and leaves. A human's call is the desk's."""
        if self.with_human or self._stage.over:
            return
        await self._drop("no_answer")
        self._stage.drop_answer()
        self._stage.state, act = self._dialogue.holding.taken_over(self._stage.state)
        await self._stage.say(act)
        await self._offer(TransferReason.EXPLICIT_REQUEST, self._last_turn, taker=supervisor)

    @property
    def _last_turn(self) -> int:
        return max(0, len(self._record.said) - 1)

    async def _offer(self, reason: TransferReason, turn: int, *, taker: str = "") -> None:
        card = brief(
            self._plan,
            reason,
            self._record.turns,
            slots=dict(self._stage.state.slots),
            promised=[note.words for note in self._record.notes if note.kind is JournalKind.PROMISE],
        )
        transfer = Transfer(
            plan=self._plan,
            desk=self._desk,
            log=self._log,
            reason=reason,
            turn=turn,
            brief=card,
            telephone=self._telephone,
            taker=taker,
            said=lines(self._record.turns),
        )
        self.transfer = transfer
        self._event("transfer-offered", transfer, reason=transfer.shown_reason)

        async def place() -> None:
            answer = await transfer.place()
            if isinstance(answer, Placed):
                transfer.placed = answer
            self._stage.post(DeskAnswered(transfer, answer))

        transfer.task = self._stage.start(place())
        if not taker:
            self._keep(self._writing, self._polish(transfer))
        if not self._handed_over:
            await self._stage.tell_floor(Hold(on=True))

    async def cancel(self) -> None:
        """The callee does not want a human any more, or is gone."""
        await self._drop("callee_left")

    async def _drop(self, result: Literal["callee_left", "no_answer"]) -> None:
        transfer, self.transfer, self._accepted = self.transfer, None, None
        if transfer is None:
            return
        self._let_go(transfer)
        self._record.transferred(transfer.result(result), transfer.reason, transfer.turn)
        self._event("transfer-ended", transfer, result=result)
        await self._stage.tell_floor(Hold(on=False))

    def withdraw(self) -> None:
        """The callee took the words back before the bot answered them: there was no transfer."""
        transfer, self.transfer, self._accepted = self.transfer, None, None
        if transfer is not None:
            self._let_go(transfer)

    def _let_go(self, transfer: Transfer) -> None:
        """Stop the ringing; an agent who has accepted already learns that nobody comes, and is free again."""
        placed = transfer.placed
        if transfer.task is not None:
            transfer.task.cancel()
        if placed is None or transfer.handed:
            return

        async def excuse() -> None:
            if placed.by_telephone and self._telephone is not None:
                await self._telephone.part()
            await self._desk.bridge(placed, Nobody())
            await self._desk.wrap_up(placed, 0)

        self._keep(self._wrapping, excuse())

    async def look(self) -> None:
        """Hand over if a human waits and the bot is done or has had its time."""
        accepted = self._accepted
        if accepted is None or self._stage.over:
            return
        if self._stage.silent or asyncio.get_running_loop().time() >= self._due:
            await self._hand_over(accepted)

    async def desk_answered(self, message: DeskAnswered) -> None:
        transfer, placed = message.transfer, message.placed
        if transfer is not self.transfer:
            return
        if isinstance(placed, NotPlaced):
            self.transfer = None
            self._record.transferred(transfer.result(placed.result), transfer.reason, transfer.turn)
            self._event("transfer-ended", transfer, result=placed.result, detail=placed.detail)
            await self._come_back(self._dialogue.holding.failed)
            return
        self._event("transfer-accepted", transfer, agent=placed.agent_id)
        self._accepted = message
        self._due = asyncio.get_running_loop().time() + self._options.agent_waits_s
        await self.look()

    async def bridge_ended(self, message: BridgeEnded) -> None:
        transfer, bridged = message.transfer, message.bridged
        if transfer is not self.transfer or transfer.placed is None:
            return
        transfer.bridged_ms = bridged.duration_ms
        self.transfer = None
        self._event("unbridged", transfer, by=bridged.ended_by, ms=bridged.duration_ms, error=bridged.error)
        self._close_bridge()
        match bridged.ended_by:
            case "failed":
                await self._broken(transfer, "bridge_failed", self._dialogue.holding.failed)
            case "agent_left":
                await self._broken(transfer, "agent_left", self._dialogue.holding.lost)
            case "handed_back":
                transfer.handed_back = bridged.note
                self._talked(transfer)
                await self._come_back(self._dialogue.holding.handed_back)
            case "taken_over":
                self._talked(transfer)
                if not self._stage.over:
                    await self._offer(transfer.reason, transfer.turn, taker=bridged.taken_by)
            case "callee" | "agent":
                self._talked(transfer)
                await self._come_back(self._dialogue.holding.gone)
            case _:
                assert_never(bridged.ended_by)

    def _talked(self, transfer: Transfer) -> None:
        if transfer.placed is not None:
            self._keep(self._wrapping, self._wrap_up(transfer, transfer.placed, self._options.wrap_up_s))

    async def _broken(
        self,
        transfer: Transfer,
        result: Literal["bridge_failed", "agent_left"],
        act: Callable[[State], tuple[State, Act]],
    ) -> None:
        """The human is gone without a goodbye: the bot is there at once."""
        self._record.transferred(transfer.result(result), transfer.reason, transfer.turn)
        if transfer.placed is not None:
            self._keep(self._wrapping, self._free(transfer, transfer.placed))
        await self._come_back(act)

    async def finish(self, next_message: Callable[[], Awaitable[object]]) -> None:
        """The line is gone: end what is under way, waiting for the bridge to notice."""
        if self.transfer is not None and self._bridge is None:
            await self.cancel()
        while self.transfer is not None and self._bridge is not None:
            message = await next_message()
            if isinstance(message, BridgeEnded):
                await self.bridge_ended(message)
        await self.cancel()

    async def written_up(self, transcript_s: float) -> None:
        """Collect the agents' forms, and what was said to them as far as it is written down in time."""
        if self._wrapping:
            await asyncio.wait(self._wrapping)
        if self._writing:
            _, late = await asyncio.wait(self._writing, timeout=transcript_s)
            for task in late:
                task.cancel()
        for talk in self._conversations:
            self._record.compare(talk.transfer.id, talk.compared)

    def abort(self) -> None:
        """Stop everything; a human who was talking counts as reached."""
        for task in self._writing:
            task.cancel()
        transfer, self.transfer = self.transfer, None
        if transfer is None:
            return
        if transfer.task is not None:
            transfer.task.cancel()
        result = transfer.result("connected" if self.with_human else "callee_left")
        self._record.transferred(result, transfer.reason, transfer.turn)

    async def _wrap_up(self, transfer: Transfer, placed: Placed, wait_s: float) -> None:
        form = await transfer.wrap_up(placed, wait_s)
        result = transfer.result("connected", wrap_up=form)
        self._record.transferred(result, transfer.reason, transfer.turn)
        self._event("wrap-up", transfer, form=dict(result.wrap_up))

    @staticmethod
    async def _free(transfer: Transfer, placed: Placed) -> None:
        """The desk may forget this conversation; the agent is not asked for a form."""
        await transfer.wrap_up(placed, 0)

    async def _come_back(self, words: Callable[[State], tuple[State, Act]]) -> None:
        """The human is not there, or not any more: the bot has the floor again and says so."""
        if self._stage.over:
            return
        if self._handed_over:
            self._handed_over = False
            await self._stage.tell_floor(HandedOver(to_human=False))
        self._stage.drop_answer()
        await self._stage.tell_floor(Hold(on=False))
        self._stage.state, act = words(self._stage.state)
        await self._stage.say(act)

    async def _hand_over(self, accepted: DeskAnswered) -> None:
        """Fall silent and let the human talk."""
        transfer, placed = accepted.transfer, accepted.placed
        self._accepted = None
        if not isinstance(placed, Placed):
            return
        transfer.handed = self._handed_over = True
        self._stage.drop_answer()
        await self._stage.tell_floor(Hold(on=False))
        await self._stage.tell_floor(HandedOver(to_human=True))
        known = len(transfer.said)
        for line in lines(self._record.turns)[known:]:
            await self._desk.tell(transfer.id, line)
        notes = self._open_bridge(transfer)
        self._event("bridged", transfer, agent=placed.agent_id, by_telephone=placed.by_telephone)

        async def bridge() -> None:
            try:
                bridged = await self._bridged(transfer, placed, notes)
            except Exception as error:
                bridged = Bridged(ended_by="failed", duration_ms=0, error=repr(error))
            self._stage.post(BridgeEnded(transfer, bridged))

        transfer.task = self._stage.start(bridge())

    async def _bridged(self, transfer: Transfer, placed: Placed, notes: BridgeNotes) -> Bridged:
        """The conversation to its end; the line is the bot's again when it returns."""
        if not placed.by_telephone or self._telephone is None:
            return await self._desk.bridge(placed, notes)

        async def down() -> None:
            self._event("telephone-down", transfer)
            await self._desk.tell(transfer.id, TelephoneDown())

        end = OverTheSwitch(notes, self._telephone, down)
        try:
            return await self._desk.bridge(placed, end)
        finally:
            await asyncio.shield(asyncio.create_task(end.aclose()))

    def _open_bridge(self, transfer: Transfer) -> BridgeNotes:
        talk = _Conversation(transfer=transfer, turns=self._record.turns, since_ms=self._line.now_ms)
        self._conversations.append(talk)

        async def said(turn: Turn) -> None:
            self._record.turns.append(turn)
            if turn.heard:
                await self._desk.tell(transfer.id, line_of(turn))

        self._bridge = BridgeNotes(
            self._line.bridge(),
            now_ms=lambda: self._line.now_ms,
            recognizer=self._recognizer,
            on_turn=said,
        )
        self._keep(self._writing, self._bridge.write())
        return self._bridge

    def _close_bridge(self) -> None:
        if self._bridge is not None:
            self._bridge.close()
            self._conversations[-1].until_ms = self._line.now_ms
        self._bridge = None
        self._line.unbridge()

    async def _polish(self, transfer: Transfer) -> None:
        """Give the card a first sentence while it rings already."""
        found = await self._briefs.summary(transfer.brief, transfer.said)
        self._record.prompts.extend(found.prompts)
        if found.text:
            transfer.brief = replace(transfer.brief, summary=found.text)
            await self._desk.tell(transfer.id, transfer.brief)

    def _keep(self, tasks: set[asyncio.Task[None]], work: Coroutine[Any, Any, None]) -> None:
        task = self._stage.start(work)
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    def _event(self, name: str, transfer: Transfer, **data: Any) -> None:
        self._log.event(name, self._line.now_ms, transfer=transfer.id, **data)


@dataclass(slots=True, eq=False)
class _Conversation:
    """One bridge, for the comparison of what was asked in it with what was known before."""

    transfer: Transfer
    turns: list[Turn]
    since_ms: int
    until_ms: int = sys.maxsize

    def compared(self, result: TransferResult) -> TransferResult:
        return compared(
            result, self.turns, card=self.transfer.brief, since_ms=self.since_ms, until_ms=self.until_ms
        )
