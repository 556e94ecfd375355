"""Every route of an application with what it declares. A route that declares nothing is not served."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from callbot.web.access.admission import Public, declared
from callbot.web.access.permission import Permission


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """One route and what it asks for: exactly one thing, if it is right."""

    path: str
    methods: tuple[str, ...]
    """WEBSOCKET for one, MOUNT for a folder."""
    asks: tuple[Permission | Public, ...]


def routes(app: FastAPI) -> Iterator[Declared]:
    """All of them: API, pages, websockets, mounted folders."""
    for context in iter_route_contexts(app.router.routes):
        route: Any = context.original_route
        dependant = getattr(context, "dependant", None) or getattr(route, "dependant", None)
        mounted = getattr(getattr(route, "app", None), "public", None)
        if dependant is not None:
            asks = tuple(_asked(dependant))
        else:
            asks = (mounted,) if isinstance(mounted, Public) else ()
        methods = getattr(route, "methods", None)
        kind = sorted(methods) if methods else ["WEBSOCKET" if dependant is not None else "MOUNT"]
        yield Declared(path=context.path or route.path, methods=tuple(kind), asks=asks)


def check(app: FastAPI) -> None:
    """Raises `RuntimeError` with every route that does not declare exactly one permission."""
    wrong = [
        f"{'/'.join(route.methods)} {route.path}: {', '.join(route.asks) or 'nothing'}"
        for route in routes(app)
        if len(route.asks) != 1
    ]
    if wrong:
        raise RuntimeError("routes that do not declare exactly one permission:\n" + "\n".join(wrong))


def _asked(dependant: Any) -> Iterator[Permission | Public]:
    for each in dependant.dependencies:
        if (asks := declared(each.call)) is not None:
            yield asks
        yield from _asked(each)
