"""Times as people say them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callbot.conversation.understand.spoken_time import find, is_far, when

SHANGHAI = ZoneInfo("Asia/Shanghai")
WEDNESDAY_TEN = datetime(2026, 3, 11, 10, 0, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("明天下午三点再打吧", "03-12 15:00"),
        ("下周一", "03-16 10:00"),
        ("晚上八点以后打", "03-11 20:15"),
        ("过两个小时再打", "03-11 12:00"),
        ("半个小时之后再打", "03-11 10:30"),
        ("后天上午吧", "03-13 10:00"),
        ("周末打给我", "03-14 10:00"),
        ("礼拜三下午", "03-18 15:00"),
        ("二十号上午十点半", "03-20 10:30"),
        ("3月15号", "03-15 10:00"),
        ("月底", "03-31 10:00"),
        ("一个半小时后", "03-11 11:30"),
        ("两点半", "03-11 14:30"),
        ("十分钟后", "03-11 10:10"),
        ("明早十点", "03-12 10:00"),
        ("下班以后", "03-11 18:00"),
        ("15:30", "03-11 15:30"),
        ("晚上七点半左右", "03-11 19:30"),
        ("下礼拜二", "03-17 10:00"),
        ("五点钟", "03-11 17:00"),
        ("大后天", "03-14 10:00"),
        ("今天下午一点二十", "03-11 13:20"),
        ("周五晚上", "03-13 19:00"),
        ("十二点以后", "03-11 12:15"),
        ("早上八点", "03-12 08:00"),
        ("下下周三", "03-25 10:00"),
        ("中午十二点", "03-11 12:00"),
        ("过三天", "03-14 10:00"),
        ("明儿下午", "03-12 15:00"),
        ("下个月", "04-01 10:00"),
        ("三点钟吧三点钟", "03-11 15:00"),
        ("下个礼拜一上午十来点打给我", "03-16 10:00"),
        ("等我下班吧", "03-11 18:00"),
        ("明天晚饭后", "03-12 19:00"),
        ("午饭后", "03-11 13:00"),
        ("吃完饭再打", "03-11 19:00"),
        ("等孩子睡了再打吧", "03-11 20:00"),
        ("过了十五再说", "03-16 10:00"),
        ("国庆之后再联系我", "10-08 10:00"),
        ("五一过后", "05-06 10:00"),
        ("过完年吧", "03-01 10:00"),
        ("等放假了再说", "07-05 10:00"),
        ("年底吧", "12-15 10:00"),
        ("下半年", "07-01 10:00"),
        ("明年三月份", "03-01 10:00"),
        ("明天上午十点来钟", "03-12 10:00"),
        ("过个把小时", "03-11 11:00"),
        ("二十来分钟以后", "03-11 10:20"),
        ("过个三五天", "03-16 10:00"),
        ("月中吧", "03-15 10:00"),
        ("下个月中旬", "04-15 10:00"),
        ("下月十号左右", "04-10 10:00"),
        ("这个月二十号以后", "03-20 10:00"),
        ("周一到周五晚上都行", "03-16 19:00"),
        ("工作日白天", "03-12 10:00"),
        ("周六日都行", "03-14 10:00"),
        ("明天这个时候", "03-12 10:00"),
        ("待会儿再打", "03-11 10:30"),
        ("一会儿再打过来", "03-11 10:30"),
        ("等我开完会", "03-11 12:00"),
        ("忙完这阵儿再说", "03-18 10:00"),
        ("上午十点到十一点之间", "03-12 10:00"),
        ("下午两点到四点", "03-11 14:00"),
    ],
)
def test_when(text: str, moment: str) -> None:
    found = when(text, WEDNESDAY_TEN, SHANGHAI)
    assert found is not None
    assert found.astimezone(SHANGHAI).strftime("%m-%d %H:%M") == moment


@pytest.mark.parametrize(
    "text",
    [
        "你说得对",
        "我买了三天就坏了",
        "我要两个",
        "早点打",
        "一点都不好",
        "便宜一点",
        "晚一点",
        "不用了",
        "",
        "今天早上八点",
        "上周三",
        "过年那次买的就坏了",
        "年后就没去过",
        "上次放假去的",
        "吃完饭肚子疼",
        "一会儿这样一会儿那样",
        "发工资都不够花",
    ],
)
def test_no_time_to_come(text: str) -> None:
    assert when(text, WEDNESDAY_TEN, SHANGHAI) is None


def test_the_callee_s_own_zone_counts() -> None:
    urumqi = ZoneInfo("Asia/Urumqi")
    found = when("明天下午三点", WEDNESDAY_TEN, urumqi)
    assert found == datetime(2026, 3, 12, 9, 0, tzinfo=UTC)


@given(
    text=st.text(alphabet="今明后天下周一二三四五六日上午晚点半以后号月过个小时分钟的吧再打15:0", max_size=12),
    now=st.datetimes(min_value=datetime(2025, 1, 1), max_value=datetime(2030, 1, 1)),  # noqa: DTZ001
)
def test_a_moment_is_never_in_the_past_and_find_returns_words_of_the_text(text: str, now: datetime) -> None:
    now = now.replace(tzinfo=UTC)
    moment = when(text, now, SHANGHAI)
    assert moment is None or (moment > now and moment.tzinfo is not None)
    assert find(text) in text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("明天上午十点来钟打吧", "明天上午十点来钟"),
        ("不行后天后天这个点打", "后天这个点"),
        ("明朝上午九点我在屋里", "明朝上午九点"),
        ("初六你打来吧", "初六"),
        ("双休日随便哪天下午都行", "双休日随便哪天下午"),
        ("我孩子上初三了", ""),
        ("你下午两点到四点打都行", "下午两点到四点"),
        ("中午吃饭那会儿", "中午吃饭那会儿"),
        ("等孩子睡了再打吧", "等孩子睡了"),
        ("发了工资再说", "发了工资"),
        ("下个月中旬吧", "下个月中旬"),
        ("明天同一时间", "明天同一时间"),
    ],
)
def test_a_time_is_kept_as_it_was_spoken(text: str, words: str) -> None:
    assert find(text) == words


@pytest.mark.parametrize(
    ("spoken", "far"), [("过完年", True), ("下半年", True), ("后天下午", False), ("", False)]
)
def test_a_season_is_no_hour(spoken: str, far: bool) -> None:
    assert is_far(spoken) is far
