"""The simulated carrier: takes orders, lets phones ring, connects the audio, and keeps the books."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, assert_never
from urllib.parse import urlencode

import httpx

from asr_tts.g711 import decode_ulaw
from callbot.telephony.simulator.call import CallStatus, SimulatedCall
from callbot.telephony.simulator.callee import Callee
from callbot.telephony.simulator.leg import Leg
from callbot.telephony.simulator.media_stream import MediaStream, StreamRecord
from callbot.telephony.simulator.persona import LineBehaviour, Persona
from callbot.telephony.simulator.recording import write_wav
from callbot.telephony.simulator.room import Room, Seat
from callbot.telephony.simulator.signing import HEADER, sign
from callbot.telephony.simulator.twiml import RoomOrder, StreamOrder, Verb

log = logging.getLogger(__name__)

_CALLBACK_S: Final = 5.0
_UNKNOWN_RING_S: Final = 0.5


class Carrier:
    """Callees by number. Lives in one event loop; `aclose` ends every call and writes what was heard."""

    def __init__(
        self,
        personas: Sequence[Persona],
        *,
        seed: int,
        account: str,
        auth_token: str,
        record: Path | None = None,
    ) -> None:
        self.account = account
        self.auth_token = auth_token
        self.seed = seed
        self._personas = {persona.customer.phone: persona for persona in personas}
        self._record = record
        self._calls: dict[str, SimulatedCall] = {}
        self._hang_ups: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._legs: dict[str, Leg] = {}
        self._rooms: defaultdict[str, Room] = defaultdict(Room)
        self._by_token: Counter[str] = Counter()
        self._by_number: Counter[str] = Counter()
        self._posts: set[asyncio.Task[None]] = set()
        self._http = httpx.AsyncClient(timeout=_CALLBACK_S, trust_env=False)

    def place(
        self,
        *,
        to: str,
        from_: str,
        verbs: tuple[Verb, ...],
        ring_timeout_s: float,
        status_callback: str = "",
        callback_method: str = "POST",
    ) -> SimulatedCall:
        """Dial. Every order is a dial, also a second one with the same token: the books show it."""
        self._by_number[to] += 1
        persona = self._personas.get(to)
        call = SimulatedCall(
            sid=self._sid("CA"),
            account=self.account,
            to=to,
            from_=from_,
            verbs=verbs,
            ring_timeout_s=ring_timeout_s,
            status_callback=status_callback,
            callback_method=callback_method,
            persona=persona.name if persona else "",
            nth=self._by_number[to],
        )
        self._by_token.update([call.token] if call.token else [])
        self._calls[call.sid] = call
        self._hang_ups[call.sid] = asyncio.Event()
        task = asyncio.create_task(self._run(call, persona), name=f"call-{call.sid}")
        self._tasks[call.sid] = task
        task.add_done_callback(lambda _: self._tasks.pop(call.sid, None))
        return call

    def find(self, sid: str) -> SimulatedCall | None:
        return self._calls.get(sid)

    def calls(self, *, token: str | None = None, to: str | None = None) -> list[SimulatedCall]:
        """Newest first."""
        found = [
            call
            for call in self._calls.values()
            if (token is None or call.token == token) and (to is None or call.to == to)
        ]
        return found[::-1]

    def move(self, call: SimulatedCall, verbs: tuple[Verb, ...]) -> bool:
        """Give an answered call other instructions; False when it is not in progress."""
        leg = self._legs.get(call.sid)
        if leg is None or call.status is not CallStatus.IN_PROGRESS:
            return False
        leg.move(verbs)
        return True

    def hang_up(self, call: SimulatedCall) -> None:
        """End a call from the caller's side; no effect when it is over."""
        self._hang_ups[call.sid].set()

    def report(self) -> dict[str, Any]:
        """The books: dials per token and number, and each call from the callee's side."""
        return {
            "seed": self.seed,
            "dials_by_token": dict(self._by_token),
            "dials_by_number": dict(self._by_number),
            "calls": [call.report() for call in self._calls.values()],
            "rooms": {name: room.books for name, room in self._rooms.items()},
        }

    async def aclose(self) -> None:
        for event in self._hang_ups.values():
            event.set()
        if self._tasks:
            await asyncio.gather(*list(self._tasks.values()), return_exceptions=True)
        if self._posts:
            await asyncio.gather(*list(self._posts), return_exceptions=True)
        await self._http.aclose()

    async def _run(self, call: SimulatedCall, persona: Persona | None) -> None:
        try:
            self._enter(call, CallStatus.INITIATED)
            self._enter(call, CallStatus.RINGING)
            if await self._ring(call, persona) and persona is not None:
                await self._converse(call, persona)
        except Exception:
            log.exception("call %s failed inside the simulator", call.sid)
            call.ended_by = "carrier"
            if not call.is_over:
                self._end(call, CallStatus.FAILED, 500, 38)

    async def _ring(self, call: SimulatedCall, persona: Persona | None) -> bool:
        """Let it ring; True when it was answered."""
        behaviour = persona.line.behaviour if persona else LineBehaviour.INVALID_NUMBER
        ring_s = persona.line.ring_s if persona else _UNKNOWN_RING_S
        if behaviour is LineBehaviour.NO_ANSWER:
            ring_s = call.ring_timeout_s
        if await self._hung_up_within(call, min(ring_s, call.ring_timeout_s)):
            call.ended_by = "bot"
            self._end(call, CallStatus.CANCELED, 487, None)
            return False
        if ring_s >= call.ring_timeout_s:
            behaviour = LineBehaviour.NO_ANSWER
        match behaviour:
            case LineBehaviour.ANSWERS:
                call.answered_at = datetime.now(UTC)
                call.sip_code = 200
                self._enter(call, CallStatus.IN_PROGRESS)
                return True
            case LineBehaviour.NO_ANSWER:
                self._end(call, CallStatus.NO_ANSWER, 487, 19)
            case LineBehaviour.BUSY:
                self._end(call, CallStatus.BUSY, 486, 17)
            case LineBehaviour.INVALID_NUMBER:
                self._end(call, CallStatus.FAILED, 404, 1)
            case LineBehaviour.POWER_OFF:
                self._end(call, CallStatus.FAILED, 480, 20)
            case _:
                assert_never(behaviour)
        return False

    async def _converse(self, call: SimulatedCall, persona: Persona) -> None:
        callee = Callee(persona, seed=self.seed, call=call.nth)
        record = StreamRecord()

        def stream(order: StreamOrder, fork: bool) -> MediaStream:
            return MediaStream(
                url=order.url,
                account=self.account,
                call_sid=call.sid,
                stream_sid=self._sid("MZ"),
                parameters=order.parameters,
                headers={HEADER: sign(self.auth_token, order.url)},
                record=record,
                fork=fork,
            )

        def room(order: RoomOrder) -> Seat:
            return self._rooms[order.name].enter(call.sid)

        leg = self._legs[call.sid] = Leg(callee, call.verbs, stream=stream, room=room, record=record)
        call.turns, call.stream = callee.turns, record
        try:
            call.ended_by = (await leg.run(self._hang_ups[call.sid])).value
        finally:
            del self._legs[call.sid]
        if self._record is not None:
            path = self._record / f"{call.sid}.heard.wav"
            await asyncio.to_thread(write_wav, path, decode_ulaw(bytes(record.heard)))
            call.heard_wav = str(path)
        self._end(call, CallStatus.COMPLETED, 200, 16)

    async def _hung_up_within(self, call: SimulatedCall, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._hang_ups[call.sid].wait(), seconds)
        except TimeoutError:
            return False
        return True

    def _end(self, call: SimulatedCall, status: CallStatus, sip: int, q850: int | None) -> None:
        call.sip_code, call.q850 = sip, q850
        call.ended_at = datetime.now(UTC)
        self._enter(call, status)

    def _enter(self, call: SimulatedCall, status: CallStatus) -> None:
        call.status = status
        if not call.status_callback:
            return
        order = [CallStatus.INITIATED, CallStatus.RINGING, CallStatus.IN_PROGRESS]
        form = {
            "AccountSid": self.account,
            "CallSid": call.sid,
            "CallStatus": status.value,
            "To": call.to,
            "From": call.from_,
            "CallbackSource": "call-progress-events",
            "SequenceNumber": str(order.index(status) if status in order else len(order)),
            "Timestamp": datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S +0000"),
        }
        if call.sip_code is not None:
            form["SipResponseCode"] = str(call.sip_code)
        if call.duration_s is not None:
            form["CallDuration"] = str(call.duration_s)
        post = asyncio.create_task(self._tell(call.callback_method, call.status_callback, form))
        self._posts.add(post)
        post.add_done_callback(self._posts.discard)

    async def _tell(self, method: str, url: str, form: Mapping[str, str]) -> None:
        """A status callback; one that fails is logged and lost, as with a real carrier."""
        try:
            if method == "GET":
                url = f"{url}?{urlencode(form)}"
                await self._http.get(url, headers={HEADER: sign(self.auth_token, url)})
            else:
                await self._http.post(url, data=dict(form), headers={HEADER: sign(self.auth_token, url, form)})
        except httpx.HTTPError as error:
            log.warning("status callback failed", extra={"url": url, "error": type(error).__name__})

    def _sid(self, prefix: str) -> str:
        return f"{prefix}{secrets.token_hex(16)}"
