"""Fakes of the conversation's ports, for tests of this project and of its users: a whole call without sound."""

from callbot.testing.fakes import FakeReader, FakeWriter, FixedClock, MemoryJournal, MemoryLog
from callbot.testing.scripted_line import HANG_UP, ScriptedCallee, ScriptedLine, ScriptRecognizer, Utter

__all__ = [
    "HANG_UP",
    "FakeReader",
    "FakeWriter",
    "FixedClock",
    "MemoryJournal",
    "MemoryLog",
    "ScriptRecognizer",
    "ScriptedCallee",
    "ScriptedLine",
    "Utter",
]
