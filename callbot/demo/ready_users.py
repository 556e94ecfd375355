"""The four users of the demo: one for each role, with passwords that change at every start and are shown."""

from __future__ import annotations

import secrets

from callbot.store import users
from callbot.store.audit import Actor, ActorKind
from callbot.web.access.accounts import Accounts
from callbot.web.access.password import quick_passwords
from callbot.web.access.permission import Role
from callbot.web.site import ReadyUser, Site

_READY = (
    ("supervisor", "赵主管", Role.SUPERVISOR),
    ("agent-1", "李工", Role.AGENT),
    ("qa", "孙质检", Role.QA),
    ("admin", "钱管理", Role.ADMIN),
)
"""The agent is the one whom the simulated desk knows by this name."""
_BYTES = 9
"""Of a password: enough that cheap hashing does not matter."""


def new_ready_users() -> tuple[ReadyUser, ...]:
    """What the sign-in page shows."""
    return tuple(
        ReadyUser(name=name, password=secrets.token_urlsafe(_BYTES), role=role) for name, _, role in _READY
    )


async def install(site: Site) -> None:
    """Make the site's ready users, or give those of an earlier start today's passwords."""
    by, now = Actor(kind=ActorKind.COMMAND, name="callbot demo"), site.clock.now()
    accounts = Accounts(site.db, site.audit, quick_passwords())
    shown = {name: display_name for name, display_name, _ in _READY}
    for ready in site.ready_users:
        async with site.db.read() as session:
            user = await users.by_name(session, ready.name)
        if user is None:
            user = await accounts.add(ready.name, (ready.role,), display_name=shown[ready.name], by=by, now=now)
        await accounts.give_password(user, ready.password, now)
