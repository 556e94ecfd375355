"""Every failure in one shape: JSON for programs, a page for people, the end of a websocket."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError, WebSocketRequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from callbot.errors import BadInput, CallbotError
from callbot.store.phones import hide_numbers
from callbot.web.access.admission import request_id_of
from callbot.web.refusal import Refused, Why, in_english, wording
from callbot.web.shapes.base import ErrorOut, ProblemOut
from callbot.web.templates_of import error_page

POLICY_VIOLATION = 1008
_OF_STATUS = {401: Why.SIGN_IN_FIRST, 403: Why.NOT_ALLOWED, 405: Why.METHOD, 413: Why.TOO_LARGE}


def install(app: FastAPI) -> None:
    """Give the application its handlers."""

    async def refused(connection: Any, error: Exception) -> Any:
        return await _answer(connection, _refusal_of(error))

    async def bad_input(connection: Any, error: Exception) -> Any:
        return await _answer(connection, _input_of(error))

    app.add_exception_handler(Refused, refused)
    app.add_exception_handler(HTTPException, refused)
    app.add_exception_handler(RequestValidationError, refused)
    app.add_exception_handler(WebSocketRequestValidationError, refused)
    app.add_exception_handler(BadInput, bad_input)
    app.add_exception_handler(CallbotError, bad_input)


def refuse(connection: HTTPConnection, refused: Refused) -> ASGIApp:
    """The answer to a request that reaches no route."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": refused.why.value})
            return
        await _response(connection, _error(connection, refused), refused)(scope, receive, send)

    return answer


async def _answer(connection: HTTPConnection, found: Refused | tuple[int, ErrorOut]) -> Response | None:
    refused = found if isinstance(found, Refused) else None
    if isinstance(connection, WebSocket):
        await connection.close(POLICY_VIOLATION, refused.why.value if refused else "bad-input")
        return None
    if isinstance(found, Refused):
        return _response(connection, _error(connection, found), found)
    status, error = found
    return JSONResponse(error.model_dump(), status_code=status)


def _response(connection: HTTPConnection, error: ErrorOut, refused: Refused) -> Response:
    headers: dict[str, str] = {}
    if refused.wait is not None:
        headers["Retry-After"] = str(max(1, round(refused.wait.total_seconds())))
    if refused.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if _wants_page(connection):
        if refused.why is Why.SIGN_IN_FIRST and connection.scope.get("method") == "GET":
            return RedirectResponse(f"/sign-in?next={quote(connection.url.path)}", status_code=303)
        return error_page(Request(connection.scope), error, refused.status, headers)
    return JSONResponse(error.model_dump(), status_code=refused.status, headers=headers)


def _wants_page(connection: HTTPConnection) -> bool:
    return not connection.url.path.startswith("/api/") and "text/html" in connection.headers.get("accept", "")


def _error(connection: HTTPConnection, refused: Refused) -> ErrorOut:
    english = in_english(connection.headers.get("accept-language", ""))
    message, hint = wording(refused, english=english, request_id=request_id_of(connection))
    problems = [
        ProblemOut(where=where, message=hide_numbers(what))
        for where, what in refused.values.get("problems", ())
    ]
    return ErrorOut(
        code=refused.why.value,
        message=message,
        where=refused.where or connection.url.path,
        hint=hint,
        request_id=request_id_of(connection),
        problems=problems,
    )


def _refusal_of(error: Exception) -> Refused:
    if isinstance(error, Refused):
        return error
    if isinstance(error, RequestValidationError | WebSocketRequestValidationError):
        problems = [(_place(each["loc"]), str(each["msg"])) for each in error.errors()]
        what = "; ".join(f"{where}: {text}" for where, text in problems[:3])
        return Refused(Why.BAD_REQUEST, where=problems[0][0] if problems else "", what=what, problems=problems)
    if isinstance(error, HTTPException):
        if error.status_code == 404:
            return Refused(Why.NOT_FOUND, what="address")
        why = _OF_STATUS.get(error.status_code, Why.BAD_REQUEST)
        return Refused(
            why, status=error.status_code, what=str(error.detail), permission=str(error.detail), limit="?"
        )
    raise error


def _input_of(error: Exception) -> tuple[int, ErrorOut]:
    """What a lower room says is wrong, in its own words."""
    if isinstance(error, BadInput):
        problems = [
            ProblemOut(where=each.where, message=hide_numbers(each.what), hint=each.cure)
            for each in error.problems
        ]
        first = problems[0]
        return 422, ErrorOut(
            code=error.code, message=first.message, where=first.where, hint=first.hint, problems=problems
        )
    if isinstance(error, CallbotError):
        return 503 if error.retryable else 409, ErrorOut(code=error.code, message=hide_numbers(str(error)))
    raise error


def _place(loc: Sequence[str | int]) -> str:
    return ".".join(str(part) for part in loc)
