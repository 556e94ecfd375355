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
_LEARNT_AT_ONCE: Final = 0.2
"""Weight of one more window of noise: the estimate follows within a fifth of a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyGate:
    """Keeps the model from listening to nothing but the line's own noise.

    A window is quiet when it is no louder than the noise of its line, which is learnt from windows that the
    model takes for no speech. A quiet window scores 0, whatever the model still makes of what came before it:
    speech ends where its sound does. After a run of quiet windows the model is fed nothing and its memory
    rests in the noise it last heard; after a long rest the memory is fresh again.
    """

    floor_dbov: float = -56.0
    """Quiet on any line: under comfort noise, 30 dB under normal speech."""
    ceiling_dbov: float = -45.0
    """Noise above it is never taken for quiet: soft speech may lie in it."""
    margin_db: float = 4.0
    """How far above the learnt noise a window is still quiet; steady noise varies by half a decibel."""
    noise_below: float = 0.1
    """The score under which a window teaches what the line's noise is."""
    close_after_ms: int = 256
    forget_after_ms: int = 3_000


@dataclass(slots=True, eq=False)
class SileroState(VoiceState):
    """Adds what the gate knows of the line to what the model remembers."""

    noise_power: float = 0.0
    """Mean square of a sample, in 16-bit units; 0 until learnt."""
    quiet_windows: int = 0
    """Length of the current quiet."""


class _Gate:
    """`EnergyGate` in the units of the samples, applied to states."""

    def __init__(self, gate: EnergyGate) -> None:
        window_ms = WINDOW * 1000 // LINE_RATE
        self._floor = _power(gate.floor_dbov)
        self._ceiling = _power(gate.ceiling_dbov)
        self._margin = 10 ** (gate.margin_db / 10)
        self._noise_below = gate.noise_below
        self._close_after = -(-gate.close_after_ms // window_ms)
        self._forget_after = -(-gate.forget_after_ms // window_ms)

    def heard(self, states: Sequence[VoiceState], power: Sequence[float]) -> list[int]:
        """Which streams the model must hear."""
        heard = []
        for index, state in enumerate(states):
            if not isinstance(state, SileroState):
                raise TypeError("states come from this adapter's start()")
            if power[index] >= max(self._floor, state.noise_power * self._margin):
                state.quiet_windows = 0
                heard.append(index)
                continue
            state.quiet_windows += 1
            if state.quiet_windows <= self._close_after:
                heard.append(index)
            elif state.quiet_windows == self._forget_after:
                state.memory[:] = 0.0
        return heard

    def judged(self, state: VoiceState, power: float, score: float) -> float:
        """What the model's score of a window comes to; learns the noise of the line."""
        if not isinstance(state, SileroState):
            raise TypeError("states come from this adapter's start()")
        if score < self._noise_below:
            step = _LEARNT_AT_ONCE if state.noise_power else 1.0
            state.noise_power += step * (min(power, self._ceiling) - state.noise_power)
        return 0.0 if state.quiet_windows else score


def _power(dbov: float) -> float:
    return float((32_768.0 * 10 ** (dbov / 20)) ** 2)


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
        self._gate = _Gate(gate) if gate else None

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
        sound = np.concatenate(windows).astype(np.float32)
        if len(sound) != WINDOW * len(windows):
            raise ValueError(f"a window is {WINDOW} samples, not {sorted({len(one) for one in windows})}")
        sound = sound.reshape(-1, WINDOW)
        power: list[float] = (np.einsum("ij,ij->i", sound, sound) / WINDOW).tolist()
        heard = self._gate.heard(states, power) if self._gate else range(len(states))
        sound /= 32_768.0
        scores = [0.0] * len(states)
        if heard:
            for index, score in zip(heard, self._infer([states[i] for i in heard], sound[heard]), strict=True):
                scores[index] = self._gate.judged(states[index], power[index], score) if self._gate else score
        for state, tail in zip(states, sound[:, -_CONTEXT:], strict=True):
            state.context = tail
        return scores

    def _infer(self, states: Sequence[VoiceState], sound: NDArray[np.float32]) -> list[float]:
        context = np.concatenate([state.context for state in states]).reshape(-1, _CONTEXT)
        memory = np.concatenate([state.memory for state in states]).reshape(-1, *_MEMORY).transpose(1, 0, 2)
        probability, memory_after = self._session.run(
            ["output", "stateN"],
            {"input": np.concatenate((context, sound), axis=1), "state": memory, "sr": self._rate},
        )
        for position, state in enumerate(states):
            state.memory[:] = memory_after[:, position]
        scores: list[float] = probability[:, 0].tolist()
        return scores
