"""Text nobody said, and the form of text that somebody did say."""

from __future__ import annotations

import pytest

from asr_tts.phantoms import is_phantom, tidy, without_echo, without_loops


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("不用了，谢谢。", "不用了谢谢"),
        (" 你好 ， 我 想 问 一下？", "你好我想问一下"),
        ("打3.5折, 12:30以后!", "打3.5折12:30以后"),
        ("我要 iPhone 15 Pro 那个", "我要iPhone 15 Pro那个"),
        ("(音乐)喂【笑声】", "喂"),
        ("……", ""),
    ],
)
def test_tidy(raw: str, text: str) -> None:
    assert tidy(raw) == text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("对对对对", "对对对对"),
        ("不要不要不要", "不要不要不要"),
        ("啊啊啊啊啊啊啊啊啊啊", "啊啊"),
        ("我要投诉我要投诉我要投诉我要投诉我要投诉", "我要投诉我要投诉"),
        ("给我1000000元", "给我1000000元"),
        ("尾号是12121212的那张", "尾号是12121212的那张"),
    ],
)
def test_loops_are_cut_and_emphasis_is_kept(raw: str, text: str) -> None:
    assert without_loops(raw) == text


@pytest.mark.parametrize(
    "line",
    [
        "请不吝点赞订阅转发打赏支持明镜与点点栏目",
        "字幕by索兰娅",
        "中文字幕志愿者李宗盛",
        "谢谢观看",
        "感谢您的收看",
        "优优独播剧场YoYo Television Series Exclusive",
        "Amara.org",
        "作词作曲作曲",
    ],
)
def test_subtitle_lines_are_phantoms_however_sure_the_model_is(line: str) -> None:
    assert is_phantom(line, avg_logprob=-0.1, no_speech_probability=0.0)


@pytest.mark.parametrize(
    "line", ["谢谢", "谢谢再见", "我订阅过你们的短信", "别再打了", "字太小看不清", "感谢你打来", "我再看看"]
)
def test_what_callees_say_is_kept(line: str) -> None:
    assert not is_phantom(line, avg_logprob=-0.4, no_speech_probability=0.2)


@pytest.mark.parametrize(
    ("avg_logprob", "no_speech", "phantom"),
    [(-0.5, 0.9, False), (-1.1, 0.9, True), (-1.1, 0.3, False), (-2.0, 0.1, True)],
)
def test_doubt_about_speech_needs_doubt_about_words(
    avg_logprob: float, no_speech: float, phantom: bool
) -> None:
    assert is_phantom("你好", avg_logprob=avg_logprob, no_speech_probability=no_speech) is phantom


def test_echoed_prompt_is_a_phantom_and_a_named_product_is_not() -> None:
    hotwords = ("空调", "安装")
    assert is_phantom("空调安装", avg_logprob=-0.2, no_speech_probability=0.1, hotwords=hotwords)
    assert not is_phantom("空调", avg_logprob=-0.2, no_speech_probability=0.1, hotwords=hotwords)
    assert not is_phantom("空调", avg_logprob=-0.2, no_speech_probability=0.1, hotwords=("空调",))


@pytest.mark.parametrize(
    ("raw", "seconds", "text"),
    [
        ("不是我你打错电话了不是我你打错电话了", 1.8, "不是我你打错电话了"),
        ("以后不要再给我打电话了以后不要再给我打电话", 1.9, "以后不要再给我打电话了"),
        ("先看价格贵不贵先看价格贵不", 1.2, "先看价格贵不贵"),
        ("不是我你打错电话了不是我你打错电话了", 3.5, "不是我你打错电话了不是我你打错电话了"),
        ("不用了不用了", 0.5, "不用了不用了"),
        ("你说得很对很对", 0.5, "你说得很对很对"),
    ],
)
def test_a_sentence_written_twice_in_the_time_of_one_stands_once(raw: str, seconds: float, text: str) -> None:
    assert without_echo(raw, seconds) == text
