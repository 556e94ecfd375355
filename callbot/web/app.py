"""The web application: API, pages, console, and what every request passes."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, FastAPI
from pydantic import BaseModel

from callbot import __version__
from callbot.store import users
from callbot.web import api, console, entrance, errors, pages, routes
from callbot.web.access.admission import Public, needs, public
from callbot.web.access.permission import Permission
from callbot.web.guards.door import Door
from callbot.web.guards.frame import Frame
from callbot.web.shapes.base import ErrorOut
from callbot.web.site import DeskIs, Here, Site


class Health(BaseModel):
    status: str
    version: str
    desk: DeskIs
    """`away`: customers who need a human get a call-back until the office is there again."""


def create_app(site: Site, *, routers: Sequence[APIRouter] = ()) -> FastAPI:
    """The application over a migrated database. `routers` are further ones, which declare permissions too.

    Raises `RuntimeError` for a route that declares none.
    """
    app = build_api(routers)
    app.state.site = site
    app.add_middleware(Door, site=site)
    app.add_middleware(Frame, https=site.public_origin.startswith("https://"))
    return app


def build_api(routers: Sequence[APIRouter] = ()) -> FastAPI:
    """All routes without what is behind them: enough to describe the API."""
    app = FastAPI(
        title="callbot",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        responses={"4XX": {"model": ErrorOut}, "5XX": {"model": ErrorOut}, 422: {"model": ErrorOut}},
    )
    errors.install(app)
    for router in (*api.ROUTERS, *routers, pages.router, entrance.router):
        app.include_router(router)

    @app.get("/api/openapi.json", include_in_schema=False, dependencies=[needs(Permission.OWN)])
    async def description() -> dict[str, object]:
        return app.openapi()

    @app.get("/healthz", include_in_schema=False, dependencies=[public(Public.HEALTH)])
    async def healthz(site: Here) -> Health:
        async with site.db.read() as session:
            await users.count(session)
        return Health(status="ok", version=__version__, desk=site.desk_is)

    app.mount("/static", console.PublicFiles(directory=console.STATIC), name="static")
    app.include_router(console.router)
    routes.check(app)
    return app
