"""When a customer of a business line counts as silent: read from the scenario packs, one line for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Final

from ruamel.yaml import YAML

from callbot.resources import folder

PACKS: Final = "dialog_flows"
"""The folder with the sub-folder `packs`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessLine:
    """When a customer of a business line counts as silent; all in days."""

    purchase_days: int
    """Silent after so long without a purchase."""
    interaction_days: int
    """Silent after so long without any interaction."""
    continued_after: int
    """So long after falling silent 连续沉默 begins."""
    deep_after: int
    """So long after falling silent 深度沉默 begins."""


DEFAULT_LINE: Final = BusinessLine(purchase_days=30, interaction_days=90, continued_after=60, deep_after=150)
"""R006 (30 days without purchase or 90 without interaction); 连续沉默 from 90 days (R067) and 深度沉默 from 180
(R068). For a business line that no pack describes."""


@cache
def shipped_lines() -> Mapping[str, BusinessLine]:
    """The section `silence` of the packs that ship with callbot, by industry (R046).

    Packs of a team are installed into the store and read from there.
    """
    found: dict[str, BusinessLine] = {}
    for path in sorted((folder(PACKS) / "packs").glob("*.yaml")):
        section = YAML(typ="safe").load(path.read_text(encoding="utf-8")).get("silence")
        if section:
            found[path.stem] = BusinessLine(**section)
    return MappingProxyType(found)
