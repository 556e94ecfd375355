"""When a human is needed, and when it only sounds like it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from callbot.conversation.judging import SpokenTurn, judge_handoff, read_turns
from callbot.conversation.labels import VULNERABLE, Intent, Signal, TransferReason
from callbot.conversation.reading import Reading
from callbot.conversation.settled import is_settled
from callbot.conversation.transfer import Need, Said, need
from callbot.conversation.understand import LocalReader


def said(
    *texts: str,
    intent: Intent = Intent.SILENCE_FILLER_UNCLEAR,
    signals: Mapping[Signal, float] | None = None,
    start: int = 0,
    asks: str = "",
) -> list[Said]:
    return [
        Said(
            turn=start + 2 * number,
            text=text,
            reading=Reading(text=text, intent=intent, confidence=0.9, signals=signals or {}),
            asks=asks,
        )
        for number, text in enumerate(texts)
    ]


def reason(found: Need | None) -> TransferReason | None:
    return found.reason if found else None


@pytest.mark.parametrize("signal", sorted(VULNERABLE))
def test_whoever_is_vulnerable_is_heard_at_first_mention(signal: Signal) -> None:
    assert reason(need(said("……", signals={signal: 0.9}))) is TransferReason.VULNERABLE_PERSON


@pytest.mark.parametrize(
    ("signal", "expected"),
    [
        (Signal.LEGAL_THREAT, TransferReason.LEGAL_THREAT),
        (Signal.COMPLAINT, TransferReason.COMPLAINT),
        (Signal.EXPLICIT_REQUEST, TransferReason.EXPLICIT_REQUEST),
        (Signal.HIGH_VALUE_COMPLEX, TransferReason.HIGH_VALUE_COMPLEX_QUERY),
    ],
)
def test_signals_and_their_reasons(signal: Signal, expected: TransferReason) -> None:
    assert reason(need(said("……", signals={signal: 0.9}))) is expected
    assert need(said("……", signals={signal: 0.05})) is None


def test_danger_speaks_before_everything_else() -> None:
    turns = said("我要投诉", intent=Intent.COMPLAINT) + said("……", signals={Signal.VIOLENCE: 0.9}, start=2)
    assert need(turns) == Need(reason=TransferReason.VULNERABLE_PERSON, turn=2, words="……")


def test_complaints_and_requests_come_from_the_intent_as_well() -> None:
    assert reason(need(said("机器坏了没人管", intent=Intent.COMPLAINT))) is TransferReason.COMPLAINT
    assert reason(need(said("找个人来", intent=Intent.REQUEST_HUMAN))) is TransferReason.EXPLICIT_REQUEST
    assert need(said("上次投诉已经给我解决了", intent=Intent.COMPLAINT)) is None
    assert need(said("滚", intent=Intent.ABUSIVE)) is None
    assert need(said("别再打了", intent=Intent.DO_NOT_CALL)) is None


def test_large_words_beside_a_no_are_no_large_deal() -> None:
    large = {Signal.HIGH_VALUE_COMPLEX: 0.9}
    assert (
        need(said("我们公司统一换了别的供应商", intent=Intent.ALREADY_BOUGHT_ELSEWHERE, signals=large)) is None
    )


def test_one_mishearing_is_not_repeated_misunderstanding() -> None:
    assert need(said("你听错了")) is None
    found = need(said("你听错了", "你好", "我说的不是这个"))
    assert found == Need(reason=TransferReason.REPEATED_MISUNDERSTANDING, turn=4, words="我说的不是这个")
    heard = said("……", signals={Signal.MISHEARING: 0.9})
    assert need(heard) is None
    assert reason(need(heard + said("……", signals={Signal.MISHEARING: 0.9}, start=2))) is (
        TransferReason.REPEATED_MISUNDERSTANDING
    )


def test_a_request_taken_back_is_gone_but_danger_is_not() -> None:
    back = said("算了不用转人工了", intent=Intent.DENY, start=2)
    assert need(said("给我转人工", intent=Intent.REQUEST_HUMAN) + back) is None
    danger = said("……", signals={Signal.SELF_HARM: 0.9})
    assert reason(need(danger + back)) is TransferReason.VULNERABLE_PERSON


def test_a_no_to_the_offer_of_a_human_takes_it_back() -> None:
    human = said("给我转人工", intent=Intent.REQUEST_HUMAN)
    assert need(human + said("不用了", intent=Intent.DENY, start=2, asks="transfer")) is None


def test_what_was_dealt_with_is_not_asked_again() -> None:
    assert need(said("给我转人工", intent=Intent.REQUEST_HUMAN), since=1) is None


def test_announcements_need_nobody() -> None:
    prompt = said("人工服务请按零，投诉请按一", intent=Intent.ANNOUNCEMENT, signals={Signal.COMPLAINT: 0.9})
    assert need(prompt) is None


def test_the_same_question_over_and_over_is_misunderstanding_but_a_repeated_refusal_is_not() -> None:
    found = need(said("发票怎么开", "发票怎么开", "发票怎么开", intent=Intent.ASK_PRODUCT_DETAIL))
    assert (reason(found), found and found.turn) == (TransferReason.REPEATED_MISUNDERSTANDING, 4)
    assert need(said("说了不需要", "说了不需要", "说了不需要", intent=Intent.REFUSE)) is None


def test_a_threat_only_against_further_calls_is_no_threat_of_law() -> None:
    threat = {Signal.LEGAL_THREAT: 0.9}
    assert need(said("再打我就去法院告你们", intent=Intent.DO_NOT_CALL, signals=threat)) is None
    assert reason(need(said("不退钱我就去法院告你们", signals=threat))) is TransferReason.LEGAL_THREAT


CASES, SETTLED = (
    [json.loads(line) for line in (Path(__file__).parent / name).read_text("utf-8").splitlines()]
    for name in ("transfer_cases.jsonl", "settled_cases.jsonl")
)
"""Snippets written one at a time: {"turns", "transfer", "reason"}; the second file holds grievances that are
over, stories that only sound like danger, and bots that do not listen."""


@pytest.mark.parametrize("cases", [CASES, SETTLED], ids=["everything", "settled and misheard"])
async def test_the_reader_and_the_rules_together_find_who_needs_a_human(
    cases: list[dict[str, Any]],
) -> None:
    reader = LocalReader()
    needs = [
        judge_handoff(await read_turns([SpokenTurn(**turn) for turn in case["turns"]], reader))
        for case in cases
    ]
    wanted = [found for case, found in zip(cases, needs, strict=True) if case["transfer"]]
    unwanted = [found for case, found in zip(cases, needs, strict=True) if not case["transfer"]]
    assert sum(found is not None for found in wanted) >= RECALL * len(wanted)
    assert sum(found is not None for found in unwanted) <= FALSE * len(unwanted)


RECALL, FALSE = 0.87, 0.05


@pytest.mark.parametrize(
    ("text", "over"),
    [
        ("去年是坏过一次，不过你们给换了台新的", True),
        ("处理好了，多扣的三十退给我了", True),
        ("后来店长给我道歉了，过去就过去了", True),
        ("说是给换新的，换来的还是坏的", False),
        ("换是换了，用了三天又不转了", False),
        ("满意啥呀，赔了我两张过期的券", False),
        ("后台点了已解决，压根没人来", False),
        ("退的钱一分不少，押金也退回了", True),
        ("老师挺好，是我自己腰不行了", True),
        ("钱你们收到了货呢", False),
        ("最后给我换了个比原来还破的", False),
    ],
)
def test_a_grievance_is_over_only_when_nothing_is_left_open(text: str, over: bool) -> None:
    assert is_settled(text) is over


def test_what_is_taken_back_later_needs_nobody() -> None:
    grievance = said("我都写好投诉了", intent=Intent.COMPLAINT)
    assert reason(need(grievance)) is TransferReason.COMPLAINT
    assert need(grievance + said("是我家猫咬的，投诉我撤了", start=2)) is None
    assert need(grievance + said("钱还没退", start=2)) is not None


@pytest.mark.parametrize(
    ("text", "said_so"),
    [
        ("你们再催我就喝农药", True),
        ("孩子上礼拜没了", True),
        ("我上周刚引产", True),
        ("药我已经吃了一大把", True),
        ("我前年流产过一次", False),
        ("活着没什么盼头", True),
        ("电视里那个人要跳楼", False),
        ("孩子的课上礼拜没了", False),
        ("别逼我，我又不想跳楼", False),
    ],
)
def test_danger_in_so_many_words_is_heard_without_the_model(text: str, said_so: bool) -> None:
    assert (reason(need(said(text))) is TransferReason.VULNERABLE_PERSON) is said_so


@pytest.mark.parametrize(
    ("text", "signal"),
    [
        ("我闺女上三年级", Signal.MINOR),
        ("我今年四十五了", Signal.MINOR),
        ("我快忙死了", Signal.SELF_HARM),
        ("我感冒了嗓子疼", Signal.MEDICAL_EMERGENCY),
        ("前几天发烧现在退了活蹦乱跳的", Signal.MEDICAL_EMERGENCY),
        ("我最近不想换车了", Signal.SELF_HARM),
        ("我是她女儿我妈买菜去了", Signal.MINOR),
        ("在法院门口等人呢", Signal.LEGAL_THREAT),
        ("我在法院上班", Signal.LEGAL_THREAT),
    ],
)
def test_what_only_sounds_like_danger_is_none(text: str, signal: Signal) -> None:
    assert need(said(text, signals={signal: 0.6})) is None


@pytest.mark.parametrize(
    ("bot", "intent", "wanted"),
    [
        ("需要帮您转人工吗？", Intent.AFFIRM, True),
        ("需要帮您转接顾问吗？", Intent.AFFIRM, True),
        ("让顾问明天联系您，好吗？", Intent.AFFIRM, False),
        ("需要帮您转人工吗？", Intent.DENY, False),
    ],
)
def test_a_yes_to_the_offer_of_a_human_is_a_request(bot: str, intent: Intent, wanted: bool) -> None:
    answer = [replace(said("好的" if intent is Intent.AFFIRM else "不用", intent=intent)[0], bot_said=bot)]
    assert (reason(need(answer)) is TransferReason.EXPLICIT_REQUEST) is wanted


def test_whoever_lets_the_fitter_come_asks_for_no_human() -> None:
    asks = {Signal.EXPLICIT_REQUEST: 0.6}
    comes = said("让他六点以后来", intent=Intent.INTERESTED, signals=asks)[0]
    assert need([replace(comes, bot_said="需要师傅上门换个盒子。")]) is None
    assert need([comes]) is not None


def test_a_parcel_that_is_lost_is_a_complaint_and_no_fraud() -> None:
    lost = {Signal.COMPLAINT: 0.99, Signal.FRAUD_UNDER_WAY: 0.4}
    assert reason(need(said("……", intent=Intent.COMPLAINT, signals=lost))) is TransferReason.COMPLAINT
    both = {Signal.COMPLAINT: 0.99, Signal.FRAUD_UNDER_WAY: 0.9}
    assert reason(need(said("……", intent=Intent.COMPLAINT, signals=both))) is TransferReason.VULNERABLE_PERSON


@pytest.mark.parametrize(
    ("text", "signal"),
    [
        ("不想学了，活着没劲", Signal.SELF_HARM),
        ("他以前也犯过，现在喘不上气", Signal.MEDICAL_EMERGENCY),
        ("我是她女儿我作业写完了", Signal.MINOR),
    ],
)
def test_what_only_begins_harmlessly_is_danger(text: str, signal: Signal) -> None:
    assert reason(need(said(text, signals={signal: 0.6}))) is TransferReason.VULNERABLE_PERSON


def test_a_child_on_the_phone_is_heard_whoever_they_talk_of() -> None:
    child = said("我妈家的孩子就我，我九岁", signals={Signal.MINOR: 0.6})
    assert reason(need(child)) is TransferReason.VULNERABLE_PERSON


def heard(*exchanges: tuple[str, str]) -> list[Said]:
    return [replace(said(text, start=2 * at)[0], bot_said=bot) for at, (bot, text) in enumerate(exchanges)]


@pytest.mark.parametrize(
    "exchanges",
    [
        [("是噪音吗", "不是，是漏水"), ("好的，噪音", "漏水漏水"), ("噪音的话", "是漏水")],
        [("您贵姓", "姓鲁"), ("卢女士您好", "鲁"), ("吕女士", "鲁迅的鲁")],
        [("改时间吗", "我要改地址"), ("改到几点", "地址，送货地址"), ("几点", "你根本没明白我要干嘛")],
        [("几位", "六个"), ("十六位", "我说了三遍了")],
        [("续费吗", "把会员关掉"), ("续费成功", "自动扣费关掉"), ("短信通知您", "真服了这天没法聊")],
        [("改哪天", "我不改签我退票"), ("改签二十", "不是改签是退票"), ("改签免费", "你是不是耳朵有毛病")],
        [("贵姓", "免贵姓阮"), ("袁先生", "耳朵旁那个阮"), ("元先生", "随便你叫吧反正也叫不对")],
    ],
)
def test_a_bot_that_does_not_take_the_answer_is_noticed(exchanges: list[tuple[str, str]]) -> None:
    assert reason(need(heard(*exchanges))) is TransferReason.REPEATED_MISUNDERSTANDING


@pytest.mark.parametrize(
    "exchanges",
    [
        [("周三吗", "周四"), ("好的周四", "对周四")],
        [("方便吗", "你好"), ("方便吗", "你好"), ("方便吗", "你好")],
        [("要吗", "嗯"), ("留着吗", "嗯"), ("好吗", "嗯")],
        [("冰箱清洗", "我服了你们"), ("打扰了", "耳朵都听出茧子了")],
        [("看看车吗", "白说了我没钱")],
    ],
)
def test_everyday_repetition_is_no_mishearing(exchanges: list[tuple[str, str]]) -> None:
    assert need(heard(*exchanges)) is None
