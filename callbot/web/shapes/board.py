"""The board: what runs at this moment."""

from __future__ import annotations

from typing import Self

from callbot.store.cases import ListedAlarm
from callbot.web.live.hub import Message, Topic
from callbot.web.shapes.base import Masked, MaskedObject, Moment, Out


class RunningCallOut(Out):
    attempt_id: str
    call_id: str | None
    batch_id: str
    customer_id: str
    name: str
    phone_masked: str
    state: str
    dialing_at: Moment | None
    answered_at: Moment | None


class BatchNowOut(Out):
    batch_id: str
    name: str
    state: str
    lines: int
    paused_because: Masked
    queued: int
    dialing: int
    in_call: int
    done: int
    members: int


class AgentNow(Out):
    """An agent at the desk."""

    id: str
    name: str
    skills: dict[str, int]
    presence: str
    idle_since: Moment | None


class OpenTransferOut(Out):
    transfer_id: str
    call_id: str
    customer_id: str
    name: str
    phone_masked: str
    reason: str
    state: str
    agent_id: str | None
    offered_at: Moment
    connected_at: Moment | None


class AlarmOut(Out):
    id: str
    kind: str
    about: str
    """Id of the follow-up, case, promise or batch."""
    customer_id: str | None
    name: str
    """Of the person, or of the batch."""
    phone_masked: str
    note: Masked = ""
    owner: str
    due_at: Moment
    raised_at: Moment
    acknowledged_by: str
    acknowledged_at: Moment | None

    @classmethod
    def of(cls, listed: ListedAlarm) -> Self:
        alarm = listed.alarm.model_dump()
        return cls.model_validate({**alarm, "name": listed.name, "phone_masked": listed.phone_masked})


class FiguresOut(Out):
    since: Moment
    ended: int
    answered: int
    outcomes: dict[str, int]
    overdue_follow_ups: int
    unseen_alarms: int


class BoardOut(Out):
    at: Moment
    calls: list[RunningCallOut]
    batches: list[BatchNowOut]
    desk: list[AgentNow]
    transfers: list[OpenTransferOut]
    alarms: list[AlarmOut]
    figures: FiguresOut


class LiveItem(Out):
    """One thing as it is now: of the type that the board has for its topic; null means that it is gone."""

    topic: Topic
    key: str
    value: MaskedObject | None


class LiveMessage(Out):
    """The data of a server-sent event `whole` or `change`."""

    items: list[LiveItem]

    @classmethod
    def of(cls, message: Message) -> Self:
        return cls(
            items=[
                LiveItem(topic=item.topic, key=item.key, value=None if item.value is None else dict(item.value))
                for item in message.items
            ]
        )
