"""The scorecard: named points for what speaks for coming back. It holds wherever no model has beaten it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

from callbot.audience import signals
from callbot.audience.reasons import Reason
from callbot.audience.risk import Risk, churn_risk
from callbot.audience.score.case import Case, Score, standing
from callbot.audience.score.points import HIGHEST, VERSION, probability_of
from callbot.audience.silence import Stage

_STAGE: Final = {Stage.ACTIVE: 0, Stage.FIRST: 30, Stage.CONTINUED: 20, Stage.DEEP: 10, Stage.UNKNOWN: 0}
"""The sooner after falling silent, the likelier to come back (R003, R093)."""
_MONEY: Final = ((10_000_00, 30), (5_000_00, 25), (1_000_00, 18), (500_00, 10), (1, 5))
_ENQUIRY: Final = timedelta(days=14)
_OPEN_TROUBLE: Final = 4
"""Weight of evidence from an unsolved ticket."""


class Scorecard:
    """Points by rules, mapped to 0..1 (`points.probability_of`)."""

    version = VERSION

    def score(self, case: Case) -> Score:
        parts = list(_parts(case))
        total = max(0, min(HIGHEST, sum(points for points, _ in parts)))
        probability = probability_of(total)
        told = "；".join(f"{words}{points:+d}" for points, words in parts) or "没有加分项"
        return Score(
            probability=probability,
            model=VERSION,
            because=f"{standing(case)}，唤回概率约{probability:.0%}（按规则{total}分：{told}）",
        )

    def score_all(self, cases: Sequence[Case]) -> list[Score]:
        return [self.score(case) for case in cases]

    def risk_all(self, cases: Sequence[Case]) -> list[Risk | None]:
        return [churn_risk(case.profile, case.now, case.silence) for case in cases]


SCORECARD: Final = Scorecard()


def _parts(case: Case) -> Iterator[tuple[int, str]]:
    profile, silence, now = case.profile, case.silence, case.now
    if points := _STAGE[silence.stage]:
        yield points, f"{silence.stage}{silence.days}天"
    for least, points in _MONEY:
        if case.figures.money_fen >= least:
            yield points, f"累计消费{case.figures.money_fen / 100:,.0f}元"
            break
    if case.figures.frequency >= 3:
        yield 8, f"买过{case.figures.frequency}次"
    if profile.own_enquiry_at and timedelta() <= now - profile.own_enquiry_at <= _ENQUIRY:
        yield 15, f"{(now - profile.own_enquiry_at).days}天前主动咨询"
    broken = (signals.cart_left(profile, now), signals.form_left(profile, now), signals.browsed(profile, now))
    if signal := next((each for each in broken if each), None):
        yield 12, f"{signal.figures['天前']}天前{signal.name}"
    if rights := signals.rights_expiring(profile, now):
        yield 8, rights.name
    if case.reason is Reason.HARMED and any(each.weight >= _OPEN_TROUBLE for each in case.evidence):
        yield 10, "有未解决的问题"
    if case.reason is Reason.NEED_GONE:
        yield -15, "需求已结束"
    if case.reason is Reason.MOVED_ON:
        yield -5, "已转向别处"
