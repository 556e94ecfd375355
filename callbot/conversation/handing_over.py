"""The callee and the human: offering, waiting with a sign of life, handing over, taking back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

from callbot.conversation.act import Act, State
from callbot.conversation.bridge_notes import BridgeTap
from callbot.conversation.dialogue import Dialogue
from callbot.conversation.floor_events import FloorEvent, HandedOver, Hold
from callbot.conversation.labels import TransferReason
from callbot.conversation.line import Line
from callbot.conversation.plan import CallPlan, SessionOptions
from callbot.conversation.record import Record
from callbot.conversation.result import CallLog, JournalKind
from callbot.conversation.transferring import Transfer, brief
from handoff.bridge import Bridged, Nobody
from handoff.desk import Desk, NotPlaced, Placed


@dataclass(frozen=True, slots=True, eq=False)
class DeskAnswered:
    transfer: Transfer
    placed: Placed | NotPlaced


@dataclass(frozen=True, slots=True, eq=False)
class BridgeEnded:
    transfer: Transfer
    bridged: Bridged


DeskMessage: TypeAlias = DeskAnswered | BridgeEnded


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
    ) -> None:
        self._stage = stage
        self._plan = plan
        self._line = line
        self._desk = desk
        self._dialogue = dialogue
        self._record = record
        self._log = log
        self._options = options
        self.transfer: Transfer | None = None
        self.tap: BridgeTap | None = None
        self.wrapping: asyncio.Task[None] | None = None
        self._accepted: DeskAnswered | None = None
        self._due = 0.0

    @property
    def due(self) -> float | None:
        """When a human who is there has waited long enough, on the loop's clock."""
        return self._due if self._accepted is not None else None

    async def begin(self, reason: TransferReason, turn: int) -> None:
        """Offer the callee to the desk; `turn` is the callee turn that made it necessary."""
        await self.cancel()
        card = brief(
            self._plan,
            reason,
            self._record.turns,
            slots=dict(self._stage.state.slots),
            promised=[note.words for note in self._record.notes if note.kind is JournalKind.PROMISE],
        )
        transfer = Transfer(
            plan=self._plan, desk=self._desk, log=self._log, reason=reason, turn=turn, brief=card
        )
        self._record.dealt_with = turn + 1
        self.transfer = transfer
        self._event("transfer-offered", transfer, reason=reason.value)

        async def place() -> None:
            answer = await transfer.place()
            if isinstance(answer, Placed):
                transfer.placed = answer
            self._stage.post(DeskAnswered(transfer, answer))

        transfer.task = self._stage.start(place())
        await self._stage.tell_floor(Hold(on=True))

    async def cancel(self, result: Literal["callee_left"] = "callee_left") -> None:
        """The callee does not want a human any more, or is gone."""
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
            await self._desk.bridge(placed, Nobody())
            await self._desk.wrap_up(placed, 0)

        self.wrapping = self._stage.start(excuse())

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
            await self._come_back()
            return
        self._event("transfer-accepted", transfer, agent=placed.agent_id)
        self._accepted = message
        self._due = asyncio.get_running_loop().time() + self._options.agent_waits_s
        await self.look()

    async def bridge_ended(self, message: BridgeEnded) -> None:
        transfer, bridged = message.transfer, message.bridged
        if transfer is not self.transfer or transfer.placed is None:
            return
        placed = transfer.placed
        transfer.bridged_ms = bridged.duration_ms
        self.transfer = None
        self._event("unbridged", transfer, by=bridged.ended_by, ms=bridged.duration_ms, error=bridged.error)
        self._line.unbridge()
        if bridged.ended_by == "failed":
            self._record.transferred(transfer.result("bridge_failed"), transfer.reason, transfer.turn)
            if not self._stage.over:
                await self._stage.tell_floor(HandedOver(to_human=False))
                await self._come_back()
            return
        self.wrapping = self._stage.start(self._wrap_up(transfer, placed))
        if not self._stage.over:
            await self._stage.tell_floor(HandedOver(to_human=False))
            self._stage.state, act = self._dialogue.agent_gone(self._stage.state)
            await self._stage.say(act)

    async def finish(self, next_message: Callable[[], Awaitable[object]]) -> None:
        """The line is gone: end what is under way, waiting for the bridge to notice."""
        if self.transfer is not None and self.tap is None:
            await self.cancel()
        while self.transfer is not None:
            message = await next_message()
            if isinstance(message, BridgeEnded):
                await self.bridge_ended(message)

    def abort(self) -> None:
        """Stop everything; a human who was talking counts as reached."""
        transfer, self.transfer = self.transfer, None
        if transfer is None:
            return
        if transfer.task is not None:
            transfer.task.cancel()
        result = transfer.result("callee_left" if self.tap is None else "connected")
        self._record.transferred(result, transfer.reason, transfer.turn)

    async def _wrap_up(self, transfer: Transfer, placed: Placed) -> None:
        form = await transfer.wrap_up(placed, self._options.wrap_up_s)
        result = transfer.result("connected", wrap_up=form)
        self._record.transferred(result, transfer.reason, transfer.turn)
        self._event("wrap-up", transfer, form=dict(result.wrap_up))

    async def _come_back(self) -> None:
        """Nobody took the callee: the bot has the floor again and says so."""
        self._stage.drop_answer()
        await self._stage.tell_floor(Hold(on=False))
        self._stage.state, act = self._dialogue.transfer_failed(self._stage.state)
        await self._stage.say(act)

    async def _hand_over(self, accepted: DeskAnswered) -> None:
        """Fall silent and let the human talk."""
        transfer, placed = accepted.transfer, accepted.placed
        self._accepted = None
        if not isinstance(placed, Placed):
            return
        transfer.handed = True
        self._stage.drop_answer()
        await self._stage.tell_floor(Hold(on=False))
        await self._stage.tell_floor(HandedOver(to_human=True))
        tap = self.tap = BridgeTap(self._line.bridge(), start_ms=self._line.now_ms)
        self._event("bridged", transfer, agent=placed.agent_id)

        async def bridge() -> None:
            try:
                bridged = await self._desk.bridge(placed, tap)
            except Exception as error:
                bridged = Bridged(ended_by="failed", duration_ms=0, error=repr(error))
            self._stage.post(BridgeEnded(transfer, bridged))

        transfer.task = self._stage.start(bridge())

    def _event(self, name: str, transfer: Transfer, **data: Any) -> None:
        self._log.event(name, self._line.now_ms, transfer=transfer.id, **data)
