"""The built console: its files under /static, its one page at every address that is nothing else."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from callbot.web.access.admission import Public, public
from callbot.web.refusal import missing
from callbot.web.templates_of import page

STATIC = Path(__file__).parent / "static"
_NOT_PAGES = ("api/", "static/", "pages/")
_FOR_EVER = "public, max-age=31536000, immutable"

router = APIRouter(include_in_schema=False)


class PublicFiles(StaticFiles):
    """Files for anybody; those whose name holds their hash are kept for ever."""

    public = Public.STATIC

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        hashed = path.replace("\\", "/").startswith("console/assets/")
        response.headers["Cache-Control"] = _FOR_EVER if hashed else "no-cache"
        return response


@router.get("/{path:path}", dependencies=[public(Public.CONSOLE)])
async def console(request: Request, path: str) -> Response:
    """The console, which finds its screen by the address; where it was not built, how to build it."""
    if path.startswith(_NOT_PAGES) or path == "api":
        raise missing("address")
    built = STATIC / "console" / "index.html"
    if not built.is_file():
        return page(request, "console_missing", status=200 if not path else 404)
    return FileResponse(built, media_type="text/html")
