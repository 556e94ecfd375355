"""The two cookies of a session: its id, which no script can read, and the token that our pages send back."""

from __future__ import annotations

from starlette.requests import HTTPConnection
from starlette.responses import Response

from callbot.web.access.admission import COOKIE, CSRF_COOKIE, SECURE_COOKIE
from callbot.web.access.secret import csrf_token
from callbot.web.site import Site


def set_cookies(response: Response, site: Site, connection: HTTPConnection, secret: str) -> None:
    """After signing in. `Secure` whenever the browser came by https."""
    secure = _secure(site, connection)
    age = int(site.life.whole.total_seconds())
    response.set_cookie(
        SECURE_COOKIE if secure else COOKIE,
        secret,
        max_age=age,
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )
    response.set_cookie(
        CSRF_COOKIE, csrf_token(secret), max_age=age, path="/", secure=secure, httponly=False, samesite="lax"
    )


def clear_cookies(response: Response, site: Site, connection: HTTPConnection) -> None:
    """After signing out."""
    secure = _secure(site, connection)
    response.delete_cookie(
        SECURE_COOKIE if secure else COOKIE, path="/", secure=secure, httponly=True, samesite="lax"
    )
    response.delete_cookie(CSRF_COOKIE, path="/", secure=secure, samesite="lax")


def _secure(site: Site, connection: HTTPConnection) -> bool:
    return connection.url.scheme == "https" or site.public_origin.startswith("https://")
