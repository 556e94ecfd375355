"""Who is rung next, and which moves are legal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff.presence import CHOSEN, MOVES, AgentStatus, Presence, may_choose, may_move, next_agent

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def agent(
    name: str, *, idle_min: int = 1, presence: Presence = Presence.AVAILABLE, **skills: int
) -> AgentStatus:
    return AgentStatus(
        id=name,
        name=name,
        skills=skills or {"general": 3},
        presence=presence,
        idle_since=NOON - timedelta(minutes=idle_min),
    )


@pytest.mark.parametrize(
    ("agents", "chosen"),
    [
        pytest.param([], None, id="nobody"),
        pytest.param([agent("a", idle_min=1), agent("b", idle_min=9)], "b", id="longest idle"),
        pytest.param([agent("a", idle_min=9, sales=5), agent("b")], "b", id="skill before idleness"),
        pytest.param([agent("a", general=0)], None, id="level 0 is no skill"),
        pytest.param([agent("a", general=2), agent("b", general=5)], "b", id="the abler on a tie"),
        pytest.param([agent("b"), agent("a")], "a", id="then by id, so that the choice is stable"),
        pytest.param([agent("a", presence=Presence.BREAK), agent("b")], "b", id="not during a break"),
        pytest.param([agent("a", presence=Presence.WRAP_UP)], None, id="not during wrap-up"),
        pytest.param(
            [agent("own", idle_min=0, sales=1), agent("b")], "own", id="the customer's own agent first"
        ),
        pytest.param(
            [agent("own", presence=Presence.BUSY), agent("b")], "b", id="unless the own agent is busy"
        ),
        pytest.param([agent("asked", idle_min=9), agent("b")], "b", id="nobody is asked twice"),
    ],
)
def test_next_agent(agents: list[AgentStatus], chosen: str | None) -> None:
    found = next_agent(agents, "general", own="own", passed_over={"asked"})
    assert (found.id if found else None) == chosen


statuses = st.builds(
    AgentStatus,
    id=st.text("abcdef", min_size=1, max_size=3),
    name=st.just("x"),
    skills=st.dictionaries(st.sampled_from(["general", "complaint"]), st.integers(0, 5)),
    presence=st.sampled_from(Presence),
    idle_since=st.none() | st.datetimes(timezones=st.just(UTC)),
)


@given(st.lists(statuses, unique_by=lambda agent: agent.id), st.sets(st.text("abcdef", min_size=1, max_size=3)))
def test_a_chosen_agent_is_available_able_and_idle_longest(
    agents: list[AgentStatus], passed_over: set[str]
) -> None:
    def fits(agent: AgentStatus) -> bool:
        return (
            agent.presence is Presence.AVAILABLE
            and agent.skills.get("complaint", 0) > 0
            and agent.id not in passed_over
        )

    chosen = next_agent(agents, "complaint", passed_over=passed_over)
    assert (chosen is not None) == any(map(fits, agents))
    if chosen is not None:
        assert fits(chosen)
        idle = [agent.idle_since for agent in agents if fits(agent) and agent.idle_since]
        assert not idle or chosen.idle_since == min(idle)


@pytest.mark.parametrize(
    ("before", "after", "legal"),
    [
        (Presence.AVAILABLE, Presence.RINGING, True),
        (Presence.BREAK, Presence.RINGING, False),
        (Presence.RINGING, Presence.BUSY, True),
        (Presence.BUSY, Presence.RINGING, False),
        (Presence.BUSY, Presence.BREAK, False),
        (Presence.WRAP_UP, Presence.AVAILABLE, True),
        (Presence.OFFLINE, Presence.BUSY, False),
    ],
)
def test_moves(before: Presence, after: Presence, legal: bool) -> None:
    assert may_move(before, after) is legal


def test_everybody_can_leave_and_every_state_can_be_reached() -> None:
    assert all(Presence.OFFLINE in MOVES[state] for state in Presence if state is not Presence.OFFLINE)
    assert set().union(*MOVES.values()) == set(Presence)


@given(st.sampled_from(Presence), st.sampled_from(Presence))
def test_agents_choose_only_legal_moves_and_never_out_of_a_call(before: Presence, after: Presence) -> None:
    if may_choose(before, after):
        assert after in CHOSEN
        assert before not in {Presence.RINGING, Presence.BUSY}
        assert before is after or may_move(before, after)
