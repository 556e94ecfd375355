"""Proof that a webhook comes from Twilio: `X-Twilio-Signature`."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping


def signature(auth_token: str, url: str, form: Mapping[str, str | Iterable[str]]) -> str:
    """Base64 of HMAC-SHA1 over the URL and the sorted form fields, each name followed by its value.

    `url` is the public address as the carrier was given it, built from configuration and never from `Host`;
    a trailing slash matters. For a media websocket it is the wss:// address with an empty form. A field that
    came several times counts once for each different value.
    """
    signed = url
    for name in sorted(form):
        value = form[name]
        values = [value] if isinstance(value, str) else sorted(set(value))
        signed += "".join(name + each for each in values)
    digest = hmac.new(auth_token.encode(), signed.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode("ascii")


def is_signed(auth_token: str, url: str, form: Mapping[str, str | Iterable[str]], claimed: str) -> bool:
    """Whether `claimed`, the header's value, is the right signature. Takes the same time either way.

    False without an auth token: an empty secret proves nothing.
    """
    if not auth_token:
        return False
    return hmac.compare_digest(signature(auth_token, url, form).encode(), claimed.encode())
