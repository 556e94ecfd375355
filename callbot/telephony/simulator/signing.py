"""Request signatures in Twilio's way, so that a server's check of them meets real ones."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Mapping

HEADER = "X-Twilio-Signature"


def sign(auth_token: str, url: str, form: Mapping[str, str] | None = None) -> str:
    """base64 of HMAC-SHA1 over the url followed by the form's sorted names and values."""
    text = url + "".join(name + value for name, value in sorted((form or {}).items()))
    return b64encode(hmac.new(auth_token.encode(), text.encode(), hashlib.sha1).digest()).decode()
