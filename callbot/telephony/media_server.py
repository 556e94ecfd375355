"""The media worker's door: websockets of answered calls come in and are matched to reserved slots."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import structlog
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from asr_tts.audio import LINE_RATE
from asr_tts.voice_activity import VoiceActivity
from callbot.errors import BadInput, CallbotError
from callbot.telephony.arrival import Arrival, Refused
from callbot.telephony.carrier_socket import LARGEST_MESSAGE, CarrierSocket, SocketWire
from callbot.telephony.codec import MediaCodec, StreamStarted
from callbot.telephony.ear import Ear
from callbot.telephony.lag import LATE_MS
from callbot.telephony.media_line import LineLimits, MediaLine
from callbot.telephony.recording import Recording, Scribe
from callbot.telephony.seat import Seat
from callbot.telephony.ticker import Ticker

_log = structlog.get_logger(__name__)

START_WITHIN_S = 10.0
"""A socket that has not said which call it is by then is closed."""
SOCKETS_BEYOND_CALLS = 64
"""Sockets that may be open beyond the cap of calls: on their way in or out."""
_NEVER_TOO_MANY = 8
"""So few calls are not what makes a process late."""
_USED_TOKENS = 10_000
"""Tokens remembered after their call, so that a replay is told apart from a stranger."""
_ENCODINGS = frozenset({"audio/x-mulaw"})


class Full(CallbotError):
    """Every slot of this media process is reserved, or it has no time for another call."""

    code = "media-full"
    retryable = True


class Expected:
    """A reserved slot: the carrier will bring the call with this token. `cancel` or the call's end frees it."""

    def __init__(self, token: str, recording: Path | None, release: Callable[[], None]) -> None:
        self.token = token
        self.recording = recording
        self._release = release
        self._line: asyncio.Future[MediaLine] = asyncio.get_running_loop().create_future()
        self._taken = False

    async def line(self, timeout: float) -> MediaLine:  # noqa: ASYNC109 (a deadline is part of the contract)
        """The call, once its stream has started.

        Raises `TimeoutError` when it has not after `timeout` seconds (the slot stays reserved), or at `cancel`.
        """
        await asyncio.wait((self._line,), timeout=timeout)
        if self._line.cancelled() or not self._line.done():
            raise TimeoutError(f"no media stream came within {timeout:g} s")
        line = self._line.result()
        self._taken = True
        return line

    def cancel(self) -> None:
        """Give the slot back; a call that has come and that nobody took is ended. Idempotent."""
        if self._taken:
            return
        if self._line.done() and not self._line.cancelled():
            self._line.result().end("bot", "normal")
        else:
            self._line.cancel()
            self._release()

    def arrived(self, line: MediaLine) -> None:
        """For the server alone."""
        self._line.set_result(line)


@dataclass(slots=True)
class Playouts:
    """What the calls that have ended were played."""

    speeches: int = 0
    holes: int = 0
    """Interruptions of a speech because its sound was not sent in time."""


OnStatus = Callable[[str, Mapping[str, str]], bool]
"""Takes the query and the headers of a status callback; False when it is not the carrier's."""
OnUninvited = Callable[[StreamStarted], Expected]
"""Reserves the slot of a stream that nobody announced. Raises `Full`."""


TakeSeat = Callable[[StreamStarted, SocketWire], Seat]
"""Gives a further stream of a call its seat."""


class MediaServer:
    """All calls of one media process: one listener, one ticker, one ear, one scribe."""

    def __init__(
        self,
        host: str,
        port: int,
        codec: MediaCodec,
        voice_activity: VoiceActivity,
        max_calls: int,
        *,
        limits: LineLimits | None = None,
        start_within_s: float = START_WITHIN_S,
        on_uninvited: OnUninvited | None = None,
        on_status: OnStatus | None = None,
    ) -> None:
        """`port` 0 picks a free one; `max_calls` is a hard cap of reserved and running calls.

        Without `on_uninvited` a stream that no `expect` announced is refused, and without `on_status` every
        status callback.
        """
        self._host = host
        self._port = port
        self._codec = codec
        self._ear = Ear(voice_activity)
        self._max_calls = max_calls
        self._limits = limits
        self._start_within_s = start_within_s
        self._on_uninvited = on_uninvited
        self._on_status = on_status
        self._ticker = Ticker()
        self.playouts = Playouts()
        self._waiting: dict[str, Expected] = {}
        self._used: dict[str, None] = {}
        self._again: dict[str, TakeSeat] = {}
        self._running: set[MediaLine] = set()
        self._closing: set[asyncio.Task[None]] = set()
        self._server: Server | None = None
        self._scribe = Scribe()

    @property
    def url(self) -> str:
        """ws:// address on this machine; the port is the real one once started."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self._host, self._host)  # noqa: S104 (not a bind)
        return f"ws://{host}:{self._port}/media"

    @property
    def port(self) -> int:
        """The real one once started."""
        return self._port

    @property
    def calls(self) -> int:
        """Slots in use: reserved and running."""
        return len(self._waiting) + len(self._running)

    @property
    def ticker(self) -> Ticker:
        """The process's clock, for its measured lag."""
        return self._ticker

    async def start(self) -> None:
        """Listen and tick. Raises `BadInput` when the address cannot be bound."""
        try:
            # asyncio sets TCP_NODELAY; compression and pings cost more than they give on a 20 ms stream
            self._server = await serve(
                self._serve_socket,
                self._host,
                self._port,
                compression=None,
                ping_interval=None,
                max_size=LARGEST_MESSAGE,
                close_timeout=2,
                server_header=None,
                create_connection=CarrierSocket,
                process_request=self._door,
            )
        except OSError as error:
            raise _cannot_listen(self._host, self._port, error) from None
        self._port = next(iter(self._server.sockets)).getsockname()[1]
        self._ticker.join(self._ear.tick)
        self._ticker.join(self._scribe.tick)
        self._ticker.start()

    async def close_door(self) -> None:
        """Take no new stream, so that another process may listen here; calls under way go on. Idempotent."""
        if self._server is not None:
            self._server.close(close_connections=False)

    async def aclose(self) -> None:
        """End every call and stop listening; recordings are complete when this returns."""
        for expected in tuple(self._waiting.values()):
            expected.cancel()
        for line in tuple(self._running):
            line.end("bot", "shutdown", close_code=1001)
        await asyncio.gather(*self._closing, return_exceptions=True)
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None
        await self._ticker.aclose()
        await asyncio.to_thread(self._scribe.close)

    def expect(self, token: str, recording: Path | None = None) -> Expected:
        """Reserve a slot for a call that is about to be dialled with this token.

        Raises `Full` when every slot is taken or the process runs late, and `ValueError` for a token that is
        empty or was used before.
        """
        if not token or token in self._waiting or token in self._used:
            raise ValueError("a dial token is not empty and serves one call")
        if self.calls >= self._max_calls:
            raise Full(f"本媒体进程的 {self._max_calls} 路通话已占满（media.max_calls）；等有通话结束再拨")
        if len(self._running) >= _NEVER_TOO_MANY and self._ticker.strain.overloaded:
            raise Full(
                f"本媒体进程处理不过来（{len(self._running)} 路通话时，每 20 ms 的节拍迟到超过 {LATE_MS} ms）；"
                "等负载下降再拨，或减小 media.max_calls"
            )
        expected = Expected(token, recording, lambda: self._forget(token))
        self._waiting[token] = expected
        return expected

    def expect_again(self, token: str, take: TakeSeat) -> None:
        """Another stream of a call that is here already, which takes no slot; `take` gives it its seat.

        `expect_no_more` ends the wait. Raises `ValueError` as `expect`.
        """
        if not token or token in self._waiting or token in self._used or token in self._again:
            raise ValueError("a token is not empty and serves one stream")
        self._again[token] = take

    def expect_no_more(self, token: str) -> None:
        """A stream with this token is refused from now on. Idempotent."""
        self._again.pop(token, None)

    def _forget(self, token: str) -> None:
        if self._waiting.pop(token, None) is not None:
            self._used[token] = None
            while len(self._used) > _USED_TOKENS:
                del self._used[next(iter(self._used))]

    async def _serve_socket(self, socket: ServerConnection) -> None:
        if not isinstance(socket, CarrierSocket):
            raise TypeError("the listener was not given CarrierSocket to make its connections")
        arrival = Arrival(socket, SocketWire(socket, self._closing), self._codec, self._admit)
        timer = asyncio.get_running_loop().call_later(self._start_within_s, arrival.late)
        try:
            socket.listen(arrival.knock)
            await socket.wait_closed()
        finally:
            timer.cancel()
            arrival.gone()

    def _door(self, socket: ServerConnection, request: Request) -> Response | None:
        """Refuse a socket before its handshake when more are open than can become calls.

        A plain GET of `…/status` is the carrier's word about a call.
        """
        path, _, query = request.path.partition("?")
        if path.endswith("/status"):
            fits = self._on_status is not None and self._on_status(query, request.headers)
            return socket.respond(HTTPStatus.OK if fits else HTTPStatus.FORBIDDEN, "")
        if self._server is not None and len(self._server.connections) >= self._max_calls + SOCKETS_BEYOND_CALLS:
            return socket.respond(HTTPStatus.SERVICE_UNAVAILABLE, f"{Full.code}\n")
        return None

    def _admit(self, stream: StreamStarted, wire: SocketWire) -> Seat:
        if stream.encoding not in _ENCODINGS or stream.rate != LINE_RATE:
            raise Refused(1003, "unsupported-media")
        if (take := self._again.pop(stream.token, None)) is not None:
            self._used[stream.token] = None
            return take(stream, wire)
        expected = self._waiting.get(stream.token) or self._uninvited(stream)
        self._forget(expected.token)
        line = MediaLine(
            wire=wire,
            codec=self._codec,
            stream=stream,
            ear=self._ear,
            recording=self._record(expected.recording),
            limits=self._limits,
            on_over=lambda: self._ended(line),
        )
        self._running.add(line)
        self._ticker.join(line.tick)
        expected.arrived(line)
        return line.seat

    def _uninvited(self, stream: StreamStarted) -> Expected:
        if self._on_uninvited is None:
            raise Refused(1008, "token-used" if stream.token in self._used else "unknown-token")
        try:
            return self._on_uninvited(stream)
        except Full:
            raise Refused(1013, Full.code) from None

    def _record(self, path: Path | None) -> Recording | None:
        if path is None:
            return None
        try:
            return Recording(path, self._scribe)
        except OSError as error:
            _log.error("recording-failed", path=str(path), error=str(error))
            return None

    def _ended(self, line: MediaLine) -> None:
        self._ticker.leave(line.tick)
        self._running.discard(line)
        self.playouts.speeches += line.playback.speeches
        self.playouts.holes += line.playback.holes


def _cannot_listen(host: str, port: int, error: OSError) -> BadInput:
    where = f"media.host / media.port（{host}:{port}）"
    if error.errno == errno.EADDRINUSE:
        return BadInput.one(
            where,
            f"端口 {port} 已被别的程序占用",
            "停掉占用它的程序，或改 media.port（CALLBOT_MEDIA__PORT），0 表示自动选一个空闲端口",
        )
    return BadInput.one(where, f"无法监听该地址：{error.strerror or error}", "检查 media.host 与 media.port")
