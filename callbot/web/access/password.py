"""Passwords: which are good enough, and how they are kept."""

from __future__ import annotations

import asyncio
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 10
LONGEST = 200
_COMMON = ("123456", "password", "qwerty", "abc123", "111111", "admin", "callbot", "letmein", "iloveyou")
_AT_ONCE = 2
"""Each takes 64 MiB and a third of a second."""


def weakness(password: str, name: str) -> str | None:
    """Why a password will not do: `short`, `long`, `name`, `common`, `uniform`; None when it will."""
    if len(password) < SHORTEST:
        return "short"
    if len(password) > LONGEST:
        return "long"
    lower = password.lower()
    if name and name.lower() in lower and len(password) < len(name) + SHORTEST:
        return "name"
    if any(len(lower.replace(word, "")) < SHORTEST // 2 for word in _COMMON if word in lower):
        return "common"
    if len(set(password)) < 4:
        return "uniform"
    return None


class Passwords:
    """argon2id off the event loop, a few at a time."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=4)
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._nobody = ""

    async def hashed(self, password: str) -> str:
        async with self._places:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def fits(self, kept: str, password: str) -> bool:
        """Compare; an empty `kept` takes as long as a real one, so that nobody learns who has an account."""
        async with self._places:
            if not kept:
                if not self._nobody:
                    self._nobody = await asyncio.to_thread(self._hasher.hash, secrets.token_urlsafe())
                await asyncio.to_thread(self._compare, self._nobody, password)
                return False
            return await asyncio.to_thread(self._compare, kept, password)

    def outdated(self, kept: str) -> bool:
        """Was it kept with weaker parameters than today's?"""
        return self._hasher.check_needs_rehash(kept)

    def _compare(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False


def quick_passwords() -> Passwords:
    """For tests and for passwords that are random anyway: as cheap as argon2 gets."""
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
