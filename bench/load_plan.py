"""The invented customer of a load run and the answers they get."""

from __future__ import annotations

from pathlib import Path

from callbot.conversation.facts import Opener, Person
from callbot.conversation.flow_loader import load_flow
from callbot.conversation.plan import CallPlan

_FLOW = load_flow(Path(__file__).with_name("load_flow.yaml"))
_PERSON = Person(
    customer_id="load",
    name="王芳",
    salutation="王女士",
    industry="电商",
    brand="悦选商城",
    facts=(),
    reason="自然流失",
    strategy="关怀回访",
)
_OPENER = Opener(text="王女士您好，想跟您做个回访。", writer="bench/1")


def load_plan(call_id: str) -> CallPlan:
    """What one call of a load run sets out with."""
    return CallPlan(
        call_id=call_id,
        attempt_id=call_id,
        person=_PERSON,
        offers=(),
        opener=_OPENER,
        flow=_FLOW,
    )
