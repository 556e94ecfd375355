"""What the routes work with: one object, given to the application at its start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends
from starlette.requests import HTTPConnection

from callbot.audience.score.case import Scorer
from callbot.audience.score.scorecard import SCORECARD
from callbot.clock import Clock
from callbot.settings import WebSettings
from callbot.store.audit import AuditLog
from callbot.store.database import Database
from callbot.store.phones import PhoneVault
from callbot.web.access.password import Passwords
from callbot.web.access.permission import Role
from callbot.web.access.rates import Rates
from callbot.web.access.session_life import SessionLife
from callbot.web.live.watch import Live
from handoff.far_office import FarOffice
from handoff.office import Office


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyUser:
    """A user of the demo, shown with password on the sign-in page."""

    name: str
    password: str
    role: Role


class DeskIs(StrEnum):
    """Where customers who need a human ring."""

    HERE = "here"
    JOINED = "joined"
    """In the office of another host, which is there."""
    AWAY = "away"
    """In the office of another host, which cannot be reached: the bot books call-backs."""
    ELSEWHERE = "elsewhere"
    """In some other process: this one has neither."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Everything behind the routes."""

    db: Database
    vault: PhoneVault
    clock: Clock
    data: Path
    """Where recordings and event logs lie."""
    audit: AuditLog
    live: Live
    settings: WebSettings = field(default_factory=WebSettings)
    scorer: Scorer = SCORECARD
    passwords: Passwords = field(default_factory=Passwords)
    rates: Rates = field(default_factory=Rates)
    ready_users: Sequence[ReadyUser] = ()
    """The demo's; empty everywhere else."""
    office: Office | None = None
    """The desk of this process; None where it runs elsewhere."""
    far_office: FarOffice | None = None
    """The office of another host where the customers of this one ring; None where there is none."""

    @property
    def desk_is(self) -> DeskIs:
        """Where customers who need a human ring."""
        if self.office is not None:
            return DeskIs.HERE
        if self.far_office is None:
            return DeskIs.ELSEWHERE
        return DeskIs.JOINED if self.far_office.link.joined else DeskIs.AWAY

    @property
    def life(self) -> SessionLife:
        return SessionLife(
            idle=timedelta(minutes=self.settings.session_idle_min),
            whole=timedelta(hours=self.settings.session_max_h),
        )

    @property
    def public_origin(self) -> str:
        """Scheme and host that browsers use, where they are set."""
        parts = urlsplit(self.settings.public_url)
        return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""

    @property
    def hosts(self) -> frozenset[str]:
        """Names by which we may be called besides loopback."""
        names = {self.settings.host, urlsplit(self.settings.public_url).hostname or ""}
        return frozenset(names - {"", "0.0.0.0", "::"})  # noqa: S104  not bound here


def build_site(
    *,
    db: Database,
    vault: PhoneVault,
    clock: Clock,
    data: Path,
    settings: WebSettings | None = None,
    scorer: Scorer = SCORECARD,
    passwords: Passwords | None = None,
    ready_users: Sequence[ReadyUser] = (),
    office: Office | None = None,
    far_office: FarOffice | None = None,
) -> Site:
    """The parts put together; the key of the audit log comes from the vault's key file."""
    return Site(
        db=db,
        vault=vault,
        clock=clock,
        data=data,
        audit=audit_log(vault),
        live=Live(db, clock),
        settings=settings or WebSettings(),
        scorer=scorer,
        passwords=passwords or Passwords(),
        ready_users=ready_users,
        office=office,
        far_office=far_office,
    )


def audit_log(vault: PhoneVault) -> AuditLog:
    """The log that is sealed with a key from the vault's key file."""
    return AuditLog(vault.derived("audit"))


def site_of(connection: HTTPConnection) -> Site:
    site = connection.app.state.site
    if not isinstance(site, Site):
        raise TypeError("the application was made without a site")
    return site


Here = Annotated[Site, Depends(site_of)]
"""For the arguments of a route."""
