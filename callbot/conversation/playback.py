"""How much of a speech reached the callee, as text."""

from __future__ import annotations

MS_PER_CHARACTER = 230
"""Length of one spoken Chinese character, assumed while a speech is not fully synthesised."""
_KEEP_TOGETHER = "0123456789.%:"
_BREAKS = "，。！？；：、,!?; "


def heard_prefix(text: str, *, heard_ms: int, made_ms: int, whole: bool, finished: bool) -> str:
    """The part of `text` that was heard, always a prefix of it.

    `heard_ms` of sound were heard; `made_ms` of sound exist so far and are the `whole` speech or not.
    A cut inside a clause falls on a character by its share of the time, never inside a number, and never
    leaves a punctuation mark hanging that nobody heard.
    """
    if finished:
        return text
    if heard_ms <= 0 or not text:
        return ""
    total_ms = made_ms if whole else max(made_ms, len(text) * MS_PER_CHARACTER)
    if total_ms <= 0:
        return ""
    cut = min(len(text), int(len(text) * min(1.0, heard_ms / total_ms)))
    while 0 < cut < len(text) and text[cut] in _KEEP_TOGETHER and text[cut - 1] in _KEEP_TOGETHER:
        cut -= 1
    while cut > 0 and text[cut - 1] in _BREAKS and cut < len(text):
        cut -= 1
    return text[:cut]
