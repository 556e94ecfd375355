"""The pages that somebody sees who is not signed in: the sign-in form, and the form behind a link."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from callbot.web.access.accounts import Accounts
from callbot.web.access.admission import Public, public
from callbot.web.api.sign_in import paced, signed_in, signed_in_by_link
from callbot.web.refusal import Refused, in_english, wording
from callbot.web.site import Here
from callbot.web.templates_of import page

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
_Text = Annotated[str, Form(max_length=1_000)]


@router.get("/sign-in", dependencies=[public(Public.SIGN_IN)])
async def sign_in_page(request: Request, site: Here, next: str = "/") -> Response:  # noqa: A002
    return page(request, "sign_in", next=here_only(next), ready_users=site.ready_users)


@router.post("/sign-in", dependencies=[public(Public.SIGN_IN)])
async def sign_in_sent(
    request: Request,
    site: Here,
    name: _Text = "",
    password: _Text = "",
    next: _Text = "/",  # noqa: A002
) -> Response:
    response = RedirectResponse(here_only(next), status_code=303)
    try:
        await signed_in(site, request, response, name, password)
    except Refused as refused:
        return page(
            request,
            "sign_in",
            status=refused.status,
            next=here_only(next),
            name=name,
            ready_users=site.ready_users,
            refusal=_said(request, refused),
        )
    return response


@router.get("/link/{link}", dependencies=[public(Public.LINK)])
async def link_page(request: Request, site: Here, link: str) -> Response:
    paced(site, request)
    user = await Accounts(site.db, site.audit, site.passwords).whose_link(link, site.clock.now())
    return page(request, "link", link=link, user=user)


@router.post("/link/{link}", dependencies=[public(Public.LINK)])
async def link_sent(
    request: Request, site: Here, link: str, password: _Text = "", again: _Text = ""
) -> Response:
    response = RedirectResponse("/", status_code=303)
    user = await Accounts(site.db, site.audit, site.passwords).whose_link(link, site.clock.now())
    try:
        if password != again:
            return page(request, "link", status=422, link=link, user=user, refusal=("两次输入的密码不一样", ""))
        await signed_in_by_link(site, request, response, link, password)
    except Refused as refused:
        return page(
            request, "link", status=refused.status, link=link, user=user, refusal=_said(request, refused)
        )
    return response


def here_only(address: str) -> str:
    """A path of ours to go on to; anything that could lead to another site becomes the start page."""
    plain = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return address if plain and "\\" not in address else "/"


def _said(request: Request, refused: Refused) -> tuple[str, str]:
    return wording(refused, english=in_english(request.headers.get("accept-language", "")))
