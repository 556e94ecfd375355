"""The flows that come with callbot: checked, speakable, and nothing in them that the guard would stop."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from textwrap import dedent

import pytest
from calls import NOW, OFFER, OPENER, PERSON, call, ecommerce, plan
from typer.testing import CliRunner

from callbot.cli.flow import app
from callbot.conversation import wording
from callbot.conversation.act import Calling
from callbot.conversation.appointment import default_callback
from callbot.conversation.dialogue import Dialogue
from callbot.conversation.facts import Offer
from callbot.conversation.flow import Flow
from callbot.conversation.flow_loader import load_flow, load_flows
from callbot.conversation.foresee import foreseeable
from callbot.conversation.guard import Sheet, check
from callbot.conversation.labels import Emotion, Intent
from callbot.conversation.reading import Reading
from callbot.errors import BadInput
from callbot.testing import Utter

FOLDER = Path(__file__).parents[2] / "dialog_flows"
FLOWS = load_flows(FOLDER)
OFFERS = [
    None,
    OFFER,
    Offer(code="A", version=1, title="回归礼包", amount_fen=2000, min_spend_fen=10000),
    Offer(code="G", version=1, title="老客户礼遇", gift="一年延保服务", valid_until=date(2026, 12, 5)),
]


def test_each_industry_has_its_flow() -> None:
    assert {"winback/ecommerce", "winback/aesthetics", "winback/education", "winback/finance"} <= set(FLOWS)


@pytest.mark.parametrize("flow", FLOWS.values(), ids=list(FLOWS))
@pytest.mark.parametrize("offer", OFFERS, ids=["none", "discount", "amount", "gift"])
def test_every_line_can_be_said_and_passes_the_guard(flow: Flow, offer: Offer | None) -> None:
    slots = {"callback_time": "明天下午三点"}
    sheet = Sheet(
        offers=(offer,) if offer else (), facts=(*PERSON.facts, PERSON.brand), slots=slots, today=NOW.date()
    )
    filled = wording.values(PERSON, offer, {}, callback_time="明天下午三点")
    asks = [
        line for step in flow.steps.values() if step.ask for line in (step.ask.line, step.ask.again) if line
    ]
    says = [line for step in flow.steps.values() for line in step.say if line.name != "opener"]
    for line in (*flow.lines.values(), *asks, *says):
        for turn in range(3):
            text, _ = wording.render(line, filled, turn=turn)
            assert text, f"{flow.name}: {line.name} has nothing to say without an offer"
            assert "{" not in text
            assert check(text, sheet) == (), f"{flow.name}: {line.name}: {text}"


@pytest.mark.parametrize("flow", FLOWS.values(), ids=list(FLOWS))
def test_the_callee_hears_that_an_ai_calls_and_that_it_is_recorded_before_anything_personal(flow: Flow) -> None:
    dialogue = Dialogue(plan(flow), now=NOW, parse_time=lambda text, now: None)
    _, act = dialogue.open()
    first = act.utterances[0]
    assert first.disclosure
    assert not first.interruptible
    assert "AI" in first.text
    assert "录音" in first.text
    assert PERSON.salutation not in first.text


@pytest.mark.parametrize("flow", FLOWS.values(), ids=list(FLOWS))
def test_every_answer_at_every_question_leads_somewhere(flow: Flow) -> None:
    dialogue = Dialogue(plan(flow), now=NOW, parse_time=lambda text, now: None)
    opened, _ = dialogue.open()
    for step in (step for step in flow.steps.values() if step.ask):
        for intent in Intent:
            for emotion in Emotion:
                calls = [one.name for one in flow.steps.values() if one.call == step.name.rpartition("/")[0]]
                called = tuple(Calling(step=name) for name in calls[:1] if name)
                state = replace(opened, step=step.name, calls=called if "/" in step.name else ())
                reading = Reading(text="话", intent=intent, confidence=0.9, emotion=emotion)
                _, act = dialogue.respond(state, reading, NOW)
                assert act.utterances or act.hang_up
                asks = [words for words in act.utterances if words.asks]
                ends = [words for words in act.utterances if words.final]
                assert len(asks) + len(ends) + act.hang_up + (act.transfer is not None) == 1


@pytest.mark.parametrize("reason", ["体验受损", "价值转移"])
def test_nobody_is_hurried_who_was_hurt_or_left(reason: str) -> None:
    filled = wording.values(replace(PERSON, reason=reason), OFFER, {})
    assert "offer.deadline" not in filled
    assert "offer.deadline" in wording.values(PERSON, OFFER, {})


@pytest.mark.parametrize(
    ("offer", "said"),
    [
        (OFFER, "老客户专属八折券"),
        (OFFERS[2], "回归礼包，满一百元减二十元"),
        (OFFERS[3], "老客户礼遇，送一年延保服务"),
        (Offer(code="B", version=1, title="二十元无门槛券", amount_fen=2000), "二十元无门槛券"),
    ],
)
def test_an_offer_says_each_of_its_values_once(offer: Offer, said: str) -> None:
    assert wording.pitch(offer) == said


def test_an_offer_that_is_over_or_sold_out_is_not_spoken_of() -> None:
    over = replace(OFFER, code="OVER", valid_until=date(2026, 11, 1))
    empty = replace(OFFER, code="EMPTY", stock=0)
    assert wording.best_offer((over, empty), today=NOW.date()) is None
    assert wording.best_offer((over, OFFER), today=NOW.date()) is OFFER


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("2026-11-18T02:00", "2026-11-18T06:30"),
        ("2026-11-18T01:00", "2026-11-18T03:00"),
        ("2026-11-18T07:00", "2026-11-18T09:00"),
        ("2026-11-18T11:30", "2026-11-19T02:00"),
        ("2026-11-18T23:00", "2026-11-19T01:00"),
    ],
)
def test_a_call_back_nobody_set_comes_within_a_day_and_inside_the_hours(now: str, then: str) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    when = default_callback(at, plan())
    assert when == datetime.fromisoformat(then).replace(tzinfo=UTC)
    assert 0 < (when - at).total_seconds() <= 24 * 3600


FLOW = """
flow: test/one
version: 1
title: 试
extends: {common}
entry: start
steps:
  start:
    title: 开场
    say: opener
    ask: {{say: 方便吗？, kind: yes_no}}
    then:
      affirm: finish
  finish:
    title: 结束
    say: goodbye
    end: interested
"""


def broken(tmp_path: Path, old: str, new: str) -> list[str]:
    text = FLOW.format(common=FOLDER / "common.yaml")
    assert old in text
    path = tmp_path / "flow.yaml"
    path.write_text(dedent(text.replace(old, new)).lstrip(), encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        load_flow(path)
    return [str(problem).replace(str(tmp_path), "") for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("affirm: finish", "affirm: finsh", "/flow.yaml:12: 没有 `finsh` 这个步骤"),
        ("affirm: finish", "afirm: finish", "/flow.yaml:12: 没有 `afirm` 这个标签"),
        ("entry: start", "entry: begin", "/flow.yaml:5: 没有 `begin` 这个步骤"),
        ("say: goodbye", "say: goodby", "/flow.yaml:15: 没有 `goodby` 这一行话"),
        ("say: goodbye", "say: 再见，{offer.titel}。", "/flow.yaml:15: 没有 {offer.titel} 这个占位符"),
        ("say: goodbye", "say: 再见{brand。", "/flow.yaml:15: “再见{brand。”里的占位符不完整"),
        ("kind: yes_no", "kind: maybe", "/flow.yaml:10: “maybe”不是其中之一"),
        ("end: interested", "ends: interested", "/flow.yaml:16: 没有 `ends` 这个键"),
        ("affirm: finish", "affirm: {say: 好}", "/flow.yaml:12: 没有下文"),
        ("version: 1", "version: one", "/flow.yaml:2: “one”应为整数"),
        ("affirm: finish", "affirm: start", "/flow.yaml:13: 步骤 `finish` 走不到"),
        ("say: goodbye", "say: " + "很长" * 21, "/flow.yaml:15: 一句话超过 40 个字"),
        ("title: 试", "title: [试", "/flow.yaml:4: 不是 YAML"),
        ("title: 试\n", "", "/flow.yaml:1: 缺少 `title`"),
    ],
)
def test_every_error_names_its_line(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert any(problem.startswith(expected) for problem in broken(tmp_path, old, new)), broken(
        tmp_path, old, new
    )


def test_the_command_checks_files_and_says_where_they_are_wrong(tmp_path: Path) -> None:
    good = CliRunner().invoke(app, ["check"])
    assert good.exit_code == 0
    assert "winback/finance" in good.output
    path = tmp_path / "bad.yaml"
    path.write_text("flow: x\nversion: 1\nsteps: 3\n", encoding="utf-8")
    bad = CliRunner().invoke(app, ["check", str(path)])
    assert bad.exit_code == 1
    assert "bad.yaml:3" in bad.output


def test_the_opener_of_the_plan_is_what_is_said() -> None:
    dialogue = Dialogue(plan(), now=NOW, parse_time=lambda text, now: None)
    _, act = dialogue.open()
    assert OPENER.text in [words.text for words in act.utterances]


def test_words_for_a_late_voice_are_made_before_it_can_be_late() -> None:
    ahead = foreseeable(plan(), NOW)
    needed = {ecommerce().line(name).variants[0] for name in ("filler", "not_understood", "technical_end")}
    assert needed <= set(ahead[3:6])


def test_what_is_likely_is_made_before_what_is_said_once_more() -> None:
    ahead = foreseeable(plan(), NOW)
    needs = ecommerce().steps["needs"].ask
    assert needs is not None
    first, again = ecommerce().line("clarify").variants[:2]
    assert ahead.index(needs.line.variants[0]) < 20 < ahead.index(first) < ahead.index(again)


def test_what_can_be_made_ahead_covers_what_a_plain_call_says() -> None:
    ahead = foreseeable(plan(), NOW)
    assert ahead[:2] == ("您好，我是悦选商城的AI智能客服，通话会录音。", OPENER.text)
    assert len(ahead) == len(set(ahead))
    ended = call(
        [Utter(text="方便"), Utter(text="多少钱"), Utter(text="好")],
        {"方便": Intent.AFFIRM, "多少钱": Intent.ASK_PRICE_OFFER, "好": Intent.INTERESTED},
    )
    assert {turn.text for turn in ended.result.turns if turn.speaker == "bot"} <= set(ahead)
