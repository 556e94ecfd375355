"""A call reads like a script, and an interrupted line shows what was not heard."""

from __future__ import annotations

from typing import Any

import pytest

from callbot.insight.script import clock, script
from callbot.store.tables import CallTurn


def turn(position: int, speaker: str, text: str, start: int, **more: Any) -> CallTurn:
    values: dict[str, Any] = {"heard": text, "end_ms": start + 900, **more}
    return CallTurn(call_id="c", position=position, speaker=speaker, text=text, start_ms=start, **values)


def test_an_interrupted_turn_shows_what_was_heard_and_what_was_not() -> None:
    (line,) = script([turn(0, "bot", "您好，王女士，我是小悦", 0, heard="您好，王女士", interrupted=True)])
    assert (line.text, line.unheard) == ("您好，王女士", "，我是小悦")
    assert "被打断" in line.note


def test_lines_stand_in_the_order_they_began() -> None:
    lines = script([turn(1, "callee", "喂", 2_000, intent="greeting_ack"), turn(0, "bot", "您好", 500)])
    assert [line.speaker for line in lines] == ["智能客服", "客户"]
    assert lines[1].note == "应答"


@pytest.mark.parametrize(("ms", "shown"), [(0, "0:00.0"), (61_250, "1:01.2"), (59_990, "1:00.0")])
def test_clock(ms: int, shown: str) -> None:
    assert clock(ms) == shown
