"""What may be done, and which role may do it. A route declares exactly one permission."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TypeAlias


class Permission(StrEnum):
    """Everything that somebody can be allowed to do."""

    OWN = "own"
    """One's own account: everybody who is signed in."""
    BOARD_READ = "board.read"
    BATCH_READ = "batch.read"
    BATCH_WRITE = "batch.write"
    BATCH_LAUNCH = "batch.launch"
    """Launch, pause, go on, cancel."""
    CALL_READ = "call.read"
    CALL_LISTEN = "call.listen"
    CALL_EXPORT = "call.export"
    CALL_SUPERVISE = "call.supervise"
    """Listen to a running call, whisper, barge in, take over, end it."""
    CUSTOMER_READ = "customer.read"
    CUSTOMER_REVEAL = "customer.reveal"
    PERMIT_ASK = "permit.ask"
    FOLLOW_UP_READ = "follow_up.read"
    FOLLOW_UP_WORK = "follow_up.work"
    CASE_READ = "case.read"
    CASE_WORK = "case.work"
    ALARM_READ = "alarm.read"
    ALARM_ACK = "alarm.ack"
    DESK_WORK = "desk.work"
    """Take transfers."""
    QA_REVIEW = "qa.review"
    FLOW_READ = "flow.read"
    OFFER_READ = "offer.read"
    OFFER_WITHDRAW = "offer.withdraw"
    REPORT_READ = "report.read"
    POLICY_READ = "policy.read"
    POLICY_WRITE = "policy.write"
    IMPORT_READ = "import.read"
    INTAKE_CUSTOMERS = "intake.customers"
    """Hand in customers."""
    INTAKE_EVENTS = "intake.events"
    USER_MANAGE = "user.manage"
    TOKEN_MANAGE = "token.manage"  # noqa: S105  a permission
    AUDIT_READ = "audit.read"


P: TypeAlias = Permission


class Role(StrEnum):
    SUPERVISOR = "supervisor"
    AGENT = "agent"
    QA = "qa"
    ADMIN = "admin"


ROLES: Mapping[Role, frozenset[Permission]] = {
    Role.SUPERVISOR: frozenset(
        {
            P.OWN,
            P.BOARD_READ,
            P.BATCH_READ,
            P.BATCH_WRITE,
            P.BATCH_LAUNCH,
            P.CALL_READ,
            P.CALL_LISTEN,
            P.CALL_EXPORT,
            P.CALL_SUPERVISE,
            P.CUSTOMER_READ,
            P.CUSTOMER_REVEAL,
            P.PERMIT_ASK,
            P.FOLLOW_UP_READ,
            P.FOLLOW_UP_WORK,
            P.CASE_READ,
            P.CASE_WORK,
            P.ALARM_READ,
            P.ALARM_ACK,
            P.FLOW_READ,
            P.OFFER_READ,
            P.OFFER_WITHDRAW,
            P.REPORT_READ,
            P.POLICY_READ,
            P.IMPORT_READ,
            P.INTAKE_CUSTOMERS,
        }
    ),
    Role.AGENT: frozenset(
        {
            P.OWN,
            P.DESK_WORK,
            P.CALL_READ,
            P.CALL_LISTEN,
            P.CUSTOMER_READ,
            P.CUSTOMER_REVEAL,
            P.FOLLOW_UP_READ,
            P.FOLLOW_UP_WORK,
            P.CASE_READ,
            P.CASE_WORK,
            P.OFFER_READ,
        }
    ),
    Role.QA: frozenset(
        {
            P.OWN,
            P.CALL_READ,
            P.CALL_LISTEN,
            P.CALL_EXPORT,
            P.QA_REVIEW,
            P.OFFER_READ,
            P.FLOW_READ,
            P.REPORT_READ,
        }
    ),
    Role.ADMIN: frozenset(
        {
            P.OWN,
            P.BOARD_READ,
            P.BATCH_READ,
            P.ALARM_READ,
            P.FLOW_READ,
            P.REPORT_READ,
            P.POLICY_READ,
            P.POLICY_WRITE,
            P.IMPORT_READ,
            P.USER_MANAGE,
            P.TOKEN_MANAGE,
            P.AUDIT_READ,
        }
    ),
}

OWN_ROWS = frozenset({Role.AGENT})
"""Roles that see only what was handed to them: own transfers, own follow-ups, their customers."""

SCOPES = frozenset(
    {
        P.INTAKE_CUSTOMERS,
        P.INTAKE_EVENTS,
        P.IMPORT_READ,
        P.BATCH_READ,
        P.CALL_READ,
        P.CUSTOMER_READ,
        P.FOLLOW_UP_READ,
        P.BOARD_READ,
        P.REPORT_READ,
    }
)
"""What a token of another system can be allowed: nothing that shows a full number, and no account."""


def permissions_of(roles: Iterable[Role]) -> frozenset[Permission]:
    """Everything that these roles may do together."""
    return frozenset().union(*(ROLES[role] for role in roles))


def sees_all(roles: Iterable[Role], permission: Permission) -> bool:
    """Does one of the roles give the permission for every row, not only for one's own?"""
    return any(permission in ROLES[role] for role in roles if role not in OWN_ROWS)
