"""What the commands about users, tokens and the audit log work with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from callbot.app import build_clock, open_database, open_vault
from callbot.cli.who import whoever
from callbot.errors import BadInput
from callbot.settings import load_settings
from callbot.store.audit import Actor, ActorKind, AuditLog
from callbot.store.database import Database
from callbot.web.access.accounts import Accounts
from callbot.web.access.tokens import Tokens
from callbot.web.refusal import Refused, wording
from callbot.web.site import audit_log


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Accounts, tokens and log of one installation, at the moment of the command."""

    db: Database
    audit: AuditLog
    accounts: Accounts
    tokens: Tokens
    now: datetime


@asynccontextmanager
async def open_access() -> AsyncIterator[Access]:
    """Over the configured database, migrated. What the pages refuse becomes a `BadInput` in Chinese."""
    settings = load_settings()
    log = audit_log(open_vault(settings))
    async with open_database(settings) as db:
        try:
            yield Access(
                db=db,
                audit=log,
                accounts=Accounts(db, log),
                tokens=Tokens(db, log),
                now=build_clock(settings).now(),
            )
        except Refused as refused:
            message, hint = wording(refused, english=False)
            raise BadInput.one(refused.where or "命令", message, hint) from None


def commanding(by: str) -> Actor:
    """Whoever gives a command, as the audit log names them."""
    name = whoever(by)
    return Actor(kind=ActorKind.COMMAND, id=name, name=name)
