"""Pipecat with fake speech and language services under the same load, as the yardstick.

    var/pipecat/bin/python bench/pipecat_server.py --port 8767 --turns smart

It runs in an environment of its own (`bench/requirements-pipecat.txt`) and imports nothing of callbot. One
pipeline for each call: Twilio serializer, Silero voice activity, aggregators, and processors that transcribe,
write and speak at once. `--turns smart` is Pipecat's default, smart-turn v3 for each call; `--turns timeout`
ends a turn 600 ms after voice activity stopped. Both run at 8 kHz throughout, without metrics or debug log.
"""

# mypy: ignore-errors
# Pipecat is not in the development environment.

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import signal
import struct
import sys
from importlib import import_module
from typing import Any

import uvicorn
from fastapi import FastAPI, WebSocket
from loguru import logger
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import (
    Frame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMRunFrame,
    LLMTextFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.serializers.twilio import TwilioFrameSerializer
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.workers.runner import WorkerRunner

RATE = 8_000
SILENCE_MS = {"smart": 200, "timeout": 800}
"""What each way of ending turns waits for by configuration: VAD stop 0.2 s, and 0.6 s of timeout."""
WORDS = "好的呀。您想了解哪些？"
TONE = struct.pack(f"<{2 * RATE}h", *(int(4_000 * math.sin(at * 0.35)) for at in range(2 * RATE)))
"""Two seconds."""


class InstantTranscription(FrameProcessor):
    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)
        if isinstance(frame, VADUserStoppedSpeakingFrame):
            words = TranscriptionFrame("我还要再考虑一下这个事情", "callee", "", finalized=True)
            await self.push_frame(words, FrameDirection.DOWNSTREAM)


class InstantWriter(FrameProcessor):
    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if not isinstance(frame, LLMContextFrame):
            await self.push_frame(frame, direction)
            return
        await self.push_frame(LLMFullResponseStartFrame())
        await self.push_frame(LLMTextFrame(WORDS))
        await self.push_frame(LLMFullResponseEndFrame())


class InstantVoice(FrameProcessor):
    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, LLMTextFrame):
            await self.push_frame(TTSStartedFrame())
            await self.push_frame(TTSAudioRawFrame(audio=TONE, sample_rate=RATE, num_channels=1))
            await self.push_frame(TTSStoppedFrame())
        await self.push_frame(frame, direction)


async def hold(socket: WebSocket, runner: WorkerRunner, turns: str) -> None:
    """One call."""
    await socket.accept()
    message: dict[str, Any] = {}
    while message.get("event") != "start":
        message = json.loads(await socket.receive_text())
    transport = FastAPIWebsocketTransport(
        websocket=socket,
        params=FastAPIWebsocketParams(
            audio_in_enabled=True,
            audio_out_enabled=True,
            serializer=TwilioFrameSerializer(
                stream_sid=message["streamSid"],
                params=TwilioFrameSerializer.InputParams(auto_hang_up=False),
            ),
        ),
    )
    timeout = turns == "timeout"
    strategies = UserTurnStrategies(stop=[SpeechTimeoutUserTurnStopStrategy()] if timeout else None)
    aggregators = LLMContextAggregatorPair(
        LLMContext(),
        user_params=LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer(), user_turn_strategies=strategies),
    )
    worker = PipelineWorker(
        Pipeline(
            [
                transport.input(),
                InstantTranscription(),
                aggregators.user(),
                InstantWriter(),
                InstantVoice(),
                transport.output(),
                aggregators.assistant(),
            ]
        ),
        params=PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=RATE),
        cancel_on_idle_timeout=False,
        enable_turn_tracking=False,
        enable_rtvi=False,
    )

    gone = asyncio.Event()

    @transport.event_handler("on_client_connected")  # type: ignore[untyped-decorator, unused-ignore]
    async def connected(_transport: Any, _client: Any) -> None:
        await worker.queue_frames([LLMRunFrame()])

    @transport.event_handler("on_client_disconnected")  # type: ignore[untyped-decorator, unused-ignore]
    async def disconnected(_transport: Any, _client: Any) -> None:
        gone.set()
        await worker.cancel()

    await runner.add_workers(worker)
    await gone.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8767)
    parser.add_argument("--turns", choices=tuple(SILENCE_MS), default="smart")
    parser.add_argument("--core", type=int, help="run on this core alone")
    parser.add_argument("--loop", choices=("asyncio", "uvloop"), default="asyncio")
    options = parser.parse_args()
    if options.core is not None:
        os.sched_setaffinity(0, {options.core})
    logger.remove()
    logger.add(sys.stderr, level="ERROR")
    loop_factory = import_module("uvloop").new_event_loop if options.loop == "uvloop" else None
    with asyncio.Runner(loop_factory=loop_factory) as loop:
        loop.run(serve(options))


async def serve(options: argparse.Namespace) -> None:
    """Until told to stop."""
    app = FastAPI()
    runner = WorkerRunner(handle_sigint=False)
    running = asyncio.ensure_future(runner.run(auto_end=False))

    @app.websocket("/twilio")
    async def twilio(socket: WebSocket) -> None:
        await hold(socket, runner, options.turns)

    config = uvicorn.Config(
        app, host=options.host, port=options.port, log_level="error", ws_ping_interval=None, lifespan="off"
    )
    server = uvicorn.Server(config)
    serving = asyncio.ensure_future(server.serve())
    while not server.started:  # noqa: ASYNC110 (uvicorn has no event for it)
        await asyncio.sleep(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    url = f"ws://{options.host}:{port}/twilio"
    ready = {"event": "ready", "url": url, "pid": os.getpid(), "end_of_turn_ms": SILENCE_MS[options.turns]}
    print(json.dumps(ready), flush=True)
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    await stop.wait()
    print(json.dumps({"event": "stopped"}), flush=True)
    server.should_exit = True
    await asyncio.wait((serving,), timeout=3)
    running.cancel()
    os._exit(0)


if __name__ == "__main__":
    main()
