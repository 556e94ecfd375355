"""How a receiver knows that a webhook is ours: an HMAC over the time and the body."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

HEADER = "X-Callbot-Signature"


def signature(secrets: Sequence[str], at: int, body: bytes) -> str:
    """The header's value, `t=…,v1=…` with one `v1` for each secret in use; `at` is the Unix time in seconds.

    Two secrets while one replaces the other: the receiver may change at any moment in between.
    """
    signed = f"{at}.".encode() + body
    sums = (hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets)
    return ",".join([f"t={at}", *(f"v1={one}" for one in sums)])
