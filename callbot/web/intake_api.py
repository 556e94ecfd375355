"""Customers and events from other systems: `POST /api/customers`, `POST /api/events`; what imports refused.

An item is an object with the keys of a JSONL list, checked by the same rules. A bad item never holds up the
good ones. An item sent twice changes nothing: customers are known by phone and external id, events by external
id.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import FileResponse, JSONResponse
from pydantic import SecretStr

from callbot.audience.json_rows import object_row
from callbot.audience.landing import Landing, land, refusals
from callbot.audience.row import Flaw, Rejection, Row
from callbot.audience.row_reading import COLUMNS, Part, RowReader
from callbot.audience.score.case import Scorer
from callbot.clock import Clock
from callbot.outreach.arrivals import Effect, arrived
from callbot.store import import_runs, intake
from callbot.store.database import Database
from callbot.store.phones import PhoneVault
from callbot.store.plain import plain
from callbot.web.bearer import bearer

MOST_ITEMS = 1_000
MOST_BYTES = 4 << 20
_TOGETHER = 10
"""Items in one transaction. Every customer among them is judged in it, so that they are few."""
_FORM = '发送 JSON 数组 [{"…": "…"}]，或单个对象'


def intake_router(db: Database, vault: PhoneVault, clock: Clock, scorer: Scorer, token: SecretStr) -> APIRouter:
    """The routes; every one asks for the token."""
    router = APIRouter(prefix="/api", dependencies=[Depends(bearer(token))])

    async def take(part: Part, request: Request) -> JSONResponse:
        items = await _items(request)
        results: list[dict[str, Any]] = []
        for start in range(0, len(items), _TOGETHER):
            results += await _take(db, vault, clock, scorer, part, start, items[start : start + _TOGETHER])
        rejected = sum(each["status"] == "rejected" for each in results)
        counts = {"accepted": len(results) - rejected, "rejected": rejected}
        return JSONResponse({**counts, "results": results}, status_code=207 if rejected else 200)

    @router.post("/customers", summary="Customers, as objects of customers.jsonl")
    async def customers(request: Request) -> JSONResponse:
        return await take(Part.CUSTOMERS, request)

    @router.post("/events", summary="Events and orders, as objects of events.jsonl")
    async def events(request: Request) -> JSONResponse:
        return await take(Part.EVENTS, request)

    @router.get("/imports", summary="Lists that were taken in, the newest first")
    async def imports() -> list[dict[str, Any]]:
        async with db.read() as session:
            return [dict(plain(run)) for run in await import_runs.recent(session)]

    @router.get("/imports/{run_id}/rejected.csv", summary="What an import refused, with reason and cure")
    async def rejected_rows(run_id: str) -> FileResponse:
        async with db.read() as session:
            run = await import_runs.get(session, run_id)
        if run is None:
            raise HTTPException(404, "没有这次导入")
        file = Path(run.rejects)
        if not run.rejects or not file.is_file() or file.stat().st_size != run.rejects_size:
            raise HTTPException(404, "这次导入没有被拒的行，或文件已被之后的导入替换")
        return FileResponse(file, media_type="text/csv", filename=file.name)

    return router


async def _take(
    db: Database,
    vault: PhoneVault,
    clock: Clock,
    scorer: Scorer,
    part: Part,
    start: int,
    items: Sequence[Any],
) -> list[dict[str, Any]]:
    """One result for each item. What is stored and what follows from it are one transaction."""
    now = clock.now()
    rows = [_row(part, start + place, item) for place, item in enumerate(items)]
    portion = RowReader(part=part, now=now, vault=vault).portion(rows)
    async with db.write() as session:
        landing = await land(session, part, portion, now, source=f"POST /api/{part}", unit="条")
        effects: dict[str, Effect] = {}
        for customer_id, happened in (await intake.happened(session, landing.stored)).items():
            effect = await arrived(session, customer_id, happened, now, scorer)
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
    """The items of a body. Raises 413 for a body that is too large, 400 for one that is no JSON."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise HTTPException(
                413, f"请求超过 {MOST_BYTES >> 20} MiB → 分几次发送，或用 callbot customer import"
            )
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise HTTPException(400, f"请求不是 UTF-8 的 JSON → {_FORM}") from None
    if isinstance(value, dict):
        return [value]
    if not isinstance(value, list):
        raise HTTPException(400, f"请求不是数组也不是对象 → {_FORM}")
    if len(value) > MOST_ITEMS:
        raise HTTPException(413, f"一次最多 {MOST_ITEMS} 条，收到 {len(value)} 条 → 分几次发送")
    return value
