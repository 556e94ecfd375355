"""Words by their sound, as far as a telephone and a recogniser keep sounds apart."""

from __future__ import annotations

from functools import lru_cache

from pypinyin import Style, lazy_pinyin

_MERGED = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ng", "n"))
"""Retroflex and flat initials, front and back nasals: what most speakers and lines do not keep apart."""


@lru_cache(maxsize=4096)
def sounds_of(words: str) -> str:
    """Toneless syllables, each between bars: 留言 and 留眼 are both `|liu|yan|`."""
    syllables = lazy_pinyin(words, style=Style.NORMAL, errors="ignore")
    return "|" + "".join(f"{_merged(syllable)}|" for syllable in syllables)


def _merged(syllable: str) -> str:
    for apart, together in _MERGED:
        syllable = syllable.replace(apart, together)
    return syllable
