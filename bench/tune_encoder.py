"""Tunes the upper layers of the encoder on written utterances, and writes encoder.onnx.

    pip install -r requirements/dev.txt -r bench/requirements-tuning.txt    # in a venv of its own
    python bench/tune_encoder.py

Needs torch and onnx, which callbot itself never needs; a quarter of an hour of one core, no accelerator. The
lower layers stay as they were pretrained: what they make of each spelling is computed once, by the graph that
will run in calls. Intents, emotions and signals are learnt together, since what an utterance wants and how it
feels explain each other. Files in `UNSEEN` are left out, so that `bench/train_reader.py` can weigh the encoder
on them.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from bench.reader_data import Example, examples, variant
from bench.reader_encoder import LONGEST, Pretrained, around, pretrained, tokenizer, upper, upper_parameters
from bench.reader_export import export
from bench.reader_targets import EMOTIONS, INTENTS, SIGNALS, emotion_of, intent_of, signal_targets
from bench.train_reader import UNSEEN
from callbot.conversation.understand.encoder import PACKAGED
from callbot.conversation.understand.normal import essence

LOWER = 8
"""Layers that stay as they were pretrained."""
SPELLINGS = 2
"""Each utterance as written, and once as a telephone recogniser may spell it."""
BATCH = 32
RATE, HEAD_RATE, DECAY = 5e-4, 1e-2, 0.9
"""Learning rates of the highest layer and of the scores; each layer below learns slower by `DECAY`."""
WARM = 0.08
"""Share of the steps in which the rate rises."""
DROPOUT = 0.1
SMOOTHING = 0.05
FEELING, SIGNALLING = 0.7, 0.5
"""What emotions and signals count beside intents."""
SEED = 1

States = list[NDArray[np.float16]]


def states(model: Pretrained, texts: Sequence[str]) -> States:
    """What the lower layers make of the tokens of each text."""
    cut = tokenizer(model)
    before, behind = around(cut)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lower.onnx"
        export(model.arrays, path, heads=model.heads, epsilon=model.epsilon, lower=LOWER, about={})
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    found = []
    for text in texts:
        tokens = cut.encode(text, add_special_tokens=False).ids[-LONGEST:]
        given = np.array([*before, *tokens, *behind], dtype=np.int64)
        found.append(session.run(None, {"tokens": given})[0].astype(np.float16))
    return found


def batches(
    spellings: Sequence[States], chance: random.Random
) -> Iterator[list[tuple[NDArray[np.float16], int]]]:
    """Every utterance once, in one of its spellings; those of like length together."""
    items = [(chance.choice(spellings)[number], number) for number in range(len(spellings[0]))]
    chance.shuffle(items)
    found = []
    for start in range(0, len(items), BATCH * 16):
        alike = sorted(items[start : start + BATCH * 16], key=lambda item: len(item[0]))
        found += [alike[place : place + BATCH] for place in range(0, len(alike), BATCH)]
    chance.shuffle(found)
    yield from found


def padded(rows: Sequence[NDArray[np.float16]]) -> tuple[Any, Any]:
    torch: Any = import_module("torch")
    length, width = max(len(row) for row in rows), rows[0].shape[1]
    filled, there = torch.zeros(len(rows), length, width), torch.zeros(len(rows), length, dtype=torch.bool)
    for number, row in enumerate(rows):
        filled[number, : len(row)] = torch.from_numpy(row.astype(np.float32))
        there[number, : len(row)] = True
    return filled, there


class Targets:
    """What is known about each utterance, as tensors, and what a mistake in it costs."""

    def __init__(self, rows: Sequence[Example]) -> None:
        torch: Any = import_module("torch")
        self.intents = torch.tensor([intent_of(row) for row in rows])
        self.emotions = torch.tensor([emotion_of(row) for row in rows])
        shown, certain = signal_targets(rows)
        self.shown, self.certain = torch.from_numpy(shown), torch.from_numpy(certain)
        often = torch.bincount(self.emotions[self.emotions >= 0], minlength=len(EMOTIONS)).float()
        rare = often.clamp(min=1) ** -0.5
        self.rare = rare * often.sum() / (rare @ often)

    def loss(self, scores: Any, numbers: Sequence[int]) -> Any:
        torch: Any = import_module("torch")
        call: Any = torch.nn.functional
        first, second = len(INTENTS), len(INTENTS) + len(EMOTIONS)
        own = list(numbers)
        signals = call.binary_cross_entropy_with_logits(scores[:, second:], self.shown[own], reduction="none")
        cost = SIGNALLING * (signals.sum(1) * self.certain[own]).mean()
        if (self.intents[own] >= 0).any():
            cost = cost + call.cross_entropy(
                scores[:, :first], self.intents[own], ignore_index=-1, label_smoothing=SMOOTHING
            )
        if (self.emotions[own] >= 0).any():
            cost = cost + FEELING * call.cross_entropy(
                scores[:, first:second],
                self.emotions[own],
                ignore_index=-1,
                label_smoothing=SMOOTHING,
                weight=self.rare,
            )
        return cost


def tuned(model: Pretrained, rows: Sequence[Example], epochs: float) -> dict[str, NDArray[np.float32]]:
    """The arrays of `model` with its upper layers learnt, and those of the scores."""
    torch: Any = import_module("torch")
    call: Any = torch.nn.functional
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    chance = random.Random(SEED)
    texts = [row.core for row in rows]
    spellings = [states(model, texts)]
    for _ in range(SPELLINGS - 1):
        heard = [essence(variant(row.text, chance)) or row.core for row in rows]
        spellings.append(states(model, heard))
    targets = Targets(rows)
    layers = upper_parameters(model, LOWER)
    outputs = len(INTENTS) + len(EMOTIONS) + len(SIGNALS)
    weight = torch.zeros(outputs, model.width, requires_grad=True)
    bias = torch.zeros(outputs)
    bias[-len(SIGNALS) :] = -4.0
    bias.requires_grad_(True)
    with torch.no_grad():
        some = [
            upper(layers, *padded(spellings[0][start : start + 50]), model, dropout=0.0)
            for start in range(0, len(rows), 500)
        ]
        before = torch.cat(some)
        centre, spread = before.mean(0), before.std(0).mean()
    groups: list[dict[str, Any]] = [
        {"params": [value], "lr": RATE * DECAY ** (model.layers - 1 - int(name.split(".")[0]))}
        for name, value in layers.items()
    ]
    groups.append({"params": [weight, bias], "lr": HEAD_RATE})
    optimiser = torch.optim.AdamW(groups, weight_decay=0.01)
    rates = [group["lr"] for group in optimiser.param_groups]
    learnt = [value for group in groups for value in group["params"]]
    steps, step = int(epochs * len(rows) / BATCH), 0
    while step < steps:
        for batch in batches(spellings, chance):
            if step >= steps:
                break
            share = min(1.0, step / (WARM * steps)) * (1 - step / steps)
            for group, rate in zip(optimiser.param_groups, rates, strict=True):
                group["lr"] = rate * share
            with torch.autocast("cpu", torch.bfloat16):
                vectors = upper(layers, *padded([row for row, _ in batch]), model, dropout=DROPOUT)
            seen = call.dropout((vectors.float() - centre) / spread, DROPOUT)
            cost = targets.loss(call.linear(seen, weight, bias), [number for _, number in batch])
            optimiser.zero_grad()
            cost.backward()
            torch.nn.utils.clip_grad_norm_(learnt, 1.0)
            optimiser.step()
            step += 1
            if step % 100 == 0:
                print(f"step {step} of {steps}: {cost.item():.3f}", flush=True)
    scores = weight.detach() / spread
    found = {name: value.detach().numpy() for name, value in layers.items()}
    return (
        dict(model.arrays)
        | found
        | {"head.weight": scores.numpy(), "head.bias": (bias.detach() - scores @ centre).numpy()}
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=float, default=4.0)
    parser.add_argument("--out", type=Path, default=PACKAGED)
    args = parser.parse_args()
    model = pretrained()
    rows = [row for row in examples() if row.file not in UNSEEN]
    print(f"{len(rows)} utterances, {len(model.pieces)} pieces", flush=True)
    arrays = tuned(model, rows, args.epochs)
    write(model, arrays, args.out)
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.1f} MB; now run python bench/train_reader.py")


def write(model: Pretrained, arrays: dict[str, NDArray[np.float32]], path: Path) -> None:
    """The whole encoder with what `callbot.conversation.understand.encoder` wants to know about it."""
    cut = tokenizer(model)
    before, behind = around(cut)
    about = {
        "tokenizer": cut.to_str(),
        "prefix": str(before),
        "suffix": str(behind),
        "longest": str(LONGEST),
    }
    export(arrays, path, heads=model.heads, epsilon=model.epsilon, lower=LOWER, about=about)


if __name__ == "__main__":
    main()
