"""Every table. What is true stands here; nothing outside a committed row may place a call.

Times are UTC. Money is in fen. Ids are ULIDs as text. Words for states and kinds are the enums of the rooms
above, kept as text so that the store knows no rule.
"""

from callbot.store.tables.access import (
    ApiToken,
    AuditEntry,
    AuditHead,
    SignIn,
    SignInLink,
    SignInTry,
    User,
)
from callbot.store.tables.aftermath import FollowUp, Outbox, OutboxDelivery
from callbot.store.tables.base import metadata
from callbot.store.tables.batches import Attempt, Batch, BatchMember, DeskPace, Trunk, Worker
from callbot.store.tables.calls import Call, CallTurn, GuardBlockRow, JournalRow
from callbot.store.tables.cases import Alarm, ComplaintCase
from callbot.store.tables.desk import Agent, Transfer
from callbot.store.tables.imports import Arrival, ImportRun
from callbot.store.tables.offers import OfferRow
from callbot.store.tables.people import Consent, Customer, DoNotContact, Event, Purchase, Tag
from callbot.store.tables.promises import Promise
from callbot.store.tables.recalls import Recall, RecallHeard
from callbot.store.tables.reviews import ReviewNote, ReviewVerdict
from callbot.store.tables.segments import ScenarioPack, Segment, TagRule
from callbot.store.tables.sequences import Activation, SequenceRun

__all__ = [
    "Activation",
    "Agent",
    "Alarm",
    "ApiToken",
    "Arrival",
    "Attempt",
    "AuditEntry",
    "AuditHead",
    "Batch",
    "BatchMember",
    "Call",
    "CallTurn",
    "ComplaintCase",
    "Consent",
    "Customer",
    "DeskPace",
    "DoNotContact",
    "Event",
    "FollowUp",
    "GuardBlockRow",
    "ImportRun",
    "JournalRow",
    "OfferRow",
    "Outbox",
    "OutboxDelivery",
    "Promise",
    "Purchase",
    "Recall",
    "RecallHeard",
    "ReviewNote",
    "ReviewVerdict",
    "ScenarioPack",
    "Segment",
    "SequenceRun",
    "SignIn",
    "SignInLink",
    "SignInTry",
    "Tag",
    "TagRule",
    "Transfer",
    "Trunk",
    "User",
    "Worker",
    "metadata",
]
