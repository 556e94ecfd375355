"""The words of the tag factory: what staff may write, in English and Chinese, and what each one means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final, TypeAlias

from callbot.audience.columns import INDUSTRIES, PURPOSES
from callbot.audience.preference import CHANNELS
from callbot.audience.profile import INTERACTIONS
from callbot.audience.reasons import Reason
from callbot.audience.rfm import Lifecycle, Segment, Tier
from callbot.audience.silence import Stage
from callbot.audience.strategy import StrategyName
from callbot.store.tag_tree import Number, Test, Trait


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberWord:
    """A word that stands for a number."""

    name: str
    title: str
    """zh-CN, as explanations say it."""
    also: tuple[str, ...]
    unit: str
    number: Number
    kinds: tuple[str, ...] = ()

    @property
    def counts(self) -> bool:
        """Takes a period: `logins(6m)`."""
        return self.number in _COUNTED

    @property
    def scale(self) -> int:
        """Of the figure's own unit in one of the written unit: money is written in yuan, kept in fen."""
        return 100 if self.number is Number.SPENT else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TraitWord:
    """A word that stands for a text; `choices` maps what may be written to what is stored, empty is free."""

    name: str
    title: str
    also: tuple[str, ...]
    trait: Trait
    choices: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TestWord:
    """A word that asks yes or no about one text: `holds("金融产品")`."""

    __test__ = False

    name: str
    yes: str
    """zh-CN with `{}` for the text."""
    no: str
    also: tuple[str, ...]
    test: Test
    choices: Mapping[str, str] = field(default_factory=dict)


Word: TypeAlias = NumberWord | TraitWord | TestWord

_COUNTED = frozenset(
    {Number.EVENTS, Number.ORDERS, Number.RETURNS, Number.SPENT, Number.CALLS, Number.ANSWERED}
)


def _events(name: str, title: str, *kinds: str, also: tuple[str, ...] = ()) -> NumberWord:
    return NumberWord(name=name, title=title, also=(title, *also), unit="次", number=Number.EVENTS, kinds=kinds)


def _since(name: str, what: str, *kinds: str) -> NumberWord:
    return NumberWord(
        name=f"last_{name}_days",
        title=f"距上次{what}",
        also=(f"距上次{what}", f"未{what}天数"),
        unit="天",
        number=Number.SINCE_EVENT,
        kinds=kinds,
    )


def _same(*values: str) -> Mapping[str, str]:
    return MappingProxyType({value: value for value in values})


def _both(values: Mapping[str, str]) -> Mapping[str, str]:
    return MappingProxyType({**values, **{value: value for value in values.values()}})


NUMBERS: Final = (
    _events("logins", "登录", "login", also=("登陆",)),
    _events("browses", "浏览", "browse"),
    _events("favourites", "收藏", "favourite"),
    _events("carts", "加购", "cart"),
    _events("forms", "填写表单", "form", also=("填表",)),
    _events("visits", "到店", "visit"),
    _events("lessons", "上课", "lesson"),
    _events("enquiries", "咨询", "enquiry"),
    _events("tickets", "工单", "ticket"),
    _events("reviews", "评价", "review"),
    _events("refunds", "退款", "refund"),
    _events("shares", "分享", "share"),
    _events("messages", "消息送达", "message_sent"),
    _events("opens", "打开消息", "message_open", also=("打开",)),
    _events("clicks", "点击消息", "message_click", also=("点击",)),
    _events("interactions", "互动", *sorted(INTERACTIONS)),
    NumberWord(
        name="orders",
        title="购买",
        also=("购买", "下单", "订单", "订单数"),
        unit="次",
        number=Number.ORDERS,
    ),
    NumberWord(name="returns", title="退货", also=("退货", "退单"), unit="次", number=Number.RETURNS),
    NumberWord(name="spent", title="消费", also=("消费", "消费金额"), unit="元", number=Number.SPENT),
    NumberWord(name="calls", title="外呼", also=("外呼", "拨打"), unit="次", number=Number.CALLS),
    NumberWord(name="answered", title="接听", also=("接听", "接通"), unit="次", number=Number.ANSWERED),
    NumberWord(
        name="last_order_days",
        title="距上次购买",
        also=("距上次购买", "未购天数", "未购买天数"),
        unit="天",
        number=Number.SINCE_ORDER,
    ),
    _since("login", "登录", "login"),
    _since("visit", "到店", "visit"),
    _since("browse", "浏览", "browse"),
    _since("lesson", "上课", "lesson"),
    _since("enquiry", "咨询", "enquiry"),
    _since("contact", "互动", *sorted(INTERACTIONS)),
    NumberWord(
        name="registered_days",
        title="注册至今",
        also=("注册天数",),
        unit="天",
        number=Number.SINCE_REGISTERED,
    ),
    NumberWord(name="age", title="年龄", also=("年龄",), unit="岁", number=Number.AGE),
    NumberWord(
        name="birthday_month",
        title="生日月份",
        also=("生日月份", "生日月"),
        unit="月",
        number=Number.BIRTHDAY_MONTH,
    ),
    NumberWord(
        name="member_days_left",
        title="会员权益剩余",
        also=("会员权益剩余", "权益剩余天数"),
        unit="天",
        number=Number.MEMBER_DAYS_LEFT,
    ),
    NumberWord(name="priority", title="优先级", also=("优先级",), unit="分", number=Number.PRIORITY),
)
TRAITS: Final = (
    TraitWord(
        name="gender",
        title="性别",
        also=("性别",),
        trait=Trait.GENDER,
        choices={**_same("男", "女"), "男性": "男", "女性": "女"},
    ),
    TraitWord(name="region", title="地区", also=("地区", "城市"), trait=Trait.REGION),
    TraitWord(name="industry", title="行业", also=("行业",), trait=Trait.INDUSTRY, choices=_both(INDUSTRIES)),
    TraitWord(name="brand", title="品牌", also=("品牌",), trait=Trait.BRAND),
    TraitWord(name="member_level", title="会员等级", also=("会员等级",), trait=Trait.MEMBER_LEVEL),
    TraitWord(name="named_agent", title="专属顾问", also=("专属顾问",), trait=Trait.NAMED_AGENT),
    TraitWord(name="stage", title="沉默阶段", also=("沉默阶段",), trait=Trait.STAGE, choices=_same(*Stage)),
    TraitWord(name="reason", title="沉默原因", also=("沉默原因",), trait=Trait.REASON, choices=_same(*Reason)),
    TraitWord(
        name="segment", title="用户分群", also=("用户分群",), trait=Trait.SEGMENT, choices=_same(*Segment)
    ),
    TraitWord(
        name="strategy", title="策略", also=("策略",), trait=Trait.STRATEGY, choices=_same(*StrategyName)
    ),
    TraitWord(name="tier", title="价值", also=("价值", "价值等级"), trait=Trait.TIER, choices=_same(*Tier)),
    TraitWord(
        name="lifecycle", title="生命周期", also=("生命周期",), trait=Trait.LIFECYCLE, choices=_same(*Lifecycle)
    ),
    TraitWord(
        name="preferred_channel",
        title="指定的联系渠道",
        also=("指定渠道", "偏好渠道"),
        trait=Trait.PREFERRED_CHANNEL,
        choices=_both(CHANNELS),
    ),
    TraitWord(
        name="best_channel",
        title="行为偏好的渠道",
        also=("渠道偏好",),
        trait=Trait.BEST_CHANNEL,
        choices=_same(*CHANNELS),
    ),
)
TESTS: Final = (
    TestWord(name="holds", yes="持有「{}」", no="未持有「{}」", also=("持有", "买过"), test=Test.HOLDS),
    TestWord(name="has_tag", yes="带标签「{}」", no="不带标签「{}」", also=("有标签", "标签"), test=Test.TAG),
    TestWord(
        name="interested",
        yes="对「{}」感兴趣",
        no="没有「{}」的兴趣记录",
        also=("感兴趣", "兴趣", "interests", "interest"),
        test=Test.INTEREST,
    ),
    TestWord(
        name="consent",
        yes="同意「{}」联系",
        no="未同意「{}」联系",
        also=("同意",),
        test=Test.CONSENT,
        choices=_both(PURPOSES),
    ),
)
WORDS: Final[Mapping[str, Word]] = MappingProxyType(
    {written: word for word in (*NUMBERS, *TRAITS, *TESTS) for written in (word.name, *word.also)}
)


def find_word(written: str) -> Word | None:
    return WORDS.get(written) or WORDS.get(written.lower())


def nearest(written: str, known: Mapping[str, object]) -> str:
    """The known word somebody probably meant; empty when none is close."""
    if inside := [word for word in known if len(written) > 1 and (written in word or word in written)]:
        return min(inside, key=lambda word: abs(len(word) - len(written)))
    close = get_close_matches(written.lower(), known, n=1, cutoff=0.6)
    return close[0] if close else ""
