"""Tokens of other systems: made once, shown once, taken back."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from callbot.errors import BadInput
from callbot.store import api_tokens
from callbot.store.audit import Actor, AuditLog, Deed
from callbot.store.database import Database
from callbot.store.tables import ApiToken
from callbot.web.access.permission import SCOPES, Permission
from callbot.web.access.secret import new_token, secret_hash, shown_prefix
from callbot.web.refusal import missing


class Tokens:
    """Every step is in the audit log."""

    def __init__(self, db: Database, audit: AuditLog) -> None:
        self._db = db
        self._audit = audit

    async def add(
        self,
        name: str,
        scopes: Collection[Permission],
        *,
        by: Actor,
        now: datetime,
        lives: timedelta | None = None,
    ) -> tuple[ApiToken, str]:
        """A new one and its text, which is nowhere to be had again. Raises `BadInput`."""
        wrong = sorted(set(scopes) - SCOPES)
        if wrong or not scopes:
            what = f"令牌不能有 {'、'.join(wrong)}" if wrong else "没有范围"
            raise BadInput.one("scopes", what, f"可用：{'、'.join(sorted(SCOPES))}")
        if not name.strip():
            raise BadInput.one("name", "没有名字", "写明由哪个系统使用，如 crm")
        token = new_token()
        async with self._db.write() as session:
            row = await api_tokens.add(
                session,
                ApiToken(
                    name=name.strip(),
                    prefix=shown_prefix(token),
                    token_hash=secret_hash(token),
                    scopes=sorted(scopes),
                    made_at=now,
                    made_by=by.name,
                    expires_at=now + lives if lives else None,
                ),
            )
            deed = Deed(
                action="token.add",
                about_kind="token",
                about_id=row.id,
                detail={"name": row.name, "scopes": list(row.scopes)},
            )
            await self._audit.write(session, by, deed, now)
        return row, token

    async def revoke(self, key: str, *, by: Actor, now: datetime) -> ApiToken:
        """Out of force from now on, by id or prefix. Raises `Refused` for one that is not in force."""
        async with self._db.write() as session:
            row = await api_tokens.revoke(session, key, by=by.name, now=now)
            if row is None:
                raise missing("token")
            deed = Deed(action="token.revoke", about_kind="token", about_id=row.id, detail={"name": row.name})
            await self._audit.write(session, by, deed, now)
        return row
