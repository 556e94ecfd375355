"""Kokoro-82M through ONNX Runtime: the neural voice that needs no service.

Synchronous: calls run it in a worker process.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from asr_tts.audio import Audio
from asr_tts.levelling import level_speech
from asr_tts.model_missing import ModelMissing
from asr_tts.phonemes import phonemes

KOKORO_RATE = 24_000
"""Samples per second that the model makes."""
_MAX_TOKENS = 510
_STYLES = 510
_STYLE_SIZE = 256


class KokoroEngine:
    """One speaker of a Kokoro model directory: `model.onnx`, `vocab.json` and `voices/<speaker>.bin`.

    Takes about a second and 300 MB to load. Not for several threads at once.
    """

    def __init__(self, directory: Path, speaker: str, threads: int = 1) -> None:
        """Load the model. Raises `ModelMissing`, and `ValueError` for a speaker that is not there."""
        directory = Path(directory).expanduser()
        model, vocab, voices = directory / "model.onnx", directory / "vocab.json", directory / "voices"
        for path in (model, vocab, voices):
            if not path.exists():
                raise ModelMissing(path)
        voice = voices / f"{speaker}.bin"
        if not voice.is_file():
            known = ", ".join(sorted(path.stem for path in voices.glob("*.bin"))) or "none"
            raise ValueError(f"{voices}: no speaker named {speaker!r} → choose one of: {known}")
        self._styles = np.fromfile(voice, dtype=np.float32)
        if self._styles.size != _STYLES * _STYLE_SIZE:
            raise ValueError(f"{voice}: not a Kokoro voice ({self._styles.size} numbers) → install it again")
        self._styles = self._styles.reshape(_STYLES, _STYLE_SIZE)
        self._ids: dict[str, int] = json.loads(vocab.read_text(encoding="utf-8"))["vocab"]
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        phonemes("您好")

    def synthesise(self, text: str, speed: float = 1.0) -> Audio:
        """Speak `text` at 24 kHz and -20 dBFS; empty audio when nothing in it can be said.

        `speed` is 0.5..2.0, 1 being the speaker's own.
        """
        if not 0.5 <= speed <= 2.0:
            raise ValueError(f"speed {speed} → choose one from 0.5 to 2.0")
        pieces = [self._wave(ids, speed) for ids in self._tokens(text)]
        if not pieces:
            return Audio(np.zeros(0, dtype=np.int16), KOKORO_RATE)
        return Audio(level_speech(np.concatenate(pieces), KOKORO_RATE), KOKORO_RATE)

    def _tokens(self, text: str) -> list[list[int]]:
        ids = [self._ids[p] for p in phonemes(text) if p in self._ids]
        pauses = {self._ids[p] for p in ",.!?;: " if p in self._ids}
        return split_tokens(ids, pauses, _MAX_TOKENS)

    def _wave(self, ids: list[int], speed: float) -> NDArray[np.float32]:
        inputs = {
            "tokens": np.array([[0, *ids, 0]], dtype=np.int64),
            "style": self._styles[min(len(ids), _STYLES - 1)][None, :],
            "speed": np.array([speed], dtype=np.float32),
        }
        return np.asarray(self._session.run(None, inputs)[0], dtype=np.float32).reshape(-1)


def split_tokens(ids: list[int], pauses: set[int], limit: int) -> list[list[int]]:
    """Cut a long token list into runs of at most `limit`, after the last pause that fits; nothing is lost."""
    runs: list[list[int]] = []
    rest = ids
    while len(rest) > limit:
        cut = next((i for i in range(limit, 0, -1) if rest[i - 1] in pauses), limit)
        runs.append(rest[:cut])
        rest = rest[cut:]
    return [*runs, rest] if rest else runs
