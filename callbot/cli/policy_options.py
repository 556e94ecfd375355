"""Policy values on the command line, for a batch of its own and for questions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from callbot.errors import BadInput, Problem
from callbot.outreach.policy import VOICE_HOURS

SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="政策值：caps.answered_per_7d=1、windows.mon-fri=09:00-12:00,14:00-18:00，可重复。",
    ),
]
CapWeekOption = Annotated[int | None, typer.Option("--cap-week", help="每人 7 天接通上限。")]
SaturdayOption = Annotated[str, typer.Option("--saturday", metavar="on|off", help="周末是否拨打。")]


def policy_values(settings: Sequence[str] | None, cap_week: int | None, saturday: str) -> dict[str, Any]:
    """The values in the shape of a batch's own policy. Raises `BadInput` that names each one it cannot read."""
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for text in settings or ():
        name, equals, value = text.partition("=")
        block, dot, key = name.strip().partition(".")
        if not equals or not dot or not key:
            problems.append(
                Problem(where=f"--set {text}", what="不是“名称=值”", cure="写成 --set caps.answered_per_7d=1")
            )
            continue
        values.setdefault(block, {})[key] = _read(block, value.strip())
    if cap_week is not None:
        if "answered_per_7d" in values.get("caps", {}):
            problems.append(
                Problem(where="--cap-week", what="--set 也写了 caps.answered_per_7d", cure="只写其中一个")
            )
        values.setdefault("caps", {})["answered_per_7d"] = cap_week
    if saturday:
        if saturday not in ("on", "off"):
            problems.append(Problem(where="--saturday", what=f"不能是 {saturday!r}", cure="写 on 或 off"))
        if "sat-sun" in values.get("windows", {}):
            problems.append(
                Problem(where="--saturday", what="--set 也写了 windows.sat-sun", cure="只写其中一个")
            )
        spans = [str(span) for span in VOICE_HOURS.weekend] if saturday == "on" else []
        values.setdefault("windows", {})["sat-sun"] = spans
    if problems:
        raise BadInput(problems)
    return values


def _read(block: str, text: str) -> Any:
    if block == "windows":
        return [part.strip() for part in text.split(",") if part.strip()]
    if text in ("true", "false"):
        return text == "true"
    return int(text) if text.lstrip("-").isdigit() else text
