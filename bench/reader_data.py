"""What the reader learns from: written utterances, near-duplicates, and how a bad line spells them."""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from callbot.conversation.labels import Emotion, Intent, Signal
from callbot.conversation.sounds import sounds_of
from callbot.conversation.understand.normal import essence

FOLDER = Path(__file__).parent / "understanding"
CONVERSATIONS = "calls"
"""The file of whole conversations, by which thresholds are set; nothing is learnt from it."""
NOTHING = "none"
"""The signal of an utterance that only sounds like one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One utterance with what is known about it; an empty label is not known."""

    text: str
    intent: str = ""
    emotion: str = ""
    signal: str = ""
    """A `Signal`, `NOTHING`, or empty."""
    asks: str = ""
    """The question without which it means something else."""
    file: str = ""

    @property
    def core(self) -> str:
        return essence(self.text)


def examples(folder: Path = FOLDER) -> list[Example]:
    """All rows of `train` and `signals` in the order of their files.

    What only its question explains (`asks`, or `turns` before it) is left out, since the reader resolves it in
    `callbot.conversation.understand.context`; what occurs twice is learnt once. Ends the program with file and
    line of a row that cannot be used.
    """
    found: list[Example] = []
    seen: set[str] = set()
    for path in sorted([*(folder / "train").glob("*.jsonl"), *(folder / "signals").glob("*.jsonl")]):
        if path.stem == CONVERSATIONS:
            continue
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
            example = _example(path, number, line)
            if not example.asks and example.core and example.core not in seen:
                seen.add(example.core)
                found.append(example)
    return found


def _example(path: Path, number: int, line: str) -> Example:
    try:
        row = json.loads(line)
        signal = row.get("signal", "")
        return Example(
            text=row["text"],
            intent=Intent(row["intent"]).value if "intent" in row else "",
            emotion=Emotion(row["emotion"]).value if "emotion" in row else "",
            signal=signal if signal in ("", NOTHING) else Signal(signal).value,
            asks=row.get("asks", "") or ("turns" if row.get("turns") else ""),
            file=path.stem,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise SystemExit(f"{path}, line {number}: {error!r}; correct the line") from None


def pairs(text: str) -> set[str]:
    """Pairs of neighbouring characters of `essence`; of a single character, itself."""
    return {text[place : place + 2] for place in range(len(text) - 1)} or {text}


def nearest(texts: Sequence[str], others: Iterable[str]) -> list[float]:
    """For each of `texts`, the greatest share of character pairs that it has in common with one of `others`."""
    known = [pairs(other) for other in others]
    having: dict[str, list[int]] = defaultdict(list)
    for number, own in enumerate(known):
        for pair in own:
            having[pair].append(number)
    shares = []
    for text in texts:
        own = pairs(text)
        common = Counter(other for pair in own for other in having[pair])
        shares.append(
            max(
                (count / (len(own) + len(known[other]) - count) for other, count in common.items()), default=0.0
            )
        )
    return shares


def families(texts: Sequence[str], share: float = 0.5) -> list[int]:
    """The family of each text: near-duplicates, which have `share` of their character pairs in common."""
    own = [pairs(text) for text in texts]
    family = list(range(len(texts)))

    def head(number: int) -> int:
        while family[number] != number:
            family[number] = family[family[number]]
            number = family[number]
        return number

    having: dict[str, list[int]] = defaultdict(list)
    for number, runs in enumerate(own):
        common = Counter(other for pair in runs for other in having[pair])
        for other, count in common.items():
            if count / (len(runs) + len(own[other]) - count) >= share:
                family[head(number)] = head(other)
        for pair in runs:
            having[pair].append(number)
    return [head(number) for number in range(len(texts))]


@cache
def _homophones() -> dict[str, tuple[list[str], list[int]]]:
    """Characters by their sound as a telephone carries it, with how common each is."""
    # Its source makes Python warn of escapes, so that only who needs it imports it.
    import jieba

    jieba.initialize()
    table: dict[str, tuple[list[str], list[int]]] = defaultdict(lambda: ([], []))
    common = Counter(
        {word: count for word, count in jieba.dt.FREQ.items() if len(word) == 1 and "一" <= word <= "鿿"}
    )
    for character, count in common.most_common(3000):
        characters, counts = table[sounds_of(character)]
        characters.append(character)
        counts.append(count)
    return table


def misheard(text: str, rate: float, chance: random.Random) -> str:
    """`text` as a recogniser spells it from a bad line: `rate` of its characters lost or exchanged."""
    heard = []
    for character in text:
        if not "一" <= character <= "鿿" or chance.random() > rate:
            heard.append(character)
            continue
        characters, counts = _homophones().get(sounds_of(character), ([], []))
        if chance.random() < 0.15:
            continue
        heard.append(
            chance.choices(characters, weights=[count**0.5 for count in counts])[0] if characters else character
        )
    return "".join(heard) or text


def variant(text: str, chance: random.Random) -> str:
    """One more way in which an utterance may arrive: other particles and fillers, some of it misheard."""
    text = text.replace(" ", "")
    if chance.random() < 0.3:
        text = text.rstrip("啊吧呢嘛呀了的啦吗") or text
    if chance.random() < 0.25 and len(text) > 2:
        text = chance.choice(["嗯", "那个", "啊", "哎", "就是", "喂", "哦", "我说"]) + text
    if chance.random() < 0.15 and len(text) > 2:
        text += chance.choice(["啊", "吧", "呢", "嘛", "哈", "哦", "那个"])
    return misheard(text, 0.12, chance)
