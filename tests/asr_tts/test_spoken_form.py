"""Numbers, dates, money and signs said as people say them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr_tts.spoken_form import spoken_form

CASES = [
    ("打8折", "打八折"),
    ("3.5折起", "三点五折起"),
    ("85折", "八五折"),
    ("优惠20%", "优惠百分之二十"),
    ("5%-10%", "百分之五到百分之十"),
    ("-3%", "负百分之三"),
    ("3月12日", "三月十二日"),
    ("3月12号", "三月十二号"),
    ("2026年3月", "二零二六年三月"),
    ("2026-03-12", "二零二六年三月十二日"),
    ("2026/3/12", "二零二六年三月十二日"),
    ("15:30", "十五点三十分"),
    ("下午3：30分", "下午三点三十分"),
    ("10:05", "十点零五分"),
    ("2:00", "两点"),
    ("9:00-18:00", "九点到十八点"),
    ("12:30～14:00", "十二点三十分到十四点"),
    ("100元", "一百元"),
    ("1,299.00元", "一千二百九十九元"),
    ("¥99", "九十九元"),
    ("￥1,299.50", "一千二百九十九点五元"),
    ("3.5万元", "三点五万元"),
    ("2000元", "两千元"),
    ("满300减50", "满三百减五十"),
    ("400-820-8888", "四零零，八二零，八八八八"),
    ("+86 100 7731 4402", "幺零零，七七三幺，四四零二"),
    ("尾号0731", "尾号零七三幺"),
    ("工号1024", "工号幺零二四"),
    ("拨打12315", "拨打幺二三幺五"),
    ("2个", "两个"),
    ("12个", "十二个"),
    ("第2次", "第二次"),
    ("3-5天", "三到五天"),
    ("1/2", "二分之一"),
    ("-5℃", "零下五度"),
    ("1.5倍", "一点五倍"),
    ("VIP客户", "VIP客户"),
    ("5G套餐", "五G套餐"),
    ("１００％", "百分之一百"),
    ("您好，我是小美。", "您好，我是小美。"),
    ("", ""),
]


@pytest.mark.parametrize(("written", "said"), CASES)
def test_says_what_people_say(written: str, said: str) -> None:
    assert spoken_form(written) == said


@given(st.text(alphabet="0123456789.,:：-~/%¥元折月日年点第个万℃+ 您好V", max_size=30))
def test_leaves_no_digit_and_never_fails(text: str) -> None:
    assert not re.search(r"[0-9０-９]", spoken_form(text))


@given(st.text(alphabet="您好我是小美，。！？、请问方便吗", max_size=30))
def test_leaves_words_alone(text: str) -> None:
    assert spoken_form(text) == text


@given(st.text(max_size=30))
def test_survives_any_text(text: str) -> None:
    spoken_form(text)
