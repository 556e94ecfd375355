"""No carrier: pages, batches and duties run without one, and nobody is called."""

from __future__ import annotations

from collections.abc import AsyncIterator

from callbot.telephony.control import CallProgress, CarrierRefused, CarrierUnknown, DialRequest, LineCause


class Unconnected:
    """The `CallControl` of an installation that has no carrier yet."""

    async def place(self, request: DialRequest) -> str:
        """Raises `CarrierRefused`: nothing was dialled."""
        raise CarrierRefused("没有设置线路", cause=LineCause.NETWORK, retryable=True)

    async def watch(self, sid: str) -> AsyncIterator[CallProgress]:
        """Nothing: there is no call to watch."""
        no_call: tuple[CallProgress, ...] = ()
        for progress in no_call:
            yield progress

    async def hang_up(self, sid: str) -> None:
        """There is no call to end."""

    async def find(self, token: str) -> CallProgress | None:
        """Raises `CarrierUnknown`: a call of an earlier carrier may still exist."""
        raise CarrierUnknown("没有设置线路")

    async def aclose(self) -> None:
        """Nothing is open."""
