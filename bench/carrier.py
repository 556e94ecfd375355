"""The carrier of a load run: one process, one clock, many callees; prints what they noticed as one JSON line.

    python -m bench.carrier --port 8765 --calls 100 --seconds 30

Frames leave in real time, the calls spread over the 20 ms; how late they left is part of the result, because a
point of measurement with a late generator is void.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import random
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from asr_tts.models import model_directory
from bench.callee import FRAME_S, Callee, Noticed
from bench.clips import Clips, load_clips
from bench.media_client import MediaClient, text_frame
from callbot.settings import load_settings

PHASES = 10
"""Groups of calls whose frames leave together, 2 ms apart."""
_MEDIA = b'"event":"media"'
_BASE64_PER_MS = 8 * 4 / 3


class Call:
    """One callee on one stream."""

    def __init__(self, number: int, clips: Clips, silence_s: float, options: argparse.Namespace) -> None:
        self.number = number
        self.sid = f"MZ{number:032d}"
        self.closed: tuple[int, str] | None = None
        self.over = asyncio.Event()
        self.hung_up = False
        self.messages = 0
        self._clips = clips
        self._frames = 0
        self._mute = options.mute
        self._chance = random.Random(number)
        self.callee = Callee(
            clips.utterances,
            clips.coughs,
            silence_s=silence_s,
            chance=self._chance,
            give_mark=self._give_mark,
            cough_every=options.cough_every,
        )
        self._client: MediaClient | None = None

    async def dial(self, host: str, port: int) -> None:
        loop = asyncio.get_running_loop()
        _, client = await loop.create_connection(
            lambda: MediaClient(self._on_message, self._on_closed), host, port
        )
        self._client = client
        await client.opened
        client.send_json({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        start = {
            "streamSid": self.sid,
            "accountSid": "AC" + "0" * 32,
            "callSid": f"CA{self.number:032d}",
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": {},
        }
        client.send_json({"event": "start", "sequenceNumber": "1", "streamSid": self.sid, "start": start})
        self.callee.start(time.monotonic())

    def send_frame(self, now: float) -> None:
        if self._client is None or self.closed is not None or self.hung_up:
            return
        sound = None if self._mute else self.callee.frame(now)
        if sound is None:
            sound = self._clips.noise[(self._frames + self.number * 7) % len(self._clips.noise)]
        self._frames += 1
        message = (
            b'{"event":"media","sequenceNumber":"%d","streamSid":"%s","media":{"track":"inbound","chunk":"%d",'
            b'"timestamp":"%d","payload":"%s"}}'
            % (self._frames + 1, self.sid.encode(), self._frames, self._frames * 20, sound)
        )
        self._client.send(text_frame(message))

    def hang_up(self) -> None:
        self.hung_up = True
        if self._client is not None and self.closed is None:
            stop = {"accountSid": "AC" + "0" * 32, "callSid": f"CA{self.number:032d}"}
            self._client.send_json({"event": "stop", "streamSid": self.sid, "stop": stop})

    def cut(self) -> None:
        if self._client is not None:
            self._client.close()

    def _give_mark(self, name: str) -> None:
        if self._client is not None:
            self._client.send_json({"event": "mark", "streamSid": self.sid, "mark": {"name": name}})

    def _on_message(self, text: bytes) -> None:
        now = time.monotonic()
        self.messages += 1
        if _MEDIA in text[:80]:
            begin = text.index(b'"payload"')
            begin = text.index(b'"', begin + 9) + 1
            end = text.index(b'"', begin)
            padding = text.count(b"=", end - 2, end)
            self.callee.sound(((end - begin) * 3 // 4 - padding) / 8, now)
            return
        message = json.loads(text)
        match message["event"]:
            case "media":
                self.callee.sound(len(message["media"]["payload"]) / _BASE64_PER_MS, now)
            case "mark":
                self.callee.mark(message["mark"]["name"])
            case "clear":
                self.callee.cleared(now)

    def _on_closed(self, code: int, reason: str) -> None:
        self.closed = (code, reason)
        self.over.set()


async def run(options: argparse.Namespace, clips: Clips) -> dict[str, Any]:
    """Dial, let it settle, measure, hang up."""
    silence_s = options.silence_ms / 1000
    calls = [Call(number, clips, silence_s, options) for number in range(options.calls)]
    phases: list[list[Call]] = [[] for _ in range(PHASES)]
    lateness: list[float] = []
    ticking = asyncio.ensure_future(tick(phases, lateness))
    failed_to_dial = 0
    for call in calls:
        try:
            await call.dial(options.host, options.port)
        except OSError:
            failed_to_dial += 1
            continue
        phases[call.number % PHASES].append(call)
        await asyncio.sleep(1 / options.dial_rate)
    await asyncio.sleep(options.settle)
    before = process(options.pid)
    lateness.clear()
    own = time.process_time()
    for call in calls:
        call.callee.measuring = True
    began = time.monotonic()
    await asyncio.sleep(options.seconds)
    wall_s = time.monotonic() - began
    after = process(options.pid)
    own = time.process_time() - own
    for call in calls:
        call.callee.measuring = False
    dropped = [call.closed for call in calls if call.closed is not None]
    tick_late = sorted(lateness)
    for call in calls:
        call.hang_up()
    await asyncio.sleep(options.drain)
    ticking.cancel()
    for call in calls:
        call.cut()
    noticed = Noticed()
    for call in calls:
        noticed.add(call.callee.noticed)
    return {
        "calls": options.calls,
        "seconds": round(wall_s, 2),
        "failed_calls": len(dropped) + failed_to_dial,
        "closed": sorted({str(one) for one in dropped})[:5],
        "server_cpu_percent": round((after["cpu_s"] - before["cpu_s"]) / wall_s * 100, 1),
        "server_rss_mb": after["rss_mb"],
        "generator_cpu_percent": round(own / wall_s * 100, 1),
        "generator_late_p99_ms": round(tick_late[int(len(tick_late) * 0.99)] * 1000, 1) if tick_late else 0.0,
        "voice_activity_lag_ms": clips.voice_activity_lag_ms,
        "noticed": asdict(noticed),
    }


async def tick(phases: list[list[Call]], lateness: list[float]) -> None:
    """Send the frames of all calls for ever; `lateness` gets how late each group left, in seconds."""
    step = FRAME_S / PHASES
    due, phase = time.monotonic() + step, 0
    while True:
        if (wait := due - time.monotonic()) > 0:
            await asyncio.sleep(wait)
        elif phase == 0:
            await asyncio.sleep(0)
        now = time.monotonic()
        lateness.append(max(0.0, now - due))
        for call in phases[phase]:
            call.send_frame(now)
        due += step
        phase = (phase + 1) % PHASES


def process(pid: int) -> dict[str, float]:
    """CPU seconds and resident MB of a process, 0 where none was named."""
    if not pid:
        return {"cpu_s": 0.0, "rss_mb": 0.0}
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return {
        "cpu_s": (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"),
        "rss_mb": round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--calls", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=30.0, help="measured, after --settle")
    parser.add_argument("--settle", type=float, default=8.0, help="seconds after the last dial")
    parser.add_argument("--drain", type=float, default=1.0, help="seconds between hanging up and cutting off")
    parser.add_argument("--dial-rate", type=float, default=20.0, help="calls a second")
    parser.add_argument("--silence-ms", type=int, default=600, help="the server's end-of-turn silence")
    parser.add_argument("--mute", action="store_true", help="callees who never say a word")
    parser.add_argument("--cough-every", type=int, default=5, help="replies; 0 for none")
    parser.add_argument("--pid", type=int, default=0, help="of the server, to read its CPU time and memory")
    parser.add_argument("--core", type=int, help="run on this core alone")
    options = parser.parse_args()
    if options.core is not None:
        os.sched_setaffinity(0, {options.core})
    silero = model_directory(load_settings().models.directory, "silero-vad") / "silero_vad.onnx"
    clips = load_clips(silero)
    gc.collect()
    gc.freeze()
    gc.disable()
    print(json.dumps(asyncio.run(run(options, clips))))


if __name__ == "__main__":
    main()
