"""When a human is needed, and when it only sounds like it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from callbot.conversation.labels import Intent, TransferReason
from callbot.conversation.reading import Reading
from callbot.conversation.transfer import Need, Said, need


def turns(*texts: str, intent: Intent = Intent.SILENCE_FILLER_UNCLEAR) -> list[Said]:
    return [
        Said(turn=2 * n, text=text, reading=Reading(text=text, intent=intent, confidence=0.9))
        for n, text in enumerate(texts)
    ]


def reason(found: Need | None) -> TransferReason | None:
    return found.reason if found else None


@pytest.mark.parametrize(
    "text",
    [
        "我真的不想活了",
        "我老公又打我了",
        "警察说我洗钱让我转到安全账户",
        "我喘不上气胸口疼得厉害",
        "我才十二岁",
        "我爸昨天走了",
        "我不记得自己住哪了",
        "家里揭不开锅了",
    ],
)
def test_vulnerable_people_at_first_mention(text: str) -> None:
    assert reason(need(turns(text))) is TransferReason.VULNERABLE_PERSON


@pytest.mark.parametrize("text", ["我要找律师起诉你们", "我们法院见", "我去12315投诉你们", "等着收律师函吧"])
def test_threats_of_law(text: str) -> None:
    assert reason(need(turns(text))) is TransferReason.LEGAL_THREAT


@pytest.mark.parametrize(
    "text", ["我们公司想采购两百台", "我有三百万想做理财", "这个合同条款能不能改一下", "我想做你们的代理"]
)
def test_large_or_tangled_questions(text: str) -> None:
    assert reason(need(turns(text))) is TransferReason.HIGH_VALUE_COMPLEX_QUERY


@pytest.mark.parametrize(
    "text",
    [
        "老公打我电话了我接一下",
        "笑死我了",
        "孩子今年十二岁的课",
        "我买了两个",
        "人工费多少钱",
        "考律师证的课有吗",
        "上次的问题已经解决了",
        "我在忙你明天再打",
    ],
)
def test_everyday_words_do_not_transfer(text: str) -> None:
    assert need(turns(text)) is None


def test_complaints_and_requests_come_from_the_reading() -> None:
    assert reason(need(turns("机器坏了没人管", intent=Intent.COMPLAINT))) is TransferReason.COMPLAINT
    assert reason(need(turns("找个人来", intent=Intent.REQUEST_HUMAN))) is TransferReason.EXPLICIT_REQUEST
    assert need(turns("上次投诉已经给我解决了", intent=Intent.COMPLAINT)) is None
    assert need(turns("滚", intent=Intent.ABUSIVE)) is None
    assert need(turns("别再打了", intent=Intent.DO_NOT_CALL)) is None


def test_one_mishearing_is_not_repeated_misunderstanding() -> None:
    assert need(turns("你听错了")) is None
    found = need(turns("你听错了", "你好", "我说的不是这个"))
    assert found == Need(reason=TransferReason.REPEATED_MISUNDERSTANDING, turn=4, words="我说的不是这个")


def test_a_request_taken_back_is_gone_but_danger_is_not() -> None:
    human = turns("给我转人工", intent=Intent.REQUEST_HUMAN)
    back = [Said(turn=2, text="算了不用转人工了", reading=Reading(text="", intent=Intent.DENY, confidence=0.9))]
    assert need(human + back) is None
    danger = turns("我不想活了")
    assert reason(need(danger + back)) is TransferReason.VULNERABLE_PERSON


def test_what_was_dealt_with_is_not_asked_again() -> None:
    history = turns("给我转人工", "好的", intent=Intent.REQUEST_HUMAN)[:1]
    assert need(history, since=1) is None


def test_announcements_need_nobody() -> None:
    assert need(turns("人工服务请按零，投诉请按一", intent=Intent.ANNOUNCEMENT)) is None


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("谁说我要告你们了我就是打听打听", Intent.DENY),
        ("我们公司统一换了别的供应商", Intent.ALREADY_BOUGHT_ELSEWHERE),
        ("医药费压得我喘不过气等等吧", Intent.CONSIDERING),
        ("刚睡醒脑子糊涂你谁来着", Intent.ASK_IDENTITY),
    ],
)
def test_large_and_grave_words_in_everyday_turns(text: str, intent: Intent) -> None:
    assert need(turns(text, intent=intent)) is None


CASES = [
    json.loads(line)
    for line in (Path(__file__).parent / "transfer_cases.jsonl").read_text("utf-8").splitlines()
]
"""Snippets written one at a time: {"turns", "transfer", "reason", "turn", "misleading"}."""


def heard(turns: list[dict[str, str]], intent: Intent = Intent.SILENCE_FILLER_UNCLEAR) -> list[Said]:
    """The callee's turns as if the reader had understood nothing, or one and the same thing."""
    history, bot_said = [], ""
    for place, turn in enumerate(turns):
        if turn["role"] == "bot":
            bot_said = turn["text"]
            continue
        reading = Reading(text=turn["text"], intent=intent, confidence=0.3)
        history.append(Said(turn=place, text=turn["text"], reading=reading, bot_said=bot_said))
    return history


@pytest.mark.parametrize(
    "sought",
    [
        TransferReason.VULNERABLE_PERSON,
        TransferReason.LEGAL_THREAT,
        TransferReason.HIGH_VALUE_COMPLEX_QUERY,
    ],
)
def test_words_alone_find_nearly_everyone_who_needs_a_human(sought: TransferReason) -> None:
    cases = [case for case in CASES if case["reason"] == sought]
    missed = [case["turns"] for case in cases if reason(need(heard(case["turns"]))) is not sought]
    assert len(missed) <= len(cases) // 8, missed


def test_nearly_everyone_who_is_misheard_twice_gets_a_human() -> None:
    sought = TransferReason.REPEATED_MISUNDERSTANDING
    cases = [case["turns"] for case in CASES if case["reason"] == sought]
    missed = [turns for turns in cases if reason(need(heard(turns, Intent.ASK_PRODUCT_DETAIL))) is not sought]
    assert len(missed) <= len(cases) // 8, missed


def test_lookalike_words_transfer_nobody() -> None:
    cases = [case["turns"] for case in CASES if not case["transfer"]]
    assert [turns for turns in cases if need(heard(turns))] == []


def test_the_same_question_over_and_over_is_misunderstanding_but_a_repeated_refusal_is_not() -> None:
    asked = [{"role": "callee", "text": "发票怎么开"}, {"role": "bot", "text": "我们有优惠"}] * 3
    found = need(heard(asked))
    assert (reason(found), found and found.turn) == (TransferReason.REPEATED_MISUNDERSTANDING, 4)
    refused = [{"role": "callee", "text": "说了不需要"}, {"role": "bot", "text": "我们有优惠"}] * 3
    assert need(heard(refused)) is None


def test_a_threat_only_against_further_calls_is_no_threat_of_law() -> None:
    assert need(turns("再打我就去法院告你们", intent=Intent.DO_NOT_CALL)) is None
    assert reason(need(turns("不退钱我就去法院告你们"))) is TransferReason.LEGAL_THREAT
