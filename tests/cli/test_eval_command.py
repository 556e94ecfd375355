"""`callbot eval`: predictions for every line, figures where there are labels, bad lines by file and line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from callbot.cli.main import app
from callbot.conversation.labels import Emotion, Intent
from callbot.conversation.reading import Context, Reading
from callbot.minds import build_reader
from callbot.settings import Settings

MEANINGS: Mapping[str, tuple[Intent, Emotion]] = {
    "别打了": (Intent.DO_NOT_CALL, Emotion.IMPATIENT),
    "东西坏了没人管": (Intent.COMPLAINT, Emotion.ANGRY),
    "给我转人工": (Intent.REQUEST_HUMAN, Emotion.NEUTRAL),
    "不用转人工了": (Intent.DENY, Emotion.NEUTRAL),
    "要了": (Intent.INTERESTED, Emotion.POSITIVE),
    "明天下午三点打来": (Intent.BUSY_CALLBACK, Emotion.NEUTRAL),
    "您拨打的号码是空号": (Intent.ANNOUNCEMENT, Emotion.NEUTRAL),
}


class ByHeart:
    """Knows the sentences above; anything else answers the question that was asked."""

    async def read(self, text: str, context: Context) -> Reading:
        default = (Intent.INTERESTED if context.asks == "offer" else Intent.AFFIRM, Emotion.NEUTRAL)
        intent, emotion = MEANINGS.get(text, default)
        slots = {"callback_time": text[:6]} if intent is Intent.BUSY_CALLBACK else {}
        return Reading(text=text, intent=intent, confidence=0.9, emotion=emotion, slots=slots)

    async def aclose(self) -> None:
        pass


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("callbot.minds.build_reader", lambda settings: ByHeart())
    return tmp_path


def run(task: str, lines: list[Any], *more: str) -> Result:
    Path("in.jsonl").write_text(
        "".join((one if isinstance(one, str) else json.dumps(one, ensure_ascii=False)) + "\n" for one in lines),
        "utf-8",
    )
    return CliRunner().invoke(app, ["eval", task, "in.jsonl", *more])


def predicted(task: str, lines: list[Any], *more: str) -> list[dict[str, Any]]:
    result = run(task, lines, "--out", "pred.jsonl", *more)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in Path("pred.jsonl").read_text("utf-8").splitlines()]


def talk(*turns: str) -> list[dict[str, str]]:
    """Turns from `bot: …` and `callee: …`."""
    return [dict(zip(("role", "text"), turn.split(": ", 1), strict=True)) for turn in turns]


def test_intents_and_emotions_are_written_for_every_line() -> None:
    rows = [{"id": "a", "text": "别打了"}, "", {"id": 7, "text": "要了"}]
    assert predicted("intent", rows) == [{"id": "a", "label": "do_not_call"}, {"id": 7, "label": "interested"}]
    assert predicted("emotion", rows) == [{"id": "a", "label": "impatient"}, {"id": 7, "label": "positive"}]


def test_what_the_bot_said_before_is_heard() -> None:
    turns = talk("callee: 你说", "bot: 这个套餐给您留一份，您要吗")
    assert predicted("intent", [{"id": 1, "text": "好", "turns": turns}]) == [{"id": 1, "label": "interested"}]
    assert predicted("intent", [{"id": 1, "text": "好"}]) == [{"id": 1, "label": "affirm"}]


def test_a_transfer_names_its_reason_and_its_turn() -> None:
    rows = [
        {"id": "c", "turns": talk("bot: 您好", "callee: 你好", "bot: 还好用吗", "callee: 东西坏了没人管")},
        {"id": "n", "turns": talk("bot: 您好", "callee: 给我转人工", "bot: 好的", "callee: 不用转人工了")},
    ]
    assert predicted("handoff", rows) == [
        {"id": "c", "transfer": True, "reason": "complaint", "turn": 3},
        {"id": "n", "transfer": False, "reason": None, "turn": None},
    ]


def test_an_outcome_has_its_follow_up_and_its_time_as_spoken() -> None:
    rows = [
        {"id": "later", "turns": talk("bot: 方便吗", "callee: 明天下午三点打来")},
        {"id": "never", "turns": talk("bot: 您好", "callee: 东西坏了没人管", "bot: 抱歉", "callee: 别打了")},
        {"id": "angry", "turns": talk("bot: 您好", "callee: 东西坏了没人管")},
        {"id": "human", "turns": talk("bot: 您好", "callee: 给我转人工")},
        {"id": "empty", "turns": talk("callee: 您拨打的号码是空号")},
    ]
    answers = {
        row["id"]: (row["outcome"], row["follow_up"], row["callback_time"])
        for row in predicted("outcome", rows)
    }
    assert answers == {
        "later": ("callback", "schedule_callback", "明天下午三点"),
        "never": ("do_not_call", "blacklist", None),
        "angry": ("transferred", "complaint_pause_30d", None),
        "human": ("transferred", "agent_handles_now", None),
        "empty": ("wrong_number", "mark_number_invalid", None),
    }


@pytest.mark.parametrize("label", ["wrong_number", "invalid_number"])
def test_a_number_that_does_not_exist_is_right_under_either_name(label: str) -> None:
    result = run("outcome", [{"id": 1, "turns": talk("callee: 您拨打的号码是空号"), "outcome": label}])
    assert "准确率 1.000" in result.output


def test_labels_are_measured_and_the_rest_is_only_predicted() -> None:
    rows = [
        {"id": 1, "text": "别打了", "label": "do_not_call", "hard": True},
        {"id": 2, "text": "要了", "label": "refuse"},
        {"id": 3, "text": "要了"},
    ]
    result = run("intent", rows)
    assert result.exit_code == 0, result.output
    assert "2 / 3 条有标注" in result.output
    assert "准确率 0.500 [" in result.output
    assert "refuse → interested：1" in result.output
    assert "hard" in result.output


def test_emotions_are_measured_beside_an_intent_label() -> None:
    result = run("emotion", [{"id": 1, "text": "别打了", "label": "do_not_call", "emotion": "impatient"}])
    assert "准确率 1.000" in result.output


def test_transfers_and_outcomes_are_measured() -> None:
    complaint = talk("bot: 您好", "callee: 东西坏了没人管")
    result = run(
        "handoff",
        [
            {"id": 1, "turns": complaint, "transfer": True, "reason": "complaint", "turn": 1},
            {
                "id": 2,
                "turns": talk("callee: 给我转人工"),
                "transfer": False,
                "reason": None,
                "misleading": True,
            },
        ],
    )
    assert "误导说法中误转的：1 / 1" in result.output
    assert "依据的那一句也对：1 / 1" in result.output
    assert "none → explicit_request：1" in result.output
    result = run(
        "outcome",
        [
            {"id": 1, "turns": complaint, "outcome": "transferred", "follow_up": "complaint_pause_30d"},
            {"id": 2, "turns": talk("callee: 要了"), "outcome": "do_not_call", "follow_up": "blacklist"},
        ],
    )
    assert "要求别再打而没听出来的：1 / 1" in result.output
    assert "后续" in result.output


@pytest.mark.parametrize(
    ("task", "line", "says"),
    [
        ("intent", "{broken", "不是 JSON"),
        ("intent", "[1]", "不是 JSON 对象"),
        ("intent", {"id": "x"}, "缺少 text"),
        ("intent", {"text": "x"}, "缺少 id"),
        ("intent", {"id": "ok", "text": "x"}, "已用于第 1 行"),
        ("intent", {"id": "x", "text": "x", "label": "maybe"}, "maybe"),
        ("intent", {"id": "x", "text": None}, "text"),
        ("emotion", {"id": "x", "text": "x", "label": "affirm"}, "affirm"),
        ("handoff", {"id": "x", "turns": []}, "turns"),
        ("handoff", {"id": "x", "turns": [{"role": "agent", "text": "x"}]}, "turns.0.role"),
        ("outcome", {"id": "x", "turns": [{"role": "bot"}]}, "缺少 turns.0.text"),
        ("outcome", {"id": "x", "turns": [{"role": "bot", "text": "x"}], "follow_up": "call"}, "follow_up"),
    ],
)
def test_a_bad_line_is_named(task: str, line: Any, says: str) -> None:
    good = {"id": "ok", "text": "好", "turns": talk("callee: 好")}
    result = run(task, [good, line], "--out", "pred.jsonl")
    assert result.exit_code == 2
    assert "in.jsonl 第 2 行" in result.output
    assert says in result.output
    assert not Path("pred.jsonl").exists()


@pytest.mark.parametrize(
    ("lines", "more", "says"),
    [
        ([], (), "没有任何行"),
        ([{"id": 1, "text": "好"}], (), "没有标注"),
        ([{"id": 1, "text": "好"}], ("--out", "in.jsonl"), "不能写到那里"),
        ([{"id": 1, "text": "好"}], ("--out", "nowhere/pred.jsonl"), "不能写到那里"),
    ],
)
def test_what_cannot_be_measured_or_written_is_refused(
    lines: list[Any], more: tuple[str, ...], says: str
) -> None:
    result = run("intent", lines, *more)
    assert result.exit_code == 2
    assert says in result.output


def test_a_file_that_is_not_there_is_named() -> None:
    result = CliRunner().invoke(app, ["eval", "intent", "nowhere.jsonl"])
    assert result.exit_code == 2
    assert "nowhere.jsonl" in result.output


@pytest.mark.parametrize(
    ("name", "kind", "llm"),
    [("local", "local", False), ("llm", "local", True), ("transformers", "transformers", False)],
)
def test_the_reader_asked_for_is_the_one_measured(
    name: str, kind: str, llm: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[Settings] = []

    def build(settings: Settings) -> ByHeart:
        built.append(settings)
        return ByHeart()

    monkeypatch.setattr("callbot.minds.build_reader", build)
    predicted("intent", [{"id": 1, "text": "好"}], "--reader", name)
    assert [(one.reader.kind, one.reader.llm) for one in built] == [(kind, llm)]


@pytest.mark.parametrize(("name", "setting"), [("llm", "llm.base_url"), ("transformers", "reader.model")])
def test_a_reader_without_its_settings_says_which(
    name: str, setting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callbot.minds.build_reader", build_reader)
    result = run("intent", [{"id": 1, "text": "好"}], "--out", "pred.jsonl", "--reader", name)
    assert result.exit_code == 2
    assert setting in result.output
