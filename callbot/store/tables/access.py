"""Who may come in: users and their sessions, tokens of other systems, and the log of who did what."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from callbot.store.tables.base import json_list, json_object, moment, ulid


class User(SQLModel, table=True):
    """A person who may sign in."""

    __tablename__ = "app_user"

    id: str = ulid()
    name: str = Field(unique=True, max_length=64)
    """What they type to sign in, in lower case; also who they are at the desk and in follow-ups."""
    display_name: str
    roles: list[str] = json_list()
    password_hash: str = ""
    """argon2; empty until they have set one by a link."""
    language: str = "zh-CN"
    state: str = "active"
    """active or disabled."""
    telephone: str = ""
    """Where they talk to customers as an agent, E.164 or a SIP address; empty: in the browser."""
    made_at: datetime = moment()
    made_by: str = ""
    password_at: datetime | None = moment(nullable=True)
    signed_in_at: datetime | None = moment(nullable=True)


class SignIn(SQLModel, table=True):
    """A session of a browser. The id in its cookie exists here only as a hash."""

    __tablename__ = "sign_in"

    id_hash: str = Field(primary_key=True, max_length=64)
    user_id: str = Field(foreign_key="app_user.id", index=True)
    made_at: datetime = moment()
    seen_at: datetime = moment()
    expires_at: datetime = moment(index=True)
    """The absolute end; `seen_at` gives the sliding one."""
    address: str = ""
    agent: str = ""
    """The browser's own words about itself."""


class SignInLink(SQLModel, table=True):
    """A link by which a user sets a password, once."""

    __tablename__ = "sign_in_link"

    id_hash: str = Field(primary_key=True, max_length=64)
    user_id: str = Field(foreign_key="app_user.id", index=True)
    made_at: datetime = moment()
    made_by: str = ""
    expires_at: datetime = moment()
    used_at: datetime | None = moment(nullable=True)


class SignInTry(SQLModel, table=True):
    """An attempt to sign in that did not succeed, or has not yet."""

    __tablename__ = "sign_in_try"
    __table_args__ = (
        Index("ix_sign_in_try_name", "name", "at"),
        Index("ix_sign_in_try_address", "address", "at"),
    )

    id: str = ulid()
    name: str
    address: str
    at: datetime = moment()


class ApiToken(SQLModel, table=True):
    """What another system shows instead of a password."""

    __tablename__ = "api_token"

    id: str = ulid()
    name: str
    prefix: str
    """The first characters, by which people tell tokens apart."""
    token_hash: str = Field(unique=True, max_length=64)
    scopes: list[str] = json_list()
    made_at: datetime = moment()
    made_by: str = ""
    expires_at: datetime | None = moment(nullable=True)
    used_at: datetime | None = moment(nullable=True)
    revoked_at: datetime | None = moment(nullable=True)
    revoked_by: str = ""


class AuditEntry(SQLModel, table=True):
    """One thing that somebody did. It cannot be changed or removed; `hash` covers the one before."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_about", "about_kind", "about_id"),)

    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime = moment(index=True)
    actor_kind: str
    """user, token, command (the command line) or nobody (not signed in)."""
    actor_id: str = Field(default="", index=True)
    actor: str = ""
    """Their name at that time."""
    action: str = Field(index=True)
    about_kind: str = ""
    about_id: str = ""
    detail: dict[str, Any] = json_object()
    address: str = ""
    request_id: str = ""
    previous: str = Field(max_length=64)
    hash: str = Field(max_length=64)


class AuditHead(SQLModel, table=True):
    """The end of the chain, one row; holding it keeps writers in line."""

    __tablename__ = "audit_head"

    id: str = Field(primary_key=True)
    seq: int = 0
    hash: str = Field(default="", max_length=64)
