"""Where a request comes from: another site must not act in the name of somebody who is signed in here."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_LOOPBACK_NAMES = frozenset({"localhost"})


def known_host(host: str, allowed: Collection[str]) -> bool:
    """May a browser call us by this `Host`? Loopback is always allowed, others by name.

    A name that an attacker points at this machine is refused here.
    """
    name = _name(host)
    return name is not None and (is_loopback(name) or name in allowed)


def is_loopback(name: str) -> bool:
    """localhost, 127.0.0.0/8 or ::1."""
    if name in _LOOPBACK_NAMES:
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def same_origin(
    headers: Mapping[str, str], scheme: str, *, websocket: bool, with_cookie: bool, public: str = ""
) -> bool:
    """Does this request that may change something come from our own pages?

    `headers` have lower-case names; `public` is the origin that browsers know us by, where one is set. What
    browsers say themselves decides: Sec-Fetch-Site, else Origin. Neither means that it is no browser, which is
    believed of everything but a websocket with a cookie.
    """
    site = headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    if origin is not None:
        return origin == public != "" or _same(origin, headers.get("host", ""), scheme)
    if site is not None:
        return not websocket
    return not (websocket and with_cookie)


def _same(origin: str, host: str, scheme: str) -> bool:
    parts = urlsplit(origin)
    http = {"ws": "http", "wss": "https"}.get(scheme, scheme)
    return parts.scheme == http and parts.netloc.lower() == host.lower() != ""


def _name(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None
