"""Which of the five strategies fits, by reason, stage, value and preference, with its terms spelled out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from callbot.audience import signals
from callbot.audience.preference import VOICE, channel_for
from callbot.audience.profile import Profile
from callbot.audience.reasons import Reason
from callbot.audience.rfm import Tier
from callbot.audience.silence import Silence, Stage


class StrategyName(StrEnum):
    """R113–R117."""

    COMPENSATE = "优惠补偿"
    CONTENT = "内容再激活"
    SERVICE = "服务触达"
    OCCASION = "场景召回"
    RIGHTS = "等级权益升级"


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """A strategy with whom, what, when, channel and wording explicit (R118)."""

    name: StrategyName
    because: str
    """zh-CN: the rule and what it looked at."""
    benefit_first: bool
    """May the opener name a benefit? Not for damaged experience and unknown reason: health check first (C4)."""
    urgency: bool
    """May a real end date be stressed? Never for damaged experience and competitor users (C5)."""
    when: str
    what: str
    channel: str
    wording: str
    whom: str = ""
    """zh-CN: the group it is meant for."""
    offers: tuple[str, ...] = ()
    """Codes of the offers to choose from first."""
    segment: str = ""
    """The segment whose terms these are; empty where the rules alone decided."""


def strategy(profile: Profile, silence: Silence, reason: Reason, tier: Tier, now: datetime) -> Strategy | None:
    """The strategy for a silent customer at `now` (UTC); None for whoever is not silent.

    Damaged experience, competitor users and unknown reasons get service and no benefit first (C4, R193, R194).
    Then what is near in time decides (rights, birthday), then price, then taste for content, then value.
    """
    if not silence.silent:
        return None
    chosen = _chosen(profile, silence, reason, tier, now)
    whom = f"{silence.stage}、{reason}、{tier}的客户"
    return replace(chosen, channel=channel_for(profile, now), whom=whom)


def _chosen(profile: Profile, silence: Silence, reason: Reason, tier: Tier, now: datetime) -> Strategy:
    match reason:
        case Reason.HARMED:
            return _service(
                profile, "体验受损：先解决问题，不推销（C4、R193）", "先道歉并问清问题，调动资源解决"
            )
        case Reason.MOVED_ON:
            return _service(
                profile, "价值转移：低频、真诚，不硬推（R194）", "关心近况，不谈产品，留下专属联系人"
            )
        case Reason.UNKNOWN:
            return _service(
                profile, "原因未知：先做关系体检，不给券（C4、R181）", "老朋友式问候，用开放问题了解原因"
            )
        case Reason.NEED_GONE | Reason.FADED:
            return next(_open_to_offers(profile, silence, reason, tier, now))


def _open_to_offers(
    profile: Profile, silence: Silence, reason: Reason, tier: Tier, now: datetime
) -> Iterator[Strategy]:
    if rights := signals.rights_expiring(profile, now):
        told = "，".join(str(value) for value in rights.figures.values())
        yield _of(
            profile,
            StrategyName.RIGHTS,
            because=f"{rights.name}：{told}（R117）",
            what="到期权益的保留或升级",
            wording="提醒权益，请客户选择保留方式",
            when="权益到期前",
            urgency=True,
        )
    for node in (signals.birthday_near(profile, now), signals.anniversary_near(profile, now)):
        if node:
            yield _of(
                profile,
                StrategyName.OCCASION,
                because=f"{node.name}：还有{node.figures['还有天数']}天（R116）",
                what="节点礼遇",
                wording="先祝福，再说专属礼遇",
                when="节点前一周内",
            )
    if reason is Reason.NEED_GONE:
        yield _of(
            profile,
            StrategyName.CONTENT,
            because="原需求已结束：按兴趣介绍别的内容，不推原来的商品（R114）",
            what="与兴趣相关的新内容",
            wording="问近况，给两个可选的新方向",
            when="窗口内任一时段",
        )
    if price := signals.price_sensitive(profile):
        yield _of(
            profile,
            StrategyName.COMPENSATE,
            because=f"价格敏感：{price.figures['全部']}次中{price.figures['与价格有关']}次与价格有关（R113）",
            what="限时折扣或专属券",
            wording="开头就说明专属优惠",
            when="窗口内任一时段",
            urgency=True,
        )
    if content := signals.content_responsive(profile):
        yield _of(
            profile,
            StrategyName.CONTENT,
            because=f"常看内容：打开或点击{content.figures['打开或点击']}次（R114）",
            what="按兴趣挑选的内容与新品",
            wording="先分享有用的内容，再邀请回来",
            when="窗口内任一时段",
        )
    if profile.named_agent or (tier is Tier.HIGH and silence.stage is not Stage.FIRST):
        why = f"有专属顾问{profile.named_agent}" if profile.named_agent else f"高价值且{silence.stage}"
        yield _service(
            profile, f"{why}：一对一关怀（R107、R060）", "以顾问的名义问候，约一次回访", benefit_first=True
        )
    for broken in (signals.cart_left(profile, now), signals.browsed(profile, now)):
        if broken:
            yield _of(
                profile,
                StrategyName.COMPENSATE,
                because=f"{broken.name}：{broken.figures['内容']}（R017）",
                what="限时补贴或库存提醒",
                wording="提起看过的商品，给出补贴",
                when="尽快",
                urgency=True,
            )
    yield _of(
        profile,
        StrategyName.COMPENSATE,
        because=f"{reason}、{silence.stage}：给明确的回归利益（C4、R067、R068）",
        what="回归礼遇",
        wording="说明注意到客户最近没来，再给利益",
        when="窗口内任一时段",
        urgency=True,
    )


def _of(
    profile: Profile,
    name: StrategyName,
    *,
    because: str,
    what: str,
    wording: str,
    when: str,
    urgency: bool = False,
) -> Strategy:
    return Strategy(
        name=name,
        because=because,
        benefit_first=True,
        urgency=urgency,
        when=when,
        what=what,
        channel=VOICE,
        wording=wording,
    )


def _service(profile: Profile, because: str, wording: str, *, benefit_first: bool = False) -> Strategy:
    return Strategy(
        name=StrategyName.SERVICE,
        because=because,
        benefit_first=benefit_first,
        urgency=False,
        when="窗口内任一时段",
        what="关怀与回访",
        channel=VOICE,
        wording=wording,
    )
