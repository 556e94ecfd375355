"""Where Mandarin text may be cut, so that the first words are heard while the rest is still made."""

from __future__ import annotations

_SENTENCE_ENDS = frozenset("。！？!?…\n")
_CLAUSE_ENDS = frozenset("，、；：,;:.") | _SENTENCE_ENDS
_INSIDE_NUMBERS = frozenset(",.:：")
_CLOSERS = frozenset("”’」』》）)】\"' \t\r")

SHORTEST = 4
"""Characters under which a piece sounds chopped off."""
FIRST = 12
"""Characters of the first piece, where punctuation allows."""
LONGEST = 30
"""Characters of any piece, where punctuation allows."""


def clauses(text: str) -> list[str]:
    """Cut `text` at its punctuation into pieces to be spoken in turn; joined they give `text` again.

    The first piece is short. Each later one is at most about twice as long as the one before it, so that an
    engine working at half of real time has it ready when that one ends. Numbers, times and amounts (3.5万元,
    12:30, 1,000元) stay whole, and a clause without punctuation is never cut.
    """
    pieces: list[str] = []
    piece, most = "", FIRST
    for atom in _atoms(text):
        enough = _spoken(piece) >= SHORTEST
        too_much = _spoken(piece) + _spoken(atom) > most
        sentence_over = bool(pieces) and _spoken(piece) >= FIRST and ends_sentence(piece)
        if enough and (not pieces or too_much or sentence_over):
            pieces.append(piece)
            most = min(LONGEST, max(FIRST, 2 * _spoken(piece)))
            piece = ""
        piece += atom
    if not piece:
        return pieces
    if pieces and _spoken(piece) < SHORTEST:
        pieces[-1] += piece
    else:
        pieces.append(piece)
    return pieces


def ends_sentence(piece: str) -> bool:
    """Does a longer pause follow?"""
    return piece.rstrip("".join(_CLOSERS))[-1:] in _SENTENCE_ENDS


def _atoms(text: str) -> list[str]:
    """The smallest pieces: each ends with its punctuation, closing quotes and spaces included."""
    atoms: list[str] = []
    start = 0
    for i in range(len(text) - 1):
        mark_ended = text[i] in _CLAUSE_ENDS or (text[i] in _CLOSERS and i > start and _closes(text, start, i))
        follows_on = text[i + 1] in _CLAUSE_ENDS or text[i + 1] in _CLOSERS
        if mark_ended and not follows_on and not _inside_number(text, i):
            atoms.append(text[start : i + 1])
            start = i + 1
    return [*atoms, text[start:]] if text[start:] else atoms


def _closes(text: str, start: int, i: int) -> bool:
    """Is there only closing marks between `text[i]` and a clause end?"""
    while i > start and text[i] in _CLOSERS:
        i -= 1
    return text[i] in _CLAUSE_ENDS


def _inside_number(text: str, i: int) -> bool:
    """A comma, point or colon between two letters or digits belongs to a number, a time or an address."""
    return text[i] in _INSIDE_NUMBERS and i > 0 and _ascii_word(text[i - 1]) and (_ascii_word(text[i + 1]))


def _ascii_word(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _spoken(text: str) -> int:
    """Characters that are said; marks and spaces are not."""
    return sum(character.isalnum() for character in text)
