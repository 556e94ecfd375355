"""What is done with accounts, from the pages and from the command line; every step is in the audit log."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from callbot.errors import BadInput
from callbot.settings import TELEPHONE
from callbot.store import sign_ins, users
from callbot.store.audit import Actor, ActorKind, AuditLog, Deed
from callbot.store.database import Database, Session
from callbot.store.tables import SignInLink, User
from callbot.web.access.password import Passwords, weakness
from callbot.web.access.permission import Role
from callbot.web.access.secret import new_secret, secret_hash
from callbot.web.refusal import Refused, Why, missing
from handoff.server import shown

LINK_LIFE = timedelta(minutes=30)
FIRST = "admin"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,31}|[\u4e00-\u9fff][\u4e00-\u9fff0-9]{0,15}")

_TELEPHONE = re.compile(TELEPHONE)


class Accounts:
    """Users, their roles, links and passwords."""

    def __init__(self, db: Database, audit: AuditLog, passwords: Passwords | None = None) -> None:
        self._db = db
        self._audit = audit
        self._passwords = passwords or Passwords()

    async def add(
        self, name: str, roles: Collection[Role], *, display_name: str = "", by: Actor, now: datetime
    ) -> User:
        """A new user, who sets a password by a link. Raises `BadInput`; `Refused` for a taken name."""
        name = checked_name(name)
        async with self._db.write() as session:
            user = await users.add(
                session,
                name=name,
                display_name=display_name.strip() or name,
                roles=_ordered(roles),
                by=by.name,
                now=now,
            )
            if user is None:
                raise Refused(Why.NAME_TAKEN, name=name)
            await self._note(session, by, "user.add", user, now, roles=list(user.roles))
        return user

    async def set_roles(self, key: str, roles: Collection[Role], *, by: Actor, now: datetime) -> User:
        """Other roles, in force with the next request. Raises `Refused` when no administrator would be left."""
        async with self._db.write() as session:
            user = await _held(session, key)
            await _keep_an_admin(session, user, stays=Role.ADMIN in roles)
            before, after = list(user.roles), _ordered(roles)
            await users.change(session, user.id, roles=after)
            await self._note(session, by, "user.role", user, now, before=before, after=after)
            return await _held(session, user.id)

    async def rename(self, key: str, display_name: str, *, by: Actor, now: datetime) -> User:
        """Another name on the screens; what they sign in with stays."""
        async with self._db.write() as session:
            user = await _held(session, key)
            await users.change(session, user.id, display_name=display_name.strip() or user.name)
            await self._note(session, by, "user.rename", user, now, to=display_name.strip())
            return await _held(session, user.id)

    async def set_telephone(self, key: str, telephone: str, *, by: Actor, now: datetime) -> User:
        """Where they talk as an agent, from their next sign-in at the desk on; empty: in the browser.

        Raises `BadInput` for what is no address. Only who manages users sets it: no permit is asked for it.
        """
        telephone = checked_telephone(telephone)
        async with self._db.write() as session:
            user = await _held(session, key)
            await users.change(session, user.id, telephone=telephone)
            await self._note(session, by, "user.telephone", user, now, to=shown(telephone))
            return await _held(session, user.id)

    async def set_state(self, key: str, state: str, *, by: Actor, now: datetime) -> User:
        """`disabled` ends every session at once; `active` lets them in again."""
        async with self._db.write() as session:
            user = await _held(session, key)
            await _keep_an_admin(session, user, stays=state == "active")
            await users.change(session, user.id, state=state)
            ended = await sign_ins.end_all(session, user.id) if state == "disabled" else 0
            await self._note(session, by, f"user.{state}", user, now, sessions_ended=ended)
            return await _held(session, user.id)

    async def link(self, key: str, *, by: Actor, now: datetime) -> str:
        """The secret of a link by which this user sets a password; good once, for half an hour.

        An earlier link of theirs is void.
        """
        secret = new_secret()
        async with self._db.write() as session:
            user = await _held(session, key)
            await sign_ins.add_link(
                session,
                SignInLink(
                    id_hash=secret_hash(secret),
                    user_id=user.id,
                    made_at=now,
                    made_by=by.name,
                    expires_at=now + LINK_LIFE,
                ),
            )
            await self._note(session, by, "user.link", user, now)
        return secret

    async def whose_link(self, secret: str, now: datetime) -> User:
        """Raises `Refused` for a link that is used, over, or none."""
        async with self._db.read() as session:
            user = await sign_ins.link_user(session, secret_hash(secret), now)
        if user is None:
            raise Refused(Why.LINK_SPENT)
        return user

    async def set_by_link(self, secret: str, password: str, *, by: Actor, now: datetime) -> User:
        """Spend the link for a password; every session there was ends. Raises `Refused`."""
        user = await self.whose_link(secret, now)
        kept = await self._good(password, user)
        async with self._db.write() as session:
            if not await sign_ins.use_link(session, secret_hash(secret), now):
                raise Refused(Why.LINK_SPENT)
            await self._keep(session, user, kept, now)
            await sign_ins.succeeded(session, try_id="", name=user.name)
            await self._note(session, by, "user.password", user, now, by_link=True)
            return await _held(session, user.id)

    async def change_password(
        self, user_id: str, current: str, password: str, *, but_session: str, by: Actor, now: datetime
    ) -> None:
        """Set another one; every other session ends. Raises `Refused` for a wrong or a weak one."""
        async with self._db.read() as session:
            user = await _held(session, user_id)
        if not await self._passwords.fits(user.password_hash, current):
            async with self._db.write() as session:
                await self._note(session, by, "user.password.refused", user, now)
            raise Refused(Why.WRONG_PASSWORD, where="current")
        kept = await self._good(password, user)
        async with self._db.write() as session:
            await self._keep(session, user, kept, now, but_session=but_session)
            await self._note(session, by, "user.password", user, now)

    async def give_password(self, user: User, password: str, now: datetime) -> None:
        """For the demo, whose passwords are random and shown."""
        kept = await self._passwords.hashed(password)
        async with self._db.write() as session:
            await self._keep(session, user, kept, now)

    async def first_admin(self, now: datetime) -> str | None:
        """Where there is no user yet: make one, and the secret of their link; None where there are users."""
        async with self._db.read() as session:
            if await users.count(session):
                return None
        by = Actor(kind=ActorKind.COMMAND, name="first start")
        try:
            await self.add(FIRST, (Role.ADMIN, Role.SUPERVISOR), by=by, now=now)
        except Refused:
            return None  # another process was first
        return await self.link(FIRST, by=by, now=now)

    async def _good(self, password: str, user: User) -> str:
        if reason := weakness(password, user.name):
            raise Refused(Why.WEAK_PASSWORD, where="password", reason=reason)
        return await self._passwords.hashed(password)

    async def _keep(
        self, session: Session, user: User, kept: str, now: datetime, *, but_session: str = ""
    ) -> None:
        await users.change(session, user.id, password_hash=kept, password_at=now)
        await sign_ins.end_all(session, user.id, but=but_session)

    async def _note(
        self, session: Session, by: Actor, action: str, user: User, now: datetime, **detail: object
    ) -> None:
        deed = Deed(action=action, about_kind="user", about_id=user.id, detail={"user": user.name, **detail})
        await self._audit.write(session, by, deed, now)


def checked_name(name: str) -> str:
    """A name to sign in with, in lower case. Raises `BadInput`."""
    name = name.strip().lower()
    if not _NAME.fullmatch(name):
        raise BadInput.one(
            "用户名",
            f"“{name}”不能用作用户名",
            "用 2 到 32 个小写字母、数字和 . _ -，或 1 到 16 个汉字",
        )
    return name


def checked_telephone(telephone: str) -> str:
    """An address that carriers dial, or empty. Raises `BadInput`."""
    telephone = telephone.strip()
    if telephone.startswith("+"):
        telephone = re.sub(r"[\s-]", "", telephone)
    if telephone and not _TELEPHONE.fullmatch(telephone):
        raise BadInput.one(
            "接听电话",
            f"“{telephone}”不是运营商能拨的地址",
            "写成 +8610… 的国际格式，或 sip:分机@主机；留空表示在浏览器里接听",
        )
    return telephone


def _ordered(roles: Collection[Role]) -> list[str]:
    if not roles:
        raise BadInput.one("角色", "没有角色", f"至少给一个：{'、'.join(Role)}")
    return [role.value for role in Role if role in roles]


async def _held(session: Session, key: str) -> User:
    user = await users.get(session, key) or await users.by_name(session, key)
    if user is None:
        raise missing("user")
    return user


async def _keep_an_admin(session: Session, user: User, *, stays: bool) -> None:
    admins: Sequence[str] = await users.active_with(session, Role.ADMIN)
    if not stays and list(admins) == [user.id]:
        raise Refused(Why.LAST_ADMIN)
