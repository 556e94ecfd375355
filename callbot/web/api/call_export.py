"""The list of calls as a sheet."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Iterable
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from callbot.insight import words
from callbot.store import lists
from callbot.store.audit import Deed
from callbot.web.access.admission import needs
from callbot.web.access.permission import Permission
from callbot.web.access.principal import Principal
from callbot.web.api.calls import Filtered, call_line
from callbot.web.shapes.calls import CallLine
from callbot.web.site import Here, Site

router = APIRouter(prefix="/api", tags=["calls"])
_AT_ONCE: Final = 500
_ZONE: Final = ZoneInfo("Asia/Shanghai")
_HEAD: Final = (
    "通话编号",
    "客户",
    "电话",
    "流程",
    "开始时间",
    "时长（秒）",
    "结果",
    "挂断方",
    "转人工原因",
    "转人工结果",
    "坐席",
)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


@router.get(
    "/calls.csv",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {}}}},
)
async def export_calls(
    site: Here, who: Annotated[Principal, needs(Permission.CALL_EXPORT)], wanted: Filtered
) -> StreamingResponse:
    """Every call that the filters find, numbers masked, for a spreadsheet. The export is in the audit log."""
    async with site.db.write() as session:
        await site.audit.write(session, who.actor, Deed(action="call.export"), site.clock.now())
    return StreamingResponse(
        _sheet(site, who, wanted),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="callbot-calls.csv"'},
    )


async def _sheet(site: Site, who: Principal, wanted: lists.CallsWanted) -> AsyncIterator[str]:
    # spreadsheets take UTF-8 for it only behind this mark
    yield "\ufeff" + _row(_HEAD)
    offset = 0
    while True:
        async with site.db.read() as session:
            rows, _ = await lists.calls(
                session,
                wanted,
                agent=who.rows(Permission.CALL_EXPORT),
                part=lists.Part(limit=_AT_ONCE, offset=offset),
            )
        for row in rows:
            yield _row(_cells(call_line(*row)))
        if len(rows) < _AT_ONCE:
            return
        offset += _AT_ONCE


def _cells(line: CallLine) -> Iterable[str]:
    return (
        line.id,
        line.name,
        line.phone_masked,
        line.flow,
        f"{line.started_at.astimezone(_ZONE):%Y-%m-%d %H:%M:%S}",
        f"{line.duration_ms / 1000:.1f}",
        words.word(words.OUTCOMES, line.outcome),
        words.word(words.ENDED_BY, line.ended_by),
        words.word(words.TRANSFER_REASONS, line.transfer_reason),
        words.word(words.TRANSFERS, line.transfer_result),
        line.agent_id or "",
    )


def _row(cells: Iterable[str]) -> str:
    """One line. A cell that a spreadsheet would take for a formula begins with an apostrophe."""
    line = io.StringIO()
    csv.writer(line).writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells])
    return line.getvalue()
