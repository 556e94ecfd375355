"""The local reader: phrases, meaning, the question that was asked, slots."""

from __future__ import annotations

from pathlib import Path

import pytest

from callbot.conversation.labels import Emotion, Intent, Signal
from callbot.conversation.reading import Context
from callbot.conversation.understand import LocalReader
from callbot.conversation.understand.context import asked
from callbot.conversation.understand.felt import voted
from callbot.conversation.understand.normal import essence, plain
from callbot.conversation.understand.reader import judged
from callbot.errors import BadInput


@pytest.fixture(scope="module")
def reader() -> LocalReader:
    return LocalReader()


@pytest.mark.parametrize(
    ("text", "asks", "intent"),
    [
        ("不用了", "anything_else", Intent.DENY),
        ("不用了谢谢再见", "anything_else", Intent.THANKS_BYE),
        ("不用了", "offer", Intent.REFUSE),
        ("不用了", "transfer", Intent.DENY),
        ("好", "offer", Intent.INTERESTED),
        ("嗯，我要的，让人联系我吧", "offer", Intent.INTERESTED),
        ("让人联系我吧，我要投诉", "offer", Intent.COMPLAINT),
        ("嗯", "yes_no", Intent.AFFIRM),
        ("嗯", "identity", Intent.AFFIRM),
        ("不是", "identity", Intent.WRONG_PERSON),
        ("不用了我不需要", "identity", Intent.REFUSE),
        ("她不在", "identity", Intent.WRONG_PERSON),
        ("请可以", "yes_no", Intent.AFFIRM),
        ("如对的", "yes_no", Intent.AFFIRM),
        ("因好的", "identity", Intent.AFFIRM),
        ("嗯", "", Intent.GREETING_ACK),
        ("价格", "choice", Intent.AFFIRM),
        ("多少钱", "choice", Intent.ASK_PRICE_OFFER),
        ("不用了，别再打了", "offer", Intent.DO_NOT_CALL),
        ("明天下午三点", "open", Intent.BUSY_CALLBACK),
        ("", "yes_no", Intent.SILENCE_FILLER_UNCLEAR),
        ("挺好的", "open", Intent.AFFIRM),
        ("好的", "open", Intent.AFFIRM),
        ("也就那样吧", "open", Intent.CONSIDERING),
        ("不用了", "open", Intent.REFUSE),
        ("以后别打了", "open", Intent.DO_NOT_CALL),
        ("是我，你哪里", "identity", Intent.AFFIRM),
    ],
)
async def test_what_was_asked_decides_short_answers(
    reader: LocalReader, text: str, asks: str, intent: Intent
) -> None:
    assert (await reader.read(text, Context(asks=asks))).intent is intent


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("不需要，谢谢", Intent.REFUSE),
        ("不用了", Intent.REFUSE),
        ("没兴趣", Intent.REFUSE),
        ("不方便", Intent.BUSY_CALLBACK),
        ("不行", Intent.DENY),
        ("方便", Intent.AFFIRM),
    ],
)
async def test_whoever_wants_nothing_is_not_asked_for_a_better_hour(
    reader: LocalReader, text: str, intent: Intent
) -> None:
    asked = Context(bot_said="现在跟您说话方便吗？一会儿就好。", asks="yes_no")
    assert (await reader.read(text, asked)).intent is intent


@pytest.mark.parametrize(
    ("bot", "asks", "text", "intent"),
    [
        ("更在意日常护理，还是想了解新的项目呢？", "choice", "护理吧", Intent.AFFIRM),
        ("帮您约一位顾问聊聊，好吗？", "offer", "行，那先跟顾问聊聊", Intent.INTERESTED),
        ("帮您约一位顾问聊聊，好吗？", "offer", "转人工", Intent.REQUEST_HUMAN),
        ("您愿意的话，我请老师来排，好吗？", "offer", "能不能让老师换个人", Intent.REQUEST_HUMAN),
        ("那我们晚点打给您？", "", "不用打了", Intent.REFUSE),
        ("那我们晚点打给您？", "", "以后都别再打了", Intent.DO_NOT_CALL),
        ("您看哪天方便到店体验呢？", "", "周六上午吧", Intent.INTERESTED),
        ("您看什么时间方便，再给您打过去？", "", "周六上午吧", Intent.BUSY_CALLBACK),
        ("那给您排在周四？", "", "周四行 上午", Intent.INTERESTED),
        ("就一句话，需要寄吗？", "", "寄吧 地址没变", Intent.INTERESTED),
        ("需要师傅上门换个盒子。", "", "让他下班以后来", Intent.INTERESTED),
        ("需要帮您转接顾问吗？", "", "不用", Intent.DENY),
        ("续费提醒。", "", "下个月初再联系我吧 工资还没发", Intent.BUSY_CALLBACK),
        ("年后有活动。", "", "过完年再说吧", Intent.CONSIDERING),
    ],
)
async def test_what_the_bot_has_just_offered_decides_what_the_words_mean(
    reader: LocalReader, bot: str, asks: str, text: str, intent: Intent
) -> None:
    assert (await reader.read(text, Context(bot_said=bot, asks=asks))).intent is intent


async def test_a_no_to_another_question_is_a_no(reader: LocalReader) -> None:
    assert (await reader.read("不用", Context(bot_said="东西收到了吗？", asks="yes_no"))).intent is Intent.DENY


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("以后别再给我打电话了", Intent.DO_NOT_CALL),
        ("再打我就投诉你们", Intent.DO_NOT_CALL),
        ("把我号码删了吧", Intent.DO_NOT_CALL),
        ("我要投诉", Intent.COMPLAINT),
        ("那破机器到现在没人管", Intent.COMPLAINT),
        ("帮我转人工", Intent.REQUEST_HUMAN),
        ("叫你们经理来跟我说", Intent.REQUEST_HUMAN),
        ("您好您拨打的电话已关机", Intent.ANNOUNCEMENT),
        ("我是机主的来电助手请留言", Intent.ANNOUNCEMENT),
        ("你是机器人吗", Intent.ASK_IS_ROBOT),
        ("你打错了", Intent.WRONG_PERSON),
        ("人工费多少钱", Intent.ASK_PRICE_OFFER),
        ("你們這個多少錢啊", Intent.ASK_PRICE_OFFER),
        ("明天下午三点再打吧", Intent.BUSY_CALLBACK),
    ],
)
async def test_meaning(reader: LocalReader, text: str, intent: Intent) -> None:
    reading = await reader.read(text, Context())
    assert reading.intent is intent
    assert 0 < reading.confidence <= 1
    assert reading.because


@pytest.mark.parametrize(
    ("text", "never"),
    [
        ("我不是要投诉", Intent.COMPLAINT),
        ("不用转人工", Intent.REQUEST_HUMAN),
        ("你们的人工智能课怎么样", Intent.REQUEST_HUMAN),
        ("别打折了直接说多少钱", Intent.DO_NOT_CALL),
        ("我朋友投诉过你们", Intent.COMPLAINT),
        ("我在打针呢", Intent.DO_NOT_CALL),
    ],
)
async def test_words_that_mean_something_else(reader: LocalReader, text: str, never: Intent) -> None:
    assert (await reader.read(text, Context())).intent is not never


@pytest.mark.parametrize(
    ("text", "bot_said", "intent"),
    [
        ("不用了我不需要", "请问是张先生本人吗？", Intent.REFUSE),
        ("机器人啊行吧那你说说看", "请问是张先生本人吗？", Intent.AFFIRM),
    ],
)
async def test_after_asking_who_is_there(reader: LocalReader, text: str, bot_said: str, intent: Intent) -> None:
    assert (await reader.read(text, Context(bot_said=bot_said))).intent is intent


@pytest.mark.parametrize("serious", [Intent.REQUEST_HUMAN, Intent.COMPLAINT, Intent.DO_NOT_CALL])
def test_nothing_serious_is_read_from_a_guess(serious: Intent) -> None:
    rest = 0.8 / (len(Intent) - 1)
    guess = dict.fromkeys(Intent, rest) | {serious: 0.2}
    assert judged("那个白的", guess, None)[0][0] is Intent.SILENCE_FILLER_UNCLEAR
    assert serious not in {intent for intent, _ in judged("那个白的", guess, None)}
    assert judged("那个白的", guess | {serious: 0.9}, None)[0][0] is serious


def test_a_phrase_decides_between_likely_intents_and_makes_none_of_nothing() -> None:
    sure = dict.fromkeys(Intent, 0.001) | {Intent.NO_LONGER_NEEDED: 0.95}
    torn = dict.fromkeys(Intent, 0.001) | {Intent.NO_LONGER_NEEDED: 0.5, Intent.DO_NOT_CALL: 0.3}
    assert judged("我是他女儿我爸用不着了", sure, None)[0][0] is Intent.NO_LONGER_NEEDED
    assert judged("以后别再给我打电话了", torn, None)[0][0] is Intent.DO_NOT_CALL
    assert judged("以后再说吧", torn, None)[0][0] is Intent.NO_LONGER_NEEDED


async def test_of_two_concerns_the_last_counts(reader: LocalReader) -> None:
    assert (await reader.read("价格还行主要看效果", Context())).slots["concern"] == "效果"


async def test_the_model_is_read_from_disk_once() -> None:
    assert LocalReader()._heads is LocalReader()._heads


async def test_a_threat_is_not_a_complaint_beside_the_do_not_call(reader: LocalReader) -> None:
    assert Intent.COMPLAINT not in (await reader.read("再打我就投诉你们", Context())).others


async def test_do_not_call_for_calls_only(reader: LocalReader) -> None:
    assert (await reader.read("别打电话，发微信就行", Context())).slots["scope"] == "voice"
    assert "scope" not in (await reader.read("短信也别发，以后别打电话", Context())).slots


async def test_a_relative_says_when_to_call(reader: LocalReader) -> None:
    reading = await reader.read("我是她女儿 我妈买菜去了 明天早上九点她在", Context())
    assert reading.intent is Intent.WRONG_PERSON
    assert Intent.BUSY_CALLBACK in reading.others
    assert reading.slots["callback_time"] == "明天早上九点"


def test_words_of_a_feeling_vote_and_decide_nothing_by_themselves() -> None:
    torn = dict.fromkeys(Emotion, 0.0) | {Emotion.NEUTRAL: 0.55, Emotion.IMPATIENT: 0.45}
    sure = dict.fromkeys(Emotion, 0.0) | {Emotion.NEUTRAL: 0.9, Emotion.IMPATIENT: 0.1}
    for felt, wanted in ((torn, Emotion.IMPATIENT), (sure, Emotion.NEUTRAL)):
        after = voted("直接告诉我多少钱", felt)
        assert max(after, key=after.__getitem__) is wanted
        assert sum(after.values()) == pytest.approx(1)


async def test_slots(reader: LocalReader) -> None:
    assert (await reader.read("我在忙你明天下午三点再打", Context())).slots["callback_time"] == "明天下午三点"
    assert (await reader.read("效果吧", Context(asks="choice", choices=("价格", "效果")))).slots[
        "concern"
    ] == "效果"
    assert (await reader.read("我是她老公", Context())).slots["relation"] == "老公"


async def test_several_intents_in_one_utterance(reader: LocalReader) -> None:
    reading = await reader.read("我要投诉，让你们经理来跟我说，以后别再打了", Context())
    assert reading.intent is Intent.DO_NOT_CALL
    assert set(reading.others) >= {Intent.COMPLAINT, Intent.REQUEST_HUMAN}


async def test_emotion(reader: LocalReader) -> None:
    assert (await reader.read("你们这是欺骗消费者赔钱", Context())).emotion is Emotion.ANGRY
    assert (await reader.read("我再考虑考虑吧", Context())).emotion is Emotion.HESITANT


@pytest.mark.parametrize(
    ("said", "asks"),
    [
        ("请问还有其他需要帮您的吗？", "anything_else"),
        ("请问您是王女士吗？", "identity"),
        ("您更关注价格还是效果？", "choice"),
        ("给您留一张可以吗？", "offer"),
        ("您现在方便吗？", "convenience"),
        ("东西收到了吗？", "yes_no"),
        ("好的，再见。", ""),
    ],
)
def test_the_bot_s_words_say_what_was_asked(said: str, asks: str) -> None:
    assert asked(Context(bot_said=said)) == asks


def test_one_spelling() -> None:
    assert plain("你們 的ＡＰＰ，，， 好嗎?") == "你们的app，好吗？"
    assert essence("嗯，那个，多少钱？") == "多少钱"
    assert plain("3.5折 12:30") == "3.5折12:30"


def test_a_broken_model_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "broken"
    path.write_bytes(b"nothing")
    with pytest.raises(BadInput, match="train_reader"):
        LocalReader(path)
    with pytest.raises(BadInput, match="tune_encoder"):
        LocalReader(encoder=path)


async def test_signals_come_with_the_reading(reader: LocalReader) -> None:
    said = await reader.read("我真的不想活了", Context())
    assert said.signals[Signal.SELF_HARM] > 0.5
    assert max((await reader.read("明天再说吧", Context())).signals.values()) < 0.3


@pytest.mark.parametrize(
    ("text", "stop"),
    [
        ("那就今天我都你电话", False),
        ("那就今天我都以电话", False),
        ("以后别再打给我了", True),
        ("把我号码删了", True),
    ],
)
async def test_after_the_goodbye_a_wish_is_not_guessed(reader: LocalReader, text: str, stop: bool) -> None:
    goodbye = Context(bot_said="同事那边已经处理完了，谢谢您的耐心。再见。")
    assert ((await reader.read(text, goodbye)).intent is Intent.DO_NOT_CALL) is stop
