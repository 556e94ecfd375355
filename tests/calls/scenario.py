"""A scenario as it is written down: what the callee does when, what breaks, and what must come of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

SCENARIOS = Path(__file__).parent / "scenarios"
WORDS_MS = 220
"""Length of one spoken character."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One thing the callee, or the line, does: `at` ms after its moment.

    The moment is, in this order: the bot begins to say a text that holds `over`; the event `on` is logged;
    the callee's own last sound ended (`then`); else the bot has fallen silent.
    """

    says: str = ""
    means: str = ""
    """Intent of the turn that ends with these words; empty: whatever was meant before, or nothing."""
    feels: str = ""
    """Emotion of that turn; empty: neutral."""
    sounds: int = 0
    """A cough, a door, music: ms of sound without words."""
    presses: str = ""
    leaves: bool = False
    cut: bool = False
    """The socket is gone."""
    over: str = ""
    on: str = ""
    then: bool = False
    at: int = 900
    lasts: int = 0
    """Of `says`, in ms; 0: as long as the words take."""

    @property
    def length_ms(self) -> int:
        return self.sounds or self.lasts or WORDS_MS * len(self.says)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One call. `broken` says what fails how; `expect` what must be seen."""

    theme: str
    title: str
    callee: tuple[Deed, ...] = ()
    broken: Mapping[str, Any] = field(default_factory=dict)
    echo: Mapping[str, Any] = field(default_factory=dict)
    desk: Mapping[str, Any] = field(default_factory=dict)
    expect: Mapping[str, Any] = field(default_factory=dict)


_BROKEN = frozenset({"recogniser", "reader", "writer", "voice", "journal"})
_EXPECTED = frozenset(
    {"outcome", "ended", "said", "not_said", "heard", "events", "never", "transfers", "notes"}
)


def read_scenarios() -> list[Scenario]:
    """Every scenario of every theme. A word that the language does not have is an error."""
    found = []
    for path in sorted(SCENARIOS.glob("*.yaml")):
        for item in YAML(typ="safe").load(path.read_text(encoding="utf-8")):
            scenario = Scenario(
                **{"theme": path.stem, **item, "callee": tuple(_deed(deed) for deed in item.get("callee", ()))}
            )
            assert set(scenario.broken) <= _BROKEN, scenario.title
            assert set(scenario.expect) <= _EXPECTED, scenario.title
            assert {"outcome", "ended"} <= set(scenario.expect), scenario.title
            found.append(scenario)
    titles = [(one.theme, one.title) for one in found]
    assert len(set(titles)) == len(titles), "two scenarios of one theme share a title"
    return found


def _deed(item: Mapping[str, Any] | str) -> Deed:
    """`方便 = affirm` is short for words in the next silence and their meaning."""
    if isinstance(item, str):
        words, _, intent = item.partition("=")
        return Deed(says=words.strip(), means=intent.strip())
    return Deed(**item)
