"""How much later a word arrives because it passes the desk, and how many conversations one core carries.

    python -m bench.bridge --bridges 30 --seconds 60
    python -m bench.bridge --bridges 4 --seconds 30 --stall-ms 300

The desk runs in a process of its own on core 0. Here are as many customers, each over the websocket of a
media process, and agents, each over the websocket of a browser (framed, 16 kHz). Both speak a quiet tone
without pause and a loud frame twice a second. Measured is the time from a loud frame leaving one side to its
arriving on the other, on one clock: both sockets, the jitter buffer, the mixer and its tick, not the line's and
the browser's own buffers. A drop-out is a frame of silence or a gap in the sequence, a lost word a loud frame
that never came; all are counted after 2 s. `--stall-ms` makes the desk stand still for so long every 3 s.
"pace" is how much of real time the two sides themselves could send: below 99 % the machine was measured.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import resource
import signal
import struct
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from websockets.asyncio.client import ClientConnection, connect

from callbot.event_loop import loop_factory
from handoff.bridge import Frame
from handoff.desk import Placed
from handoff.frames import HEADER
from handoff.line_door import LineDoor
from handoff.live_desk import LiveDesk
from handoff.messages import encode
from handoff.offer import Brief, TransferOffer
from handoff.presence import Presence
from handoff.remote_desk import RemoteDesk
from handoff.server import AgentIdentity, DeskServer
from handoff.testing import MemoryDeskStore
from handoff.wire import Accept, Hello, Pong, Ring, SetPresence, decode_from_desk

FRAME_S = 0.02
LOUD_EVERY = 25
_LOUD = 6_000
_SILENT = 150
_TOO_LATE_S = 0.45
_WARM_UP_S = 2.0
_TOKEN = "bench"


@cache
def tone(rate: int, amplitude: int) -> Frame:
    at = np.arange(rate // 50) / rate
    return (amplitude * np.sin(2 * np.pi * 400 * at)).astype(np.int16)


@dataclass
class Direction:
    """One way of one conversation."""

    sent: deque[float] = field(default_factory=deque)
    delays: list[float] = field(default_factory=list)
    frames: int = 0
    silent: int = 0
    lost: int = 0
    words_lost: int = 0
    began: float = 0.0
    _loud: bool = False

    def arrived(self, now: float, frame: Frame, lost: int = 0) -> None:
        """A frame on the other side."""
        peak = int(frame.max()) if len(frame) else 0
        if not self.began:
            if peak < _SILENT:
                return
            self.began = now
        warm = now - self.began > _WARM_UP_S
        while self.sent and now - self.sent[0] > _TOO_LATE_S:  # that loud frame was dropped on the way
            self.sent.popleft()
            self.words_lost += warm
        if peak >= _LOUD and not self._loud and self.sent:
            delay = now - self.sent.popleft()
            if warm:
                self.delays.append(delay)
        self._loud = peak >= _LOUD
        if warm:
            self.frames += 1
            self.silent += peak < _SILENT
            self.lost += lost


class Customer:
    """The callee's end, in real time."""

    def __init__(self, out: Direction, back: Direction, phase: float) -> None:
        self._out, self._back = out, back
        self._due = asyncio.get_running_loop().time() + phase
        self._count = 0
        self.gone = False

    async def receive(self) -> Frame | None:
        loop = asyncio.get_running_loop()
        self._due += FRAME_S
        await asyncio.sleep(max(0.0, self._due - loop.time()))
        if self.gone:
            return None
        self._count += 1
        if self._count % LOUD_EVERY == 0:
            self._out.sent.append(loop.time())
            return tone(8_000, 12_000)
        return tone(8_000, 1_000)

    async def send(self, frame: Frame) -> None:
        self._back.arrived(asyncio.get_running_loop().time(), frame)


async def agent(url: str, name: str, to_callee: Direction, from_callee: Direction, phase: float) -> None:
    """A browser: accepts, speaks without pause, listens."""
    async with connect(url, compression=None, max_queue=None, ping_interval=None) as socket:
        await socket.send(encode(Hello(token=name, sound="framed")))
        await socket.send(encode(SetPresence(presence=Presence.AVAILABLE)))
        speaking: asyncio.Task[None] | None = None
        expected: int | None = None
        try:
            async for message in socket:
                if isinstance(message, bytes):
                    sequence = struct.unpack_from("<H", message, 2)[0]
                    lost = 0 if expected is None else (sequence - expected) & 0xFFFF
                    expected = (sequence + 1) & 0xFFFF
                    sound = np.frombuffer(message[HEADER.size :], dtype="<i2")
                    from_callee.arrived(asyncio.get_running_loop().time(), sound, lost)
                    continue
                told = decode_from_desk(message)
                match told.type:
                    case "ring" if isinstance(told, Ring):
                        await socket.send(encode(Accept(offer_id=told.offer.id)))
                    case "connected":
                        speaking = asyncio.create_task(speak(socket, to_callee, phase))
                    case "ping":
                        await socket.send(encode(Pong(n=told.n)))
                    case "ended":
                        return
        finally:
            if speaking is not None:
                speaking.cancel()


async def speak(socket: ClientConnection, out: Direction, phase: float) -> None:
    loop = asyncio.get_running_loop()
    due = loop.time() + phase
    quiet, loud = tone(16_000, 1_000).tobytes(), tone(16_000, 12_000).tobytes()
    for sequence in range(sys.maxsize):
        due += FRAME_S
        await asyncio.sleep(max(0.0, due - loop.time()))
        strong = sequence % LOUD_EVERY == 0
        if strong:
            out.sent.append(loop.time())
        header = HEADER.pack(1, 0, sequence & 0xFFFF, (sequence * 320) & 0xFFFFFFFF)
        await socket.send(header + (loud if strong else quiet))


async def measure(bridges: int, seconds: float, stall_ms: int) -> None:
    desk = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.bridge", "--serve", "--stall-ms", str(stall_ms),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert desk.stdout is not None
    url = json.loads(await desk.stdout.readline())["url"]
    out = [Direction() for _ in range(bridges)]
    back = [Direction() for _ in range(bridges)]
    remote = RemoteDesk(url.replace("/agent", "/line"), _TOKEN)
    customers: list[Customer] = []

    async def one(number: int) -> None:
        phase = number * FRAME_S / bridges
        placed = await remote.place(
            TransferOffer(
                id=f"o{number}",
                call_id=f"call{number}",
                customer_id=f"c{number}",
                reason="explicit_request",
                skill="general",
                priority=20,
                brief=Brief(why="", customer="", own_words=""),
                own_agent_id=f"a{number}",
            )
        )
        assert isinstance(placed, Placed), placed
        customer = Customer(out[number], back[number], phase)
        customers.append(customer)
        await remote.bridge(placed, customer)
        await remote.wrap_up(placed, 0)

    agents = [
        asyncio.create_task(
            agent(url, f"a{number}", back[number], out[number], 0.5 * FRAME_S * number / bridges)
        )
        for number in range(bridges)
    ]
    await asyncio.sleep(1.0)
    calls = [asyncio.create_task(one(number)) for number in range(bridges)]
    began = time.process_time()
    await asyncio.sleep(seconds + _WARM_UP_S)
    here = (time.process_time() - began) / (seconds + _WARM_UP_S)
    for customer in customers:
        customer.gone = True
    await asyncio.gather(*calls)
    await asyncio.gather(*agents)
    pace = sum(way.frames for way in out) * FRAME_S / (bridges * seconds)
    desk.send_signal(signal.SIGTERM)
    used = json.loads(await desk.stdout.readline())
    await desk.wait()
    print(
        f"{bridges} conversations for {seconds:g} s; the desk's process used {used['cpu_s'] / seconds:.0%} "
        f"of a core, the other side {here:.0%}; pace {pace:.1%}\n"
    )
    print("| way | p50 ms | p95 ms | p99 ms | max ms | n | words lost | silent frames | lost frames | of |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name, ways in (("customer to agent", out), ("agent to customer", back)):
        delays = 1000 * np.array([delay for way in ways for delay in way.delays] or [0.0])
        p50, p95, p99 = np.percentile(delays, [50, 95, 99])
        print(
            f"| {name} | {p50:.1f} | {p95:.1f} | {p99:.1f} | {delays.max():.1f} | {len(delays):,} | "
            f"{sum(way.words_lost for way in ways)} | {sum(way.silent for way in ways)} | "
            f"{sum(way.lost for way in ways)} | {sum(way.frames for way in ways):,} |"
        )


async def stand_still(stall_ms: int) -> None:
    """What a machine that is busy elsewhere does to the event loop."""
    while True:
        await asyncio.sleep(3)
        time.sleep(stall_ms / 1000)  # noqa: ASYNC251


async def serve(stall_ms: int) -> None:
    async def authenticate(token: str) -> AgentIdentity | None:
        return AgentIdentity(id=token, name=token, skills={"general": 3})

    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    async with DeskServer("127.0.0.1", 0, MemoryDeskStore(), authenticate) as server:
        server.line_door = LineDoor(LiveDesk(server), _TOKEN)
        print(json.dumps({"url": server.url}), flush=True)
        before = resource.getrusage(resource.RUSAGE_SELF)
        stalling = asyncio.create_task(stand_still(stall_ms)) if stall_ms else None
        await stopped.wait()
        if stalling is not None:
            stalling.cancel()
        after = resource.getrusage(resource.RUSAGE_SELF)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({"cpu_s": spent}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bridges", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--stall-ms", type=int, default=0, help="the desk stands still for so long every 3 s")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    with contextlib.suppress(OSError):
        if given.serve:
            os.sched_setaffinity(0, cores[:1])
    with asyncio.Runner(loop_factory=None if given.serve else loop_factory("uvloop")) as runner:
        runner.run(
            serve(given.stall_ms) if given.serve else measure(given.bridges, given.seconds, given.stall_ms)
        )


if __name__ == "__main__":
    main()
