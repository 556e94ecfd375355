"""Telephone wavs: 8 kHz, mono, 16-bit, and the manifest that says what each of them says."""

from __future__ import annotations

import hashlib
import json
import wave
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from asr_tts.audio import LINE_RATE, Audio, Pcm

MANIFEST = "manifest.json"
SILENT_PEAK = 330
"""A wav whose loudest sample is below this (−40 dBFS) is taken as silent."""


class BadRecording(Exception):
    """A wav that a callee cannot speak; the message says what is wrong with it."""


def read_wav(path: Path) -> Audio:
    """Read a telephone wav. Raises `BadRecording` if it is not mono 16-bit PCM at 8,000 Hz, or is silent."""
    try:
        with wave.open(str(path), "rb") as file:
            shape = (file.getnchannels(), file.getsampwidth() * 8, file.getframerate())
            data = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise BadRecording(f"not a PCM wav file ({error})") from None
    if shape != (1, 16, LINE_RATE):
        channels, bits, rate = shape
        raise BadRecording(
            f"has {channels} channel(s), {bits} bit, {rate} Hz instead of 1 channel, 16 bit, 8000 Hz"
        )
    samples: Pcm = np.frombuffer(data, dtype="<i2").astype(np.int16)
    if len(samples) == 0 or int(np.abs(samples.astype(np.int32)).max()) < SILENT_PEAK:
        raise BadRecording("is silent")
    return Audio(samples, LINE_RATE)


def write_wav(path: Path, samples: Pcm) -> None:
    """Write mono 16-bit samples at 8,000 Hz; whole or not at all."""
    partial = path.with_suffix(".wav.part")
    with wave.open(str(partial), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(LINE_RATE)
        file.writeframes(samples.astype("<i2").tobytes())
    partial.replace(path)


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_manifest(folder: Path) -> dict[str, dict[str, Any]]:
    """File name → what is known of it (`text`, `sha256`, …); empty without a manifest.

    Raises `BadRecording` if the file is not of that shape.
    """
    path = folder / MANIFEST
    if not path.exists():
        return {}
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadRecording(f"{path} is not JSON: {error}") from None
    if not isinstance(data, dict) or not all(isinstance(entry, dict) for entry in data.values()):
        raise BadRecording(f"{path} is not an object of objects by file name")
    return data


def write_manifest(folder: Path, entries: Mapping[str, Mapping[str, Any]]) -> None:
    text = json.dumps(dict(sorted(entries.items())), ensure_ascii=False, indent=2)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
