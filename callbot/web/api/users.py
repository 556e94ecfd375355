"""Users, as administrators manage them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request

from callbot.store import users
from callbot.web.access.accounts import Accounts
from callbot.web.access.admission import needs
from callbot.web.access.permission import Permission
from callbot.web.access.principal import Principal
from callbot.web.refusal import missing
from callbot.web.shapes.account import LinkOut, MadeUserOut, UserChangeIn, UserIn, UserOut
from callbot.web.site import Here, Site

router = APIRouter(prefix="/api/users", tags=["users"])
Manager = Annotated[Principal, needs(Permission.USER_MANAGE)]


@router.get("")
async def list_users(site: Here, who: Manager) -> list[UserOut]:
    """Everybody, disabled ones too."""
    async with site.db.read() as session:
        return [UserOut.of(user) for user in await users.listing(session)]


@router.post("", status_code=201)
async def add_user(site: Here, request: Request, who: Manager, new: UserIn) -> MadeUserOut:
    """A new user, and the link by which they set a password."""
    now, accounts = site.clock.now(), _accounts(site)
    user = await accounts.add(new.name, new.roles, display_name=new.display_name, by=who.actor, now=now)
    secret = await accounts.link(user.id, by=who.actor, now=now)
    return MadeUserOut(user=UserOut.of(user), link=_link(site, request, secret))


@router.patch("/{user_id}")
async def change_user(site: Here, who: Manager, user_id: str, change: UserChangeIn) -> UserOut:
    """Other roles, another display name, disabled or active again; in force with their next request."""
    now, accounts = site.clock.now(), _accounts(site)
    if change.display_name is not None:
        await accounts.rename(user_id, change.display_name, by=who.actor, now=now)
    if change.roles is not None:
        await accounts.set_roles(user_id, change.roles, by=who.actor, now=now)
    if change.state is not None:
        await accounts.set_state(user_id, change.state, by=who.actor, now=now)
    if change.telephone is not None:
        await accounts.set_telephone(user_id, change.telephone, by=who.actor, now=now)
    async with site.db.read() as session:
        user = await users.get(session, user_id)
    if user is None:
        raise missing("user")
    return UserOut.of(user)


@router.post("/{user_id}/link")
async def link_for_user(site: Here, request: Request, who: Manager, user_id: str) -> LinkOut:
    """Another link to set a password; the earlier one is void."""
    secret = await _accounts(site).link(user_id, by=who.actor, now=site.clock.now())
    return _link(site, request, secret)


def _accounts(site: Site) -> Accounts:
    return Accounts(site.db, site.audit, site.passwords)


def _link(site: Site, request: Request, secret: str) -> LinkOut:
    base = site.public_origin or f"{request.url.scheme}://{request.url.netloc}"
    return LinkOut(address=f"{base}/link/{secret}")
