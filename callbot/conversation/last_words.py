"""What was said while the line went dead is heard and journalled like everything else."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from callbot.conversation.act import State
from callbot.conversation.floor_events import Words
from callbot.conversation.inbox import Inbox
from callbot.conversation.line import Line, Played
from callbot.conversation.replying import Replying
from callbot.conversation.session_parts import Parts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LastWords:
    """Takes what still comes in after the line is gone."""

    line: Line
    inbox: Inbox[Any]
    parts: Parts
    replying: Replying

    async def hear(self, state: State, recognising: Collection[asyncio.Task[None]]) -> State:
        """Wait for words under way and understand them, answering nothing; the state they leave."""
        if recognising:
            await asyncio.wait(recognising)
        self._drain()
        self.replying.drop()
        for answer in tuple(self.replying.orphans):
            if answer.task is not None:
                await asyncio.wait([answer.task])
            if not answer.committed:
                self.parts.answering.settle(answer)
                state = answer.state or state
        if left := self.parts.floor.leftover:
            await self.parts.answering.hear_out(left, state, self.parts.performing.bot_said)
        return state

    def _drain(self) -> None:
        """Take what is in the inbox as far as it still says something."""
        for message in self.inbox.take_all():
            if isinstance(message, Words):
                self.parts.floor.handle(message, self.line.now_ms)
            elif isinstance(message, Played):
                if closed := self.parts.speaking.played(message):
                    self.parts.record.turns.append(closed[1])
            else:
                self.inbox.post(message)
