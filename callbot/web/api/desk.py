"""The desk: the websocket of an agent's browser, who is there, who waits, the customer's own words, forms."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Response, WebSocket

from callbot.store import desk_sheet, users
from callbot.store.audit import Deed
from callbot.store.tables import Transfer
from callbot.web.access.admission import needs
from callbot.web.access.permission import Permission
from callbot.web.access.principal import Principal
from callbot.web.browser_socket import admitted_while_signed_in
from callbot.web.clip import clip
from callbot.web.recordings import below
from callbot.web.refusal import Refused, Why
from callbot.web.shapes.desk import (
    AskedAgainOut,
    DeskAgentOut,
    DeskOut,
    EquipIn,
    InLineOut,
    OfferOut,
    WrapUpIn,
)
from callbot.web.site import Here, Site
from handoff.offer import WrapUp
from handoff.office import Office
from handoff.server import AgentIdentity

router = APIRouter(prefix="/api/desk", tags=["desk"])
NEW_SKILLS = {"general": 3, "complaint": 1, "care": 1, "sales": 1}
"""Of an agent nobody has described yet: everything, so that a small desk works at once."""
_SEEN = timedelta(days=30)

Worker = Annotated[Principal, needs(Permission.DESK_WORK)]


@router.websocket("/agent")
async def agent(socket: WebSocket, site: Here, who: Worker) -> None:
    """Work at the desk: rings, briefs, sound. The protocol stands in docs/calls.md."""
    office = office_of(site)
    async with site.db.read() as session:
        user = await users.by_name(session, who.name)
    identity = AgentIdentity(
        id=who.name,
        name=who.display_name or who.name,
        skills=NEW_SKILLS,
        telephone=user.telephone if user else "",
    )
    async with admitted_while_signed_in(site, who, socket) as connection:
        await office.server.attend(identity, connection, "framed")


@router.get("")
async def desk(site: Here, who: Annotated[Principal, needs(Permission.BOARD_READ)]) -> DeskOut:
    """Who is at the desk, and which customers wait or talk, the most urgent first."""
    now = site.clock.now()
    async with site.db.read() as session:
        people, line = await desk_sheet.agents(session), await desk_sheet.in_line(session)
    name = site.office.server.name if site.office else None
    return DeskOut(
        agents=[
            DeskAgentOut.model_validate(
                {**one.model_dump(), "here": one.desk == name and one.presence != "offline"}
            )
            for one in people
        ],
        line=[
            InLineOut.model_validate(
                {
                    **one.transfer.model_dump(),
                    "transfer_id": one.transfer.id,
                    "name": one.name,
                    "waited_s": round(one.waited_s(now), 1),
                }
            )
            for one in line
        ],
        where=site.desk_is,
    )


@router.put("/agents/{agent_id}")
async def equip(
    site: Here, who: Annotated[Principal, needs(Permission.USER_MANAGE)], agent_id: str, given: EquipIn
) -> DeskAgentOut:
    """What an agent can do, from the next customer on."""
    store = office_of(site).server.store
    if not await store.equip(agent_id, given.skills, given.capacity):
        raise Refused(Why.NOT_FOUND, what="agent")
    async with site.db.write() as session:
        deed = Deed(
            action="desk.equip",
            about_kind="agent",
            about_id=agent_id,
            detail={"skills": given.skills, "capacity": given.capacity},
        )
        await site.audit.write(session, who.actor, deed, site.clock.now())
    office_of(site).server.wake()
    found = next(one for one in await store.agents() if one.id == agent_id)
    return DeskAgentOut(
        id=found.id,
        name=found.name,
        presence=found.presence,
        reason=found.reason,
        since=found.since,
        skills=dict(found.skills),
        capacity=found.capacity,
        desk=found.desk,
        here=office_of(site).server.line(found.id) is not None,
    )


@router.get("/agents/{agent_id}/asked-again")
async def asked_again(
    site: Here, who: Annotated[Principal, needs(Permission.REPORT_READ)], agent_id: str
) -> AskedAgainOut:
    """How often this agent asked, within 30 days, what the brief or the call had answered."""
    async with site.db.read() as session:
        found = await desk_sheet.asked_again(session, agent_id, since=site.clock.now() - _SEEN)
    return AskedAgainOut(
        agent_id=agent_id,
        transfers=found.transfers,
        questions=found.questions,
        asked_again=found.asked_again,
        rate=found.rate,
        latest=list(found.latest),
    )


@router.get("/offers/{transfer_id}")
async def offer(site: Here, who: Worker, transfer_id: str) -> OfferOut:
    """One's own transfer with its brief, also after a reload."""
    row = await _own(site, who, transfer_id)
    return OfferOut.model_validate(
        {
            **row.model_dump(),
            "transfer_id": row.id,
            "has_clip": bool(row.brief.get("own_words_ms")),
        }
    )


@router.get("/offers/{transfer_id}/clip.wav", response_class=Response)
async def own_words(site: Here, who: Worker, transfer_id: str) -> Response:
    """What the customer said that made the transfer necessary, from the recording."""
    row = await _own(site, who, transfer_id)
    span = row.brief.get("own_words_ms")
    path = below(site.data, f"recordings/{row.call_id}.wav")
    sound = await asyncio.to_thread(clip, path, *map(int, span)) if path is not None and span else None
    if sound is None:
        raise Refused(Why.NOT_FOUND, what="recording")
    return Response(sound, media_type="audio/wav", headers={"Cache-Control": "no-store"})


@router.put("/offers/{transfer_id}/wrap-up", status_code=204)
async def wrap_up(site: Here, who: Worker, transfer_id: str, form: WrapUpIn) -> None:
    """The form of one's own conversation, at its end or later; the last one counts."""
    await _own(site, who, transfer_id)
    taken = await office_of(site).server.take_form(transfer_id, who.name, WrapUp(**form.model_dump()))
    if not taken:
        raise Refused(Why.NOT_FOUND, what="transfer")


def office_of(site: Site) -> Office:
    """The desk. Raises `Refused` in a process without one."""
    if site.office is None:
        raise Refused(Why.NOT_FOUND, what="desk")
    return site.office


async def _own(site: Site, who: Principal, transfer_id: str) -> Transfer:
    async with site.db.read() as session:
        row = await desk_sheet.transfer(session, transfer_id)
    if row is None or row.agent_id != who.name:
        raise Refused(Why.NOT_FOUND, what="transfer")
    return row
