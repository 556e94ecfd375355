"""The packaged encoder: an utterance in, its meaning and a score for each label out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from callbot.conversation.understand.features import Vector
from callbot.errors import BadInput

PACKAGED = Path(__file__).parent / "data" / "encoder.onnx"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Encoded:
    """An utterance as the encoder sees it."""

    meaning: Vector
    """Of length 1; from a layer that the labels have not shaped."""
    scores: Vector
    """Intents, emotions and signals in the order of the heads."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Encoder:
    """The encoder with its tokenizer: a few milliseconds of one core for an utterance."""

    session: Any
    tokenizer: Tokenizer
    prefix: tuple[int, ...]
    """Tokens that stand before every utterance."""
    suffix: tuple[int, ...]
    longest: int
    """Tokens of an utterance that count, the last ones: there people say what they want."""

    def __call__(self, text: str) -> Encoded:
        tokens = self.tokenizer.encode(text, add_special_tokens=False).ids[-self.longest :]
        given = np.array([*self.prefix, *tokens, *self.suffix], dtype=np.int64)
        meaning, scores = self.session.run(None, {"tokens": given})
        return Encoded(meaning=meaning[0] / max(float(np.linalg.norm(meaning)), 1e-6), scores=scores[0])


@cache
def load_encoder(path: Path = PACKAGED) -> Encoder:
    """The encoder in `path`, read once in a process. Raises `BadInput` when it is missing or broken."""
    options = onnxruntime.SessionOptions()
    # One thread: calls need the other cores, and more would wait for work in spin loops.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        about = session.get_modelmeta().custom_metadata_map
        return Encoder(
            session=session,
            tokenizer=Tokenizer.from_str(about["tokenizer"]),
            prefix=tuple(json.loads(about["prefix"])),
            suffix=tuple(json.loads(about["suffix"])),
            longest=int(about["longest"]),
        )
    except Exception as error:  # the runtime and the tokenizer export no common base of what they raise
        raise BadInput.one(
            str(path), f"编码模型加载不了：{error}", "运行 python bench/tune_encoder.py"
        ) from None
