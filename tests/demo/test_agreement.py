"""The demo fails when a person's stop or grievance was missed, under every seed."""

from __future__ import annotations

import pytest

from callbot.conversation.labels import FollowUpKind as F
from callbot.conversation.labels import Outcome as O
from callbot.demo.agreement import Agreement, Compared


def compared(meant: O, meant_follow_up: F, outcome: O | None, *follow_ups: F) -> Compared:
    return Compared(
        persona="p",
        customer="c",
        meant=meant,
        meant_follow_up=meant_follow_up,
        outcome=outcome,
        follow_ups=follow_ups,
    )


WARM = (O.INTERESTED, F.ASSIGN_AGENT_24H)
STOP = (O.DO_NOT_CALL, F.BLACKLIST)
ANGRY = (O.TRANSFERRED, F.COMPLAINT_PAUSE_30D)


@pytest.mark.parametrize(
    ("call", "fails_own_seed", "fails_any_seed"),
    [
        (compared(*WARM, O.INTERESTED, F.ASSIGN_AGENT_24H), False, False),
        (compared(*WARM, O.CONSIDERING, F.PUSH_OFFER_3D), True, False),
        (compared(*WARM, None), True, True),
        (compared(*STOP, O.DO_NOT_CALL, F.BLACKLIST), False, False),
        (compared(*STOP, O.REFUSED, F.LOW_PRIORITY_NO_TOUCH_30D), True, True),
        (compared(*ANGRY, O.DO_NOT_CALL, F.BLACKLIST, F.COMPLAINT_PAUSE_30D), True, False),
        (compared(*ANGRY, O.REFUSED, F.LOW_PRIORITY_NO_TOUCH_30D), True, True),
    ],
)
def test_when_the_demo_fails(call: Compared, fails_own_seed: bool, fails_any_seed: bool) -> None:
    agreement = Agreement(calls=(call,))
    assert agreement.failed(every_outcome=True) is fails_own_seed
    assert agreement.failed(every_outcome=False) is fails_any_seed
