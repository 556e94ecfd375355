"""The office of another host, as a guest meets it: its desk for customers, its ear for supervisors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from handoff.live_calls import CallsHere
from handoff.media_link import MediaLink
from handoff.remote_desk import RemoteDesk


@dataclass(frozen=True, slots=True, kw_only=True)
class FarOffice:
    """While it is away nobody is placed (`no_agent`), and it is looked for again every two seconds."""

    url: str
    desk: RemoteDesk
    calls: CallsHere
    """The running calls of this process, which the office may listen to."""
    link: MediaLink


@asynccontextmanager
async def join_office(url: str, token: str, calls: CallsHere | None = None) -> AsyncIterator[FarOffice]:
    """Join the office whose desk serves customers at `url` (`ws://…/line`)."""
    calls = calls or CallsHere()
    link = MediaLink(url.removesuffix("line") + "media", token, calls)
    linking = asyncio.create_task(link.run(), name="desk-link")
    try:
        yield FarOffice(url=url, desk=RemoteDesk(url, token), calls=calls, link=link)
    finally:
        linking.cancel()
        await asyncio.gather(linking, return_exceptions=True)
