"""Spoken audio on disk: written whole or not at all, checked when read, the longest unused dropped first."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import numpy as np

from asr_tts.audio import LINE_RATE, Audio

_MAGIC = b"CBVOICE1"
_HEADER = len(_MAGIC) + hashlib.sha256().digest_size
_ABANDONED_S = 3600


class VoiceFiles:
    """Files of 8 kHz PCM16 speech by key, in a directory that several processes may share.

    Synchronous; call from a thread. Files are readable by their owner only, since openers hold names.
    """

    def __init__(self, directory: Path, max_bytes: int) -> None:
        self._directory = Path(directory)
        self._max_bytes = max_bytes
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._bytes = sum(size for _, size, _ in self._stored())

    def has(self, key: str) -> bool:
        return self._path(key).is_file()

    def read(self, key: str) -> Audio | None:
        """The audio, or None when there is none; a damaged file is removed and counts as none."""
        path = self._path(key)
        try:
            raw = path.read_bytes()
        except OSError:
            return None
        payload = raw[_HEADER:]
        whole = raw[:_HEADER] == _MAGIC + hashlib.sha256(payload).digest()
        if not whole or len(payload) % 2:
            path.unlink(missing_ok=True)
            return None
        with suppress(OSError):  # another process may have evicted it: the audio itself was read
            os.utime(path)
        return Audio(np.frombuffer(payload, dtype="<i2").astype(np.int16), LINE_RATE)

    def write(self, key: str, audio: Audio) -> None:
        """Store 8 kHz audio under `key`, then make room. Raises `OSError`, e.g. for a full disk."""
        path = self._path(key)
        path.parent.mkdir(exist_ok=True, mode=0o700)
        payload = audio.samples.astype("<i2").tobytes()
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_MAGIC + hashlib.sha256(payload).digest() + payload)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        self._bytes += _HEADER + len(payload)
        if self._bytes > self._max_bytes:
            self._make_room()

    def remove(self, key: str) -> None:
        self._path(key).unlink(missing_ok=True)

    def _make_room(self) -> None:
        """Down to nine tenths of the limit, so that not every write has to."""
        stored = sorted(self._stored())
        total = sum(size for _, size, _ in stored)
        for _, size, path in stored:
            if total <= self._max_bytes * 0.9:
                break
            path.unlink(missing_ok=True)
            total -= size
        self._bytes = total

    def _stored(self) -> list[tuple[float, int, Path]]:
        """(last use, size, path) of every file; leftovers of killed writers are removed on the way."""
        stored = []
        for path in self._directory.glob("??/*"):
            try:
                status = path.stat()
            except FileNotFoundError:
                continue
            if path.suffix == ".voice":
                stored.append((status.st_mtime, status.st_size, path))
            elif status.st_mtime < time.time() - _ABANDONED_S:
                path.unlink(missing_ok=True)
        return stored

    def _path(self, key: str) -> Path:
        return self._directory / key[:2] / f"{key}.voice"
