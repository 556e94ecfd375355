"""The conversation of a customer with a human on a telephone of their own: the switch carries the sound."""

from __future__ import annotations

from handoff.room import Room


class PhoneRoom(Room):
    """What is left to the desk: the agent's screen, the supervisor who takes the call, and the end.

    A lost screen is no lost agent: the conversation goes on, and the screen may come back to it.
    """

    @property
    def by_telephone(self) -> bool:
        return True

    def hold(self, on: bool) -> None:
        """The telephone holds; see `Voice.command`."""

    def lost(self) -> None:
        """They still talk."""

    async def _tick_on(self) -> None:
        """No sound passes here."""
