"""The demo fails when a person's stop or grievance was missed, under every seed."""

from __future__ import annotations

import pytest

from callbot.conversation.labels import FollowUpKind, Outcome
from callbot.demo.agreement import Agreement, Compared


def compared(
    meant: Outcome, meant_follow_up: FollowUpKind, outcome: Outcome | None, *follow_ups: FollowUpKind
) -> Compared:
    return Compared(
        persona="p",
        customer="c",
        meant=meant,
        meant_follow_up=meant_follow_up,
        outcome=outcome,
        follow_ups=follow_ups,
    )


WARM = (Outcome.INTERESTED, FollowUpKind.ASSIGN_AGENT_24H)
STOP = (Outcome.DO_NOT_CALL, FollowUpKind.BLACKLIST)
ANGRY = (Outcome.TRANSFERRED, FollowUpKind.COMPLAINT_PAUSE_30D)


@pytest.mark.parametrize(
    ("call", "fails_own_seed", "fails_any_seed"),
    [
        (compared(*WARM, Outcome.INTERESTED, FollowUpKind.ASSIGN_AGENT_24H), False, False),
        (compared(*WARM, Outcome.CONSIDERING, FollowUpKind.PUSH_OFFER_3D), True, False),
        (compared(*WARM, None), True, True),
        (compared(*STOP, Outcome.DO_NOT_CALL, FollowUpKind.BLACKLIST), False, False),
        (compared(*STOP, Outcome.REFUSED, FollowUpKind.LOW_PRIORITY_NO_TOUCH_30D), True, True),
        (
            compared(*ANGRY, Outcome.DO_NOT_CALL, FollowUpKind.BLACKLIST, FollowUpKind.COMPLAINT_PAUSE_30D),
            True,
            False,
        ),
        (compared(*ANGRY, Outcome.REFUSED, FollowUpKind.LOW_PRIORITY_NO_TOUCH_30D), True, True),
    ],
)
def test_when_the_demo_fails(call: Compared, fails_own_seed: bool, fails_any_seed: bool) -> None:
    agreement = Agreement(calls=(call,))
    assert agreement.failed(every_outcome=True) is fails_own_seed
    assert agreement.failed(every_outcome=False) is fails_any_seed
