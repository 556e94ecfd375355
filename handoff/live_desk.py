"""The desk with people at it: a line of customers, agents rung one after another, the bridge, the wrap-up."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias, assert_never

from handoff.agent_line import AgentLine, Answer, Left, Missed
from handoff.bridge import AudioEnd, Bridged
from handoff.desk import Desk, NotPlaced, Placed, TelephoneDown
from handoff.offer import Brief, Line, TransferOffer, WrapUp
from handoff.phone_room import PhoneRoom
from handoff.room import Room, RoomOptions
from handoff.server import DeskServer
from handoff.store import Talked
from handoff.telephone import Bell
from handoff.voice import Voice
from handoff.waiting import Waiting, escalation, matched, skilled_at_work, somebody_may_come
from handoff.wire import Accept, Decline, Ended, EndedBy, Rebrief, Ring, Said, Withdrawn

_LOOK_S: Final = 0.5
"""Customers in line look again at least so often: agents of other desks, and the clock of the promise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskOptions:
    """Times in seconds."""

    ring_s: float = 15.0
    """How long one agent is rung: three rings, while the customer hears that somebody is being fetched."""
    place_s: float = 45.0
    """How long a customer waits in all before the bot comes back."""
    sla_s: float = 20.0
    """Promised time to an answer; half of it asks every skill, all of it raises an alarm."""
    return_s: float = 6.0
    """How long an agent whose connection was lost may take to come back to their customer."""


@dataclass(frozen=True, slots=True)
class _Unreached:
    """They accepted, and their own telephone was not answered."""

    result: Literal["no_answer", "bridge_failed"]
    detail: str


_Rung: TypeAlias = Answer | _Unreached


@dataclass(slots=True, eq=False)
class _Case:
    """One offer from its opening to its wrap-up."""

    offer: TransferOffer
    since: float
    result: NotPlaced
    asked: list[str]
    telephone: Bell | None
    """By which agents on telephones of their own are reached."""
    escalation: int = 0
    rung: Voice | None = None
    """Who sees the card."""

    def waiting(self, unreachable: frozenset[str]) -> Waiting:
        """`unreachable` are those who talk on a telephone of their own."""
        unasked = frozenset() if self.telephone is not None else unreachable
        return Waiting(
            offer_id=self.offer.id,
            skill=self.offer.skill,
            priority=self.offer.priority,
            since=self.since,
            own=self.offer.own_agent_id,
            escalation=self.escalation,
            passed_over=unasked.union(self.asked),
        )


class LiveDesk(Desk):
    """`Desk` over the agents of a `DeskServer`. All desks of one server share its line of customers."""

    def __init__(self, server: DeskServer, options: DeskOptions | None = None) -> None:
        self.server = server
        self._store = server.store
        self._options = options or DeskOptions()
        self._cases: dict[str, _Case] = {}
        self._in_line: dict[str, _Case] = {}
        self.takers: dict[str, Voice] = {}
        """Supervisors who take a call over, by its id."""

    async def place(self, offer: TransferOffer, telephone: Bell | None = None) -> Placed | NotPlaced:
        """Ring agents by skill and longest idle until one accepts and connects, or nobody is left.

        Who talks on a telephone of their own accepts on the screen, and is an agent once that was answered.
        Cancelling it abandons the offer: the ringing stops and the agent is free again.
        """
        nobody = NotPlaced(offer_id=offer.id, result="no_agent")
        since = asyncio.get_running_loop().time()
        case = _Case(offer=offer, since=since, result=nobody, asked=[], telephone=telephone)
        self._cases[offer.id] = case
        await self._store.open(offer, self.server.now(), desk=self.server.name, sla_s=self._options.sla_s)
        placed: Placed | None = None
        try:
            placed = await (self._taken_over(case) if offer.only_agent_id else self._ring_round(case))
        except asyncio.CancelledError:
            await asyncio.shield(asyncio.create_task(self._abandon(case)))
            raise
        finally:
            self._in_line.pop(offer.id, None)
            if placed is None:
                self._cases.pop(offer.id, None)
        if placed is None:
            failed = case.result.result if case.result.result != "bridge_failed" else "failed"
            await self._store.give_up(offer.id, failed, self.server.now())
            return case.result
        return placed

    async def _taken_over(self, case: _Case) -> Placed | None:
        taker = self.takers.pop(case.offer.call_id, None)
        if taker is None or taker.gone or taker.agent_id != case.offer.only_agent_id:
            return None
        case.rung = taker
        now = self.server.now()
        if not await self._store.take(case.offer.id, taker.agent_id, now):
            return None
        self.server.expect_form(case.offer.id)
        if not await self._store.connect(case.offer.id, taker.agent_id, now):
            return None
        return Placed(offer_id=case.offer.id, agent_id=taker.agent_id, agent_name=taker.name)

    async def _ring_round(self, case: _Case) -> Placed | None:
        offer, loop = case.offer, asyncio.get_running_loop()
        give_up_at = case.since + self._options.place_s
        while (left_s := give_up_at - loop.time()) > 0:
            line = await self._turn(case)
            if line is None:
                if not somebody_may_come(self._waiting(case), await self.server.here()):
                    break
                await self.server.change(min(_LOOK_S, left_s))
                continue
            if not await self._store.ring(offer.id, line.agent_id, self.server.now()):
                # another customer took this agent in between; they are not available any more
                await self.server.change(_LOOK_S / 10)
                continue
            case.asked.append(line.agent_id)
            case.rung = line
            self._in_line.pop(offer.id, None)
            await self.server.tell_presence(line.agent_id)
            answer: _Rung = await self._ring(case, line, min(self._options.ring_s, left_s))
            if isinstance(answer, Accept) and line.telephone and case.telephone is not None:
                answer = await self._ring_telephone(case.telephone, line, answer, give_up_at)
            match answer:
                case Accept():
                    placed = await self._connect(case, line)
                    if placed is not None:
                        return placed
                case Decline():
                    case.result = replace(case.result, result="declined", detail=answer.reason)
                    await self._store.decline(offer.id, line.agent_id, answer.reason, self.server.now())
                case Missed():
                    case.result = replace(case.result, result="no_answer", detail="")
                    await self._store.miss(offer.id, line.agent_id, self.server.now())
                    await line.tell(Withdrawn(offer_id=offer.id, why="timeout"))
                case _Unreached(result=result, detail=detail):
                    case.result = replace(case.result, result=result, detail=detail)
                    await self._store.miss(offer.id, line.agent_id, self.server.now())
                    await line.tell(Withdrawn(offer_id=offer.id, why="telephone"))
                case Left():
                    case.result = replace(case.result, result="no_answer", detail="")
                    await self._take_back(offer, line)
                case _:
                    assert_never(answer)
            case.rung = None
            await self.server.tell_presence(line.agent_id)
        return None

    async def _turn(self, case: _Case) -> AgentLine | None:
        """Whom to ring for this customer now; None while it is nobody's or somebody else's turn."""
        self._in_line[case.offer.id] = case
        agents = await self.server.here()
        waited = asyncio.get_running_loop().time() - case.since
        level = escalation(waited, self._options.sla_s)
        if level == 0 and not skilled_at_work(self._waiting(case), agents):
            level = 1
        if level > case.escalation:
            case.escalation = level
            await self._store.escalate(case.offer.id, level, self.server.now())
        pairs = matched(map(self._waiting, self._in_line.values()), agents)
        return self.server.line(pairs.get(case.offer.id, ""))

    def _waiting(self, case: _Case) -> Waiting:
        return case.waiting(self.server.on_telephones)

    async def _ring(self, case: _Case, line: AgentLine, timeout_s: float) -> Accept | Decline | Missed | Left:
        waited = asyncio.get_running_loop().time() - case.since
        ring = Ring(
            offer=replace(case.offer, said=()),
            timeout_s=timeout_s,
            waited_s=round(waited, 1),
            sla_s=self._options.sla_s,
            escalation=case.escalation,
        )
        ringing = asyncio.create_task(line.ring(ring))
        try:
            await asyncio.sleep(0)
            for said in case.offer.said:
                await line.tell(_said(case.offer.id, said))
            return await ringing
        finally:
            ringing.cancel()

    async def _ring_telephone(
        self, telephone: Bell, line: AgentLine, accepted: Accept, give_up_at: float
    ) -> Accept | Left | _Unreached:
        """Ring the telephone of somebody who accepted; the offer rings at them until it is answered."""
        left_s = max(0.0, give_up_at - asyncio.get_running_loop().time())
        ringing = asyncio.ensure_future(telephone.ring(line.telephone, min(self._options.ring_s, left_s)))
        leaving = asyncio.ensure_future(line.left.wait())
        try:
            await asyncio.wait({ringing, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            if not ringing.done():
                ringing.cancel()
            await asyncio.gather(ringing, leaving, return_exceptions=True)
        if ringing.cancelled():
            return Left()
        match ringing.result():
            case "answered":
                return accepted
            case "busy":
                return _Unreached("no_answer", "the agent's telephone was busy")
            case "no_answer":
                return _Unreached("no_answer", "the agent's telephone was not answered")
            case "failed":
                return _Unreached("bridge_failed", "the agent's telephone could not be rung")
            case rang:
                assert_never(rang)

    async def _connect(self, case: _Case, line: AgentLine) -> Placed | None:
        offer, now, placed = case.offer, self.server.now(), None
        try:
            if not await self._store.accept(offer.id, line.agent_id, now):
                await line.tell(Withdrawn(offer_id=offer.id, why="taken"))
                return None
            line.expect()
            self.server.expect_form(offer.id)
            if not await self._store.connect(offer.id, line.agent_id, now):
                return None
            await self.server.tell_presence(line.agent_id)
            placed = Placed(
                offer_id=offer.id,
                agent_id=line.agent_id,
                agent_name=line.name,
                by_telephone=bool(line.telephone),
            )
            return placed
        finally:
            if placed is None and line.telephone and case.telephone is not None:
                await case.telephone.part()

    async def _take_back(self, offer: TransferOffer, line: AgentLine) -> None:
        """Free an offer whose agent left while it rang; the end of their connection may have done so."""
        now = self.server.now()
        if self.server.line(line.agent_id) in (None, line):
            await self._store.sign_out(line.agent_id, self.server.name, now)
        else:
            # they are back over another connection, on a break
            await self._store.miss(offer.id, line.agent_id, now)

    async def _abandon(self, case: _Case) -> None:
        now, offer = self.server.now(), case.offer
        # an agent who was connected in the very moment the customer left still gets their wrap-up
        if not await self._store.abandon(offer.id, now):
            await self._store.end(offer.id, now)
            await self._store.finish(offer.id, WrapUp(), now)
        self.server.forget_form(offer.id)
        if case.rung is not None:
            await case.rung.tell(Withdrawn(offer_id=offer.id, why="customer_left"))
            await self.server.tell_presence(case.rung.agent_id)

    async def tell(self, offer_id: str, news: Brief | Line | TelephoneDown) -> None:
        case = self._cases.get(offer_id)
        if case is None:
            return
        if isinstance(news, TelephoneDown):
            room = self.server.rooms.get(case.offer.call_id)
            if room is not None and room.offer_id == offer_id:
                room.hang_up()
            return
        if isinstance(news, Brief):
            case.offer = replace(case.offer, brief=news)
        else:
            case.offer = replace(case.offer, said=(*case.offer.said, news))
        if case.rung is not None:
            await case.rung.tell(
                Rebrief(offer_id=offer_id, brief=news) if isinstance(news, Brief) else _said(offer_id, news)
            )

    async def bridge(self, placed: Placed, callee: AudioEnd) -> Bridged:
        """Carry audio both ways until one side leaves."""
        case = self._cases.get(placed.offer_id)
        voice = self.server.line(placed.agent_id) or (case.rung if case else None)
        if case is not None and case.offer.only_agent_id:
            voice = case.rung
        if case is None or voice is None:
            await self._end(placed, None, "failed")
            return Bridged(ended_by="failed", duration_ms=0, error="the desk does not know this offer")
        kind = PhoneRoom if placed.by_telephone else Room
        room = kind(placed.offer_id, callee, voice, RoomOptions(return_s=self._options.return_s))
        self.server.rooms[case.offer.call_id] = room
        ended: EndedBy = "failed"
        try:
            bridged = await room.run()
            ended = bridged.ended_by
        finally:
            if self.server.rooms.get(case.offer.call_id) is room:
                del self.server.rooms[case.offer.call_id]
            await asyncio.shield(asyncio.create_task(self._end(placed, room.human, ended)))
        return bridged

    async def _end(self, placed: Placed, voice: Voice | None, by: EndedBy) -> None:
        now = self.server.now()
        results: dict[EndedBy, Talked] = {"agent_left": "agent_left", "failed": "bridge_failed"}
        await self._store.end(placed.offer_id, now, results.get(by, "connected"))
        if voice is not None and not voice.gone:
            await voice.tell(Ended(offer_id=placed.offer_id, by=by))
        if self.server.line(placed.agent_id) is None:
            await self._store.sign_out(placed.agent_id, self.server.name, now)
        await self.server.tell_presence(placed.agent_id)

    async def wrap_up(self, placed: Placed, timeout_s: float) -> WrapUp:
        """What the agent wrote down; an empty form after the timeout. A later form still reaches the store."""
        form = WrapUp()
        try:
            async with asyncio.timeout(timeout_s):
                form = await self.server.expect_form(placed.offer_id)
        except TimeoutError:
            pass
        finally:
            self.server.forget_form(placed.offer_id)
            self._cases.pop(placed.offer_id, None)
            await asyncio.shield(asyncio.create_task(self._finish(placed, form)))
        return form

    async def _finish(self, placed: Placed, form: WrapUp) -> None:
        await self._store.finish(placed.offer_id, form, self.server.now())
        await self.server.tell_presence(placed.agent_id)


def _said(offer_id: str, line: Line) -> Said:
    return Said(
        offer_id=offer_id,
        speaker=line.speaker,
        text=line.text,
        start_ms=line.start_ms,
        end_ms=line.end_ms,
    )
