"""Learning on generated histories: it learns, keeps order and calibration, and yields where it has not won."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from bench.histories import START, people, profiles
from callbot.audience.score.measures import auc
from callbot.audience.score.model import Model
from callbot.audience.score.report import Report, markdown
from callbot.audience.score.snapshots import Asked, Examples, Gathered, Question, moments
from callbot.audience.score.training import Needed, slices, train

UNTIL = START + timedelta(days=360)
ASKED = Asked(moments=moments(START, UNTIL, timedelta(days=30)), horizon=timedelta(days=30))


@pytest.fixture(scope="module")
def shop() -> Examples:
    gathered = Gathered()
    for some in people("ecommerce", 1_000, 360, seed=5):
        for profile in profiles(some):
            gathered.add(profile, ASKED)
    return gathered.examples()


@pytest.fixture(scope="module")
def trained(shop: Examples) -> tuple[Model, Report]:
    return train({Question.WAKE: {"ecommerce": shop}}, ASKED, UNTIL)


def test_it_takes_over_where_there_is_something_to_learn(trained: tuple[Model, Report]) -> None:
    model, report = trained
    (line,) = report.lines
    assert line.takes_over
    assert line.duel
    assert line.duel.gain.low > 0
    assert line.duel.learned.brier < line.duel.points.brier
    assert set(model.lines) == {"ecommerce"}
    assert report.model == model.version


def test_it_learns_from_earlier_moments_and_competes_on_later_ones(trained: tuple[Model, Report]) -> None:
    (line,) = trained[1].lines
    assert line.learn.last < line.calibrate.first <= line.calibrate.last < line.test.first
    horizon = timedelta(days=30)
    assert datetime.fromisoformat(line.test.first) - datetime.fromisoformat(line.calibrate.last) >= horizon
    assert datetime.fromisoformat(line.test.last) + horizon <= UNTIL.replace(tzinfo=None)


def test_the_test_moments_have_no_part_in_the_model(shop: Examples, trained: tuple[Model, Report]) -> None:
    tested = np.isin(shop.moment, slices(len(ASKED.moments))["test"])
    came = np.where(tested, 1 - shop.came, shop.came)
    model, report = train({Question.WAKE: {"ecommerce": replace(shop, came=came)}}, ASKED, UNTIL)
    (line,) = report.lines
    assert line.duel
    assert line.duel.learned.auc.value < 0.5
    assert not model.lines
    assert "不能确定" in line.why


def test_the_same_past_gives_the_same_model(shop: Examples, trained: tuple[Model, Report]) -> None:
    assert train({Question.WAKE: {"ecommerce": shop}}, ASKED, UNTIL) == trained


def test_calibration_keeps_the_order(shop: Examples, trained: tuple[Model, Report]) -> None:
    line = trained[0].lines["ecommerce"]
    raw = line.intercept + line.adds(shop.matrix).sum(axis=1)
    probability = line.probability(shop.matrix)
    assert (np.diff(probability[np.argsort(raw)]) >= 0).all()
    assert ((probability > 0) & (probability < 1)).all()


def test_what_is_said_rises_with_what_comes(trained: tuple[Model, Report]) -> None:
    (line,) = trained[1].lines
    assert line.duel
    low, high = line.duel.learned.bins[:3], line.duel.learned.bins[-2:]
    assert max(each.came for each in low) < min(each.came for each in high)
    assert line.duel.learned.calibration_error < 0.1


def test_chance_is_not_learnt(shop: Examples) -> None:
    """Labels without any relation to the past: nobody may take over."""
    dice = np.random.default_rng(11)
    came = (dice.random(len(shop.came)) < 0.3).astype(float)
    model, report = train({Question.WAKE: {"ecommerce": replace(shop, came=came)}}, ASKED, UNTIL)
    assert not model.lines
    assert not report.lines[0].takes_over
    assert report.lines[0].why


def test_a_score_as_good_as_the_models_is_not_replaced(shop: Examples, trained: tuple[Model, Report]) -> None:
    """The scorecard stays where the model only equals it."""
    equal = replace(shop, points=trained[0].lines["ecommerce"].probability(shop.matrix))
    model, report = train({Question.WAKE: {"ecommerce": equal}}, ASKED, UNTIL)
    assert not model.lines
    assert "不能确定比规则评分好" in report.lines[0].why


def test_a_line_with_too_few_says_how_many_it_needs(shop: Examples) -> None:
    few = shop.where(shop.customer < 50)
    model, report = train({Question.WAKE: {"ecommerce": shop, "finance": few}}, ASKED, UNTIL)
    assert set(model.lines) == {"ecommerce"}
    lacking = report.lines[1]
    assert not lacking.enough
    assert "各需要 150 例" in lacking.why
    assert lacking.why.startswith("历史太少")
    enough = train({Question.WAKE: {"finance": few}}, ASKED, UNTIL, Needed(learn=1, calibrate=1, test=1))[
        1
    ].lines[0]
    assert enough.enough


def test_each_line_is_decided_by_itself(shop: Examples) -> None:
    dice = np.random.default_rng(12)
    noise = replace(shop, came=(dice.random(len(shop.came)) < 0.3).astype(float))
    model, report = train({Question.WAKE: {"ecommerce": shop, "education": noise}}, ASKED, UNTIL)
    assert set(model.lines) == {"ecommerce"}
    assert {line.industry: line.takes_over for line in report.lines} == {"ecommerce": True, "education": False}


@pytest.mark.parametrize("count", range(4, 13))
def test_every_purpose_has_moments_in_order(count: int) -> None:
    found = slices(count)
    assert [*found["learn"], *found["calibrate"], *found["test"]] == list(range(count))
    assert len(found["learn"]) >= 2
    assert found["calibrate"]
    assert found["test"]


def test_the_report_names_data_dates_figures_and_features(trained: tuple[Model, Report]) -> None:
    (line,) = trained[1].lines
    page = markdown(trained[1])
    assert line.duel
    for said in (
        trained[0].version,
        ASKED.moments[0].date().isoformat(),
        UNTIL.date().isoformat(),
        "电商",
        f"{line.duel.learned.auc.value:.3f}",
        f"{line.duel.points.brier:.4f}",
        line.influences[0].title,
        line.influences[0].direction,
        line.why,
        str(line.test.rows),
    ):
        assert said in page
    directions = {each.feature: each.direction for each in line.influences}
    assert directions["active_days"] == "越小越可能"


def test_the_learned_order_is_closer_to_the_truth_than_the_scorecards(
    shop: Examples, trained: tuple[Model, Report]
) -> None:
    tested = np.isin(shop.moment, slices(len(ASKED.moments))["test"])
    learned = trained[0].lines["ecommerce"].probability(shop.matrix[tested])
    assert auc(shop.came[tested], learned) > auc(shop.came[tested], shop.points[tested]) + 0.02


def test_the_risk_of_leaving_is_learnt_from_the_active() -> None:
    active = Gathered(Question.LEAVE)
    for some in people("finance", 500, 360, seed=6):
        for profile in profiles(some):
            active.add(profile, ASKED)
    model, report = train(
        {Question.LEAVE: {"finance": active.examples()}}, ASKED, UNTIL, Needed(learn=50, calibrate=20, test=40)
    )
    (line,) = report.lines
    assert (line.about, line.industry) == ("leave", "finance")
    assert line.duel
    assert line.duel.learned.auc.low > 0.6
    assert line.takes_over == ("finance" in model.leaving)
    assert not model.lines
    assert "流失风险：金融" in markdown(report)
