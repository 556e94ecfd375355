"""What a line of a flow may promise, and when a promise was heard. Pure."""

from __future__ import annotations

import re
from enum import StrEnum


class PromiseKind(StrEnum):
    """The promises that a call can make. A line says which one is in it; its wording is free."""

    CALLBACK = "callback"
    """We call at the time that was agreed."""
    AGENT_CONTACT = "agent_contact"
    """A human gets in touch, within 24 h."""
    COMPLAINT_ANSWER = "complaint_answer"
    """A complaint is answered, within 24 h."""
    MESSAGE = "message"
    """Something is sent in a few days."""
    OFFER = "offer"
    """An offer is put into the account or sent, within 24 h."""
    WRAP_UP = "wrap_up"
    """What a human agent promised, as the wrap-up says. No line of a flow makes it."""


SPOKEN_BY_FLOWS = tuple(kind for kind in PromiseKind if kind is not PromiseKind.WRAP_UP)

_COURTESY = re.compile(
    r"(?:[^，。！？；]*(?:再见|拜拜|谢谢|感谢|打扰|祝您|愉快|顺利|可以不接|麻烦您)[^，。！？；]*[，。！？；]*)+$"
)


def was_heard(text: str, heard: str) -> bool:
    """Whether the promise in `text` reached the callee, who heard `heard`, a beginning of it.

    A goodbye or a courtesy after the promise may be missing: who hangs up on 再见 has been promised it all the
    same.
    """
    core = _COURTESY.sub("", text).rstrip("，。！？； ") or text
    return len(heard) >= len(core) and text.startswith(heard)
