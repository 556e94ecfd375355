"""The desk with people at it: rings agents one after another, carries the sound, collects the wrap-up."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Literal, assert_never

from handoff.agent_line import AgentLine, Left, Missed
from handoff.bridge import AudioEnd, Bridged
from handoff.desk import Desk, NotPlaced, Placed
from handoff.offer import TransferOffer, WrapUp
from handoff.presence import next_agent
from handoff.server import DeskServer
from handoff.wire import Accept, Connected, Decline, Ended, Withdrawn


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskOptions:
    """Times in seconds."""

    ring_s: float = 15.0
    """How long one agent is rung: three rings, while the customer hears that somebody is being fetched."""
    place_s: float = 45.0
    """How long a customer waits in all before the bot comes back."""


class LiveDesk(Desk):
    """`Desk` over the agents of a `DeskServer`."""

    def __init__(self, server: DeskServer, options: DeskOptions | None = None) -> None:
        self._server = server
        self._store = server.store
        self._options = options or DeskOptions()

    async def place(self, offer: TransferOffer) -> Placed | NotPlaced:
        """Ring agents by skill and longest idle until one accepts and connects, or nobody is left.

        Cancelling it abandons the offer: the ringing stops and the agent is free again.
        """
        rung: list[str] = []
        await self._store.open(offer, self._server.now())
        try:
            return await self._ring_round(offer, rung)
        except asyncio.CancelledError:
            await asyncio.shield(asyncio.create_task(self._abandon(offer, rung)))
            raise

    async def _ring_round(self, offer: TransferOffer, rung: list[str]) -> Placed | NotPlaced:
        give_up_at = time.monotonic() + self._options.place_s
        result: Literal["declined", "no_answer", "no_agent"] = "no_agent"
        detail = ""
        while (left_s := give_up_at - time.monotonic()) > 0:
            line = await self._next_line(offer, rung)
            if line is None:
                break
            if not await self._store.ring(offer.id, line.agent_id, self._server.now()):
                # another offer took this agent in between; they are not available any more
                continue
            rung.append(line.agent_id)
            await self._server.tell_presence(line.agent_id)
            answer = await line.ring(offer, min(self._options.ring_s, left_s))
            match answer:
                case Accept():
                    placed = await self._connect(offer, line)
                    if placed is not None:
                        return placed
                case Decline():
                    result, detail = "declined", answer.reason
                    await self._store.decline(offer.id, line.agent_id, answer.reason, self._server.now())
                case Missed():
                    result = "no_answer"
                    await self._store.miss(offer.id, line.agent_id, self._server.now())
                    await line.tell(Withdrawn(offer_id=offer.id, why="timeout"))
                case Left():
                    result = "no_answer"
                    await self._take_back(offer, line)
                case _:
                    assert_never(answer)
            await self._server.tell_presence(line.agent_id)
        await self._store.give_up(offer.id, result, self._server.now())
        return NotPlaced(offer_id=offer.id, result=result, detail=detail)

    async def _next_line(self, offer: TransferOffer, rung: list[str]) -> AgentLine | None:
        connected = [agent for agent in await self._store.agents() if self._server.line(agent.id) is not None]
        chosen = next_agent(connected, offer.skill, own=offer.own_agent_id, passed_over=rung)
        return self._server.line(chosen.id) if chosen else None

    async def _connect(self, offer: TransferOffer, line: AgentLine) -> Placed | None:
        now = self._server.now()
        if not await self._store.accept(offer.id, line.agent_id, now):
            await line.tell(Withdrawn(offer_id=offer.id, why="taken"))
            return None
        line.open_sound()
        self._server.expect_form(offer.id)
        if not await self._store.connect(offer.id, line.agent_id, now):
            return None
        await self._server.tell_presence(line.agent_id)
        return Placed(offer_id=offer.id, agent_id=line.agent_id, agent_name=line.name)

    async def _take_back(self, offer: TransferOffer, line: AgentLine) -> None:
        """Free an offer whose agent left while it rang; the end of their connection may have done so."""
        now = self._server.now()
        if self._server.line(line.agent_id) in (None, line):
            await self._store.sign_out(line.agent_id, now)
        else:
            # they are back over another connection, on a break
            await self._store.miss(offer.id, line.agent_id, now)

    async def _abandon(self, offer: TransferOffer, rung: list[str]) -> None:
        now = self._server.now()
        # an agent who was connected in the very moment the customer left still gets their wrap-up
        if not await self._store.abandon(offer.id, now):
            await self._store.end(offer.id, now)
            await self._store.finish(offer.id, WrapUp(), now)
        self._server.forget_form(offer.id)
        if rung and (line := self._server.line(rung[-1])) is not None:
            line.close_sound()
            await line.tell(Withdrawn(offer_id=offer.id, why="customer_left"))
            await self._server.tell_presence(line.agent_id)

    async def bridge(self, placed: Placed, callee: AudioEnd) -> Bridged:
        """Carry audio both ways until one side leaves."""
        line = self._server.line(placed.agent_id)
        began = time.monotonic()
        ended_by: Literal["callee", "agent", "failed"] = "agent"
        error = ""
        try:
            if line is not None:
                # Not before: what an agent says to a customer who cannot hear it yet is lost.
                await line.tell(Connected(offer_id=placed.offer_id))
                ended_by, error = await _carried(line, callee)
        finally:
            if line is not None:
                line.close_sound()
            await asyncio.shield(asyncio.create_task(self._end(placed, line, ended_by)))
        return Bridged(ended_by=ended_by, duration_ms=round((time.monotonic() - began) * 1000), error=error)

    async def _end(
        self, placed: Placed, line: AgentLine | None, by: Literal["callee", "agent", "failed"]
    ) -> None:
        await self._store.end(placed.offer_id, self._server.now())
        if line is not None:
            await line.tell(Ended(offer_id=placed.offer_id, by=by))
            await self._server.tell_presence(placed.agent_id)

    async def wrap_up(self, placed: Placed, timeout_s: float) -> WrapUp:
        """What the agent wrote down; an empty form after the timeout. A later form still reaches the store."""
        form = WrapUp()
        try:
            async with asyncio.timeout(timeout_s):
                form = await self._server.expect_form(placed.offer_id)
        except TimeoutError:
            pass
        finally:
            self._server.forget_form(placed.offer_id)
            await asyncio.shield(asyncio.create_task(self._finish(placed, form)))
        return form

    async def _finish(self, placed: Placed, form: WrapUp) -> None:
        await self._store.finish(placed.offer_id, form, self._server.now())
        await self._server.tell_presence(placed.agent_id)


async def _carried(line: AgentLine, callee: AudioEnd) -> tuple[Literal["callee", "agent", "failed"], str]:
    """Pump until one side leaves: who it was, and the error where one broke the path."""

    async def speak_to_agent() -> None:
        while (frame := await callee.receive()) is not None:
            await line.send(frame)

    async def speak_to_callee() -> None:
        while (frame := await line.receive()) is not None:
            await callee.send(frame)

    from_callee = asyncio.create_task(speak_to_agent())
    from_agent = asyncio.create_task(speak_to_callee())
    carrying = asyncio.create_task(line.carry())
    tasks = (from_callee, from_agent, carrying)
    try:
        done, _ = await asyncio.wait((from_callee, from_agent), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    for end in ends:
        if isinstance(end, Exception):
            return "failed", f"{type(end).__name__}: {end}"
    return ("callee" if from_callee in done else "agent"), ""
