"""One's own account."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response

from callbot.store import sign_ins, users
from callbot.web.access.accounts import Accounts
from callbot.web.access.admission import needs
from callbot.web.access.permission import Permission
from callbot.web.access.principal import Principal
from callbot.web.access.rates import SIGN_IN
from callbot.web.access.signing_in import sign_out, sign_out_everywhere
from callbot.web.cookies import clear_cookies
from callbot.web.refusal import Refused, Why
from callbot.web.shapes.account import LanguageIn, Me, PasswordIn, SessionOut
from callbot.web.shapes.base import Done
from callbot.web.site import Here

router = APIRouter(prefix="/api", tags=["me"])
Myself = Annotated[Principal, needs(Permission.OWN)]


@router.get("/me")
async def me(who: Myself) -> Me:
    """Who is signed in, and what they may do."""
    return Me.of(who)


@router.put("/me/language")
async def set_language(site: Here, who: Myself, wanted: LanguageIn) -> Done:
    """In which language the console greets this person."""
    async with site.db.write() as session:
        await users.change(session, who.id, language=wanted.language)
    return Done()


@router.post("/me/password")
async def set_password(site: Here, who: Myself, wanted: PasswordIn) -> Done:
    """Another password; every other session ends."""
    now = site.clock.now()
    if wait := site.rates.wait(f"password:{who.id}", SIGN_IN, now):
        raise Refused(Why.TOO_MANY, wait=wait)
    await Accounts(site.db, site.audit, site.passwords).change_password(
        who.id,
        wanted.current.get_secret_value(),
        wanted.password.get_secret_value(),
        but_session=who.session_hash,
        by=who.actor,
        now=now,
    )
    return Done()


@router.get("/me/sessions")
async def my_sessions(site: Here, who: Myself) -> list[SessionOut]:
    """Where one is signed in, the last used first."""
    now = site.clock.now()
    async with site.db.read() as session:
        found = await sign_ins.of_user(session, who.id)
    return [
        SessionOut(
            made_at=row.made_at,
            seen_at=row.seen_at,
            address=row.address,
            agent=row.agent,
            this=row.id_hash == who.session_hash,
        )
        for row in found
        if site.life.lives(made_at=row.made_at, seen_at=row.seen_at, now=now)
    ]


@router.post("/sign-out")
async def leave(site: Here, request: Request, response: Response, who: Myself) -> Done:
    """End this session."""
    await sign_out(site, who)
    clear_cookies(response, site, request)
    return Done()


@router.post("/sign-out/everywhere")
async def leave_everywhere(site: Here, request: Request, response: Response, who: Myself) -> Done:
    """End every session of this person."""
    await sign_out_everywhere(site, who)
    clear_cookies(response, site, request)
    return Done()
