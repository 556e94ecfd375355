"""The offer sheet as a CSV list: read whole, checked row by row, stored only when every row is good."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from callbot.audience.columns import OFFERS
from callbot.audience.row import Rejection, Row, read_row
from callbot.audience.row import reject as _reject
from callbot.audience.sheet import open_sheet
from callbot.errors import BadInput
from callbot.store.database import Database, Session
from callbot.store.offers import PROMISED, save_offers, stored_versions
from callbot.store.tables import OfferRow

_CONDITIONS = ("min_silent_days", "max_silent_days", "min_orders", "max_orders", "member_levels")
_STORED = (
    "code",
    "version",
    "industry",
    "title",
    "discount_percent",
    "amount_fen",
    "min_spend_fen",
    "gift",
    "valid_from",
    "valid_until",
    "stock",
    "priority",
    "compensation",
    "withdrawn_at",
)
_BLANK = {"version": 1, "priority": 0, "compensation": False}


def read_offers(path: Path, now: datetime) -> list[dict[str, Any]]:
    """The offers of a sheet as column values. Raises `BadInput` with every problem found."""
    return [values for _, values in _read(path, now)]


async def import_offers(database: Database, path: Path, now: datetime) -> int:
    """Store the sheet; returns the number of its rows. A wrong offer is a wrong promise: one bad row stops all.

    Raises `BadInput` with every problem, also where a stored version would promise something else.
    """
    rows = _read(path, now)
    async with database.write() as session:
        await _unchanged(session, rows)
        await save_offers(session, [values for _, values in rows], now)
    return len(rows)


async def offers_to_come(database: Database, path: Path, now: datetime) -> list[OfferRow]:
    """What `import_offers` would store, not stored. Raises like it."""
    rows = _read(path, now)
    async with database.read() as session:
        await _unchanged(session, rows)
    return [OfferRow(**values, created_at=now) for _, values in rows]


async def _unchanged(session: Session, rows: Sequence[tuple[Row, dict[str, Any]]]) -> None:
    stored = await stored_versions(session, [values["code"] for _, values in rows])
    wrong = [
        problem
        for row, values in rows
        if (known := stored.get((values["code"], values["version"])))
        for problem in _changed(row, values, known)
    ]
    if wrong:
        raise BadInput([each.problem for each in wrong])


def _read(path: Path, now: datetime) -> list[tuple[Row, dict[str, Any]]]:
    rows: list[tuple[Row, dict[str, Any]]] = []
    wrong: list[Rejection] = []
    seen: dict[tuple[str, int], int] = {}
    for row in open_sheet(path, OFFERS).rows():
        values, bad = read_row(row, OFFERS, now)
        offer: dict[str, Any] = (
            dict.fromkeys(_STORED) | _BLANK | {k: v for k, v in values.items() if k in _STORED}
        )
        offer["eligibility"] = {name: values[name] for name in _CONDITIONS if name in values}
        bad += _contradictions(row, offer) if not bad else []
        if not bad:
            first = seen.setdefault((offer["code"], offer["version"]), row.line)
            if first != row.line:
                bad.append(
                    _reject(row, "优惠编号", f"与第 {first} 行是同一优惠的同一版本", "换编号，或把版本加一")
                )
        wrong += bad
        rows.append((row, offer))
    if wrong:
        raise BadInput([each.problem for each in wrong])
    if not rows:
        raise BadInput.one(path.name, "没有任何优惠", "至少写一行")
    return rows


def _contradictions(row: Row, offer: dict[str, Any]) -> list[Rejection]:
    wrong: list[Rejection] = []
    if offer["discount_percent"] is None and offer["amount_fen"] is None and not offer["gift"]:
        wrong.append(_reject(row, "减免百分比", "没有折扣、金额或赠品", "三者至少写一个"))
    if offer["discount_percent"] is not None and offer["amount_fen"] is not None:
        wrong.append(_reject(row, "减免百分比", "同时写了折扣和金额", "分成两个优惠"))
    if offer["valid_from"] and offer["valid_until"] and offer["valid_until"] < offer["valid_from"]:
        wrong.append(_reject(row, "截止日期", "早于开始日期", "核对两个日期"))
    amount, least = offer["amount_fen"], offer["min_spend_fen"]
    if amount is not None and least is not None and least < amount:
        wrong.append(_reject(row, "使用门槛", "低于优惠金额", "核对门槛，无门槛请留空"))
    conditions = offer["eligibility"]
    for low, high, title in (
        ("min_silent_days", "max_silent_days", "沉默天数止"),
        ("min_orders", "max_orders", "订单数止"),
    ):
        if conditions.get(high, 1 << 31) < conditions.get(low, 0):
            wrong.append(_reject(row, title, "小于起始值", "核对起止"))
    return wrong


def _changed(row: Row, values: dict[str, Any], known: OfferRow) -> list[Rejection]:
    titles = {column.key: column.names[0] for column in OFFERS}
    return [
        _reject(
            row,
            titles[name],
            f"与已入库的第 {values['version']} 版不同",
            f"版本不可改写：把版本改为 {values['version'] + 1}",
        )
        for name in PROMISED
        if getattr(known, name) != values[name]
    ]
