"""Mandarin text to the phonemes that Kokoro 1.0 was trained on.

Hanzi go through misaki's legacy Mandarin set (tones as arrows), which is the one of the 1.0 model; the Bopomofo
set of its version 1.1 belongs to another model. Latin words are said from a short list or letter by letter.
"""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Callable
from functools import cache

from asr_tts.spoken_form import spoken_form

_PIECES = re.compile(r"[\u3400-\u9fff]+|[A-Za-z]+|[^\u3400-\u9fffA-Za-z]+")
_PAUSES = str.maketrans(
    {
        **dict.fromkeys("，、,", ", "),
        **dict.fromkeys("。．\n", ". "),
        **dict.fromkeys("！!", "! "),
        **dict.fromkeys("？?", "? "),
        **dict.fromkeys("：:", ": "),
        **dict.fromkeys("；;", "; "),
        **dict.fromkeys("—–", "—"),
        **dict.fromkeys("“”\"'‘’《》「」【】（）()[]·*_-/\\|<>", " "),
    }
)
# fmt: off
_LETTERS = {
    "a": "ˈA", "b": "bˈi", "c": "sˈi", "d": "dˈi", "e": "ˈi", "f": "ˈɛf", "g": "ʤˈi",
    "h": "ˈAʧ", "i": "ˈI", "j": "ʤˈA", "k": "kˈA", "l": "ˈɛl", "m": "ˈɛm", "n": "ˈɛn",
    "o": "ˈO", "p": "pˈi", "q": "kjˈu", "r": "ˈɑɹ", "s": "ˈɛs", "t": "tˈi", "u": "jˈu",
    "v": "vˈi", "w": "dˈʌbᵊlju", "x": "ˈɛks", "y": "wˈI", "z": "zˈi",
}
# fmt: on
_WORDS = {
    "wifi": "wˈIfˌI",
    "plus": "plˈʌs",
    "pro": "pɹˈO",
    "max": "mˈæks",
    "mini": "mˈɪni",
    "iphone": "ˈIfˌOn",
    "ipad": "ˈIpˌæd",
    "email": "ˈimˌAl",
    "hello": "həlˈO",
    "hi": "hˈI",
    "bye": "bˈI",
    "yes": "jˈɛs",
    "no": "nˈO",
}


def phonemes(text: str) -> str:
    """Phonemes of `text` with its pauses; empty when there is nothing to say."""
    said = spoken_form(text)
    parts: list[str] = []
    for piece in _PIECES.findall(said):
        if "\u3400" <= piece[0] <= "\u9fff":
            parts.append(_hanzi(piece))
        elif piece[0].isascii() and piece[0].isalpha():
            parts.append(f" {_latin(piece)} ")
        else:
            parts.append(piece.translate(_PAUSES))
    joined = re.sub(r"\s+", " ", "".join(parts)).strip()
    joined = re.sub(r" ([,.!?:;…])", r"\1", joined)
    return joined if any(c.isalpha() for c in joined) else ""


def _latin(word: str) -> str:
    known = None if word.isupper() else _WORDS.get(word.lower())
    return known or " ".join(_LETTERS[c] for c in word.lower())


def _hanzi(run: str) -> str:
    cut, to_ipa = _mandarin()
    words: list[str] = []
    for word in cut(run):
        try:
            words.append(to_ipa(word))
        except (ValueError, KeyError, IndexError):
            words.append("".join(_character(c, to_ipa) for c in word))
    return " ".join(word for word in words if word)


def _character(character: str, to_ipa: Callable[[str], str]) -> str:
    """One character; those without a reading in Mandarin are skipped rather than failing the sentence."""
    try:
        return to_ipa(character)
    except (ValueError, KeyError, IndexError):
        return ""


@cache
def _mandarin() -> tuple[Callable[[str], list[str]], Callable[[str], str]]:
    """Word segmentation and word pronunciation; takes about a second the first time."""
    with warnings.catch_warnings():
        # jieba compiles patterns with invalid escapes and asks for pkg_resources
        warnings.simplefilter("ignore")
        import jieba
        from misaki.zh import ZHG2P

        jieba.setLogLevel(logging.ERROR)
        jieba.initialize()

    def to_ipa(word: str) -> str:
        return str(ZHG2P.word2ipa(word)).replace("\u032f", "")

    return jieba.lcut, to_ipa
