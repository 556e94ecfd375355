"""The pages: batches as they run, calls with transcript and sound, customers with what is known of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from fastapi import APIRouter, FastAPI, HTTPException, Request, Response
from fastapi.responses import FileResponse, HTMLResponse
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates

from callbot import __version__
from callbot.insight import words
from callbot.insight.latency import latency_table
from callbot.insight.rule_words import rule_ends, rule_name
from callbot.insight.script import clock, script
from callbot.store import cases, overview
from callbot.store.database import Database
from callbot.store.plain import plain

T = TypeVar("T")

_HERE = Path(__file__).parent
_SHOWN_ZONE = ZoneInfo("Asia/Shanghai")


def create_app(
    *,
    db: Database,
    data: Path,
    routers: Sequence[APIRouter] = (),
) -> FastAPI:
    """The web application over a migrated database; `data` is where recordings lie.

    There is no sign-in: bind it to a loopback address only. Phone numbers appear masked.
    """
    app = FastAPI(title="callbot", version=__version__, docs_url="/api/docs", redoc_url=None)
    app.mount("/static", StaticFiles(directory=_HERE / "static"), name="static")
    pages = Jinja2Templates(directory=_HERE / "templates")
    pages.env.globals.update(
        word=words.word, words=words, rule_name=rule_name, rule_ends=rule_ends, clock=clock, local=_local
    )

    @app.middleware("http")
    async def headers(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await call_next(request)
        if not request.url.path.startswith("/api/docs"):
            response.headers["Content-Security-Policy"] = "default-src 'self'; frame-ancestors 'none'"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    def page(request: Request, name: str, **values: Any) -> HTMLResponse:
        return pages.TemplateResponse(request, f"{name}.html", values)

    @app.get("/", response_class=HTMLResponse)
    async def home(request: Request) -> HTMLResponse:
        async with db.read() as session:
            waiting = await cases.waiting_alarms(session)
            return page(request, "batches", batches=await overview.batches(session), alarms=waiting)

    @app.get("/batches/{batch_id}", response_class=HTMLResponse)
    async def batch_page(request: Request, batch_id: str) -> HTMLResponse:
        async with db.read() as session:
            line = _found(await overview.batch(session, batch_id), "批次")
            members = await overview.members(session, batch_id)
        return page(request, "batch", line=line, members=members)

    @app.get("/calls", response_class=HTMLResponse)
    async def calls_page(request: Request) -> HTMLResponse:
        async with db.read() as session:
            return page(request, "calls", calls=await overview.calls(session, limit=200))

    @app.get("/alarms", response_class=HTMLResponse)
    async def alarms_page(request: Request) -> HTMLResponse:
        async with db.read() as session:
            return page(request, "alarms", alarms=await cases.alarms(session))

    async def sheet_of(call_id: str) -> overview.CallSheet:
        async with db.read() as session:
            return _found(await overview.call_sheet(session, call_id), "通话")

    @app.get("/calls/{call_id}", response_class=HTMLResponse)
    async def call_page(request: Request, call_id: str) -> HTMLResponse:
        sheet = await sheet_of(call_id)
        latency = latency_table(turn.latency for turn in sheet.turns)
        return page(request, "call", sheet=sheet, lines=script(sheet.turns), latency=latency)

    @app.get("/calls/{call_id}/recording.wav")
    async def recording(call_id: str) -> FileResponse:
        path = _recording(data, (await sheet_of(call_id)).call.recording)
        if path is None:
            raise HTTPException(404, "这通电话没有录音")
        return FileResponse(path, media_type="audio/wav")

    @app.get("/customers/{key}", response_class=HTMLResponse)
    async def customer_page(request: Request, key: str) -> HTMLResponse:
        async with db.read() as session:
            return page(request, "customer", sheet=_found(await overview.customer_sheet(session, key), "客户"))

    @app.get("/api/batches")
    async def api_batches() -> list[dict[str, Any]]:
        async with db.read() as session:
            return [plain(line) for line in await overview.batches(session)]

    @app.get("/api/batches/{batch_id}")
    async def api_batch(batch_id: str) -> dict[str, Any]:
        async with db.read() as session:
            line = _found(await overview.batch(session, batch_id), "批次")
            members = await overview.members(session, batch_id)
        return {**plain(line), "members": [plain(member) for member in members]}

    @app.get("/api/alarms")
    async def api_alarms() -> list[dict[str, Any]]:
        async with db.read() as session:
            return [plain(line) for line in await cases.alarms(session)]

    @app.get("/api/calls/{call_id}")
    async def api_call(call_id: str) -> dict[str, Any]:
        return dict(plain(await sheet_of(call_id)))

    for router in routers:
        app.include_router(router)

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        async with db.read() as session:
            await overview.batches(session)
        return {"status": "ok", "version": __version__}

    @app.exception_handler(404)
    async def not_found(request: Request, error: HTTPException) -> Response:
        if request.url.path.startswith("/api/"):
            return Response(f'{{"detail": "{error.detail}"}}', status_code=404, media_type="application/json")
        return pages.TemplateResponse(request, "missing.html", {"what": error.detail}, status_code=404)

    return app


def _happened(sheet: overview.CustomerSheet) -> list[tuple[datetime, str, str]]:
    """Orders and events as (when, what kind, what), the latest first."""
    orders = [
        (row.at, "订单", f"{row.item} · {row.amount_fen / 100:.2f} 元{'（已退款）' if row.refunded else ''}")
        for row in sheet.purchases
    ]
    events = [
        (row.at, words.word(words.EVENTS, row.kind), words.OUTCOMES.get(row.note, row.note) or "—")
        for row in sheet.events
    ]
    return sorted(orders + events, reverse=True)


def _recording(data: Path, name: str) -> Path | None:
    """The file of a recording, None when there is none or when its name leads out of the data directory."""
    path = (data / name).resolve()
    return path if name and path.is_relative_to(data.resolve()) and path.is_file() else None


def _found(value: T | None, what: str) -> T:
    if value is None:
        raise HTTPException(404, f"没有这个{what}")
    return value


def _local(moment: datetime | None) -> str:
    """A UTC time as Chinese staff read it."""
    return moment.astimezone(_SHOWN_ZONE).strftime("%m-%d %H:%M") if moment else "—"
