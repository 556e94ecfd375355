"""Accounts: signing in, oneself, users, tokens, the audit log."""

from __future__ import annotations

from typing import Self

from pydantic import Field, SecretStr

from callbot.store.tables import ApiToken, User
from callbot.web.access.permission import Permission, Role
from callbot.web.access.principal import Principal
from callbot.web.shapes.base import In, MaskedObject, Moment, Out
from handoff.server import shown


class SignInIn(In):
    name: str = Field(max_length=200)
    password: SecretStr = Field(max_length=1_000)


class ReadyUserOut(Out):
    """A user of the demo, password shown."""

    name: str
    password: str
    role: Role


class Me(Out):
    """Who is signed in, and what they may do."""

    id: str
    name: str
    display_name: str
    roles: list[Role]
    permissions: list[Permission]
    own_rows: list[Permission]
    """Of the permissions, those under which only one's own rows are seen."""
    language: str
    csrf: str
    """For the header X-CSRF-Token; also in the cookie callbot_csrf."""

    @classmethod
    def of(cls, who: Principal) -> Self:
        permissions = sorted(who.permissions)
        return cls(
            id=who.id,
            name=who.name,
            display_name=who.display_name or who.name,
            roles=sorted(who.roles),
            permissions=permissions,
            own_rows=[one for one in permissions if who.rows(one) is not None and one is not Permission.OWN],
            language=who.language,
            csrf=who.csrf,
        )


class LanguageIn(In):
    language: str = Field(pattern="^(zh-CN|en)$")


class PasswordIn(In):
    current: SecretStr = Field(max_length=1_000)
    password: SecretStr = Field(max_length=1_000)


class SessionOut(Out):
    made_at: Moment
    seen_at: Moment
    address: str
    agent: str
    this: bool


class UserOut(Out):
    id: str
    name: str
    display_name: str
    roles: list[Role]
    state: str
    language: str
    has_password: bool
    made_at: Moment
    made_by: str
    signed_in_at: Moment | None
    telephone: str
    """The end of the number on which they talk as an agent; empty: in the browser."""

    @classmethod
    def of(cls, user: User) -> Self:
        return cls.model_validate(
            {
                **user.model_dump(),
                "has_password": bool(user.password_hash),
                "telephone": shown(user.telephone),
            }
        )


class UserIn(In):
    name: str = Field(max_length=64)
    display_name: str = Field(default="", max_length=64)
    roles: list[Role] = Field(min_length=1)


class UserChangeIn(In):
    """What is given is changed."""

    display_name: str | None = Field(default=None, max_length=64)
    roles: list[Role] | None = Field(default=None, min_length=1)
    state: str | None = Field(default=None, pattern="^(active|disabled)$")
    telephone: str | None = Field(default=None, max_length=120)
    """E.164 or a SIP address; empty: in the browser."""


class LinkOut(Out):
    """A link by which the user sets a password; good once, for 30 minutes."""

    address: str


class MadeUserOut(Out):
    user: UserOut
    link: LinkOut


class TokenOut(Out):
    id: str
    name: str
    prefix: str
    scopes: list[Permission]
    made_at: Moment
    made_by: str
    expires_at: Moment | None
    used_at: Moment | None
    revoked_at: Moment | None
    revoked_by: str


class TokenIn(In):
    name: str = Field(min_length=1, max_length=64)
    scopes: list[Permission] = Field(min_length=1)
    days: int | None = Field(default=None, ge=1, le=3_650)
    """How long it is good for; null: until it is revoked."""


class MadeTokenOut(Out):
    """The token itself is shown this once."""

    token: str
    row: TokenOut

    @classmethod
    def of(cls, row: ApiToken, token: str) -> Self:
        return cls(token=token, row=TokenOut.model_validate(row))


class AuditOut(Out):
    seq: int
    at: Moment
    actor_kind: str
    actor_id: str
    actor: str
    action: str
    about_kind: str
    about_id: str
    detail: MaskedObject
    address: str
    request_id: str


class VerdictOut(Out):
    """What a check of the whole chain found."""

    entries: int
    head: str
    broken_at: int | None
    why: str
