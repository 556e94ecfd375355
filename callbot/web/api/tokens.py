"""Tokens of other systems."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter

from callbot.store import api_tokens
from callbot.web.access.admission import needs
from callbot.web.access.permission import SCOPES, Permission
from callbot.web.access.principal import Principal
from callbot.web.access.tokens import Tokens
from callbot.web.shapes.account import MadeTokenOut, TokenIn, TokenOut
from callbot.web.site import Here

router = APIRouter(prefix="/api/tokens", tags=["tokens"])
Manager = Annotated[Principal, needs(Permission.TOKEN_MANAGE)]


@router.get("")
async def list_tokens(site: Here, who: Manager) -> list[TokenOut]:
    """All of them, revoked ones too, the newest first."""
    async with site.db.read() as session:
        return [TokenOut.model_validate(row) for row in await api_tokens.listing(session)]


@router.get("/scopes")
async def list_scopes(who: Manager) -> list[Permission]:
    """What a token can be allowed."""
    return sorted(SCOPES)


@router.post("", status_code=201)
async def add_token(site: Here, who: Manager, new: TokenIn) -> MadeTokenOut:
    """A new token; its text is shown this once."""
    row, token = await Tokens(site.db, site.audit).add(
        new.name,
        new.scopes,
        by=who.actor,
        now=site.clock.now(),
        lives=timedelta(days=new.days) if new.days else None,
    )
    return MadeTokenOut.of(row, token)


@router.delete("/{token_id}")
async def revoke_token(site: Here, who: Manager, token_id: str) -> TokenOut:
    """Out of force from now on."""
    row = await Tokens(site.db, site.audit).revoke(token_id, by=who.actor, now=site.clock.now())
    return TokenOut.model_validate(row)
