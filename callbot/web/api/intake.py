"""Customers and events from other systems: `POST /api/customers`, `POST /api/events`.

An item is an object with the keys of a JSONL list, checked by the same rules. A bad item never holds up the
good ones. An item sent twice changes nothing: customers are known by phone and external id, events by external
id.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from callbot.audience.json_rows import object_row
from callbot.audience.landing import Landing, land, refusals
from callbot.audience.row import Flaw, Rejection, Row
from callbot.audience.row_reading import COLUMNS, Part, RowReader
from callbot.outreach.arrivals import Effect, arrived
from callbot.store import intake
from callbot.store.plain import plain
from callbot.web.access.admission import needs
from callbot.web.access.permission import Permission
from callbot.web.access.principal import Principal
from callbot.web.refusal import Refused, Why
from callbot.web.shapes.base import storable
from callbot.web.shapes.intake import IntakeOut
from callbot.web.site import Here, Site

MOST_ITEMS = 1_000
MOST_BYTES = 4 << 20
_TOGETHER = 10
"""Items in one transaction. Every customer among them is judged in it, so that they are few."""
_FORM_EN = 'send a JSON array [{"…": "…"}] or one object'
_FORM = '发送 JSON 数组 [{"…": "…"}]，或单个对象'


router = APIRouter(prefix="/api", tags=["intake"])
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"model": IntakeOut, "description": "Every item was taken"},
    207: {"model": IntakeOut, "description": "Some items were refused"},
}
_BODY = {"type": "object", "additionalProperties": True}
_EXTRA = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"anyOf": [_BODY, {"type": "array", "items": _BODY}]}}},
    }
}


@router.post("/customers", responses=_ANSWERS, openapi_extra=_EXTRA)
async def take_customers(
    site: Here, request: Request, who: Annotated[Principal, needs(Permission.INTAKE_CUSTOMERS)]
) -> JSONResponse:
    """Customers, as objects of customers.jsonl."""
    return await _all(site, Part.CUSTOMERS, request)


@router.post("/events", responses=_ANSWERS, openapi_extra=_EXTRA)
async def take_events(
    site: Here, request: Request, who: Annotated[Principal, needs(Permission.INTAKE_EVENTS)]
) -> JSONResponse:
    """Events and orders, as objects of events.jsonl."""
    return await _all(site, Part.EVENTS, request)


async def _all(site: Site, part: Part, request: Request) -> JSONResponse:
    items = await _items(request)
    results: list[dict[str, Any]] = []
    for start in range(0, len(items), _TOGETHER):
        results += await _take(site, part, start, items[start : start + _TOGETHER])
    rejected = sum(each["status"] == "rejected" for each in results)
    counts = {"accepted": len(results) - rejected, "rejected": rejected}
    return JSONResponse({**counts, "results": results}, status_code=207 if rejected else 200)


async def _take(site: Site, part: Part, start: int, items: Sequence[Any]) -> list[dict[str, Any]]:
    """One result for each item. What is stored and what follows from it are one transaction."""
    now = site.clock.now()
    rows = [_row(part, start + place, item) for place, item in enumerate(items)]
    portion = RowReader(part=part, now=now, vault=site.vault).portion(rows)
    async with site.db.write() as session:
        landing = await land(session, part, portion, now, source=f"POST /api/{part}", unit="条")
        effects: dict[str, Effect] = {}
        for customer_id, happened in (await intake.happened(session, landing.stored)).items():
            effect = await arrived(session, customer_id, happened, now, site.scorer)
            if effect is not None:
                effects[customer_id] = effect
    wrong: dict[int, list[Rejection]] = {}
    for each in portion.rejected + refusals(rows, landing.refused):
        wrong.setdefault(each.row.line, []).append(each)
    return [_result(part, row, wrong.get(row.line, []), landing, effects) for row in rows]


def _result(
    part: Part, row: Row, wrong: Sequence[Rejection], landing: Landing, effects: Mapping[str, Effect]
) -> dict[str, Any]:
    index = row.line - 1
    if wrong:
        fields = {f"列“{column.names[0]}”": column.key for column in COLUMNS[part]}
        problems = [
            {"field": fields.get(each.column, ""), "reason": each.what, "cure": each.cure} for each in wrong
        ]
        return {"index": index, "status": "rejected", "problems": problems}
    customer_id = landing.customers[row.line]
    status = "created" if row.line in landing.fresh else "changed" if part is Part.CUSTOMERS else "stored"
    result = {"index": index, "status": status, "customer_id": customer_id}
    return {**result, "customer": plain(effects[customer_id])} if customer_id in effects else result


def _row(part: Part, index: int, item: Any) -> Row:
    """Items are counted from 1 where people read of them."""
    source, line = f"POST /api/{part}", index + 1
    if isinstance(item, dict):
        return object_row(source, line, item, COLUMNS[part])
    flaw = Flaw(column="整条", what="不是 JSON 对象", cure=_FORM)
    return Row(source=source, line=line, cells={}, flaws=(flaw,))


async def _items(request: Request) -> list[Any]:
    """The items of a body. Raises `Refused` for a body that is too large or no JSON."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise Refused(Why.TOO_LARGE, limit=MOST_BYTES >> 20)
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise _unusable(f"不是 UTF-8 的 JSON，{_FORM}", f"it is no JSON in UTF-8; {_FORM_EN}") from None
    if not storable(value):
        raise _unusable("含有不是文字的字符（NUL 或半个字符）", "it holds characters that are no text")
    if isinstance(value, dict):
        return [value]
    if not isinstance(value, list):
        raise _unusable(f"不是数组也不是对象，{_FORM}", f"it is neither an array nor an object; {_FORM_EN}")
    if len(value) > MOST_ITEMS:
        many = len(value)
        raise _unusable(
            f"一次最多 {MOST_ITEMS} 条，收到 {many} 条，请分几次发送",
            f"{many} items, and {MOST_ITEMS} at most may come at once; send them in parts",
            status=413,
        )
    return value


def _unusable(zh: str, en: str, *, status: int = 400) -> Refused:
    return Refused(Why.BAD_REQUEST, status=status, where="body", what=(zh, en))
