"""The carrier's REST interface: the part of Twilio's that callbot uses, and a report for tests."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Final, Literal, cast

from fastapi import APIRouter, Depends, FastAPI, Form, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBasic, HTTPBasicCredentials

from callbot.telephony.simulator.call import SimulatedCall
from callbot.telephony.simulator.carrier import Carrier
from callbot.telephony.simulator.twiml import BadTwiml, parse_twiml

_OURS: Final = re.compile(r"\+86100\d{8}")
_RING_TIMEOUT_S: Final = 60.0

_basic = HTTPBasic(auto_error=False)


def build_rest(carrier: Carrier) -> FastAPI:
    """The HTTP application of one carrier; closing it ends every call."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await carrier.aclose()

    app = FastAPI(title="callbot simulated carrier", lifespan=lifespan, openapi_url=None)
    app.state.carrier = carrier
    app.include_router(
        _calls, prefix="/2010-04-01/Accounts/{account_sid}", dependencies=[Depends(_authenticated)]
    )
    app.include_router(_inside)

    @app.exception_handler(HTTPException)
    async def as_twilio(_: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse(error.detail, status_code=error.status_code)

    @app.exception_handler(RequestValidationError)
    async def bad_form(_: Request, error: RequestValidationError) -> JSONResponse:
        wrong = "; ".join(f"{item['loc'][-1]}: {item['msg']}" for item in error.errors())
        return JSONResponse(_error(400, 20001, f"Bad parameters: {wrong}"), status_code=400)

    return app


def _carrier(request: Request) -> Carrier:
    return cast(Carrier, request.app.state.carrier)


ThisCarrier = Annotated[Carrier, Depends(_carrier)]


def _authenticated(
    account_sid: str, carrier: ThisCarrier, given: Annotated[HTTPBasicCredentials | None, Depends(_basic)]
) -> None:
    known = given is not None and all(
        secrets.compare_digest(ours.encode(), theirs.encode())
        for ours, theirs in (
            (carrier.account, given.username),
            (carrier.auth_token, given.password),
            (carrier.account, account_sid),
        )
    )
    if not known:
        raise _refusal(401, 20003, "Authenticate: account or auth token is not what this simulator was given")


def _existing(sid: str, carrier: ThisCarrier) -> SimulatedCall:
    call = carrier.find(sid)
    if call is None:
        raise _refusal(404, 20404, f"The requested resource /Calls/{sid}.json was not found")
    return call


ThisCall = Annotated[SimulatedCall, Depends(_existing)]

_calls = APIRouter()
_inside = APIRouter()


@_calls.post("/Calls.json", status_code=201)
async def place(
    carrier: ThisCarrier,
    to: Annotated[str, Form(alias="To")],
    from_: Annotated[str, Form(alias="From")],
    twiml: Annotated[str, Form(alias="Twiml")] = "",
    ring_timeout_s: Annotated[float, Form(alias="Timeout", gt=0, le=600)] = _RING_TIMEOUT_S,
    status_callback: Annotated[str, Form(alias="StatusCallback")] = "",
    callback_method: Annotated[Literal["GET", "POST"], Form(alias="StatusCallbackMethod")] = "POST",
) -> dict[str, Any]:
    """Dial one number; the answer is the call, queued."""
    if not _OURS.fullmatch(to):
        raise _refusal(400, 21211, f"Invalid 'To' Phone Number: {to} (this carrier dials +86100 and 8 digits)")
    try:
        verbs = parse_twiml(twiml)
    except BadTwiml as error:
        raise _refusal(400, 12100, f"Twiml: {error}") from None
    call = carrier.place(
        to=to,
        from_=from_,
        verbs=verbs,
        ring_timeout_s=ring_timeout_s,
        status_callback=status_callback,
        callback_method=callback_method,
    )
    return call.resource()


@_calls.get("/Calls.json")
async def look_up(
    carrier: ThisCarrier,
    token: Annotated[str | None, Query(alias="Token")] = None,
    to: Annotated[str | None, Query(alias="To")] = None,
) -> dict[str, Any]:
    """Calls, newest first; `Token` is an extension: the `token` parameter of the stream."""
    return {"calls": [call.resource() for call in carrier.calls(token=token, to=to)]}


@_calls.get("/Calls/{sid}.json")
async def show(call: ThisCall) -> dict[str, Any]:
    return call.resource()


@_calls.post("/Calls/{sid}.json")
async def change(
    carrier: ThisCarrier,
    call: ThisCall,
    status: Annotated[str, Form(alias="Status")] = "",
    twiml: Annotated[str, Form(alias="Twiml")] = "",
) -> dict[str, Any]:
    """End a call, or give an answered one other instructions."""
    if twiml:
        try:
            verbs = parse_twiml(twiml)
        except BadTwiml as error:
            raise _refusal(400, 12100, f"Twiml: {error}") from None
        if not carrier.move(call, verbs):
            raise _refusal(400, 21220, "Call is not in-progress: it cannot be moved")
        return call.resource()
    if status not in {"completed", "canceled"}:
        raise _refusal(400, 21220, "Status must be completed or canceled: this carrier changes nothing else")
    carrier.hang_up(call)
    return call.resource()


@_inside.get("/healthz")
async def healthz() -> dict[str, str]:
    return {"status": "ok"}


@_inside.get("/report")
async def report(carrier: ThisCarrier) -> dict[str, Any]:
    """The books of this carrier."""
    return carrier.report()


def _refusal(status: int, code: int, message: str) -> HTTPException:
    return HTTPException(status, _error(status, code, message))


def _error(status: int, code: int, message: str) -> dict[str, Any]:
    more = f"https://www.twilio.com/docs/errors/{code}"
    return {"code": code, "message": message, "more_info": more, "status": status}
