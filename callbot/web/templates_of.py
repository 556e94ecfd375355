"""The server-rendered pages: what their templates know, and every text with phone numbers masked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from fastapi.templating import Jinja2Templates
from starlette.requests import Request
from starlette.responses import Response

from callbot.insight import words
from callbot.insight.rule_words import rule_ends, rule_name
from callbot.insight.script import clock
from callbot.store.phones import hide_numbers
from callbot.web.shapes.base import ErrorOut

ROLES: Mapping[str, str] = {"supervisor": "主管", "agent": "坐席", "qa": "质检", "admin": "管理员"}
_SHOWN_ZONE = ZoneInfo("Asia/Shanghai")


def local(moment: datetime | None) -> str:
    """A UTC time as Chinese staff read it."""
    return moment.astimezone(_SHOWN_ZONE).strftime("%m-%d %H:%M") if moment else "—"


def _hidden(value: Any) -> Any:
    if isinstance(value, list):
        return "；".join(str(_hidden(each)) for each in value)
    if isinstance(value, dict):
        return hide_numbers(str(value))
    return hide_numbers(value) if type(value) is str else value


_templates = Jinja2Templates(directory=Path(__file__).parent / "templates")
_templates.env.finalize = _hidden
_templates.env.globals.update(
    word=words.word,
    words=words,
    rule_name=rule_name,
    rule_ends=rule_ends,
    clock=clock,
    local=local,
    roles=ROLES,
)


def page(
    request: Request,
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> Response:
    """A template filled in."""
    return _templates.TemplateResponse(request, f"{template}.html", values, status_code=status, headers=headers)


def error_page(request: Request, error: ErrorOut, status: int, headers: Mapping[str, str]) -> Response:
    """A refusal for people."""
    return page(request, "missing", status=status, headers=headers, what=error.message, hint=error.hint)
