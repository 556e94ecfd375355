"""From rows of text to stored customers and histories: owners found, doubles refused, phones sealed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from callbot.audience import columns
from callbot.audience.row import Rejection, Row, read_row
from callbot.store import intake
from callbot.store.database import Session
from callbot.store.phones import NotAPhoneNumber, PhoneVault, parse

REFUSAL_PAUSE: Final = timedelta(days=30)
"""No touch on any channel after an explicit refusal (R139, C1)."""
COMPLAINT_PAUSE: Final = timedelta(days=30)
"""All follow-ups pause after a complaint (R168)."""

_STORED = (
    "external_id",
    "name",
    "industry",
    "brand",
    "gender",
    "birthday",
    "region",
    "preferred_channel",
    "named_agent",
    "member_level",
    "member_until",
    "interests",
    "registered_at",
    "own_enquiry_at",
    "number_valid",
)
_PHONE_CURE = "写 11 位手机号，境外号码写 + 和国家码"
_Good = Sequence[tuple[Row, dict[str, Any]]]


@dataclass(slots=True, kw_only=True)
class Stored:
    """What became of a chunk."""

    new: int = 0
    changed: int = 0
    rejected: list[Rejection] = field(default_factory=list)
    customer_ids: list[str] = field(default_factory=list)


def _reject(row: Row, column: str, what: str, cure: str) -> Rejection:
    return Rejection(row=row, column=f"列“{column}”", what=what, cure=cure)


class CustomerRows:
    """Reads and stores a list of customers; remembers phones and numbers to refuse doubles within it."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._lines: dict[bytes, int] = {}

    def read(self, row: Row) -> tuple[dict[str, Any], list[Rejection]]:
        """The row's values with `phone` in E.164, and what is wrong with it."""
        values, wrong = read_row(row, columns.CUSTOMERS, self._now)
        if "phone" in values:
            try:
                values["phone"] = parse(values["phone"])
            except NotAPhoneNumber as error:
                wrong.append(_reject(row, "手机号", str(error), _PHONE_CURE))
        if "consent_evidence" in values and "consent_at" not in values:
            wrong.append(_reject(row, "营销同意时间", "有同意凭证但没有时间", "填写同意的时间"))
        if ("last_order_at" in values) != ("last_order_item" in values):
            wrong.append(_reject(row, "最近购买商品", "最近购买的时间和商品要同时填写", "补上缺少的一格"))
        return values, wrong or self._doubles(row, values)

    def _doubles(self, row: Row, values: Mapping[str, Any]) -> list[Rejection]:
        for key, title in (("phone", "手机号"), ("external_id", "客户编号")):
            if key not in values:
                continue
            mark = hashlib.blake2b(f"{key}:{values[key]}".encode(), digest_size=12).digest()
            first = self._lines.setdefault(mark, row.line)
            if first != row.line:
                return [_reject(row, title, f"与第 {first} 行重复", "同一位客户只保留一行")]
        return []

    async def store(self, session: Session, vault: PhoneVault, good: _Good) -> Stored:
        stored = Stored()
        incoming = [_incoming(values, vault) for _, values in good]
        landed = await intake.take_customers(session, incoming, self._now)
        consents: list[dict[str, Any]] = []
        purchases: list[dict[str, Any]] = []
        closed: dict[str, dict[str, str]] = {}
        for (row, values), came, land in zip(good, incoming, landed, strict=True):
            if land.clash:
                cure = "核对名单：一位客户一个编号、一个号码"
                stored.rejected.append(_reject(row, "手机号", land.clash, cure))
                continue
            stored.new += land.new
            stored.changed += not land.new
            stored.customer_ids.append(land.customer_id)
            if "consent_at" in values:
                consents.append(_consent(land.customer_id, values))
            if "last_order_at" in values:
                purchases.append(_last_order(land.customer_id, values))
            if "do_not_contact" in values:
                closed.setdefault(row.source, {})[came.phone_hash] = values["do_not_contact"]
        await intake.take_consents(session, consents)
        await intake.take_purchases(session, purchases)
        for source, scopes in closed.items():
            await intake.take_do_not_contact(session, scopes, source=f"import:{source}", at=self._now)
        return stored


class HistoryRows:
    """Reads and stores events, orders or consents of customers that are in the base already."""

    def __init__(self, part: str, now: datetime) -> None:
        self._columns = {"orders": columns.ORDERS, "events": columns.EVENTS, "consents": columns.CONSENTS}[part]
        self._part = part
        self._now = now

    def read(self, row: Row) -> tuple[dict[str, Any], list[Rejection]]:
        """The row's values, and what is wrong with it."""
        values, wrong = read_row(row, self._columns, self._now)
        if "customer" not in values and "phone" not in values:
            wrong.append(_reject(row, "客户编号", "没有说明属于哪位客户", "填写客户编号或手机号"))
        elif "customer" not in values:
            try:
                values["phone"] = parse(values["phone"])
            except NotAPhoneNumber as error:
                wrong.append(_reject(row, "手机号", str(error), _PHONE_CURE))
        return values, wrong

    async def store(self, session: Session, vault: PhoneVault, good: _Good) -> Stored:
        stored = Stored()
        named = {values["customer"] for _, values in good if "customer" in values}
        hashes = {
            values["phone"]: vault.hash(values["phone"]) for _, values in good if "customer" not in values
        }
        owners = await intake.owners(session, external_ids=named, phone_hashes=hashes.values())
        rows: list[dict[str, Any]] = []
        for row, values in good:
            owner = owners.get(values["customer"] if "customer" in values else hashes[values["phone"]])
            if owner is None:
                title = "客户编号" if "customer" in values else "手机号"
                stored.rejected.append(_reject(row, title, "客户不在库中", "先导入这位客户"))
                continue
            own = {key: value for key, value in values.items() if key not in ("customer", "phone")}
            rows.append({"customer_id": owner, **own})
            stored.new += 1
        match self._part:
            case "orders":
                blank = {"category": "", "refunded": False}
                await intake.take_purchases(session, [{**blank, **each} for each in rows])
            case "consents":
                blank = {"text_version": "", "channel": "", "evidence": ""}
                await intake.take_consents(session, [{**blank, **each} for each in rows])
            case _:
                await self._events(session, rows)
        return stored

    async def _events(self, session: Session, rows: Sequence[dict[str, Any]]) -> None:
        events = [{"note": "", "data": {}, **each} for each in rows]
        for event in events:
            if "external_id" not in event:
                told = f"{event['kind']}|{event['at'].isoformat()}|{event['note']}"
                event["external_id"] = hashlib.blake2b(told.encode(), digest_size=16).hexdigest()
        await intake.take_events(session, events)
        calls = [
            intake.PastCall(
                customer_id=event["customer_id"],
                external_id=event["external_id"],
                at=event["at"],
                answered=bool(event["data"].get("answered")),
            )
            for event in events
            if event["kind"] == "call"
        ]
        await intake.take_past_calls(session, calls, self._now)


def _incoming(values: Mapping[str, Any], vault: PhoneVault) -> intake.Incoming:
    sealed = vault.seal(values["phone"])
    kept = {key: values[key] for key in _STORED if key in values}
    kept |= {"phone_cipher": sealed.cipher, "phone_hash": sealed.hash, "phone_masked": sealed.masked}
    if "timezone" in values:
        kept |= {"timezone": values["timezone"] or None, "timezone_source": "data"}
    elif values["phone"].startswith("+86"):
        kept |= {"timezone": "Asia/Shanghai", "timezone_source": "country"}
    if values.get("number_valid") is False:
        kept["number_note"] = "名单标记为无效"
    if refused := values.get("refused_at"):
        kept |= {"no_touch_until": refused + REFUSAL_PAUSE, "low_priority": True}
    if complained := values.get("complained_at"):
        kept["complaint_pause_until"] = complained + COMPLAINT_PAUSE
    return intake.Incoming(phone_hash=sealed.hash, external_id=values.get("external_id"), values=kept)


def _consent(customer_id: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "customer_id": customer_id,
        "purpose": "marketing",
        "granted": True,
        "at": values["consent_at"],
        "text_version": values.get("consent_text", ""),
        "channel": values.get("consent_channel", ""),
        "evidence": values.get("consent_evidence", ""),
    }


def _last_order(customer_id: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The list names no order, so its day and item stand for its number."""
    told = f"{values['last_order_at'].date()}|{values['last_order_item']}"
    return {
        "customer_id": customer_id,
        "external_id": "list-" + hashlib.blake2b(told.encode(), digest_size=8).hexdigest(),
        "at": values["last_order_at"],
        "item": values["last_order_item"],
        "category": "",
        "amount_fen": values.get("last_order_yuan", 0),
        "refunded": False,
    }
