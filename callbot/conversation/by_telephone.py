"""A conversation with a human on a telephone of their own: the switch carries it, the notes overhear it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from callbot.conversation.bridge_notes import BridgeNotes
from handoff.bridge import AudioEnd, Frame
from handoff.telephone import Telephone


class OverTheSwitch(AudioEnd):
    """The callee's end as the desk gets it: joined with the telephone when the desk begins, and then silent.

    What both say goes to the notes alone. `receive` is None when the callee is gone and raises when the two
    could not be joined; `on_down` is called when the telephone hung up.
    """

    def __init__(
        self, notes: BridgeNotes, telephone: Telephone, on_down: Callable[[], Awaitable[None]]
    ) -> None:
        self._notes = notes
        self._telephone = telephone
        self._on_down = on_down
        self._overhearing: asyncio.Task[None] | None = None

    async def receive(self) -> Frame | None:
        if self._overhearing is None:
            await self._telephone.join()
            self._overhearing = asyncio.create_task(self._overhear(), name="overhear")
        while await self._notes.receive() is not None:
            pass
        return None

    async def send(self, frame: Frame) -> None:
        """Nothing of the desk's is heard."""

    async def aclose(self) -> None:
        """The conversation is over: the telephone is hung up, the callee is back or gone."""
        if self._overhearing is not None:
            self._overhearing.cancel()
            await asyncio.gather(self._overhearing, return_exceptions=True)
        await self._telephone.part()

    async def _overhear(self) -> None:
        while (frame := await self._telephone.said()) is not None:
            await self._notes.send(frame)
        await self._on_down()
