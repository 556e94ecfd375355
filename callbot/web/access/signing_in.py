"""Signing in and out: the try is counted first, the password compared outside every transaction."""

from __future__ import annotations

from dataclasses import dataclass

from callbot.store import sign_ins, users
from callbot.store.audit import Actor, ActorKind, Deed
from callbot.store.tables import SignIn, User
from callbot.web.access.lockout import ACCOUNT, ADDRESS, WINDOW, locked_until
from callbot.web.access.principal import Principal
from callbot.web.access.secret import new_secret, secret_hash
from callbot.web.refusal import Refused, Why
from callbot.web.site import Site

_LONGEST_AGENT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class From:
    """Where somebody tries from."""

    address: str
    agent: str = ""
    request_id: str = ""


async def sign_in(site: Site, name: str, password: str, at: From) -> str:
    """Start a session; its secret, for the cookie.

    Raises `Refused`: wrong name or password (nobody is told which), or too many tries from there or for that
    account.
    """
    name = name.strip().lower()
    try_id = await _counted(site, name, at)
    async with site.db.read() as session:
        user = await users.by_name(session, name)
    usable = user is not None and user.state == "active"
    fits = await site.passwords.fits(user.password_hash if user and usable else "", password)
    if user is None or not usable or not fits:
        await _in_vain(site, user, at)
        raise Refused(Why.WRONG_SIGN_IN)
    renewed = await site.passwords.hashed(password) if site.passwords.outdated(user.password_hash) else ""
    return await _start(site, user, at, try_id=try_id, renewed=renewed, action="sign-in")


async def start_session(site: Site, user: User, at: From, *, action: str) -> str:
    """A session without a password, for whoever has just set one by a link; its secret."""
    return await _start(site, user, at, try_id="", renewed="", action=action)


async def sign_out(site: Site, who: Principal) -> None:
    """End this session."""
    async with site.db.write() as session:
        await sign_ins.end(session, who.session_hash)
        await site.audit.write(session, who.actor, Deed(action="sign-out"), site.clock.now())


async def sign_out_everywhere(site: Site, who: Principal) -> int:
    """End every session of this person, this one too; how many."""
    async with site.db.write() as session:
        ended = await sign_ins.end_all(session, who.id)
        deed = Deed(action="sign-out.everywhere", detail={"sessions": ended})
        await site.audit.write(session, who.actor, deed, site.clock.now())
    return ended


async def _counted(site: Site, name: str, at: From) -> str:
    now = site.clock.now()
    async with site.db.write() as session:
        of_name, of_address = await sign_ins.tries(session, name=name, address=at.address, since=now - WINDOW)
        until = max(
            (
                moment
                for moment in (
                    locked_until(of_name, ACCOUNT, now),
                    locked_until(of_address, ADDRESS, now),
                )
                if moment is not None
            ),
            default=None,
        )
        if until is not None:
            raise Refused(Why.LOCKED, wait=until - now)
        return await sign_ins.begin_try(session, name=name, address=at.address, now=now)


async def _in_vain(site: Site, user: User | None, at: From) -> None:
    """Note it. A name that nobody has is not kept: people type their password there."""
    actor = Actor(
        kind=ActorKind.NOBODY,
        id=user.id if user else "",
        name=user.name if user else "",
        address=at.address,
        request_id=at.request_id,
    )
    async with site.db.write() as session:
        await site.audit.write(session, actor, Deed(action="sign-in.refused"), site.clock.now())


async def _start(site: Site, user: User, at: From, *, try_id: str, renewed: str, action: str) -> str:
    secret, now = new_secret(), site.clock.now()
    actor = Actor(kind=ActorKind.USER, id=user.id, name=user.name, address=at.address, request_id=at.request_id)
    async with site.db.write() as session:
        current = await users.get(session, user.id)
        if current is None or current.state != "active" or current.password_hash != user.password_hash:
            raise Refused(Why.WRONG_SIGN_IN)  # disabled, or given another password, in this very moment
        await sign_ins.succeeded(session, try_id=try_id, name=user.name)
        await sign_ins.start(
            session,
            SignIn(
                id_hash=secret_hash(secret),
                user_id=user.id,
                made_at=now,
                seen_at=now,
                expires_at=now + site.life.whole,
                address=at.address,
                agent=at.agent[:_LONGEST_AGENT],
            ),
        )
        values = {"password_hash": renewed} if renewed else {}
        await users.change(session, user.id, signed_in_at=now, **values)
        await site.audit.write(session, actor, Deed(action=action), now)
    return secret
