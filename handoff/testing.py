"""Fakes of the desk's ports, for tests and load runs."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import numpy as np

from handoff.bridge import AudioEnd, Bridged, Frame
from handoff.desk import Desk, NotPlaced, Placed, TelephoneDown
from handoff.offer import Brief, Line, OfferState, TransferOffer, WrapUp
from handoff.presence import MISSED, AgentStatus, Presence, may_choose, may_ring
from handoff.store import DeskStore, Talked, Unplaced
from handoff.telephone import Bell, Rang, Telephone, TelephoneFailed


@dataclass(slots=True, kw_only=True)
class OfferRecord:
    """An offer as the memory store keeps it."""

    offer: TransferOffer
    state: OfferState
    agent_id: str | None = None
    desk: str = ""
    result: str = ""
    escalation: int = 0
    declined_reason: str = ""
    wrap_up: WrapUp | None = None


class MemoryDeskStore(DeskStore):
    """`DeskStore` in memory. Its methods never yield inside, which makes each of them atomic."""

    def __init__(self, agents: Iterable[AgentStatus] = ()) -> None:
        self.people = {agent.id: agent for agent in agents}
        self.offers: dict[str, OfferRecord] = {}

    async def start_over(self, desk: str, now: datetime) -> None:
        for agent in [agent for agent in self.people.values() if agent.desk == desk]:
            self._set(agent.id, Presence.OFFLINE, now)
        for record in self.offers.values():
            if record.desk != desk:
                continue
            if record.state is OfferState.WRAP_UP:
                record.state = OfferState.DONE
            elif record.state in _LIVE:
                record.state, record.result = OfferState.FAILED, "bridge_failed"

    async def sign_in(self, agent: AgentStatus, now: datetime) -> AgentStatus:
        presence = agent.presence
        for record in self.offers.values():
            if record.agent_id != agent.id:
                continue
            if record.state is OfferState.RINGING:
                record.state, record.agent_id = OfferState.OFFERED, None
            elif record.state in _CUSTOMER_HELD and record.desk != agent.desk:
                record.state, record.result = OfferState.FAILED, "bridge_failed"
            elif record.state in _CUSTOMER_HELD:
                presence = Presence.BUSY
        known = self.people.get(agent.id, agent)
        self.people[agent.id] = replace(agent, skills=known.skills, capacity=known.capacity)
        self._set(agent.id, presence, now, agent.reason)
        return self.people[agent.id]

    async def equip(self, agent_id: str, skills: Mapping[str, int], capacity: int) -> bool:
        if agent_id not in self.people:
            return False
        self.people[agent_id] = replace(self.people[agent_id], skills=skills, capacity=capacity)
        return True

    async def sign_out(self, agent_id: str, desk: str, now: datetime) -> None:
        if agent_id not in self.people or self.people[agent_id].desk != desk:
            return
        for record in self.offers.values():
            if record.agent_id == agent_id and record.state is OfferState.RINGING:
                record.state, record.agent_id = OfferState.OFFERED, None
        self._set(agent_id, Presence.OFFLINE, now)

    async def agents(self) -> Sequence[AgentStatus]:
        return tuple(self.people.values())

    async def choose_presence(self, agent_id: str, presence: Presence, now: datetime, reason: str = "") -> bool:
        if not may_choose(self.people[agent_id].presence, presence):
            return False
        if not self.people[agent_id].presence is presence is Presence.AVAILABLE:
            self._set(agent_id, presence, now, reason)
        return True

    async def open(self, offer: TransferOffer, now: datetime, *, desk: str = "", sla_s: float = 0.0) -> None:
        for older in self.offers.values():
            if older.offer.customer_id == offer.customer_id and older.state in _LIVE:
                older.state, older.result = OfferState.FAILED, "bridge_failed"
                self._free(older.offer.id, Presence.AVAILABLE, now)
        self.offers[offer.id] = OfferRecord(offer=offer, state=OfferState.OFFERED, desk=desk)

    async def escalate(self, offer_id: str, level: int, now: datetime) -> bool:
        record = self.offers[offer_id]
        if record.state not in _OPEN or record.escalation >= level:
            return False
        record.escalation = level
        return True

    async def ring(self, offer_id: str, agent_id: str, now: datetime) -> bool:
        record, agent = self.offers[offer_id], self.people[agent_id]
        if record.state is not OfferState.OFFERED or not may_ring(agent) or self._holds(agent_id):
            return False
        record.state, record.agent_id = OfferState.RINGING, agent_id
        self._set(agent_id, Presence.RINGING, now)
        return True

    async def accept(self, offer_id: str, agent_id: str, now: datetime) -> bool:
        if self._is_held(offer_id) or not self._move(
            offer_id, {OfferState.RINGING}, OfferState.ACCEPTED, agent_id
        ):
            return False
        self._set(agent_id, Presence.BUSY, now)
        return True

    async def take(self, offer_id: str, agent_id: str, now: datetime) -> bool:
        record = self.offers[offer_id]
        if record.state is not OfferState.OFFERED or self._holds(agent_id) or self._is_held(offer_id):
            return False
        record.state, record.agent_id = OfferState.ACCEPTED, agent_id
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
        self._set(agent_id, Presence.BREAK, now, MISSED)
        return True

    async def connect(self, offer_id: str, agent_id: str, now: datetime) -> bool:
        return self._move(offer_id, {OfferState.ACCEPTED}, OfferState.CONNECTED, agent_id)

    async def give_up(self, offer_id: str, result: Unplaced, now: datetime) -> bool:
        return self._let_go(offer_id, {OfferState.OFFERED, OfferState.ACCEPTED}, OfferState(result), now)

    async def abandon(self, offer_id: str, now: datetime) -> bool:
        return self._let_go(offer_id, _OPEN, OfferState.ABANDONED, now)

    async def end(self, offer_id: str, now: datetime, result: Talked = "connected") -> bool:
        if not self._move(offer_id, {OfferState.CONNECTED}, OfferState.WRAP_UP):
            return False
        self.offers[offer_id].result = result
        self._free(offer_id, Presence.WRAP_UP, now)
        return True

    async def finish(self, offer_id: str, form: WrapUp, now: datetime) -> bool:
        if not self._move(offer_id, {OfferState.WRAP_UP}, OfferState.DONE):
            return False
        self.offers[offer_id].wrap_up = form
        self._free(offer_id, Presence.AVAILABLE, now, before={Presence.WRAP_UP})
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
        self.offers[offer_id].result = _RESULT.get(after, after.value)
        self._free(offer_id, Presence.AVAILABLE, now)
        return True

    def _holds(self, agent_id: str) -> bool:
        return any(
            record.agent_id == agent_id and record.state in _AGENT_HELD for record in self.offers.values()
        )

    def _is_held(self, offer_id: str) -> bool:
        customer = self.offers[offer_id].offer.customer_id
        return any(
            record.offer.customer_id == customer and record.state in _CUSTOMER_HELD
            for record in self.offers.values()
        )

    def _free(
        self,
        offer_id: str,
        presence: Presence,
        now: datetime,
        *,
        before: Collection[Presence] = (Presence.RINGING, Presence.BUSY, Presence.WRAP_UP),
    ) -> None:
        agent = self.people.get(self.offers[offer_id].agent_id or "")
        if agent is not None and agent.presence in before:
            self._set(agent.id, presence, now)

    def _set(self, agent_id: str, presence: Presence, now: datetime, reason: str = "") -> None:
        idle_since = now if presence is Presence.AVAILABLE else None
        self.people[agent_id] = replace(
            self.people[agent_id], presence=presence, reason=reason, since=now, idle_since=idle_since
        )


_OPEN = frozenset({OfferState.OFFERED, OfferState.RINGING, OfferState.ACCEPTED})
_LIVE = _OPEN | {OfferState.CONNECTED}
_AGENT_HELD = frozenset({OfferState.RINGING, OfferState.ACCEPTED, OfferState.CONNECTED})
_CUSTOMER_HELD = frozenset({OfferState.ACCEPTED, OfferState.CONNECTED})
_RESULT = {OfferState.FAILED: "bridge_failed", OfferState.ABANDONED: "callee_left"}


class FakeTelephone(Telephone):
    """An agent's telephone that does what a test says. `state` is idle, ringing, waiting or talking."""

    def __init__(self, *, ringing_s: float = 60.0) -> None:
        """`ringing_s`: when a switch gives up by itself."""
        self.state: Literal["idle", "ringing", "waiting", "talking"] = "idle"
        self.rung: list[str] = []
        """The numbers, in order."""
        self.breaks = False
        """The next `join` fails."""
        self.parted = 0
        self._ringing_s = ringing_s
        self._answer: asyncio.Future[Rang] | None = None
        self._down = asyncio.Event()

    def answer(self, rang: Rang = "answered") -> None:
        """What becomes of the ringing; nothing outside of it."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(rang)

    def hang_up(self) -> None:
        """The agent puts it down; no effect on one that is not in use."""
        if self.state in ("waiting", "talking"):
            self.state = "idle"
            self._down.set()

    async def ring(self, number: str, timeout_s: float) -> Rang:
        self.rung.append(number)
        self.state, self._down = "ringing", asyncio.Event()
        self._answer = asyncio.get_running_loop().create_future()
        rang: Rang = "no_answer"
        try:
            async with asyncio.timeout(min(timeout_s, self._ringing_s)):
                rang = await self._answer
        except TimeoutError:
            pass
        finally:
            self.state = "waiting" if rang == "answered" else "idle"
            self._answer = None
        return rang

    async def join(self) -> None:
        breaks, self.breaks = self.breaks, False
        if self.state != "waiting" or breaks:
            raise TelephoneFailed("it does not wait" if not breaks else "the switch failed")
        self.state = "talking"

    async def said(self) -> Frame | None:
        try:
            async with asyncio.timeout(0.02):
                await self._down.wait()
        except TimeoutError:
            return np.full(160, 5_000, dtype=np.int16)
        return None

    async def part(self) -> None:
        self.parted += 1
        self.state = "idle"
        self._down.set()


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
        self.news: list[tuple[str, Brief | Line | TelephoneDown]] = []
        self._frames = frames
        self._form = form or WrapUp()
        self._ring_s = ring_s

    async def place(self, offer: TransferOffer, telephone: Bell | None = None) -> Placed | NotPlaced:
        self.offers.append(offer)
        try:
            await asyncio.sleep(self._ring_s)
        except asyncio.CancelledError:
            self.abandoned.append(offer.id)
            raise
        if not self.answers:
            return Placed(offer_id=offer.id, agent_id="a1", agent_name="小林")
        return replace(self.answers.popleft(), offer_id=offer.id)

    async def tell(self, offer_id: str, news: Brief | Line | TelephoneDown) -> None:
        self.news.append((offer_id, news))

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
