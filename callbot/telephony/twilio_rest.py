"""Twilio's REST interface, and that of the simulator which speaks a part of it, as call control."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import structlog

from callbot.telephony.control import (
    CallProgress,
    CallState,
    CarrierRefused,
    CarrierUnknown,
    DialRequest,
    JoinRequest,
    LineCause,
    RingRequest,
)
from callbot.telephony.twilio_calls import (
    GONE_CODE,
    OVER_CODE,
    join_twiml,
    progress,
    progress_of_form,
    refusal,
    room_twiml,
    stream_twiml,
)

_log = structlog.get_logger(__name__)

TWILIO_URL = "https://api.twilio.com"
_CONNECT_S = 3.0
_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)
"""Failures before a request left: the carrier cannot have placed anything."""
_TALKING_POLL_S = 5.0
"""The longest pause between two questions about an answered call."""
_ORDER = {CallState.QUEUED: 0, CallState.RINGING: 1, CallState.ANSWERED: 2, CallState.ENDED: 3}


@dataclass(slots=True)
class _Pushed:
    """Status callbacks of one watched call that were not taken yet, newest state last."""

    news: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: list[CallProgress] = field(default_factory=list)


def status_url(media_url: str) -> str:
    """Where the carrier reports on calls: beside the media socket, of the same process; empty for none."""
    return media_url.replace("ws", "http", 1).rstrip("/") + "/status" if media_url else ""


class TwilioControl:
    """`CallControl` over HTTP with Basic authentication. States only move forward: late news is dropped."""

    def __init__(
        self,
        *,
        account: str,
        auth_token: str,
        base_url: str = "",
        status_callback_url: str = "",
        finds_by_token: bool = False,
        poll_s: float = 0.5,
        give_up_s: float = 60.0,
        timeout_s: float = 10.0,
    ) -> None:
        """`base_url` empty means Twilio's own; `status_callback_url` empty means polling alone;
        `finds_by_token` says that the carrier lists calls by their token, which only the simulator does;
        a call about which the carrier says nothing for `give_up_s` is unknown; `timeout_s` bounds one
        request."""
        self._calls = f"/2010-04-01/Accounts/{account}/Calls"
        self._status_callback_url = status_callback_url
        self._finds_by_token = finds_by_token
        self._poll_s = poll_s
        self._give_up_s = give_up_s
        self._pushed: dict[str, _Pushed] = {}
        self._http = httpx.AsyncClient(
            base_url=base_url or TWILIO_URL,
            auth=(account, auth_token),
            timeout=httpx.Timeout(timeout_s, connect=min(_CONNECT_S, timeout_s)),
            trust_env=False,
        )

    async def place(self, request: DialRequest) -> str:
        """Dial. Raises `CarrierRefused` when no call was placed, `CarrierUnknown` when one may have been."""
        return await self._dial(
            request.to,
            request.from_,
            stream_twiml(request.media_url, request.token),
            request.ring_timeout_s,
        )

    async def ring(self, request: RingRequest) -> str:
        """Dial an agent's telephone into its room; who answers waits there. Raises as `place`."""
        return await self._dial(request.to, request.from_, room_twiml(request.room), request.ring_timeout_s)

    async def join(self, sid: str, request: JoinRequest) -> bool:
        """Move the call into the room by new TwiML; False when the call is gone."""
        return await self._change(sid, {"Twiml": join_twiml(request)}, gone=(GONE_CODE, OVER_CODE))

    async def bring_back(self, sid: str, media_url: str, token: str) -> bool:
        """Connect the call with our media server again; False when the call is gone."""
        twiml = stream_twiml(media_url, token)
        return await self._change(sid, {"Twiml": twiml}, gone=(GONE_CODE, OVER_CODE))

    async def _dial(self, to: str, from_: str, twiml: str, ring_timeout_s: int) -> str:
        form = {"To": to, "From": from_, "Twiml": twiml, "Timeout": str(ring_timeout_s)}
        if self._status_callback_url:
            form["StatusCallback"] = self._status_callback_url
            form["StatusCallbackMethod"] = "GET"
            form["StatusCallbackEvent"] = "initiated ringing answered completed"
        try:
            answer = await self._http.post(f"{self._calls}.json", data=_form(form))
        except _NOT_SENT as error:
            raise CarrierRefused(
                f"the carrier at {self._http.base_url} could not be reached: {error}",
                cause=LineCause.NETWORK,
                retryable=True,
            ) from error
        except httpx.HTTPError as error:
            raise CarrierUnknown(
                f"the carrier did not answer the dial request: {type(error).__name__}"
            ) from error
        if answer.is_client_error:
            raise refusal(answer.status_code, _body(answer))
        sid = _body(answer).get("sid")
        if not answer.is_success or not isinstance(sid, str) or not sid:
            raise CarrierUnknown(
                f"the carrier answered the dial request with HTTP {answer.status_code}, no call id"
            )
        return sid

    async def watch(self, sid: str) -> AsyncIterator[CallProgress]:
        """Changes of the call until and including its end, by callbacks and by asking every `poll_s`, seldomer
        while people talk.

        Raises `CarrierUnknown` when the carrier does not know the call or stays silent for too long.
        """
        pushed = self._pushed.setdefault(sid, _Pushed())
        reached, pause_s = -1, self._poll_s
        answered_at = time.monotonic()
        try:
            while True:
                found, pushed.waiting = pushed.waiting, []
                pushed.news.clear()
                try:
                    if not found:
                        found.append(progress(await self._get(sid)))
                    answered_at = time.monotonic()
                except httpx.HTTPError as error:
                    _log.warning("carrier-poll-failed", sid=sid, error=type(error).__name__)
                    if time.monotonic() - answered_at > self._give_up_s:
                        raise CarrierUnknown(f"the carrier says nothing about call {sid}") from error
                for change in found:
                    if _ORDER[change.state] > reached:
                        reached = _ORDER[change.state]
                        yield change
                        if change.state is CallState.ENDED:
                            return
                if reached == _ORDER[CallState.ANSWERED]:
                    pause_s = min(1.5 * pause_s, max(self._poll_s, _TALKING_POLL_S))
                try:
                    await asyncio.wait_for(pushed.news.wait(), pause_s)
                except TimeoutError:
                    continue
        finally:
            self._pushed.pop(sid, None)

    def on_status(self, form: Mapping[str, str]) -> None:
        """A status callback whose signature was checked. Calls nobody watches are ignored."""
        change = progress_of_form(form)
        if change is not None and (pushed := self._pushed.get(change.sid)) is not None:
            pushed.waiting.append(change)
            pushed.news.set()

    async def hang_up(self, sid: str) -> None:
        """End the call; one that is gone is fine. Raises `CarrierUnknown` when the carrier does not confirm."""
        await self._change(sid, {"Status": "completed"}, gone=(GONE_CODE,))

    async def _change(self, sid: str, form: Mapping[str, str], *, gone: Collection[int]) -> bool:
        """Change a call; False when it is gone, by one of these codes."""
        try:
            answer = await self._http.post(f"{self._calls}/{sid}.json", data=dict(form))
        except httpx.HTTPError as error:
            raise CarrierUnknown(
                f"the carrier did not confirm a change of call {sid}: {type(error).__name__}"
            ) from error
        if answer.is_success:
            return True
        if answer.status_code == 404 or _body(answer).get("code") in gone:
            return False
        raise CarrierUnknown(f"the carrier did not change call {sid}: HTTP {answer.status_code}")

    async def find(self, token: str) -> CallProgress | None:
        """The call placed with this token, None when the carrier never saw it.

        Twilio itself cannot search by token: there the answer is always None and means "unknown", so an
        attempt past `queued` is ended as interrupted and never dialled again. Raises `CarrierUnknown` when
        there is no answer.
        """
        if not self._finds_by_token:
            return None
        try:
            answer = await self._http.get(f"{self._calls}.json", params={"Token": token})
        except httpx.HTTPError as error:
            raise CarrierUnknown(f"the carrier did not answer a search: {type(error).__name__}") from error
        calls = _body(answer).get("calls")
        if not answer.is_success or not isinstance(calls, list):
            raise CarrierUnknown(f"the carrier answered a search with HTTP {answer.status_code}")
        return progress(calls[0]) if calls and isinstance(calls[0], dict) else None

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _get(self, sid: str) -> Mapping[str, Any]:
        answer = await self._http.get(f"{self._calls}/{sid}.json")
        if answer.status_code == 404:
            raise CarrierUnknown(f"the carrier does not know call {sid}")
        answer.raise_for_status()
        return _body(answer)


def _form(fields: Mapping[str, str]) -> dict[str, str | list[str]]:
    """Twilio wants each status event as a field of its own."""
    return {name: value.split() if name == "StatusCallbackEvent" else value for name, value in fields.items()}


def _body(answer: httpx.Response) -> Mapping[str, Any]:
    """The JSON object of an answer, empty when it is none."""
    try:
        body = answer.json()
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}
