"""What staff may write as a condition, how a mistake is named, and how a condition reads in Chinese."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callbot.audience.tags.explain import explain
from callbot.audience.tags.parse import DEEPEST, LONGEST, parse
from callbot.audience.tags.words import NUMBERS, TESTS, TRAITS, NumberWord
from callbot.errors import BadInput
from callbot.store.tag_tree import Compare, Every, Figure, Number, Op, Period, Unit

SAME = [
    (
        'logins(6m) < 3 and holds("金融产品") and age in 30..40 and gender == "男"',
        "近 6 个月登录少于 3 次，且持有「金融产品」，且年龄 30 至 40 岁，且性别是男",
    ),
    (
        "登录（6个月）＜3 且 持有（“金融产品”）且年龄 在 30至40 且性别 是 “男性”",
        "近 6 个月登录少于 3 次，且持有「金融产品」，且年龄 30 至 40 岁，且性别是男",
    ),
    ("近6个月登录少于3次", "近 6 个月登录少于 3 次"),
    ("age between 30 and 40 and spent >= 99.5", "年龄 30 至 40 岁，且累计消费不少于 99.50 元"),
    ("age not in 30..40", "年龄不在 30 至 40 岁之间"),
    ('not holds("A") or region in ["上海", "北京"]', "未持有「A」，或地区是上海或北京"),
    (
        '(visits(1y) > 1 or 到店(2周) = 0) and industry != "电商"',
        "（近 1 年到店超过 1 次，或近 2 周到店正好 0 次），且行业不是电商",
    ),
    ("birthday_month in [3, 4]", "生日月份是 3 月，或生日月份是 4 月"),
    ("member_days_left in -30..60", "会员权益剩余 -30 至 60 天"),
    ('not (orders > 1 and consent("营销"))', "不满足“累计购买超过 1 次，且同意「营销」联系”"),
    ("Logins(6M) <= 3 AND AGE > 20", "近 6 个月登录不超过 3 次，且年龄大于 20 岁"),
]


@pytest.mark.parametrize(("text", "explanation"), SAME)
def test_it_reads_in_chinese(text: str, explanation: str) -> None:
    assert explain(parse(text)) == explanation


def test_the_tree_is_what_was_written() -> None:
    assert parse("logins(6m) < 3 and spent > 12.5") == Every(
        parts=(
            Compare(
                figure=Figure(number=Number.EVENTS, kinds=("login",), period=Period(count=6, unit=Unit.MONTH)),
                op=Op.LT,
                value=3,
            ),
            Compare(figure=Figure(number=Number.SPENT), op=Op.GT, value=1250),
        )
    )


@pytest.mark.parametrize(
    ("text", "column", "what", "cure"),
    [
        ("", 1, "空", "logins"),
        ("   ", 1, "空", "logins"),
        ("login(6m) < 3", 1, "没有「login」", "是不是 logins？"),
        ("age > 3 and 登入(6m) < 3", 13, "没有「登入」", "callbot tag words"),
        ("xyzzy > 3", 1, "没有「xyzzy」", "callbot tag words"),
        ("logins(6) < 3", 8, "缺少单位", "logins(6m)"),
        ("logins(0m) < 3", 8, "时间段要在", "6m"),
        ("logins(6m) <", 13, "没有写完", "数字"),
        ("logins(6m", 10, "没有写完", "右括号"),
        ("logins(6m) < 3 age > 3", 16, "连接词", "and"),
        ("logins(6m) < 3 )", 16, "连接词", "and"),
        ("logins(6m)", 1, "缺少比较", "< 3"),
        ("近6个月登录(3m) < 3", 8, "写了两次", "只留一个"),
        ("gender > 3", 8, "不能比大小", '== "男"'),
        ("gender == 3", 11, "引号", '== "男"'),
        ('gender == "女人"', 11, "没有「女人」", "女"),
        ('gender(6m) == "男"', 8, "属性", '== "男"'),
        ("gender", 1, "缺少比较", '== "男"'),
        ("region in 3..4", 1, "没有范围", "["),
        ("region in []", 8, "空", "["),
        ("age in 40..30", 8, "起点大于终点", "对调"),
        ("age > 3.5", 7, "整数", "整数"),
        ("age(6m) > 3", 5, "不按时间段", "不带括号"),
        ('age > "三十"', 7, "不能与文字比较", "age"),
        ("age > 3元", 8, "单位是岁", "岁"),
        ("spent > 1.005", 9, "最多到分", "两位小数"),
        ("spent > 9999999999999", 9, "太大", "核对"),
        ("holds", 1, "文字", 'holds("金融产品")'),
        ("holds(3)", 7, "文字", 'holds("金融产品")'),
        ('holds("a") > 3', 12, "不能比较", 'holds("金融产品")'),
        ('holds(" ")', 7, "没有可用的文字", "文字"),
        ('consent("市场")', 9, "没有「市场」", "营销"),
        ('stage == "首次"', 10, "没有「首次」", "首次沉默"),
        ('holds("abc', 7, "引号没有配对", "另一半"),
        ("age > 3; drop table customer", 8, "连接词", "and"),
        ("__import__('os').system('x')", 17, "「.」", "比较"),
        ("(" * (DEEPEST + 5) + "age > 3" + ")" * (DEEPEST + 5), DEEPEST + 2, "层", "has_tag"),
        ("age > 3 and " * 200 + "age > 3", LONGEST + 1, "字符", "has_tag"),
    ],
)
def test_a_mistake_names_its_column_and_a_cure(text: str, column: int, what: str, cure: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse(text)
    problem = caught.value.problems[0]
    assert problem.where == f"列 {column}"
    assert what in problem.what
    assert cure in problem.cure


def test_every_mistake_is_shown_at_once_in_the_order_of_the_columns() -> None:
    with pytest.raises(BadInput) as caught:
        parse("age in 40..30 and foo == 1 and gender > 2")
    assert [problem.where for problem in caught.value.problems] == ["列 8", "列 19", "列 39"]


@given(
    st.text(max_size=60)
    | st.lists(
        st.sampled_from(
            ["age", ">", "3", "and", "(", ")", "in", "..", '"', "且", "logins", "6m", "[", ",", "not"]
        ),
        max_size=12,
    ).map(" ".join)
)
def test_whatever_is_typed_gives_a_condition_or_a_named_column(text: str) -> None:
    try:
        read, columns = explain(parse(text)), [1]
    except BadInput as bad:
        read, columns = str(bad), [int(each.where.removeprefix("列 ")) for each in bad.problems]
    assert read
    assert all(1 <= column <= len(text) + 1 for column in columns)


@pytest.mark.parametrize("word", NUMBERS, ids=lambda word: str(word.name))
def test_each_number_word_can_be_written_in_both_languages(word: NumberWord) -> None:
    assert len({parse(f"{name} >= 2") for name in (word.name, *word.also)}) == 1


def test_each_trait_and_test_word_can_be_written_in_both_languages() -> None:
    for trait in TRAITS:
        value = next(iter(trait.choices), "上海")
        assert len({parse(f'{name} == "{value}"') for name in (trait.name, *trait.also)}) == 1
    for test in TESTS:
        value = next(iter(test.choices), "上海")
        assert len({parse(f'{name}("{value}")') for name in (test.name, *test.also)}) == 1
