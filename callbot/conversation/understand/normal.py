"""One spelling for everything heard: simplified characters, half width, no spaces, no filler words."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Any

_FILLERS = re.compile(
    r"(?:^|(?<=[，。？！]))(?:嗯+|呃+|额+|啊+|哎+|诶+|唉+|哦+|噢+|喔+|那个|就是说|这个)+[，]?(?=.{2,})"
)
_PUNCTUATION = re.compile(r"[，,、；;:：…～~\-—]+")
_STOPS = re.compile(r"[。.!！]+")
_QUOTES = re.compile(r"[\"'“”‘’《》【】\[\]()（）]+")
_DECIMAL = re.compile(r"(?<=\d)[.:](?=\d)")


@cache
def _simplify() -> Any:
    import opencc

    return opencc.OpenCC("t2s")


def plain(text: str) -> str:
    """`text` in one spelling: simplified, lower case, half width; clauses parted by ，。？ and nothing else."""
    text = unicodedata.normalize("NFKC", text).lower()
    if any(ord(character) > 0x2E7F for character in text):
        text = _simplify().convert(text)
    text = _DECIMAL.sub(lambda mark: "\0" if mark.group(0) == "." else "\2", text)
    text = re.sub(r"(?<=[a-z])\s+(?=[a-z])", "\1", text)
    text = re.sub(r"\s+", "", text).replace("\1", " ")
    text = _QUOTES.sub("", text)
    text = re.sub(r"[?]+", "？", text)
    text = _STOPS.sub("。", _PUNCTUATION.sub("，", text))
    text = text.replace("\0", ".").replace("\2", ":")
    return text.strip("，。")


def essence(text: str) -> str:
    """`plain` without punctuation and without filler words at the start of clauses; may be empty."""
    return re.sub(r"[，。？！]+", "", _FILLERS.sub("", plain(text)))
