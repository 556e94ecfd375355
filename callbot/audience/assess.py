"""A customer now: stage, reason, segment, tags, priority and strategy in one value, each with its why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from callbot.audience import signals
from callbot.audience.activity import broken_off
from callbot.audience.preference import answered, best_answered
from callbot.audience.priority import Priority, priority
from callbot.audience.profile import Profile
from callbot.audience.reasons import Evidence, Reason, mild_warnings, reason
from callbot.audience.rfm import Lifecycle, Rfm, Segment, Tier, lifecycle, rfm, segment, tier
from callbot.audience.risk import Level, Risk
from callbot.audience.score.case import Case, Score, Scorer
from callbot.audience.score.scorecard import SCORECARD
from callbot.audience.silence import Silence, Stage, silence
from callbot.audience.strategy import Strategy, strategy
from callbot.store.customers import Conclusion, TagValue

VERSION = "rules/2"


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
    score: Score
    risk: Risk | None
    """None for whoever is silent already."""
    priority: Priority
    strategy: Strategy | None
    """None for whoever is not silent."""

    @property
    def stage(self) -> Stage:
        return self.silence.stage


def assess(profile: Profile, now: datetime, scorer: Scorer = SCORECARD) -> Assessment:
    """Judge a customer at `now` (UTC) by the rules; pure."""
    return assess_all([profile], now, scorer)[0]


def assess_all(profiles: Sequence[Profile], now: datetime, scorer: Scorer = SCORECARD) -> list[Assessment]:
    """Judge customers, in their order, with their scores worked out together; pure."""
    cases = [_case(profile, now) for profile in profiles]
    scored = zip(cases, scorer.score_all(cases), scorer.risk_all(cases), strict=True)
    return [_judged(case, score, risk) for case, score, risk in scored]


def _case(profile: Profile, now: datetime) -> Case:
    quiet = silence(profile, now)
    finding = reason(profile, quiet, now)
    return Case(
        profile=profile,
        silence=quiet,
        reason=finding.reason,
        evidence=finding.evidence,
        figures=rfm(profile, now),
        now=now,
    )


def _judged(case: Case, score: Score, risk: Risk | None) -> Assessment:
    profile, now = case.profile, case.now
    worth, _ = tier(case.figures)
    return Assessment(
        customer_id=profile.customer_id,
        at=now,
        silence=case.silence,
        reason=case.reason,
        evidence=case.evidence,
        figures=case.figures,
        segment=segment(case.figures)[0],
        tier=worth,
        lifecycle=lifecycle(profile, case.figures, case.silence, now)[0],
        tags=tuple(_tags(case, risk)),
        score=score,
        risk=risk,
        priority=priority(score, low_priority=profile.low_priority),
        strategy=strategy(profile, case.silence, case.reason, worth, now),
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
            "score": {
                "probability": round(assessment.score.probability, 4),
                "model": assessment.score.model,
                "because": assessment.score.because,
            },
            "risk": _plain_risk(assessment.risk) if assessment.risk else None,
            "strategy": _plain_strategy(assessment.strategy) if assessment.strategy else None,
        },
        tags=assessment.tags,
    )


def _tags(case: Case, risk: Risk | None) -> Iterator[TagValue]:
    profile, quiet, figures, now = case.profile, case.silence, case.figures, case.now
    evidence = {"依据": [each.words for each in case.evidence]}
    yield TagValue(name="沉默阶段", value=quiet.stage, rule=quiet.rule, evidence={"沉默天数": quiet.days})
    yield TagValue(
        name="沉默原因", value=case.reason, rule="历史记录中最重的证据（R052–R055）", evidence=evidence
    )
    for name, (value, rule) in (
        ("用户分群", segment(figures)),
        ("价值", tier(figures)),
        ("生命周期", lifecycle(profile, figures, quiet, now)),
    ):
        yield TagValue(name=name, value=value, rule=rule, evidence={"RFM": figures.figures})
    if risk and risk.level is not Level.LOW:
        rule = "30天后沉默的可能不低于20%为中、不低于50%为高（R086、R099）"
        told = {"概率": round(risk.probability, 2), "依据": risk.because, "评分": risk.model}
        yield TagValue(name="流失风险", value=risk.level, rule=rule, evidence=told)
    if warnings := mild_warnings(profile, now):
        lukewarm = {"依据": [each.words for each in warnings]}
        yield TagValue(
            name="负面预警", rule="历史沟通中出现还行、一般、不好说、麻烦（R009）", evidence=lukewarm
        )
    if best := best_answered(profile, now):
        rule = "近180天接听、打开或点击不少于2次且不低于三分之一的渠道中，回应率最高的一个（R108、R128）"
        answers = {each.title: each.words for each in answered(profile, now)}
        yield TagValue(name="渠道偏好", value=best.title, rule=rule, evidence=answers)
    if risk and risk.early_warning:
        rule = "登录次数减半且浏览深度下降30%（R087）"
        yield TagValue(name="流失预警", rule=rule, evidence={"依据": [drop.words for drop in risk.drops]})
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
        broken_off(profile, now),
    ):
        if signal:
            yield TagValue(name=signal.name, rule=signal.rule, evidence=signal.figures)


def _plain_strategy(chosen: Strategy) -> dict[str, Any]:
    """The values are flat: `asdict` would copy them deeply, and a base has a million customers."""
    return {name: getattr(chosen, name) for name in Strategy.__slots__}


def _plain(each: Evidence) -> dict[str, Any]:
    return {
        "at": each.at.isoformat() if each.at else None,
        "kind": each.kind,
        "words": each.words,
        "weight": each.weight,
    }


def _plain_risk(risk: Risk) -> dict[str, Any]:
    return {
        "probability": round(risk.probability, 4),
        "level": risk.level.value,
        "model": risk.model,
        "early_warning": risk.early_warning,
        "days_left": risk.days_left,
        "because": risk.because,
    }
