"""The connection of one agent, as the desk holds it: a voice that can be rung."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TypeAlias

from handoff.connection import Connection
from handoff.frames import Sound
from handoff.voice import Voice
from handoff.wire import Accept, Decline, Ring


@dataclass(frozen=True, slots=True)
class Missed:
    """It rang to the end."""


@dataclass(frozen=True, slots=True)
class Left:
    """The agent's connection is gone."""


Answer: TypeAlias = Accept | Decline | Missed | Left


class AgentLine(Voice):
    """Rings, and takes part in a conversation afterwards."""

    def __init__(
        self,
        agent_id: str,
        name: str,
        connection: Connection,
        sound: Sound | None = None,
        *,
        telephone: str = "",
    ) -> None:
        """`telephone`: where they talk instead of here."""
        super().__init__(agent_id, name, connection, sound)
        self.telephone = telephone
        self.left = asyncio.Event()
        """Set when the connection is gone."""
        self._ringing: tuple[str, asyncio.Future[Answer]] | None = None

    async def ring(self, ring: Ring) -> Answer:
        """Show the offer and wait for the answer."""
        if self.gone:
            return Left()
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._ringing = (ring.offer.id, answer)
        try:
            await self.tell(ring)
            async with asyncio.timeout(ring.timeout_s):
                return await answer
        except TimeoutError:
            return Missed()
        finally:
            self._ringing = None

    def answer(self, message: Accept | Decline) -> bool:
        """The agent's answer; False when nothing rings under that offer any more."""
        if self._ringing is None or self._ringing[0] != message.offer_id or self._ringing[1].done():
            return False
        self._ringing[1].set_result(message)
        return True

    def leave(self) -> None:
        super().leave()
        self.left.set()
        if self._ringing is not None and not self._ringing[1].done():
            self._ringing[1].set_result(Left())
