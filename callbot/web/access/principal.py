"""Who is asking, as every route sees them."""

from __future__ import annotations

from dataclasses import dataclass

from callbot.store.audit import Actor, ActorKind
from callbot.web.access.permission import Permission, Role, permissions_of, sees_all


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A signed-in person, or another system with a token."""

    kind: ActorKind
    id: str
    name: str
    """What they sign in with; a token's own name."""
    display_name: str = ""
    roles: frozenset[Role] = frozenset()
    scopes: frozenset[Permission] = frozenset()
    """Of a token; empty for a person."""
    language: str = "zh-CN"
    session_hash: str = ""
    csrf: str = ""
    """What a request of this session that changes something carries in `X-CSRF-Token`."""
    address: str = ""
    request_id: str = ""

    @property
    def permissions(self) -> frozenset[Permission]:
        return self.scopes if self.kind is ActorKind.TOKEN else permissions_of(self.roles)

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions

    def rows(self, permission: Permission) -> str | None:
        """Whose rows they see under a permission: None for all, else the agent whose own rows they are."""
        if self.kind is ActorKind.TOKEN or sees_all(self.roles, permission):
            return None
        return self.name

    @property
    def actor(self) -> Actor:
        """For the audit log."""
        return Actor(
            kind=self.kind, id=self.id, name=self.name, address=self.address, request_id=self.request_id
        )
