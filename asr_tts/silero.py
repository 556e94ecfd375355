"""Silero voice activity at 8 kHz: one ONNX session for all calls, the windows of many calls in one batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from asr_tts.audio import LINE_RATE, Pcm
from asr_tts.voice_activity import WINDOW, VoiceActivity, VoiceState

_CONTEXT: Final = 32
"""Samples of the window before that the model wants in front of each window."""
_MEMORY: Final = (2, 128)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyGate:
    """Keeps the model from listening to a dead quiet line.

    The gate closes only after a run of quiet windows, so that the closures inside a word and the decay after it
    are still heard by the model. Behind a closed gate windows score 0, the model is fed nothing and its memory
    rests in the silence it last heard; after a long rest the memory is fresh again.
    """

    floor_dbov: float = -56.0
    """A window below it is quiet: under the comfort noise of a line, 30 dB under normal speech."""
    close_after_ms: int = 256
    forget_after_ms: int = 3_000


@dataclass(slots=True, eq=False)
class SileroState(VoiceState):
    """Adds the length of the current quiet to what the model remembers."""

    quiet_windows: int = 0


class SileroVoiceActivity(VoiceActivity):
    """`VoiceActivity` by the Silero model. Not thread-safe: it belongs to the media ticker."""

    def __init__(self, model: Path, *, gate: EnergyGate | None = EnergyGate()) -> None:
        """`model`: the `silero_vad.onnx` file; `gate=None` scores every window by the model."""
        if not model.is_file():
            raise FileNotFoundError(
                f"{model}: the voice activity model is missing; run `callbot models install`"
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session: Any = onnxruntime.InferenceSession(
            str(model), sess_options=options, providers=["CPUExecutionProvider"]
        )
        self._rate = np.array(LINE_RATE, dtype=np.int64)
        self._gate = gate
        window_ms = WINDOW * 1000 // LINE_RATE
        self._quiet_power = (32_768.0 * 10 ** (gate.floor_dbov / 20)) ** 2 if gate else 0.0
        self._close_after = -(-gate.close_after_ms // window_ms) if gate else 0
        self._forget_after = -(-gate.forget_after_ms // window_ms) if gate else 0

    def start(self) -> SileroState:
        """Fresh state for one stream."""
        return SileroState(
            memory=np.zeros(_MEMORY, dtype=np.float32), context=np.zeros(_CONTEXT, dtype=np.float32)
        )

    def score(self, states: Sequence[VoiceState], windows: Sequence[Pcm]) -> list[float]:
        """Probability of speech, 0..1, for one window of each stream; advances the states in place."""
        if len(states) != len(windows):
            raise ValueError(f"{len(states)} states for {len(windows)} windows")
        if not windows:
            return []
        sound = np.stack(windows).astype(np.float32)
        if sound.shape[1] != WINDOW:
            raise ValueError(f"a window is {WINDOW} samples, not {sound.shape[1]}")
        heard = self._behind_gate(states, sound)
        sound /= 32_768.0
        scores = [0.0] * len(states)
        if heard:
            for index, score in zip(heard, self._infer([states[i] for i in heard], sound[heard]), strict=True):
                scores[index] = score
        for state, row in zip(states, sound, strict=True):
            state.context[:] = row[-_CONTEXT:]
        return scores

    def _behind_gate(self, states: Sequence[VoiceState], sound: NDArray[np.float32]) -> list[int]:
        """Which streams the model must hear."""
        if self._gate is None:
            return list(range(len(states)))
        quiet = np.einsum("ij,ij->i", sound, sound) < self._quiet_power * WINDOW
        heard = []
        for index, state in enumerate(states):
            if not isinstance(state, SileroState):
                raise TypeError("states come from this adapter's start()")
            state.quiet_windows = state.quiet_windows + 1 if quiet[index] else 0
            if state.quiet_windows <= self._close_after:
                heard.append(index)
            elif state.quiet_windows == self._forget_after:
                state.memory[:] = 0.0
        return heard

    def _infer(self, states: Sequence[VoiceState], sound: NDArray[np.float32]) -> list[float]:
        context = np.stack([state.context for state in states])
        memory = np.stack([state.memory for state in states], axis=1)
        probability, memory_after = self._session.run(
            ["output", "stateN"],
            {"input": np.concatenate((context, sound), axis=1), "state": memory, "sr": self._rate},
        )
        for position, state in enumerate(states):
            state.memory[:] = memory_after[:, position]
        return [float(value) for value in probability[:, 0]]
