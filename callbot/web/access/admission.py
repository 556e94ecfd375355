"""From a request to a principal: cookie or token, permission, CSRF token, pace."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any

from fastapi import Depends
from starlette.requests import HTTPConnection

from callbot.store import api_tokens, sign_ins
from callbot.store.audit import ActorKind, Deed
from callbot.web.access.origin import SAFE
from callbot.web.access.permission import SCOPES, Permission, Role
from callbot.web.access.principal import Principal
from callbot.web.access.rates import PERSON, REFUSED
from callbot.web.access.secret import TOKEN_MARK, csrf_token, secret_hash
from callbot.web.access.session_life import to_be_noted
from callbot.web.refusal import Refused, Why
from callbot.web.site import Site, site_of

COOKIE = "callbot"
SECURE_COOKIE = "__Host-callbot"
"""Over https: browsers take it from this very host alone."""
CSRF_COOKIE = "callbot_csrf"
CSRF_HEADER = "x-csrf-token"
_TOKEN_NOTED = timedelta(minutes=1)


class Public(StrEnum):
    """What anybody may open, by name."""

    SIGN_IN = "sign-in"
    LINK = "link"
    HEALTH = "health"
    STATIC = "static"
    CONSOLE = "console"
    """The console's own code; every figure in it comes from the API."""


_DECLARED: dict[Any, Permission | Public] = {}


def needs(permission: Permission) -> Any:
    """The dependency by which a route declares its one permission; gives the `Principal`."""

    async def admitted(connection: HTTPConnection) -> Principal:
        return await admit(connection, permission)

    _DECLARED[admitted] = permission
    return Depends(admitted)


def public(name: Public) -> Any:
    """The dependency by which a route declares that anybody may open it."""

    async def anybody() -> None:
        return None

    _DECLARED[anybody] = name
    return Depends(anybody)


def declared(dependency: object) -> Permission | Public | None:
    """What a dependency declares; None for one that is something else."""
    return _DECLARED.get(dependency)


async def admit(connection: HTTPConnection, permission: Permission) -> Principal:
    """Whoever asks, if they may. Raises `Refused`."""
    site = site_of(connection)
    who = await identify(site, connection)
    if who is None:
        raise Refused(Why.SIGN_IN_FIRST)
    if not _csrf_fits(connection, who):
        raise Refused(Why.CSRF)
    now = site.clock.now()
    if wait := site.rates.wait(f"{who.kind}:{who.id}", PERSON, now):
        raise Refused(Why.TOO_MANY, wait=wait)
    if not who.may(permission):
        await _note_refusal(site, who, permission, connection.url.path)
        raise Refused(Why.NOT_ALLOWED, permission=permission.value)
    return who


async def _note_refusal(site: Site, who: Principal, permission: Permission, path: str) -> None:
    now = site.clock.now()
    if site.rates.wait(f"refused:{who.id}", REFUSED, now) is not None:
        return  # the log is not to be filled by somebody who insists
    deed = Deed(action="refused", about_kind="route", about_id=path, detail={"needs": permission.value})
    async with site.db.write() as session:
        await site.audit.write(session, who.actor, deed, now)


async def identify(site: Site, connection: HTTPConnection) -> Principal | None:
    """Whose session or token this is; None without either. Raises `Refused` for a token not in force."""
    kind, _, token = connection.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return await _by_token(site, connection, token.strip())
    secret = session_secret(connection.cookies)
    return await by_session(site, secret, connection) if secret else None


def session_secret(cookies: Mapping[str, str]) -> str:
    return cookies.get(SECURE_COOKIE) or cookies.get(COOKIE, "")


async def by_session(site: Site, secret: str, connection: HTTPConnection) -> Principal | None:
    """The person of a session that lives; notes that it is in use."""
    id_hash, now = secret_hash(secret), site.clock.now()
    async with site.db.read() as session:
        found = await sign_ins.find(session, id_hash)
    if found is None:
        return None
    row, user = found
    if user.state != "active" or not site.life.lives(made_at=row.made_at, seen_at=row.seen_at, now=now):
        return None
    if to_be_noted(row.seen_at, now):
        async with site.db.write() as session:
            await sign_ins.seen(session, id_hash, now)
    return Principal(
        kind=ActorKind.USER,
        id=user.id,
        name=user.name,
        display_name=user.display_name,
        roles=frozenset(Role(role) for role in user.roles),
        language=user.language,
        session_hash=id_hash,
        csrf=csrf_token(secret),
        address=address_of(connection),
        request_id=request_id_of(connection),
    )


async def still_in(site: Site, who: Principal) -> bool:
    """Does the session or token of a long-running answer still hold?"""
    now = site.clock.now()
    async with site.db.read() as session:
        if who.kind is ActorKind.TOKEN:
            token = await api_tokens.get(session, who.id)
            ends = token.expires_at if token else None
            return token is not None and token.revoked_at is None and (ends is None or ends > now)
        found = await sign_ins.find(session, who.session_hash)
    if found is None:
        return False
    row, user = found
    return (
        user.state == "active"
        and frozenset(user.roles) == who.roles
        and site.life.lives(made_at=row.made_at, seen_at=row.seen_at, now=now)
    )


async def _by_token(site: Site, connection: HTTPConnection, token: str) -> Principal:
    now = site.clock.now()
    row = None
    if token.startswith(TOKEN_MARK):
        async with site.db.read() as session:
            row = await api_tokens.find(session, secret_hash(token), now)
    if row is None:
        raise Refused(Why.BAD_TOKEN)
    if row.used_at is None or now - row.used_at >= _TOKEN_NOTED:
        async with site.db.write() as session:
            await api_tokens.used(session, row.id, now)
    return Principal(
        kind=ActorKind.TOKEN,
        id=row.id,
        name=row.name,
        scopes=frozenset(Permission(scope) for scope in row.scopes) & SCOPES,
        address=address_of(connection),
        request_id=request_id_of(connection),
    )


def _csrf_fits(connection: HTTPConnection, who: Principal) -> bool:
    if who.kind is not ActorKind.USER or connection.scope["type"] == "websocket":
        return True  # a token is not sent by a browser on its own; of a websocket the origin was checked
    if connection.scope["method"] in SAFE:
        return True
    shown = connection.headers.get(CSRF_HEADER, "")
    return hmac.compare_digest(shown.encode("utf-8", "surrogateescape"), who.csrf.encode())


def address_of(connection: HTTPConnection) -> str:
    """The address at the other end; behind a proxy that is trusted, the one it names."""
    return connection.client.host if connection.client else ""


def request_id_of(connection: HTTPConnection) -> str:
    return str(connection.scope.get("callbot.request_id", ""))
