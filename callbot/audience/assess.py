"""A customer now: stage, reason, segment, tags, priority and strategy in one value, each with its why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from callbot.audience import signals
from callbot.audience.priority import Priority, priority
from callbot.audience.profile import Profile, profile_of
from callbot.audience.reasons import Evidence, Finding, Reason, mild_warnings, reason
from callbot.audience.rfm import Lifecycle, Rfm, Segment, Tier, lifecycle, rfm, segment, tier
from callbot.audience.silence import Silence, Stage, silence
from callbot.audience.strategy import Strategy, strategy
from callbot.clock import Clock
from callbot.store.customers import Conclusion, CustomerFilter, TagValue, every_history, save_conclusions
from callbot.store.database import Database

VERSION = "rules/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """Everything concluded about a customer at one moment."""

    customer_id: str
    at: datetime
    silence: Silence
    reason: Reason
    evidence: tuple[Evidence, ...]
    figures: Rfm
    segment: Segment
    tier: Tier
    lifecycle: Lifecycle
    tags: tuple[TagValue, ...]
    priority: Priority
    strategy: Strategy | None
    """None for whoever is not silent."""

    @property
    def stage(self) -> Stage:
        return self.silence.stage


def assess(profile: Profile, now: datetime) -> Assessment:
    """Judge a customer at `now` (UTC) by the rules; pure."""
    quiet = silence(profile, now)
    finding = reason(profile, quiet, now)
    figures = rfm(profile, now)
    worth, _ = tier(figures)
    return Assessment(
        customer_id=profile.customer_id,
        at=now,
        silence=quiet,
        reason=finding.reason,
        evidence=finding.evidence,
        figures=figures,
        segment=segment(figures)[0],
        tier=worth,
        lifecycle=lifecycle(profile, figures, quiet, now)[0],
        tags=tuple(_tags(profile, quiet, finding, figures, now)),
        priority=priority(profile, quiet, finding.reason, finding.evidence, figures, now),
        strategy=strategy(profile, quiet, finding.reason, worth, now),
    )


def conclusion(assessment: Assessment) -> Conclusion:
    """The form in which the store keeps it."""
    return Conclusion(
        customer_id=assessment.customer_id,
        stage=assessment.stage,
        reason=assessment.reason,
        segment=assessment.segment,
        strategy=assessment.strategy.name if assessment.strategy else "",
        priority=assessment.priority.score,
        assessment={
            "version": VERSION,
            "silence": {"days": assessment.silence.days, "rule": assessment.silence.rule},
            "reason": assessment.reason.value,
            "evidence": [_plain(each) for each in assessment.evidence],
            "rfm": assessment.figures.figures,
            "tier": assessment.tier.value,
            "lifecycle": assessment.lifecycle.value,
            "priority": assessment.priority.because,
            "strategy": asdict(assessment.strategy) if assessment.strategy else None,
        },
        tags=assessment.tags,
    )


async def assess_base(database: Database, clock: Clock, which: CustomerFilter | None = None) -> int:
    """Assess customers page by page and keep the conclusions; returns how many."""
    count = 0
    async for page in every_history(database, which):
        now = clock.now()
        conclusions = [conclusion(assess(profile_of(history), now)) for history in page]
        async with database.write() as session:
            await save_conclusions(session, conclusions, now)
        count += len(page)
    return count


def _tags(
    profile: Profile, quiet: Silence, finding: Finding, figures: Rfm, now: datetime
) -> Iterator[TagValue]:
    evidence = {"依据": [each.words for each in finding.evidence]}
    yield TagValue(name="沉默阶段", value=quiet.stage, rule=quiet.rule, evidence={"沉默天数": quiet.days})
    yield TagValue(
        name="沉默原因", value=finding.reason, rule="历史记录中最重的证据（R052–R055）", evidence=evidence
    )
    for name, (value, rule) in (
        ("用户分群", segment(figures)),
        ("价值", tier(figures)),
        ("生命周期", lifecycle(profile, figures, quiet, now)),
    ):
        yield TagValue(name=name, value=value, rule=rule, evidence={"RFM": figures.figures})
    if warnings := mild_warnings(profile, now):
        told = {"依据": [each.words for each in warnings]}
        yield TagValue(name="负面预警", rule="历史沟通中出现还行、一般、不好说、麻烦（R009）", evidence=told)
    for signal in (
        signals.cart_left(profile, now),
        signals.form_left(profile, now),
        signals.visit_without_trial(profile, now),
        signals.browsed(profile, now),
        signals.price_sensitive(profile),
        signals.content_responsive(profile),
        signals.rights_expiring(profile, now),
        signals.birthday_near(profile, now),
        signals.anniversary_near(profile, now),
    ):
        if signal:
            yield TagValue(name=signal.name, rule=signal.rule, evidence=signal.figures)


def _plain(each: Evidence) -> dict[str, Any]:
    return {
        "at": each.at.isoformat() if each.at else None,
        "kind": each.kind,
        "words": each.words,
        "weight": each.weight,
    }
