"""The callee of a scenario: sound in 20 ms frames, made and heard, and a recogniser that knows the script."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scenario import WORDS_MS, Deed, Scenario

from asr_tts.audio import FRAME_MS, Audio, Pcm
from asr_tts.g711 import decode_ulaw, encode_ulaw
from asr_tts.recogniser import RecogniserFailed, Transcript

_FRAME = 160
_LOUD = 6_000
_FLOOR = 24
"""Noise of the line, so that no two stretches sound the same."""


class ScenarioCallee:
    """Follows the deeds in their order. `tick` is 20 ms: the bot's sound in, the callee's out."""

    def __init__(self, scenario: Scenario) -> None:
        self._deeds = deque(scenario.callee)
        self._echo = scenario.echo
        self._rng = np.random.default_rng(5)
        self._noise = self._rng.integers(-_LOUD, _LOUD, 8_000 * 3).astype(np.int16)
        self._floor = self._rng.integers(-_FLOOR, _FLOOR, 8_000 * 7).astype(np.int16)
        self.now_ms = 0
        self.given_out = bytearray()
        self.said: list[tuple[int, int, str]] = []
        """Start, end and words of every sound of the callee."""
        self.bot_said: list[tuple[int, str]] = []
        """Every character of the bot as it begins to sound."""
        self.means: dict[str, str] = {}
        self.feels: dict[str, str] = {}
        self.digits: deque[str] = deque()
        self.left = False
        self.cut = False
        self._text = ""
        self._sounded_ms = 0
        self._quiet_ms: int | None = None
        self._own_end_ms: int | None = None
        self._moment_ms: int | None = None
        self._until_ms = 0
        self._delayed: deque[Pcm] = deque()

    def bot_plays(self, text: str) -> None:
        """The bot begins to say something."""
        self._text, self._sounded_ms = "".join(filter(str.isalnum, text)), 0
        if self._deeds and self._deeds[0].over and self._deeds[0].over in text and self._moment_ms is None:
            self._moment_ms = self.now_ms

    def logged(self, name: str) -> None:
        """An event of the call."""
        if self._deeds and self._deeds[0].on == name and self._moment_ms is None:
            self._moment_ms = self.now_ms

    def tick(self, heard: Pcm) -> bytes:
        """μ-law of the next 20 ms."""
        self._listen(heard)
        if self.now_ms >= self._until_ms:
            self._act()
        start = self.now_ms * 8
        frame = self._floor[start % (len(self._floor) - _FRAME) :][:_FRAME].astype(np.int32)
        if self.now_ms < self._until_ms:
            frame = frame + self._noise[(start * 7) % (len(self._noise) - _FRAME) :][:_FRAME]
        frame = frame + self._coming_back(heard)
        ulaw = encode_ulaw(np.clip(frame, -32_768, 32_767).astype(np.int16))
        self.given_out += decode_ulaw(ulaw).tobytes()
        self.now_ms += FRAME_MS
        return ulaw

    def words(self, start_ms: int, end_ms: int) -> str:
        """What was to be heard between the two: the callee's words, else what came back of the bot's."""
        own = "".join(
            character
            for begun, ended, text in self.said
            for place, character in enumerate(text)
            if start_ms <= begun + (place + 0.5) * (ended - begun) / len(text) < end_ms
        )
        if own or not self._echo or any(begun < end_ms and ended > start_ms for begun, ended, _ in self.said):
            return own
        late = int(self._echo["delay_ms"]) + WORDS_MS // 2
        return "".join(character for at_ms, character in self.bot_said if start_ms <= at_ms + late < end_ms)

    def _listen(self, heard: Pcm) -> None:
        if np.abs(heard.astype(np.int32)).max() > 500:
            self._quiet_ms = None
            place, new = divmod(self._sounded_ms, WORDS_MS)
            if new < FRAME_MS and place < len(self._text):
                self.bot_said.append((self.now_ms, self._text[place]))
            self._sounded_ms += FRAME_MS
        elif self._quiet_ms is None:
            self._quiet_ms = self.now_ms

    def _act(self) -> None:
        if not self._deeds:
            return
        deed = self._deeds[0]
        moment = self._moment_ms
        if not deed.over and not deed.on:
            if deed.then:
                moment = self._own_end_ms or 0
            else:
                waits = self._quiet_ms is not None and self.bot_said
                moment = max(self._quiet_ms or 0, self._own_end_ms or 0) if waits else None
                spoken = self._own_end_ms is None or bool(
                    self.bot_said and self.bot_said[-1][0] >= self._own_end_ms - 400
                )
                moment = moment if spoken else None
        if moment is None or self.now_ms < moment + deed.at:
            return
        self._deeds.popleft()
        self._moment_ms = None
        self._do(deed)

    def _do(self, deed: Deed) -> None:
        self.left, self.cut = deed.leaves, deed.cut
        self.digits.extend(deed.presses)
        self._until_ms = self.now_ms + deed.length_ms
        self._own_end_ms = self._until_ms
        if deed.length_ms:
            self.said.append((self.now_ms, self._until_ms, deed.says))
        if deed.says:
            self.means[deed.says] = deed.means or self.means.get(deed.says, "silence_filler_unclear")
            self.feels[deed.says] = deed.feels or "neutral"

    def _coming_back(self, heard: Pcm) -> Any:
        if not self._echo:
            return 0
        self._delayed.append(heard)
        if len(self._delayed) <= int(self._echo["delay_ms"]) // FRAME_MS:
            return 0
        return (self._delayed.popleft() * 10 ** (-float(self._echo["loss_db"]) / 20)).astype(np.int32)


class ScriptedEar:
    """A recogniser that finds a segment in what the callee gave out, and knows what was said there."""

    def __init__(self, callee: ScenarioCallee, broken: Mapping[str, Any]) -> None:
        self._callee = callee
        self._broken = broken
        self._segments = 0

    async def transcribe(self, audio: Audio, *, hotwords: Sequence[str] = ()) -> Transcript:
        self._segments += 1
        hit = self._broken.get("segments") is None or self._segments in self._broken["segments"]
        at = self._callee.given_out.rfind(audio.samples.astype(np.int16).tobytes())
        assert at >= 0, "the line cut out something that the callee never said"
        text = self._callee.words(at // 16, at // 16 + audio.duration_ms)
        await asyncio.sleep(float(self._broken.get("slow_s", 0.15)) if hit else 0.15)
        if hit and self._broken.get("fails"):
            raise RecogniserFailed("the scenario says so", retryable=True)
        if hit and "makes_up" in self._broken:
            text = self._broken["makes_up"]
        return Transcript(text=text, confidence=0.95 if text else 0.0)

    async def aclose(self) -> None: ...
