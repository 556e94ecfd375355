"""Secrets that are shown once and kept as a hash: session ids, links, tokens."""

from __future__ import annotations

import hashlib
import hmac
import secrets

TOKEN_MARK = "cb_"  # noqa: S105  the start of every token, by which leaked ones are found
_SHOWN = 10


def new_secret() -> str:
    """32 random bytes as text that fits into a cookie or an address."""
    return secrets.token_urlsafe(32)


def new_token() -> str:
    return TOKEN_MARK + new_secret()


def shown_prefix(token: str) -> str:
    """What is shown of a token afterwards: 42 random bits of it, too few to guess the rest."""
    return token[:_SHOWN]


def secret_hash(secret: str) -> str:
    """What is stored: SHA-256, which is enough for 256 random bits."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def csrf_token(session_secret: str) -> str:
    """The second secret of a session, which its own pages can read and other sites cannot."""
    return hmac.digest(session_secret.encode("utf-8", "surrogateescape"), b"csrf", "sha256").hex()[:32]
