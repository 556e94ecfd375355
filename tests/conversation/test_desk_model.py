"""Whatever happens in whatever order: no empty bridge, no second agent, one typed result for every path."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, get_args

from desk_stage import Customer, Wire
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from virtual_time import VirtualTimeLoop

from callbot.conversation.handing_over import TakenOver
from callbot.conversation.labels import TransferReason
from callbot.conversation.result import TransferResult
from handoff.live_desk import DeskOptions, LiveDesk
from handoff.offer import OfferState, WrapUp
from handoff.presence import Presence
from handoff.server import AgentIdentity, DeskServer
from handoff.testing import MemoryDeskStore
from handoff.voice import Voice
from handoff.wire import (
    Accept,
    Decline,
    HandBack,
    HangUp,
    Hold,
    Mute,
    SendWrapUp,
    SetPresence,
)

T = TypeVar("T")
OPTIONS = DeskOptions(ring_s=4.0, place_s=12.0, sla_s=4.0, return_s=8.0)
RESULTS = {
    "connected",
    "declined",
    "no_answer",
    "no_agent",
    "callee_left",
    "agent_left",
    "bridge_failed",
}
AGENTS = {
    "lin": {"complaint": 3, "general": 1},
    "zhou": {"general": 2, "care": 1},
    "chen": {"supervisor": 5},
    "he": {"complaint": 2, "general": 2, "care": 2},
}
TELEPHONES = {"he": "+8610017345921"}
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
WHO = st.sampled_from(sorted(AGENTS))
WHOM = st.sampled_from(["c1", "c2", "c3"])
RANG = st.sampled_from(["answered", "answered", "answered", "busy", "no_answer", "failed"])


class DeskModel(RuleBasedStateMachine):
    """Two desks share a store; three customers, three agents, a supervisor; time is virtual."""

    @initialize()
    def open(self) -> None:
        self.loop = VirtualTimeLoop()
        self.store = MemoryDeskStore()
        self.wires: dict[str, Wire] = {}
        self.attending: set[asyncio.Task[None]] = set()
        self.customers: dict[str, Customer] = {}
        self.gone: list[Customer] = []
        self.numbers = itertools.count(1)
        self.do(self._open())

    async def _open(self) -> None:
        async def nobody(token: str) -> AgentIdentity | None:
            return None

        self.desks = []
        for name in ("north", "south"):
            server = DeskServer("127.0.0.1", 0, self.store, nobody, now=self.now, name=name)
            self.desks.append(LiveDesk(server, OPTIONS))
            await self.store.start_over(name, self.now())

    def now(self) -> datetime:
        return START + timedelta(seconds=self.loop.time())

    def do(self, work: Coroutine[Any, Any, T], seconds: float = 0.05) -> T:
        """Do it, and let everybody react."""

        async def done() -> T:
            result = await work
            await asyncio.sleep(seconds)
            return result

        return self.loop.run_until_complete(done())

    # Agents

    @rule(who=WHO, desk=st.integers(0, 1))
    def sign_in(self, who: str, desk: int) -> None:
        async def arrive() -> None:
            wire = self.wires[who] = Wire()
            identity = AgentIdentity(id=who, name=who, skills=AGENTS[who], telephone=TELEPHONES.get(who, ""))
            task = asyncio.create_task(self.desks[desk].server.attend(identity, wire, "raw"))
            self.attending.add(task)
            await asyncio.sleep(0)
            wire.say(SetPresence(presence=Presence.AVAILABLE))

        self.do(arrive())

    @rule(who=WHO)
    def lose_the_connection(self, who: str) -> None:
        if who in self.wires:
            self.do(self.tell(lambda: self.wires.pop(who).lose()))

    @rule(who=WHO, presence=st.sampled_from([Presence.AVAILABLE, Presence.BREAK]))
    def choose_presence(self, who: str, presence: Any) -> None:
        self.say(who, SetPresence(presence=presence))

    @rule(who=WHO, accepts=st.sampled_from([True, True, True, False]))
    def answer(self, who: str, accepts: bool) -> None:
        if who in self.wires and (ringing := self.wires[who].ringing):
            self.say(who, Accept(offer_id=ringing) if accepts else Decline(offer_id=ringing, reason="忙"))

    @rule(
        who=WHO,
        what=st.sampled_from(
            [HangUp(), HandBack(note="继续"), Hold(on=True), Hold(on=False), Mute(on=True), Mute(on=False)]
        ),
    )
    def talk(self, who: str, what: Any) -> None:
        self.say(who, what)

    @rule(who=WHO)
    def write_up(self, who: str) -> None:
        if who in self.wires and (ringing := self.wires[who].ringing):
            self.say(who, SendWrapUp(offer_id=ringing, form=WrapUp(outcome="resolved")))

    def say(self, who: str, message: Any) -> None:
        if who in self.wires:
            self.do(self.tell(lambda: self.wires[who].say(message)))

    async def tell(self, act: Any) -> None:
        act()

    # Customers

    @rule(whom=WHOM, desk=st.integers(0, 1), reason=st.sampled_from(TransferReason))
    def need_a_human(self, whom: str, desk: int, reason: TransferReason) -> None:
        async def ask() -> None:
            customer = self.customers.get(whom)
            if customer is None or customer.over:
                customer = self.customers[whom] = Customer(f"{whom}-{next(self.numbers)}", self.desks[desk])
            await customer.ask(reason)

        self.do(ask())

    @rule(whom=WHOM)
    def change_their_mind(self, whom: str) -> None:
        customer = self.customers.get(whom)
        if customer is not None and not customer.human and not customer.over:
            self.do(customer.handing.cancel())

    @rule(whom=WHOM)
    def hang_up(self, whom: str) -> None:
        customer = self.customers.pop(whom, None)
        if customer is not None:
            self.do(customer.leave())
            self.gone.append(customer)

    # The telephone of an agent who has one

    @rule(whom=WHOM, desk=st.integers(0, 1), rang=RANG)
    def ring_the_telephone(self, whom: str, desk: int, rang: Any) -> None:
        """What seldom comes about by itself: somebody accepts on the screen, and their telephone rings."""
        self.sign_in(who="he", desk=desk)
        self.need_a_human(whom=whom, desk=desk, reason=TransferReason.COMPLAINT)
        self.answer(who="he", accepts=True)
        self.answer_the_telephone(whom=whom, rang=rang)

    @rule(whom=WHOM, rang=RANG)
    def answer_the_telephone(self, whom: str, rang: Any) -> None:
        if whom in self.customers:
            self.do(self.tell(lambda: self.customers[whom].telephone.answer(rang)))

    @rule(whom=WHOM)
    def put_the_telephone_down(self, whom: str) -> None:
        if whom in self.customers:
            self.do(self.tell(self.customers[whom].telephone.hang_up))

    @rule(whom=WHOM)
    def break_the_switch(self, whom: str) -> None:
        if whom in self.customers:
            self.customers[whom].telephone.breaks = True

    # The supervisor, the path, the clock

    @rule(whom=WHOM, stays=st.booleans())
    def take_over(self, whom: str, stays: bool) -> None:
        async def take() -> None:
            customer = self.customers.get(whom)
            if customer is None or customer.over:
                return
            boss = Voice("boss", "主管", Wire())
            for desk in self.desks:
                desk.takers[customer.name] = boss
            room = next(
                (room for desk in self.desks if (room := desk.server.rooms.get(customer.name)) is not None),
                None,
            )
            if room is None:
                customer.post(TakenOver("boss"))
            else:
                await room.take_over(boss)
            await asyncio.sleep(0.5)
            if not stays:
                boss.leave()

        self.do(take())

    @precondition(lambda self: any(desk.server.rooms for desk in self.desks))
    @rule()
    def break_the_path(self) -> None:
        for desk in self.desks:
            for room in list(desk.server.rooms.values())[:1]:
                self.do(self.tell(lambda room=room: room.fail("the network broke")))
                return

    @rule(seconds=st.sampled_from([0.3, 1.0, 5.0, 15.0]))
    def time_passes(self, seconds: float) -> None:
        self.do(self.tell(lambda: None), seconds)

    # What always holds

    @invariant()
    def nobody_has_two(self) -> None:
        held = (OfferState.ACCEPTED, OfferState.CONNECTED)
        records = [one for one in self.store.offers.values() if one.state in held]
        agents, calls = [one.agent_id for one in records], [one.offer.call_id for one in records]
        assert len(set(agents)) == len(agents), f"an agent with two customers: {records}"
        assert len(set(calls)) == len(calls), f"a customer with two agents: {records}"
        rooms = [call for desk in self.desks for call in desk.server.rooms]
        assert len(set(rooms)) == len(rooms), "a customer in two rooms"

    @invariant()
    def nobody_is_in_an_empty_bridge(self) -> None:
        for customer in self.customers.values():
            assert not customer.failed, customer.failed
            if not customer.human or customer.over or customer.line.end is None:
                continue
            if customer.telephone.state != "idle":
                self._talks_over_the_switch(customer)
                continue
            end, before, sounded = customer.line.end, customer.line.end.heard, customer.line.end.sounding
            room = next((room for desk in self.desks if (room := desk.server.rooms.get(customer.name))), None)
            alone = room is None or room.human.gone
            self.do(asyncio.sleep(0), 4.2 if alone else 0.2)
            if not customer.human or customer.line.end is not end:
                continue  # the bot is back, or somebody else took over
            assert end.heard > before, "a bridge without sound"
            assert not alone or not room or not room.human.gone or end.sounding > sounded, (
                "nobody and no hold tone"
            )

    def _talks_over_the_switch(self, customer: Customer) -> None:
        """The callee is with the bot until the telephone was answered, and talks to it alone."""
        end = customer.line.end
        self.do(asyncio.sleep(0), 0.2)
        if not customer.human or customer.line.end is not end:
            return  # the bot is back, or somebody else took over
        assert customer.telephone.state == "talking", "a bridge to a telephone that nobody holds"
        assert customer.telephone.rung[-1] in TELEPHONES.values()
        rooms = [room for desk in self.desks if (room := desk.server.rooms.get(customer.name))]
        assert all(room.by_telephone and room.human.agent_id in TELEPHONES for room in rooms)

    def teardown(self) -> None:
        try:
            if hasattr(self, "customers"):
                self._everybody_leaves()
        finally:
            if hasattr(self, "loop"):
                for task in asyncio.all_tasks(self.loop):
                    task.cancel()
                self.loop.run_until_complete(asyncio.sleep(0.1))
                self.loop.close()

    def _everybody_leaves(self) -> None:
        for customer in self.customers.values():
            self.do(customer.leave())
        self.do(asyncio.sleep(0), 30.0)
        for customer in (*self.gone, *self.customers.values()):
            assert not customer.failed, customer.failed
            offered = [
                data["transfer"] for event, _, data in customer.log.events if event == "transfer-offered"
            ]
            ended = [one.transfer_id for one in customer.record.transfers]
            assert sorted(ended) == sorted(offered), customer.record.transfers
            assert {one.result for one in customer.record.transfers} <= RESULTS
            assert customer.telephone.state == "idle", "a telephone is left in the switch"
        for wire in self.wires.values():
            wire.lose()
        self.do(asyncio.sleep(0), 15.0)
        open_ = {OfferState.OFFERED, OfferState.RINGING, OfferState.ACCEPTED, OfferState.CONNECTED}
        assert not [one for one in self.store.offers.values() if one.state in open_], self.store.offers
        assert {agent.presence for agent in self.store.people.values()} <= {Presence.OFFLINE}
        for desk in self.desks:
            assert not desk.server.rooms


assert set(get_args(TransferResult.__dataclass_fields__["result"].type) or RESULTS) == RESULTS
TestDeskModel = DeskModel.TestCase
TestDeskModel.settings = settings(
    max_examples=25,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
