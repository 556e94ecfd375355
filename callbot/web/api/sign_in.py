"""Signing in: by name and password, or by a link that sets a password."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from pydantic import Field, SecretStr

from callbot.store.audit import Actor, ActorKind
from callbot.web.access.accounts import Accounts
from callbot.web.access.admission import Public, address_of, by_session, public, request_id_of
from callbot.web.access.rates import SIGN_IN
from callbot.web.access.signing_in import From, sign_in, start_session
from callbot.web.cookies import set_cookies
from callbot.web.refusal import Refused, Why
from callbot.web.shapes.account import Me, ReadyUserOut, SignInIn
from callbot.web.shapes.base import In, Out
from callbot.web.site import Here, Site

router = APIRouter(prefix="/api/sign-in", tags=["sign-in"])


class LinkIn(In):
    link: str = Field(min_length=20, max_length=200)
    password: SecretStr = Field(max_length=1_000)


class LinkUserOut(Out):
    """Whose link it is."""

    name: str
    display_name: str


@router.get("/demo-users", dependencies=[public(Public.SIGN_IN)])
async def demo_users(site: Here) -> list[ReadyUserOut]:
    """The ready users of the demo; nothing else has any."""
    return [ReadyUserOut.model_validate(user) for user in site.ready_users]


@router.post("", dependencies=[public(Public.SIGN_IN)])
async def enter(site: Here, request: Request, response: Response, entered: SignInIn) -> Me:
    """Start a session; its id comes as a cookie."""
    return await signed_in(site, request, response, entered.name, entered.password.get_secret_value())


@router.get("/link/{link}", dependencies=[public(Public.LINK)])
async def look_at_link(site: Here, request: Request, link: str) -> LinkUserOut:
    """Whose link it is; looking does not spend it."""
    paced(site, request)
    user = await Accounts(site.db, site.audit, site.passwords).whose_link(link, site.clock.now())
    return LinkUserOut(name=user.name, display_name=user.display_name)


@router.post("/link", dependencies=[public(Public.LINK)])
async def enter_by_link(site: Here, request: Request, response: Response, entered: LinkIn) -> Me:
    """Set a password by a link, which is spent with it, and start a session."""
    return await signed_in_by_link(site, request, response, entered.link, entered.password.get_secret_value())


async def signed_in(site: Site, request: Request, response: Response, name: str, password: str) -> Me:
    """Sign in and set the cookies. Raises `Refused`."""
    paced(site, request)
    secret = await sign_in(site, name, password, whence(request))
    return await _entered(site, request, response, secret)


async def signed_in_by_link(site: Site, request: Request, response: Response, link: str, password: str) -> Me:
    """The same by a link. Raises `Refused`."""
    paced(site, request)
    accounts = Accounts(site.db, site.audit, site.passwords)
    at = whence(request)
    now = site.clock.now()
    owner = await accounts.whose_link(link, now)
    by = Actor(kind=ActorKind.USER, id=owner.id, name=owner.name, address=at.address, request_id=at.request_id)
    user = await accounts.set_by_link(link, password, by=by, now=now)
    secret = await start_session(site, user, at, action="sign-in.link")
    return await _entered(site, request, response, secret)


def paced(site: Site, request: Request) -> None:
    """Hashing is dear. Raises `Refused` for an address that asks too often."""
    if wait := site.rates.wait(f"sign-in:{address_of(request)}", SIGN_IN, site.clock.now()):
        raise Refused(Why.TOO_MANY, wait=wait)


def whence(request: Request) -> From:
    return From(
        address=address_of(request),
        agent=request.headers.get("user-agent", ""),
        request_id=request_id_of(request),
    )


async def _entered(site: Site, request: Request, response: Response, secret: str) -> Me:
    who = await by_session(site, secret, request)
    if who is None:
        raise Refused(Why.WRONG_SIGN_IN)
    set_cookies(response, site, request, secret)
    return Me.of(who)
