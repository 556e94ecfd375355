"""The flows that come with callbot, held with their scripted callees; and tests of a flow of one's own."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from functools import cache
from pathlib import Path
from textwrap import dedent

import pytest
from typer.testing import CliRunner

from callbot.cli.flow import app
from callbot.conversation.flow_graph import dot, edges, mermaid, nodes
from callbot.conversation.flow_loader import load_flow, load_flows
from callbot.conversation.lookup import MeaningLookup, kept_questions, key_of
from callbot.conversation.trial import Held, NoReader, hold, spoken, untested
from callbot.conversation.trial_file import Trials, read_trials, trial_files
from callbot.conversation.understand.reader import LocalReader
from callbot.errors import BadInput

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "dialog_flows"
FILES = trial_files(FOLDER)
FLOWS = load_flows(FOLDER)


@cache
def held(path: Path) -> tuple[Trials, tuple[Held, ...]]:
    """Every test of one file, held."""

    async def all_of_them() -> tuple[Held, ...]:
        reader = LocalReader()
        return tuple([await hold(trials, trial, reader=reader) for trial in trials.trials])

    trials = read_trials(path)
    return trials, asyncio.run(all_of_them())


every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem.removesuffix(".test"))


def test_every_flow_has_its_tests() -> None:
    assert {Path(flow.source) for flow in FLOWS.values()} == {
        path.with_name(path.name.replace(".test", "")) for path in FILES
    }


@every_file
def test_the_flows_do_what_their_tests_say(path: Path) -> None:
    _, calls = held(path)
    assert {one.trial.title: one.wrong for one in calls if one.wrong} == {}


@every_file
def test_no_handler_is_untested(path: Path) -> None:
    trials, calls = held(path)
    assert untested(trials, calls) == {}


@every_file
def test_nobody_is_told_the_same_sentence_three_times_in_a_row(path: Path) -> None:
    _, calls = held(path)
    for one in calls:
        questions = [words for words in spoken(one.exchanges) if words.endswith("？")]
        runs = Counter(zip(questions, questions[1:], questions[2:], strict=False))
        same = [run for run in runs if len(set(run)) == 1]
        assert same == [] or len(one.trial.callee) > 9, f"{one.trial.title}: {same}"


@every_file
def test_a_health_check_names_no_benefit_and_lets_the_callee_talk(path: Path) -> None:
    _, calls = held(path)
    checks = [one for one in calls if one.trial.where.startswith(str(FOLDER / "winback" / ".." / "parts"))]
    checks += [one for one in calls if "parts/checkup.test.yaml" in one.trial.where]
    assert checks
    for one in checks:
        assert not [words for words in spoken(one.exchanges) if "券" in words or "折" in words]
        assert all(len(words) <= 60 for words in spoken(one.exchanges))


def test_the_transcripts_in_the_docs_are_what_is_said_today() -> None:
    told = CliRunner().invoke(app, ["transcript"])
    assert told.exit_code == 0
    assert told.output == (ROOT / "docs" / "transcripts.md").read_text(encoding="utf-8")
    for flow in FLOWS.values():
        assert f"`{flow.name}` v{flow.version}" in told.output


@pytest.mark.parametrize("name", list(FLOWS))
def test_every_question_of_the_knowledge_has_its_vector(name: str) -> None:
    kept = kept_questions()
    missing = [
        question for entry in FLOWS[name].knowledge for question in entry.asks if key_of(question) not in kept
    ]
    assert missing == [], "run `callbot flow index`"


def test_what_is_known_is_found_and_what_is_not_is_not_invented() -> None:
    rows = [
        json.loads(line)
        for line in (Path(__file__).parent / "knowledge_held_out.jsonl").read_text("utf-8").splitlines()
    ]
    look = MeaningLookup().look
    found = [(row["entry"], look(FLOWS[row["flow"]], row["text"])) for row in rows]
    known = [(entry, one.name if one else "") for entry, one in found if entry]
    right = sum(entry == name for entry, name in known)
    assert right / len(known) >= 0.8
    assert sum(bool(name) and name != entry for entry, name in known) <= 2
    unknown = [one for entry, one in found if not entry]
    assert sum(one is not None for one in unknown) / len(unknown) <= 0.1


# A team's own flow

SHOP = """
flow: shop/one
version: 3
title: 小店回访
extends: {common}
parts: [ask.part.yaml]
knowledge: [shop.faq.yaml]
entry: start
findings: {{mood: 心情}}
steps:
  start:
    title: 开场
    say: opener
    ask: {{say: 方便吗？, kind: yes_no}}
    then:
      affirm: route
      otherwise: route
      deny: {{say: goodbye, end: refused}}
  route:
    title: 分路
    fork:
      - {{only_if: {{person.reason: 未知}}, goto: asked}}
      - {{goto: finish}}
  asked:
    title: 问问
    call: mood
    returns: {{good: finish, bad: sorry}}
  finish: {{title: 结束, say: goodbye, end: interested}}
  sorry: {{title: 抱歉, say: 那真不好意思，再见。, end: refused}}
"""
PART = """
part: mood
title: 心情
entry: how
steps:
  how:
    title: 心情
    ask: {say: 最近还好吗？, kind: open}
    keep:
      mood: {好: [好, 不错], 差: [糟, 烦]}
    then:
      otherwise: sort
  sort:
    title: 听听看
    fork:
      - {only_if: {slot.mood: 差}, goto: listen}
      - {goto: out}
  listen: {title: 听, say: 您受累了。, return: bad}
  out: {title: 好, return: good}
"""
FAQ = """
knowledge: shop
version: 1
entries:
  hours:
    ask: [几点开门, 什么时候营业, 几点关门]
    answer: 早上九点到晚上八点。
"""
TESTS = """
flow: shop.yaml
person: {reason: 未知}
tests:
  - title: 好
    callee: [方便 = affirm, 几点开门 = ask_location_time, 挺不错的 = considering]
    expect: {ends_at: finish, says: [九点], findings: {心情: 好}}
  - title: 烦
    callee: [方便 = affirm, 烦着呢 = considering]
    expect: {ends_at: sorry, says: [受累], findings: {心情: 差}}
  - title: 没什么烦的，不算烦
    callee: [方便 = affirm, 没什么烦的 = considering]
    expect: {ends_at: finish}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    files = {
        "shop.yaml": SHOP.format(common=FOLDER / "common.yaml"),
        "ask.part.yaml": PART,
        "shop.faq.yaml": FAQ,
        "shop.test.yaml": TESTS,
    }
    for name, text in files.items():
        (tmp_path / name).write_text(dedent(text).lstrip(), encoding="utf-8")
    return tmp_path / "shop.yaml"


def change(shop: Path, name: str, old: str, new: str) -> None:
    path = shop.with_name(name)
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_flow_of_ones_own_calls_its_part_and_comes_back(shop: Path) -> None:
    told = CliRunner().invoke(app, ["test", str(shop.parent)])
    assert told.exit_code == 0, told.output
    assert "通过 3/3" in told.output
    assert "没有测试 start: deny" in told.output
    assert CliRunner().invoke(app, ["test", str(shop), "--complete"]).exit_code == 1


def test_a_test_that_fails_shows_what_was_said_and_where_it_stands(shop: Path) -> None:
    change(shop, "shop.test.yaml", "ends_at: sorry", "ends_at: finish")
    told = CliRunner().invoke(app, ["test", str(shop)])
    assert told.exit_code == 1
    assert "shop.test.yaml:7" in told.output
    assert "ends_at：应为 finish，实际 sorry" in told.output
    assert "您受累了" in told.output


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        ("shop.yaml", "call: mood", "call: moods", "shop.yaml:25: 没有 `moods` 这个子流程"),
        (
            "shop.yaml",
            "returns: {good: finish, bad: sorry}",
            "returns: {good: finish}",
            "没有写 `mood` 返回这些之后去哪里：bad",
        ),
        (
            "shop.yaml",
            "      - {goto: finish}\n",
            "      - {only_if: [offer], goto: finish}\n",
            "没有一条分支适合所有人",
        ),
        ("shop.yaml", "person.reason: 未知", "person.reasons: 未知", "没有 `person.reasons` 这个条件"),
        ("shop.yaml", "goto: asked", "goto: route", "一直转圈"),
        ("shop.yaml", "[ask.part.yaml]", "[ask.yaml]", "shop.yaml:5: ask.yaml 不存在"),
        ("shop.yaml", "affirm: route", "affirm: {return: good}", "shop.yaml:15: 这里没有子流程可以返回"),
        ("shop.yaml", "affirm: route", "affirm: mood/how", "`mood/how` 在子流程里面"),
        ("ask.part.yaml", "return: bad", "end: refused", "没有道别"),
        ("ask.part.yaml", "otherwise: sort", "otherwise: sorted", "ask.part.yaml:11: 没有 `sorted` 这个步骤"),
        ("shop.faq.yaml", "[几点开门, 什么时候营业, 几点关门]", "[几点开门]", "shop.faq.yaml:5: 这里太少"),
        ("shop.faq.yaml", "answer: 早上九点到晚上八点。", "anser: 早上。", "shop.faq.yaml:"),
    ],
)
def test_mistakes_in_parts_and_knowledge_name_their_line(
    shop: Path, name: str, old: str, new: str, expected: str
) -> None:
    if expected == "没有道别":
        change(shop, name, "say: 您受累了。, ", "")
        old, new, expected = "return: bad", "goto: x", "没有 `goto` 这个键"
    change(shop, name, old, new)
    with pytest.raises(BadInput) as caught:
        load_flow(shop)
    assert any(expected in str(problem) for problem in caught.value.problems), caught.value


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("方便 = affirm, 烦着呢", "方便 = afirm, 烦着呢", "shop.test.yaml:8: 没有 `afirm` 这个标签"),
        ("ends_at: sorry", "end_at: sorry", "shop.test.yaml:9: 没有 `end_at` 这个键"),
        ("flow: shop.yaml", "flow: stop.yaml", "shop.test.yaml:1: stop.yaml 不存在"),
        ("person: {reason: 未知}", "person: {reason: 不知}", "“不知”不是其中之一"),
    ],
)
def test_mistakes_in_tests_name_their_line(shop: Path, old: str, new: str, expected: str) -> None:
    change(shop, "shop.test.yaml", old, new)
    told = CliRunner().invoke(app, ["test", str(shop)])
    assert told.exit_code == 1
    assert expected in told.output


def test_a_line_that_means_nothing_is_understood_by_the_reader_or_refused(shop: Path) -> None:
    change(shop, "shop.test.yaml", "烦着呢 = considering", "烦着呢")
    trials = read_trials(shop.with_name("shop.test.yaml"))
    with pytest.raises(BadInput, match="没有写是什么意思"):
        asyncio.run(hold(trials, trials.trials[1], reader=NoReader()))


@pytest.mark.parametrize("name", list(FLOWS))
def test_the_picture_of_a_flow_shows_every_step_and_way(name: str) -> None:
    flow = FLOWS[name]
    assert {node.id for node in nodes(flow)} == set(flow.steps)
    ways = {(edge.start, edge.end) for edge in edges(flow)}
    for step in flow.steps.values():
        assert {(step.name, following) for following in step.next_steps} <= ways
    picture, graph = mermaid(flow), dot(flow)
    assert picture.startswith("flowchart TD\n")
    assert picture.count("subgraph") == len(flow.parts) == graph.count("subgraph")
    assert graph.count(" -> ") == len(list(edges(flow))) == picture.count("-->|") + picture.count("-.->|")
    assert graph.count("{") == graph.count("}")


def test_the_picture_is_printed() -> None:
    told = CliRunner().invoke(app, ["graph", "winback/ecommerce", "--format", "dot"])
    assert told.exit_code == 0
    assert told.output.startswith('digraph "winback/ecommerce" {')
