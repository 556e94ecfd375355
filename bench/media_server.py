"""callbot's own media server and conversation behind one open door, for any outside load generator.

    python -m bench.media_server --port 8765

Whoever opens a Twilio Media Streams websocket on /twilio gets a call: the composition of `callbot.app` with
recogniser, reader, writer and voice that answer at once. Floor, Silero voice activity, journal, two-channel
recording, event log and transcript are on; the end-of-turn silence is 600 ms. A JSON line on stdout says that
it listens, SIGUSR1 asks for one about what the process holds, and on SIGTERM or SIGINT the calls are ended and
a last line says how it went.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import logging
import os
import resource
import signal
import sys
import tempfile
import threading
import time
from contextlib import AsyncExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import structlog

from asr_tts.models import model_directory
from asr_tts.silero import SileroVoiceActivity
from asr_tts.testing_voice import FakeVoice
from asr_tts.voice_cache import CachedVoice
from bench.fakes import InstantReader, LengthRecognizer
from bench.load_plan import load_plan
from bench.load_store import fill, journal
from callbot.clock import SystemClock
from callbot.conversation.event_log import EventLog
from callbot.conversation.floor_events import FloorOptions
from callbot.conversation.plan import SessionOptions
from callbot.conversation.understand.reader import LocalReader
from callbot.event_loop import loop_factory
from callbot.ids import new_id
from callbot.media import build_call
from callbot.minds import Minds
from callbot.settings import load_settings
from callbot.speech import Speech
from callbot.store.database import Database, sqlite_url
from callbot.telephony.codec import StreamStarted
from callbot.telephony.media_server import Expected, Full, MediaServer
from callbot.telephony.twilio import TwilioCodec
from callbot.testing import FakeWriter
from handoff.testing import FakeDesk

END_OF_TURN_MS = 600


class House:
    """Holds the conversations of one run."""

    def __init__(self, minds: Minds, db: Database, data: Path) -> None:
        self.media: MediaServer
        self.held = 0
        self.failed = 0
        self.refused = 0
        self._minds = minds
        self._db = db
        self._data = data
        self._clock = SystemClock()
        self._desk = FakeDesk()
        self._options = SessionOptions(floor=FloorOptions(end_of_turn_ms=END_OF_TURN_MS))
        self._talks: set[asyncio.Task[None]] = set()

    def welcome(self, _stream: StreamStarted) -> Expected:
        """Whoever comes gets a call, where the product knows whom it has dialled. Raises `Full`."""
        call_id = new_id()
        try:
            expected = self.media.expect(call_id, self._data / "recordings" / f"{call_id}.wav")
        except Full:
            self.refused += 1
            raise
        task = asyncio.get_running_loop().create_task(self._hold(call_id, expected))
        self._talks.add(task)
        task.add_done_callback(self._talks.discard)
        return expected

    async def _hold(self, call_id: str, expected: Expected) -> None:
        try:
            line = await expected.line(10.0)
            with EventLog(self._data / "events" / f"{call_id}.jsonl") as log:
                result = await build_call(
                    load_plan(call_id),
                    line=line,
                    minds=self._minds_of_one_call(),
                    desk=self._desk,
                    journal=journal(self._db, call_id, self._clock),
                    log=log,
                    clock=self._clock,
                    options=self._options,
                ).run()
            await line.recorded()
            transcript = [asdict(turn) for turn in result.turns]
            path = self._data / "transcripts" / f"{call_id}.json"
            await asyncio.to_thread(path.write_text, json.dumps(transcript, ensure_ascii=False, default=str))
            self.held += 1
        except Exception:
            self.failed += 1
            structlog.get_logger(__name__).exception("load-call-failed", call_id=call_id)
        finally:
            expected.cancel()

    def _minds_of_one_call(self) -> Minds:
        return replace(self._minds, speech=replace(self._minds.speech, recognizer=LengthRecognizer()))

    async def aclose(self) -> None:
        await asyncio.gather(*self._talks)


async def serve(host: str, port: int, max_calls: int, data: Path, reader: str) -> None:
    """Hold calls until told to stop."""
    (data / "transcripts").mkdir(parents=True, exist_ok=True)
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with AsyncExitStack() as stack:
        db = Database(sqlite_url(data / f"{new_id()}.db"))
        stack.push_async_callback(db.aclose)
        await fill(db, SystemClock())
        silero = model_directory(load_settings().models.directory, "silero-vad") / "silero_vad.onnx"
        speech = Speech(
            recognizer=LengthRecognizer(),
            voice=CachedVoice(FakeVoice(), data / "voices"),
            voice_activity=SileroVoiceActivity(silero),
        )
        understand = LocalReader() if reader == "local" else InstantReader()
        minds = Minds(speech=speech, reader=understand, writer=FakeWriter())
        stack.push_async_callback(minds.aclose)
        house = House(minds, db, data)
        media = MediaServer(
            host, port, TwilioCodec(), speech.voice_activity, max_calls, on_uninvited=house.welcome
        )
        house.media = media
        await media.start()
        stack.push_async_callback(house.aclose)
        stack.push_async_callback(media.aclose)
        url = media.url.removesuffix("/media") + "/twilio"
        say(event="ready", url=url, pid=os.getpid(), end_of_turn_ms=END_OF_TURN_MS, max_calls=max_calls)
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, lambda: say(event="now", **holds(media)))
        began, cpu = time.monotonic(), time.process_time()
        await stop.wait()
        wall_s, cpu_s = time.monotonic() - began, time.process_time() - cpu
        ticker = media.ticker
    say(
        event="stopped",
        calls=house.held,
        failed=house.failed,
        refused=house.refused,
        wall_s=round(wall_s, 2),
        cpu_s=round(cpu_s, 2),
        ticks=ticker.lag.count,
        loop_lag_ms={f"p{share}": ticker.lag.percentile_ms(share) for share in (50, 95, 99)},
        worst_lag_ms=round(ticker.lag.worst_ms, 1),
        speeches=media.playouts.speeches,
        holes_in_speech=media.playouts.holes,
        max_rss_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    )


def holds(media: MediaServer) -> dict[str, float]:
    """What the process holds right now."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {
        "calls": media.calls,
        "tasks": len(asyncio.all_tasks()),
        "files": sum(1 for _ in Path("/proc/self/fd").iterdir()),
        "threads": threading.active_count(),
        "rss_mb": round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 2),
    }


def say(**fields: Any) -> None:
    print(json.dumps(fields, ensure_ascii=False), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8765, help="0 picks a free one, named in the first line")
    parser.add_argument("--max-calls", type=int, default=400, help="calls beyond are refused")
    parser.add_argument("--data", type=Path, help="keep recordings, logs and transcripts there")
    parser.add_argument("--core", type=int, help="run on this core alone")
    parser.add_argument(
        "--reader", choices=("instant", "local"), default="instant", help="local: callbot's own"
    )
    parser.add_argument("--loop", choices=("asyncio", "uvloop"), help="default: uvloop where it is installed")
    options = parser.parse_args()
    if options.core is not None:
        os.sched_setaffinity(0, {options.core})
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    with tempfile.TemporaryDirectory(prefix="callbot-load-") as temporary:
        data = options.data or Path(temporary)
        work = serve(options.host, options.port, options.max_calls, data, options.reader)
        with asyncio.Runner(loop_factory=loop_factory(options.loop)) as runner:
            runner.run(work)


if __name__ == "__main__":
    main()
