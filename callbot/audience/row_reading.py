"""From rows of text to what can be stored: values checked, phones sealed. Needs no database, so that several
processes can do it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from callbot.audience import columns
from callbot.audience.cells import BadCell, text, yuan
from callbot.audience.row import Column, Rejection, Row, read_row, reject
from callbot.store.incoming import Incoming, Past
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
_ITEM, _CATEGORY = text(60), text(40)


class Part(StrEnum):
    """The lists of a base, in the order in which they are taken in."""

    CUSTOMERS = "customers"
    ORDERS = "orders"
    EVENTS = "events"
    CONSENTS = "consents"


COLUMNS: Final[Mapping[Part, tuple[Column, ...]]] = {
    Part.CUSTOMERS: columns.CUSTOMERS,
    Part.ORDERS: columns.ORDERS,
    Part.EVENTS: columns.EVENTS,
    Part.CONSENTS: columns.CONSENTS,
}


@dataclass(slots=True, kw_only=True)
class Portion:
    """Some rows, read."""

    rows: int = 0
    customers: list[Incoming] = field(default_factory=list)
    past: list[Past] = field(default_factory=list)
    rejected: list[Rejection] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowReader:
    """Reads the rows of one kind of list, at one moment."""

    part: Part
    now: datetime
    """To which relative times refer (UTC)."""
    vault: PhoneVault
    given: Mapping[str, str] = field(default_factory=dict)
    """Cells for the columns that a customer leaves empty."""

    def portion(self, rows: Iterable[Row]) -> Portion:
        """The rows as they can be stored, and those that cannot."""
        portion = Portion()
        for row in rows:
            portion.rows += 1
            values, wrong = self.read(row)
            if wrong:
                portion.rejected += wrong
            elif self.part is Part.CUSTOMERS:
                portion.customers.append(_incoming(row.line, values, self.vault))
            else:
                portion.past.append(_past(row.line, self.part, values, self.vault))
        return portion

    def read(self, row: Row) -> tuple[dict[str, Any], list[Rejection]]:
        """The row's values with the phone in E.164, and what is wrong with it."""
        if self.part is Part.CUSTOMERS:
            return self._customer(self.completed(row))
        return self._history(row)

    def completed(self, row: Row) -> Row:
        """The row with what is given for all rows in the cells it leaves empty."""
        if not self.given or self.part is not Part.CUSTOMERS:
            return row
        cells = {**self.given, **row.cells}
        return Row(source=row.source, line=row.line, cells=cells, flaws=row.flaws)

    def _customer(self, row: Row) -> tuple[dict[str, Any], list[Rejection]]:
        values, wrong = read_row(row, columns.CUSTOMERS, self.now)
        if "phone" in values:
            _phone(row, values, wrong)
        if "consent_evidence" in values and not row.cells.get("consent_at"):
            wrong.append(reject(row, "营销同意时间", "有同意凭证但没有时间", "填写同意的时间"))
        if bool(row.cells.get("last_order_at")) != bool(row.cells.get("last_order_item")):
            wrong.append(reject(row, "最近购买商品", "最近购买的时间和商品要同时填写", "补上缺少的一格"))
        return values, wrong

    def _history(self, row: Row) -> tuple[dict[str, Any], list[Rejection]]:
        values, wrong = read_row(row, COLUMNS[self.part], self.now)
        if "customer" in values:
            values.pop("phone", None)
        elif "phone" in values:
            _phone(row, values, wrong)
        elif not row.flaws:
            wrong.append(reject(row, "客户编号", "没有说明属于哪位客户", "填写客户编号或手机号"))
        if not wrong and values.get("kind") == "order":
            _order(row, values, wrong, self.now)
        return values, wrong


def _phone(row: Row, values: dict[str, Any], wrong: list[Rejection]) -> None:
    try:
        values["phone"] = parse(values["phone"])
    except NotAPhoneNumber as error:
        wrong.append(reject(row, "手机号", str(error), _PHONE_CURE))


def _order(row: Row, values: dict[str, Any], wrong: list[Rejection], now: datetime) -> None:
    """An event of kind `order` says in its data what was bought: item, amount_yuan, category."""
    data = values.get("data", {})
    found: dict[str, Any] = {}
    asked: tuple[tuple[str, str, Callable[[str, datetime], Any], bool], ...] = (
        ("item", "item", _ITEM, True),
        ("amount_fen", "amount_yuan", yuan, True),
        ("category", "category", _CATEGORY, False),
    )
    for name, key, read, required in asked:
        held = data.get(key)
        if held is None or isinstance(held, (dict, list, bool)) or not str(held).strip():
            if required or held is not None:
                cure = '写成 {"item": "空气炸锅", "amount_yuan": 399}'
                wrong.append(reject(row, "数据", f"订单的 {key} 没有写，或不是文字或数字", cure))
            continue
        try:
            found[name] = read(str(held).strip(), now)
        except BadCell as error:
            wrong.append(reject(row, "数据", f"{key}：{error.what}", error.cure))
    values["order"] = found


def _incoming(line: int, values: Mapping[str, Any], vault: PhoneVault) -> Incoming:
    sealed = vault.seal(values["phone"])
    kept = {key: values[key] for key in _STORED if key in values}
    kept["phone_cipher"], kept["phone_hash"], kept["phone_masked"] = sealed.cipher, sealed.hash, sealed.masked
    if "timezone" in values:
        kept |= {"timezone": values["timezone"] or None, "timezone_source": "data"}
    elif values["phone"].startswith("+86"):
        kept["timezone"], kept["timezone_source"] = "Asia/Shanghai", "country"
    if values.get("number_valid") is False:
        kept["number_note"] = "名单标记为无效"
    if refused := values.get("refused_at"):
        kept |= {"no_touch_until": refused + REFUSAL_PAUSE, "low_priority": True}
    if complained := values.get("complained_at"):
        kept["complaint_pause_until"] = complained + COMPLAINT_PAUSE
    return Incoming(
        line=line,
        phone_hash=sealed.hash,
        external_id=values.get("external_id"),
        values=kept,
        consent=_consent(values) if "consent_at" in values else None,
        purchase=_last_order(values) if "last_order_at" in values else None,
        do_not_contact=values.get("do_not_contact", ""),
    )


def _consent(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "purpose": "marketing",
        "granted": True,
        "at": values["consent_at"],
        "text_version": values.get("consent_text", ""),
        "channel": values.get("consent_channel", ""),
        "evidence": values.get("consent_evidence", ""),
    }


def _last_order(values: Mapping[str, Any]) -> dict[str, Any]:
    """The list names no order, so its day and item stand for its number."""
    return {
        "external_id": "list-" + _mark(f"{values['last_order_at'].date()}|{values['last_order_item']}", 8),
        "at": values["last_order_at"],
        "item": values["last_order_item"],
        "category": "",
        "amount_fen": values.get("last_order_yuan", 0),
        "refunded": False,
    }


def _past(line: int, part: Part, values: dict[str, Any], vault: PhoneVault) -> Past:
    by_phone = "customer" not in values
    owner = vault.hash(values["phone"]) if by_phone else values["customer"]
    own = {key: value for key, value in values.items() if key not in ("customer", "phone")}
    kind, refunds = part.value.removesuffix("s"), ""
    match part:
        case Part.ORDERS:
            own = {"category": "", "refunded": False, **own}
        case Part.CONSENTS:
            own = {"text_version": "", "channel": "", "evidence": "", **own}
        case _:
            own = {"note": "", "data": {}, **own}
            kind = own["kind"]
            if "external_id" not in own:
                own["external_id"] = _mark(f"{kind}|{own['at'].isoformat()}|{own['note']}", 16)
            if kind == "order":
                order = {"category": "", "refunded": False, **own.pop("order")}
                own = {"external_id": own["external_id"], "at": own["at"], **order}
            elif kind == "refund":
                refunds = str(own["data"].get("order", ""))
    return Past(line=line, owner=owner, by_phone=by_phone, kind=kind, values=own, refunds=refunds)


def _mark(told: str, size: int) -> str:
    return hashlib.blake2b(told.encode(), digest_size=size).hexdigest()
