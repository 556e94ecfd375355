"""Trains the heads of the local reader on bench/understanding/train and bench/understanding/signals.

    python bench/train_reader.py --held-out wide_two,grievances   # how well it does on authors it has not read
    python bench/train_reader.py                                  # learn everything, write heads.npz

Each head is a kernel ridge regression: a linear kernel over pieces of characters and sounds plus a Gaussian
kernel over meanings, which the encoder of `bench/tune_encoder.py` gives. Utterances are learnt as written and
once as a telephone recogniser may spell them. What the kernel says and what the encoder says are weighed on
files that the encoder has not learnt (`UNSEEN`), each left out of the kernel in its turn, so that probabilities
mean what they say.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve  # type: ignore[import-untyped]
from scipy.optimize import minimize  # type: ignore[import-untyped]
from scipy.sparse import csr_matrix  # type: ignore[import-untyped]
from sklearn.metrics import classification_report, f1_score
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped, unused-ignore]

from bench.reader_data import Example, examples, variant
from bench.reader_targets import EMOTIONS, INTENTS, SIGNALS, emotion_of, intent_of, signal_targets
from callbot.conversation.understand.encoder import PACKAGED as ENCODER
from callbot.conversation.understand.encoder import load_encoder
from callbot.conversation.understand.features import direction, known, likeness, pieces
from callbot.conversation.understand.heads import PACKAGED, packed
from callbot.conversation.understand.normal import essence

Array = NDArray[np.float32]

UNSEEN = ("grievances", "wide_two", "feelings_three")
"""Files that `bench/tune_encoder.py` has not shown to the encoder either."""
AXES = 192
"""Main directions of the meanings that are kept."""
PIECES = 1.5
"""Weight of the pieces beside the meaning."""
RARE = 2
"""In how many spellings a piece must occur."""
STRENGTH = 0.4
"""How much the model is held back."""
EVEN = 0.6
"""How far rare and common emotions are evened out: 0 not at all, 1 fully."""
SEED = 20
CACHE = Path(tempfile.gettempdir()) / "callbot-encoded.npz"


class Space:
    """Where utterances lie next to each other; learns which pieces exist and what they weigh."""

    def __init__(self, texts: Sequence[str], meanings: Array) -> None:
        counts: dict[str, int] = {}
        for text in texts:
            for piece in pieces(text):
                counts[piece] = counts.get(piece, 0) + 1
        kept = sorted(piece for piece, count in counts.items() if count >= RARE)
        self.vocabulary = {piece: index for index, piece in enumerate(kept)}
        self.weights = np.array([np.log(len(texts) / counts[piece]) for piece in kept], dtype=np.float32) ** 0.5
        self.centre = meanings.mean(axis=0)
        spread = (meanings - self.centre).T @ (meanings - self.centre)
        self.axes: Array = np.linalg.svd(spread)[0][:, :AXES].copy()

    def rows(self, texts: Sequence[str], meanings: Array) -> tuple[csr_matrix, Array]:
        """Weighted pieces and direction of each text."""
        found = [known(text, self.vocabulary, self.weights) for text in texts]
        starts = np.cumsum([0, *(len(columns) for columns, _ in found)])
        columns = np.concatenate([columns for columns, _ in found])
        values = np.concatenate([values for _, values in found])
        return (
            csr_matrix((values, columns, starts), shape=(len(texts), len(self.weights))),
            direction(meanings, self.centre, self.axes),
        )


def kernel(some: tuple[csr_matrix, Array], others: tuple[csr_matrix, Array]) -> Array:
    near: Array = likeness(some[1], others[1])
    near += PIECES * (some[0] @ others[0].T).toarray()
    return near


def solved(near: Array, goals: Array, weights: Array) -> Array:
    """Weights of examples by labels. `near` is spoilt; examples of no weight get none."""
    use = np.flatnonzero(weights > 0)
    small = near if len(use) == len(near) else near[np.ix_(use, use)]
    small[np.diag_indices_from(small)] += STRENGTH / weights[use]
    answer = np.zeros_like(goals)
    answer[use] = cho_solve(
        cho_factor(small, lower=True, overwrite_a=True, check_finite=False), goals[use], check_finite=False
    )
    return answer


def usual_feelings(rows: Sequence[Example]) -> Array:
    """Share of each emotion in each row: its own, or where nobody noted one, what is usual for its intent."""
    intents = np.array([intent_of(row) for row in rows])
    emotions = np.array([emotion_of(row) for row in rows])
    known = emotions >= 0
    usual = np.zeros((len(INTENTS), len(EMOTIONS)), dtype=np.float32)
    np.add.at(usual, (intents[known], emotions[known]), 1)
    usual /= np.maximum(usual.sum(axis=1, keepdims=True), 1)
    shares: Array = np.eye(len(EMOTIONS), dtype=np.float32)[emotions]
    shares[~known] = usual[intents[~known]]
    return shares


class Kernel:
    """The regression over some examples: their written and their misheard spelling, signals as written."""

    def __init__(self, rows: Sequence[Example], heard: Sequence[str], vectors: dict[str, Array]) -> None:
        said = [row for row in rows if not row.signal or intent_of(row)]
        told = [row for row in rows if row.signal and not intent_of(row)]
        spelled = dict(zip((row.core for row in rows), heard, strict=True))
        self.texts = (
            [row.core for row in said] + [spelled[row.core] for row in said] + [row.core for row in told]
        )
        meanings = np.array([vectors[text] for text in self.texts])
        self.space = Space(self.texts, meanings)
        self.rows = self.space.rows(self.texts, meanings)
        near = kernel(self.rows, self.rows)
        count = len(said)
        emotions = np.array([emotion_of(row) for row in said])
        often = np.bincount(emotions[emotions >= 0], minlength=len(EMOTIONS))
        weights = np.where(emotions >= 0, (1.0 / np.maximum(often, 1))[emotions] ** EVEN, 0.0)
        weights[emotions < 0] = weights[emotions >= 0].mean()
        weights /= weights.mean()
        both = np.concatenate([weights, weights * 0.5, np.zeros(len(told))]).astype(np.float32)
        feelings = usual_feelings(said)
        goals = np.zeros((len(self.texts), len(INTENTS) + len(EMOTIONS)), dtype=np.float32)
        for number, row in enumerate(said):
            for place in (number, number + count):
                goals[place, intent_of(row)] = 1
                goals[place, len(INTENTS) :] = feelings[number]
        goals[: 2 * count, : len(INTENTS)] -= 1 / len(INTENTS)
        goals[: 2 * count, len(INTENTS) :] -= 1 / len(EMOTIONS)
        answers = solved(near.copy(), goals, both)
        shown, certain = signal_targets([*said, *told])
        places = np.r_[0:count, 2 * count : len(self.texts)]
        wanted = np.zeros((len(self.texts), len(SIGNALS)), dtype=np.float32)
        trusted = np.zeros(len(self.texts), dtype=np.float32)
        wanted[places], trusted[places] = shown, certain
        self.answers = {
            "intent": answers[:, : len(INTENTS)],
            "emotion": answers[:, len(INTENTS) :],
            "signal": solved(near, wanted, trusted),
        }

    def scores(self, texts: Sequence[str], vectors: dict[str, Array]) -> dict[str, Array]:
        near = kernel(self.space.rows(texts, np.array([vectors[text] for text in texts])), self.rows)
        return {name: near @ answer for name, answer in self.answers.items()}


def encoded(texts: Sequence[str], path: Path) -> tuple[dict[str, Array], dict[str, Array]]:
    """Meanings and scores by text, remembered between runs with the same encoder."""
    own = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    remembered: dict[str, Array] = {}
    if CACHE.exists():
        with np.load(CACHE, allow_pickle=False) as data:
            if str(data["encoder"]) == own:
                remembered = dict(zip(data["texts"].tolist(), data["values"], strict=True))
    encoder = load_encoder(path)
    missing = sorted(set(texts) - set(remembered))
    for number, text in enumerate(missing, start=1):
        found = encoder(text)
        remembered[text] = np.concatenate([found.meaning, found.scores])
        if number % 500 == 0 or number == len(missing):
            print(f"\rencoded {number}/{len(missing)}", end="", flush=True)
    if missing:
        print()
        np.savez(
            CACHE, encoder=own, texts=np.array(list(remembered)), values=np.array(list(remembered.values()))
        )
    width = len(next(iter(remembered.values()))) - len(INTENTS) - len(EMOTIONS) - len(SIGNALS)
    return (
        {text: remembered[text][:width] for text in texts},
        {text: remembered[text][width:] for text in texts},
    )


def trust(kernels: Array, outputs: Array, truth: NDArray[np.intp]) -> tuple[float, float, float]:
    """How much kernel and encoder count, so that confidence means accuracy on unseen utterances."""

    def loss(logarithms: Array) -> float:
        summed = np.exp(logarithms[0]) * kernels + np.exp(logarithms[1]) * outputs
        summed = summed - summed.max(axis=1, keepdims=True)
        chances = summed[np.arange(len(truth)), truth] - np.log(np.exp(summed).sum(axis=1))
        return float(-chances.mean())

    best = minimize(loss, np.array([2.0, -1.0]), method="Nelder-Mead").x
    return float(np.exp(best[0])), float(np.exp(best[1])), 0.0


def trust_signals(kernels: Array, outputs: Array, shown: Array, certain: Array) -> tuple[float, float, float]:
    """The same for signals, which do not exclude each other, with what is added to each."""

    def loss(values: Array) -> float:
        summed = np.exp(values[0]) * kernels + np.exp(values[1]) * outputs + values[2]
        each = np.logaddexp(0, summed) - shown * summed
        return float((each.mean(axis=1) * certain).sum() / certain.sum())

    best = minimize(loss, np.array([1.5, -1.0, -3.0]), method="Nelder-Mead", options={"maxiter": 400}).x
    return float(np.exp(best[0])), float(np.exp(best[1])), float(best[2])


def parts(scores: Array) -> dict[str, Array]:
    """The encoder's scores by head."""
    first, second = len(INTENTS), len(INTENTS) + len(EMOTIONS)
    return {"intent": scores[:, :first], "emotion": scores[:, first:second], "signal": scores[:, second:]}


def unread(
    rows: Sequence[Example], heard: Sequence[str], held: Sequence[str], vectors: dict[str, Array]
) -> tuple[list[Example], dict[str, Array]]:
    """The rows of the files `held`, and what a kernel that has learnt all files but theirs makes of them."""
    outside: list[Example] = []
    scores: list[dict[str, Array]] = []
    for name in held:
        inside = [number for number, row in enumerate(rows) if row.file != name]
        own = [row for row in rows if row.file == name]
        fold = Kernel([rows[number] for number in inside], [heard[number] for number in inside], vectors)
        scores.append(fold.scores([row.core for row in own], vectors))
        outside += own
        print(f"{name}: {len(own)} utterances left out, {len(inside)} learnt", flush=True)
    return outside, {head: np.concatenate([one[head] for one in scores]) for head in scores[0]}


def weighed(
    rows: Sequence[Example], by_kernel: dict[str, Array], outputs: dict[str, Array]
) -> dict[str, tuple[float, float, float]]:
    """Fits what each opinion counts on `rows`, which neither has learnt, and prints what both make of them."""
    by_encoder = parts(np.array([outputs[row.core] for row in rows]))
    found = {}
    for name, labels, of in (("intent", INTENTS, intent_of), ("emotion", EMOTIONS, emotion_of)):
        truth = np.array([of(row) for row in rows])
        use = truth >= 0
        kernels, scores, truth = by_kernel[name][use], by_encoder[name][use], truth[use]
        found[name] = trust(kernels, scores, truth)
        both = found[name][0] * kernels + found[name][1] * scores
        present = sorted(set(truth.tolist()))
        for who, guess in (("kernel", kernels), ("encoder", scores), ("both", both)):
            share = f1_score(truth, guess.argmax(axis=1), average="macro", labels=present)
            print(f"{name}, {who}: macro-F1 {share:.3f} on {len(truth)} utterances of unread authors")
        print(
            classification_report(
                truth,
                both.argmax(axis=1),
                labels=range(len(labels)),
                target_names=labels,
                digits=3,
                zero_division=0,
            )
        )
    shown, certain = signal_targets(rows)
    found["signal"] = trust_signals(by_kernel["signal"], by_encoder["signal"], shown, certain)
    print(
        "trust",
        {name: tuple(round(value, 3) for value in values) for name, values in found.items()},
        flush=True,
    )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--held-out", default=",".join(UNSEEN), help="files that are measured, not learnt")
    parser.add_argument("--encoder", type=Path, default=ENCODER)
    parser.add_argument("--out", type=Path, default=PACKAGED)
    parser.add_argument("--only-check", action="store_true")
    args = parser.parse_args()
    threadpool_limits(limits=1, user_api="blas")

    chance = random.Random(SEED)
    rows = examples()
    heard = [essence(variant(row.text, chance)) or row.core for row in rows]
    vectors, outputs = encoded([row.core for row in rows] + heard, args.encoder)
    print(f"{len(rows)} written utterances", flush=True)
    outside, by_kernel = unread(rows, heard, args.held_out.split(","), vectors)
    trusts = weighed(outside, by_kernel, outputs)
    if args.only_check:
        return
    whole = Kernel(rows, heard, vectors)
    arrays: dict[str, Any] = {
        "centre": whole.space.centre.astype(np.float32),
        "axes": whole.space.axes.astype(np.float16),
        "piece_weights": whole.space.weights.astype(np.float16),
        "vocabulary": np.frombuffer("\n".join(whole.space.vocabulary).encode(), dtype=np.uint8),
    }
    arrays |= {f"supports{ending}": values for ending, values in packed(whole.rows[1]).items()}
    for name, labels in (("intent", INTENTS), ("emotion", EMOTIONS), ("signal", SIGNALS)):
        answers = whole.answers[name]
        arrays |= {f"{name}_examples{ending}": values for ending, values in packed(answers).items()}
        by_pieces = PIECES * (whole.rows[0].T @ answers)
        arrays |= {f"{name}_pieces{ending}": values for ending, values in packed(by_pieces).items()}
        arrays |= {f"{name}_labels": np.array(labels), f"{name}_trust": np.array(trusts[name])}
    args.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(args.out, **arrays)
    print(f"{args.out}: {args.out.stat().st_size / 1024:.0f} KiB, {len(whole.space.vocabulary)} pieces")


if __name__ == "__main__":
    main()
