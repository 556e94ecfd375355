"""Spoken audio in memory: the lines that every call says, ready without a disk or a thread."""

from __future__ import annotations

from collections import OrderedDict

from asr_tts.audio import Audio


class VoiceMemory:
    """Audio by key, at most `max_bytes` of it; what was not used longest goes first. For one event loop."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._kept: OrderedDict[str, Audio] = OrderedDict()
        self._bytes = 0

    def get(self, key: str) -> Audio | None:
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def keep(self, key: str, audio: Audio) -> None:
        self.forget(key)
        self._kept[key] = audio
        self._bytes += audio.samples.nbytes
        while self._bytes > self._max_bytes:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= oldest.samples.nbytes

    def forget(self, key: str) -> None:
        if (gone := self._kept.pop(key, None)) is not None:
            self._bytes -= gone.samples.nbytes
