"""A site over a fresh database, and people who are signed in to it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from fastapi import APIRouter, FastAPI

from callbot.settings import WebSettings
from callbot.store import api_tokens, sign_ins, users
from callbot.store.database import Database
from callbot.store.phones import PhoneVault
from callbot.store.tables import ApiToken, SignIn, User
from callbot.web.access.admission import COOKIE, CSRF_HEADER
from callbot.web.access.password import quick_passwords
from callbot.web.access.permission import Permission, Role
from callbot.web.access.secret import csrf_token, new_secret, new_token, secret_hash, shown_prefix
from callbot.web.app import create_app
from callbot.web.site import ReadyUser, Site, build_site
from handoff.office import Office

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
"""A Monday, 11:00 in China."""
_APPS: list[tuple[Site, FastAPI]] = []
VAULT = PhoneVault(b"c" * 32, b"h" * 32)


class HandClock:
    """Stands until it is moved."""

    def __init__(self, start: datetime) -> None:
        self.at = start

    def now(self) -> datetime:
        return self.at

    def pass_(self, **time: float) -> None:
        self.at += timedelta(**time)


def a_site(
    db: Database,
    data: Path,
    now: datetime | HandClock = NOW,
    *,
    ready_users: Sequence[ReadyUser] = (),
    office: Office | None = None,
    **settings: Any,
) -> Site:
    return build_site(
        db=db,
        vault=VAULT,
        clock=now if isinstance(now, HandClock) else HandClock(now),
        data=data,
        settings=WebSettings(**settings),
        passwords=quick_passwords(),
        ready_users=ready_users,
        office=office,
    )


def a_browser(
    site: Site, routers: Sequence[APIRouter] = (), base: str = "http://127.0.0.1"
) -> httpx.AsyncClient:
    """Somebody who is not signed in."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=_app(site, routers)), base_url=base)


def _app(site: Site, routers: Sequence[APIRouter]) -> FastAPI:
    """One for all browsers of a site: making it takes longer than most tests."""
    if routers:
        return create_app(site, routers=routers)
    if not _APPS or _APPS[0][0] is not site:
        _APPS[:] = [(site, create_app(site))]
    return _APPS[0][1]


async def a_user(site: Site, name: str, *roles: Role) -> User:
    async with site.db.write() as session:
        user = await users.add(
            session, name=name, display_name=name, roles=roles, by="test", now=site.clock.now()
        )
    assert user is not None
    return user


async def sign_in(site: Site, client: httpx.AsyncClient, user: User) -> None:
    """Give the client a session of this user, as the cookie and the header of its pages."""
    secret, now = new_secret(), site.clock.now()
    row = SignIn(
        id_hash=secret_hash(secret), user_id=user.id, made_at=now, seen_at=now, expires_at=now + site.life.whole
    )
    async with site.db.write() as session:
        await sign_ins.start(session, row)
    client.cookies.set(COOKIE, secret)
    client.headers[CSRF_HEADER] = csrf_token(secret)


async def signed_in(
    site: Site, *roles: Role, name: str = "", routers: Sequence[APIRouter] = ()
) -> httpx.AsyncClient:
    """A browser with a session of a new user."""
    client = a_browser(site, routers)
    await sign_in(site, client, await a_user(site, name or "-".join(roles), *roles))
    return client


async def with_token(site: Site, *scopes: Permission) -> httpx.AsyncClient:
    """Another system."""
    token = new_token()
    row = ApiToken(
        name="crm",
        prefix=shown_prefix(token),
        token_hash=secret_hash(token),
        scopes=list(scopes),
        made_at=site.clock.now(),
    )
    async with site.db.write() as session:
        await api_tokens.add(session, row)
    client = a_browser(site)
    client.headers["Authorization"] = f"Bearer {token}"
    return client
