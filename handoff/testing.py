"""Fakes of the desk's ports, for tests and load runs."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from handoff.bridge import AudioEnd, Bridged
from handoff.desk import Desk, NotPlaced, Placed
from handoff.offer import OfferState, TransferOffer, WrapUp
from handoff.presence import AgentStatus, Presence, may_choose
from handoff.store import DeskStore, Unplaced


@dataclass(slots=True, kw_only=True)
class OfferRecord:
    """An offer as the memory store keeps it."""

    offer: TransferOffer
    state: OfferState
    agent_id: str | None = None
    declined_reason: str = ""
    wrap_up: WrapUp | None = None


class MemoryDeskStore(DeskStore):
    """`DeskStore` in memory. Its methods never yield inside, which makes each of them atomic."""

    def __init__(self, agents: Iterable[AgentStatus] = ()) -> None:
        self.people = {agent.id: agent for agent in agents}
        self.offers: dict[str, OfferRecord] = {}

    async def start_over(self, now: datetime) -> None:
        self.people = {
            key: replace(agent, presence=Presence.OFFLINE, idle_since=None)
            for key, agent in self.people.items()
        }
        for record in self.offers.values():
            if record.state is OfferState.WRAP_UP:
                record.state = OfferState.DONE
            elif record.state in _OPEN or record.state is OfferState.CONNECTED:
                record.state = OfferState.FAILED

    async def sign_in(self, agent: AgentStatus, now: datetime) -> None:
        self.people[agent.id] = replace(agent, idle_since=now if agent.presence is Presence.AVAILABLE else None)

    async def sign_out(self, agent_id: str, now: datetime) -> None:
        for record in self.offers.values():
            if record.agent_id == agent_id and record.state is OfferState.RINGING:
                record.state, record.agent_id = OfferState.OFFERED, None
        self._set(agent_id, Presence.OFFLINE, now)

    async def agents(self) -> Sequence[AgentStatus]:
        return tuple(self.people.values())

    async def choose_presence(self, agent_id: str, presence: Presence, now: datetime) -> bool:
        if not may_choose(self.people[agent_id].presence, presence):
            return False
        if self.people[agent_id].presence is not presence:
            self._set(agent_id, presence, now)
        return True

    async def open(self, offer: TransferOffer, now: datetime) -> None:
        self.offers[offer.id] = OfferRecord(offer=offer, state=OfferState.OFFERED)

    async def ring(self, offer_id: str, agent_id: str, now: datetime) -> bool:
        record, agent = self.offers[offer_id], self.people[agent_id]
        if record.state is not OfferState.OFFERED or agent.presence is not Presence.AVAILABLE:
            return False
        record.state, record.agent_id = OfferState.RINGING, agent_id
        self._set(agent_id, Presence.RINGING, now)
        return True

    async def accept(self, offer_id: str, agent_id: str, now: datetime) -> bool:
        if not self._move(offer_id, {OfferState.RINGING}, OfferState.ACCEPTED, agent_id):
            return False
        self._set(agent_id, Presence.BUSY, now)
        return True

    async def decline(self, offer_id: str, agent_id: str, reason: str, now: datetime) -> bool:
        if not self._move(offer_id, {OfferState.RINGING}, OfferState.OFFERED, agent_id):
            return False
        self.offers[offer_id].declined_reason = reason
        self.offers[offer_id].agent_id = None
        self._set(agent_id, Presence.AVAILABLE, now)
        return True

    async def miss(self, offer_id: str, agent_id: str, now: datetime) -> bool:
        if not self._move(offer_id, {OfferState.RINGING}, OfferState.OFFERED, agent_id):
            return False
        self.offers[offer_id].agent_id = None
        self._set(agent_id, Presence.BREAK, now)
        return True

    async def connect(self, offer_id: str, agent_id: str, now: datetime) -> bool:
        return self._move(offer_id, {OfferState.ACCEPTED}, OfferState.CONNECTED, agent_id)

    async def give_up(self, offer_id: str, result: Unplaced, now: datetime) -> bool:
        return self._let_go(offer_id, {OfferState.OFFERED, OfferState.ACCEPTED}, OfferState(result), now)

    async def abandon(self, offer_id: str, now: datetime) -> bool:
        return self._let_go(offer_id, _OPEN, OfferState.ABANDONED, now)

    async def end(self, offer_id: str, now: datetime) -> bool:
        if not self._move(offer_id, {OfferState.CONNECTED}, OfferState.WRAP_UP):
            return False
        self._free(offer_id, Presence.WRAP_UP, now)
        return True

    async def finish(self, offer_id: str, form: WrapUp, now: datetime) -> bool:
        if not self._move(offer_id, {OfferState.WRAP_UP}, OfferState.DONE):
            return False
        self.offers[offer_id].wrap_up = form
        self._free(offer_id, Presence.AVAILABLE, now)
        return True

    async def amend(self, offer_id: str, agent_id: str, form: WrapUp) -> bool:
        record = self.offers.get(offer_id)
        if record is None or record.agent_id != agent_id or record.state is not OfferState.DONE:
            return False
        record.wrap_up = form
        return True

    def _move(
        self, offer_id: str, before: Collection[OfferState], after: OfferState, agent_id: str | None = None
    ) -> bool:
        record = self.offers[offer_id]
        if record.state not in before or (agent_id is not None and record.agent_id != agent_id):
            return False
        record.state = after
        return True

    def _let_go(self, offer_id: str, before: Collection[OfferState], after: OfferState, now: datetime) -> bool:
        if not self._move(offer_id, before, after):
            return False
        self._free(offer_id, Presence.AVAILABLE, now)
        return True

    def _free(self, offer_id: str, presence: Presence, now: datetime) -> None:
        agent_id = self.offers[offer_id].agent_id
        held = {Presence.RINGING, Presence.BUSY, Presence.WRAP_UP}
        if agent_id is not None and self.people[agent_id].presence in held:
            self._set(agent_id, presence, now)

    def _set(self, agent_id: str, presence: Presence, now: datetime) -> None:
        idle_since = now if presence is Presence.AVAILABLE else None
        self.people[agent_id] = replace(self.people[agent_id], presence=presence, idle_since=idle_since)


_OPEN = frozenset({OfferState.OFFERED, OfferState.RINGING, OfferState.ACCEPTED})


class FakeDesk(Desk):
    """`Desk` that gives what it was told: for each offer the next answer, agent "a1" by default.

    The bridge ends when the callee leaves, or after `frames` frames of the callee by the agent.
    """

    def __init__(
        self,
        answers: Iterable[Placed | NotPlaced] = (),
        *,
        frames: int | None = None,
        form: WrapUp | None = None,
        ring_s: float = 0.0,
    ) -> None:
        self.answers = deque(answers)
        self.offers: list[TransferOffer] = []
        self.abandoned: list[str] = []
        self._frames = frames
        self._form = form or WrapUp()
        self._ring_s = ring_s

    async def place(self, offer: TransferOffer) -> Placed | NotPlaced:
        self.offers.append(offer)
        try:
            await asyncio.sleep(self._ring_s)
        except asyncio.CancelledError:
            self.abandoned.append(offer.id)
            raise
        if not self.answers:
            return Placed(offer_id=offer.id, agent_id="a1", agent_name="小林")
        return replace(self.answers.popleft(), offer_id=offer.id)

    async def bridge(self, placed: Placed, callee: AudioEnd) -> Bridged:
        heard = 0
        while self._frames is None or heard < self._frames:
            frame = await callee.receive()
            if frame is None:
                return Bridged(ended_by="callee", duration_ms=heard * 20)
            heard += 1
            await callee.send(frame)
        return Bridged(ended_by="agent", duration_ms=heard * 20)

    async def wrap_up(self, placed: Placed, timeout_s: float) -> WrapUp:
        return self._form
