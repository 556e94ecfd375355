"""What a call may say: the offers on the sheet, the profile facts, the opener made from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from callbot.conversation.prompt_use import PromptUse


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One row of the offer sheet as it stood when the attempt was made. Money in fen, percent as taken off."""

    code: str
    version: int
    title: str
    """zh-CN, as it is spoken: 老客户专属八折券."""
    discount_percent: int | None = None
    """20 means 八折."""
    amount_fen: int | None = None
    """A coupon's value."""
    min_spend_fen: int | None = None
    gift: str | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    stock: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """The callee as the conversation knows them: only what the call needs (R166)."""

    customer_id: str
    name: str
    """Full name as in the profile."""
    salutation: str
    """王女士, 李先生; the surname alone with 您 when the gender is unknown."""
    industry: str
    brand: str
    """Who is calling: 悦选商城."""
    facts: tuple[str, ...] = ()
    """Profile facts in plain zh-CN that an opener may cite: 3月12日购买了空气炸锅."""
    products: tuple[str, ...] = ()
    """What they bought or looked at, by name: words they may say. Nothing of it may be said for that."""
    reason: str = ""
    """Silence reason, one of 需求消失 体验受损 价值转移 自然流失 未知."""
    strategy: str = ""
    """One of 优惠补偿 内容再激活 服务触达 场景召回 等级权益升级."""
    named_agent: str = ""
    """Their own contact person, id or name (R196)."""
    tier: str = ""
    """高价值, 中价值 or 低价值; empty where nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opener:
    """The first words of a call, written and checked before the phone rings."""

    text: str
    """At most 60 characters after the disclosure line."""
    writer: str
    """`scripted/1`, or the model and prompt version that wrote it."""
    cites: tuple[str, ...] = ()
    """The profile facts used."""
    offers: tuple[str, ...] = ()
    """Codes of the offers mentioned."""
    rejected: tuple[str, ...] = field(default_factory=tuple)
    """Texts that the guard refused before this one, each with its reason."""
    prompts: tuple[PromptUse, ...] = ()
    """Requests made to models for it, the failed ones as well."""
