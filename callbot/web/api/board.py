"""The board, once and as it changes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event

from callbot.web.access.admission import needs, still_in
from callbot.web.access.permission import Permission
from callbot.web.access.principal import Principal
from callbot.web.live.hub import Item, Topic
from callbot.web.shapes.board import BoardOut, LiveMessage
from callbot.web.site import Here, Site

router = APIRouter(prefix="/api", tags=["board"])
_RETRY_MS = 2_000
_ASK_AGAIN_S = 15.0
"""How long somebody who was signed out goes on seeing what changes."""


@router.get("/board")
async def board(site: Here, who: Annotated[Principal, needs(Permission.BOARD_READ)]) -> BoardOut:
    """What runs at this moment."""
    return await site.live.board()


@router.get(
    "/live",
    response_class=StreamingResponse,
    responses={200: {"model": LiveMessage, "content": {"text/event-stream": {}}}},
)
async def live(
    site: Here,
    who: Annotated[Principal, needs(Permission.OWN)],
    last_event_id: Annotated[str, Header(max_length=100)] = "",
) -> StreamingResponse:
    """Server-sent events: `whole` with everything, then `change` with what changed since, each with an id.

    The data of both is a `LiveMessage`. With `Last-Event-ID` only what changed since is sent. Without
    `board.read` one sees only what concerns oneself.
    """
    return StreamingResponse(
        stream(site, who, last_event_id),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no", "Cache-Control": "no-store"},
    )


async def stream(
    site: Site, who: Principal, last_event_id: str = "", *, ask_again_s: float = _ASK_AGAIN_S
) -> AsyncIterator[bytes]:
    """The events for one person, until they leave or are signed out."""
    whole = who.may(Permission.BOARD_READ) and who.rows(Permission.BOARD_READ) is None
    # What an agent has on the screen is not known, and it may not be theirs any more.
    last_id = last_event_id if whole else ""

    def sees(item: Item) -> bool:
        return whole or (item.topic is not Topic.FIGURES and who.name in item.agents)

    yield format_sse_event(retry=_RETRY_MS)
    asked_at = site.clock.now()
    async with site.live.watching() as hub:
        async for message in hub.follow(sees, last_id=last_id, idle_s=ask_again_s):
            now = site.clock.now()
            if message is None or (now - asked_at).total_seconds() >= ask_again_s:
                asked_at = now
                if not await still_in(site, who):
                    return
            if message is None:
                yield format_sse_event(comment="still here")
                continue
            yield format_sse_event(
                event="whole" if message.whole else "change",
                id=message.id,
                data_str=LiveMessage.of(message).model_dump_json(),
            )
