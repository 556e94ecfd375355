"""Every scenario is held and ends as it is written; its event log is compared with the one kept beside it.

After a change that is meant, write the logs anew and read the difference:

    CALLBOT_WRITE_SCENARIOS=1 pytest tests/calls/test_scenarios.py
"""

from __future__ import annotations

import itertools
import os
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenario import SCENARIOS, Deed, Scenario, read_scenarios
from scenario_run import Held, hold, written_down

from callbot.conversation.labels import Outcome

ALL = read_scenarios()
THEMES = sorted({scenario.theme for scenario in ALL})


def name(scenario: Scenario) -> str:
    return f"{scenario.theme}: {scenario.title}"


@cache
def held(number: int) -> Held:
    return hold(ALL[number])


def story(call: Held) -> str:
    return "\n" + written_down(call)


@pytest.mark.parametrize("number", range(len(ALL)), ids=[name(scenario) for scenario in ALL])
def test_a_scenario_ends_as_it_is_written(number: int) -> None:
    scenario, call = ALL[number], held(number)
    expect, result = scenario.expect, call.result
    assert result.outcome.value == expect["outcome"], story(call)
    assert f"{result.ended_by} {result.end_reason}" == expect["ended"], story(call)
    bot = "\n".join(call.heard_of_bot)
    place = 0
    for line in expect.get("said", ()):
        found = bot.find(line, place)
        assert found >= 0, f"{line} was not heard, or not in this order:{story(call)}"
        place = found + len(line)
    for line in expect.get("not_said", ()):
        assert line not in bot, story(call)
    if "heard" in expect:
        assert [turn.text for turn in result.turns if turn.speaker == "callee"] == expect["heard"], story(call)
    names = iter(call.log.names())
    for event in expect.get("events", ()):
        assert event in names, f"{event} did not happen, or not in this order:{story(call)}"
    for event in expect.get("never", ()):
        assert event not in call.log.names(), story(call)
    if "transfers" in expect:
        assert [transfer.result for transfer in result.transfers] == expect["transfers"], story(call)
    if "notes" in expect:
        assert [note.kind.value for note in result.notes] == expect["notes"], story(call)


@pytest.mark.parametrize("number", range(len(ALL)), ids=[name(scenario) for scenario in ALL])
def test_in_every_scenario_the_floor_keeps_its_word(number: int) -> None:
    keeps_its_word(held(number))


def keeps_its_word(call: Held) -> None:
    """One speech at a time, silence when interrupted, one outcome, and somebody always has the floor."""
    events = call.log.events
    assert call.log.names().count("outcome") == 1
    assert isinstance(call.result.outcome, Outcome)
    assert not {"session-failed", "answer-failed"} & set(call.log.names()), story(call)
    playing: set[str] = set()
    for event, _, data in events:
        if event == "play":
            assert not playing, f"two speeches at once:{story(call)}"
            playing.add(data["speech"])
        elif event == "played":
            playing.discard(data["speech"])
    for turn in call.result.turns:
        assert turn.text.startswith(turn.heard)
    silent_from = None
    for event, at_ms, _ in events:
        if event in ("pause", "yield"):
            silent_from = at_ms if silent_from is None else silent_from
        elif event in ("resume", "play", "bridged", "hung-up"):
            if silent_from is not None:
                late = [ms for ms in call.wire.sounding_ms if silent_from + 60 <= ms < at_ms]
                assert not late, f"a frame after the interruption at {silent_from}: {late[:3]}{story(call)}"
            silent_from = None
    assert longest_silence_ms(call) <= 13_000, story(call)


def longest_silence_ms(call: Held) -> int:
    """The longest time in which nobody was heard: neither bot nor agent nor callee."""
    sounds = [(ms, ms + 20) for ms in call.wire.sounding_ms]
    sounds += [(start, end) for start, end, _ in call.wire.callee.said]
    sounds += [(at_ms, at_ms) for event, at_ms, _ in call.log.events if event in ("answered", "hung-up")]
    bridged = [at_ms for event, at_ms, _ in call.log.events if event == "bridged"]
    unbridged = [at_ms for event, at_ms, _ in call.log.events if event in ("unbridged", "hung-up")]
    sounds += list(zip(bridged, unbridged, strict=False))
    end, longest = 0, 0
    for start, until in sorted(sounds):
        longest, end = max(longest, start - end), max(end, until)
    return longest


@pytest.mark.parametrize("theme", THEMES)
def test_the_event_logs_are_the_ones_kept(theme: str) -> None:
    numbers = [number for number, scenario in enumerate(ALL) if scenario.theme == theme]
    text = "\n\n".join(f"# {ALL[number].title}\n{written_down(held(number))}" for number in numbers) + "\n"
    path = SCENARIOS / f"{theme}.log"
    if os.environ.get("CALLBOT_WRITE_SCENARIOS"):
        path.write_text(text, encoding="utf-8")
    kept = path.read_text(encoding="utf-8") if path.exists() else ""
    for old, new in itertools.zip_longest(kept.split("\n\n"), text.split("\n\n"), fillvalue=""):
        assert new == old, f"{path.name} holds another log; see the head of this file"


WORDS = ("", "嗯", "方便", "等一下", "你们是哪家公司啊", "那个", "看重质量和售后", "不需要再见")
MEANINGS = ("affirm", "interested", "refuse", "do_not_call", "request_human", "ask_identity", "deny")
VOICES: tuple[dict[str, Any], ...] = (
    {},
    {},
    {"at": "想听听", "fails": True},
    {"at": "空气炸锅", "middle": True, "slow_s": 4},
)
DEEDS = st.lists(
    st.builds(
        Deed,
        says=st.sampled_from(WORDS),
        means=st.sampled_from(MEANINGS),
        sounds=st.sampled_from([0, 0, 60, 400, 3000]),
        presses=st.sampled_from(["", "", "", "1", "0", "7"]),
        leaves=st.sampled_from([False] * 9 + [True]),
        cut=st.sampled_from([False] * 9 + [True]),
        over=st.sampled_from(["", "", "AI智能客服", "空气炸锅", "现在跟您说话方便吗", "您"]),
        then=st.booleans(),
        at=st.integers(0, 4_000),
    ),
    max_size=7,
)


@settings(max_examples=25, deadline=None)
@given(
    deeds=DEEDS,
    echo=st.sampled_from([{}, {}, {"delay_ms": 240, "loss_db": 15}]),
    desk=st.sampled_from([{"talks_s": 4}, {"answers": ["no_agent"]}, {"breaks": True}, {"rings_s": 20}]),
    voice=st.sampled_from(VOICES),
    slow_s=st.sampled_from([0.15, 0.15, 3.0]),
)
def test_whatever_a_callee_does_the_floor_keeps_its_word(
    deeds: list[Deed], echo: dict[str, Any], desk: dict[str, Any], voice: dict[str, Any], slow_s: float
) -> None:
    broken = {"voice": voice, "recogniser": {"slow_s": slow_s}}
    scenario = Scenario(theme="any", title="any", callee=tuple(deeds), broken=broken, echo=echo, desk=desk)
    keeps_its_word(hold(scenario))


def test_there_are_enough_of_them() -> None:
    assert len(ALL) >= 60
