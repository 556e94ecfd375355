"""The model's file, what happens when it cannot be used, and how a score explains itself."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from audience_histories import NOW, ago, happened, orders, profile
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from callbot.audience.assess import assess, assess_all
from callbot.audience.priority import priority
from callbot.audience.profile import Profile
from callbot.audience.risk import Level
from callbot.audience.score import model as model_file
from callbot.audience.score.case import Score
from callbot.audience.score.learned import LearnedScorer, read_scorer
from callbot.audience.score.model import FILE, Line, Model, Term, load_model, save_model
from callbot.audience.score.points import probability_of
from callbot.audience.score.scorecard import SCORECARD
from callbot.audience.silence import Stage
from callbot.errors import BadInput

MODEL = Model(
    horizon_days=30,
    trained_until="2026-02-01",
    returns="any",
    lines={
        "ecommerce": Line(
            intercept=-1.0,
            terms=(
                Term(feature="order_days", knots=(30.0, 180.0), values=(1.0, -1.5), missing=-2.0, centre=-0.2),
                Term(
                    feature="wanting_60", knots=(0.0, 1.0, 3.0), values=(0.0, 0.8, 1.2), missing=0.0, centre=0.1
                ),
                Term(feature="cycle_days", knots=(10.0,), values=(0.3,), missing=-0.1, centre=0.0),
            ),
            slope=0.9,
            offset=0.1,
        )
    },
    leaving={
        "ecommerce": Line(
            intercept=-0.5,
            terms=(Term(feature="logins_60", knots=(0.0, 10.0), values=(1.0, -1.0), missing=0.0, centre=0.0),),
            slope=1.0,
            offset=0.0,
        )
    },
)
SILENT = profile(bought=orders(45, 60, 80, 88), happenings=[happened("cart", 20)])


def test_a_model_is_the_same_after_reading(tmp_path: Path) -> None:
    file = save_model(MODEL, tmp_path)
    assert load_model(file) == MODEL
    assert load_model(file).version == MODEL.version
    assert [each.name for each in tmp_path.iterdir()] == [FILE]


def test_the_version_names_the_content() -> None:
    other = replace(MODEL, lines={"ecommerce": replace(MODEL.lines["ecommerce"], offset=0.2)})
    assert MODEL.version.startswith("wakeup-")
    assert other.version != MODEL.version


def signed(change: Callable[[dict[str, Any]], object]) -> Callable[[str], str]:
    """A change by somebody who also corrects the hash."""

    def changed(text: str) -> str:
        found = json.loads(text)
        found.pop("sha256")
        change(found)
        return json.dumps({**found, "sha256": model_file._digest(found)})

    return changed


def line(found: dict[str, Any]) -> dict[str, Any]:
    first: dict[str, Any] = found["lines"]["ecommerce"]
    return first


WRONG: dict[str, Callable[[str], str]] = {
    "cut short": lambda text: text[: len(text) // 2],
    "empty": lambda _: "",
    "not an object": lambda _: "[1, 2]",
    "a number changed": lambda text: text.replace("-1.5", "-1.6"),
    "no hash": lambda text: json.dumps({k: v for k, v in json.loads(text).items() if k != "sha256"}),
    "an older format": signed(lambda found: found.update(format=0)),
    "older figures": signed(lambda found: found.update(features="features/0")),
    "order turned round": signed(lambda found: line(found).update(slope=-1.0)),
    "a figure nobody computes": signed(lambda found: line(found)["terms"][0].update(feature="height")),
    "a number too large": signed(lambda found: line(found).update(intercept=1e300)),
    "text for a number": signed(lambda found: line(found).update(offset="0.1")),
    "not a number": signed(lambda found: line(found).update(offset=float("nan"))),
    "knots out of order": signed(lambda found: line(found)["terms"][0].update(knots=[180, 30])),
    "a value too many": signed(lambda found: line(found)["terms"][0].update(values=[1, 2, 3])),
    "no terms": signed(lambda found: line(found).update(terms=[])),
    "no lines": signed(lambda found: found.pop("lines")),
    "lines are a list": signed(lambda found: found.update(lines=[])),
}


@pytest.mark.parametrize("damage", WRONG.values(), ids=WRONG.keys())
def test_a_model_that_cannot_be_used_leaves_the_scorecard(tmp_path: Path, damage: Callable[[str], str]) -> None:
    file = save_model(MODEL, tmp_path)
    file.write_text(damage(file.read_text(encoding="utf-8")), encoding="utf-8")
    with capture_logs() as logs:
        scorer = read_scorer(file)
    assert scorer is SCORECARD
    assert [(each["log_level"], str(file) in each["problem"]) for each in logs] == [("warning", True)]
    with pytest.raises(BadInput, match="callbot audience train"):
        load_model(file)


def test_without_a_model_the_scorecard_scores_and_nobody_is_alarmed(tmp_path: Path) -> None:
    with capture_logs() as logs:
        assert read_scorer(tmp_path / FILE) is SCORECARD
    assert [each["log_level"] for each in logs] == ["debug"]


def test_a_model_that_won_nowhere_leaves_the_scorecard(tmp_path: Path) -> None:
    assert read_scorer(save_model(replace(MODEL, lines={}, leaving={}), tmp_path)) is SCORECARD


def test_the_line_says_the_figures_the_probability_and_what_moves_it() -> None:
    found = assess(SILENT, NOW, LearnedScorer(MODEL)).score
    share = f"{found.probability:.0%}"
    assert found.because == (
        f"近90天买过4次、上次45天前，唤回概率约{share}（模型：45天未购买↑；近60天有意向动作1次↑；平均14天买一次↑）"
    )
    assert found.model == MODEL.version
    # −1 + 0.75 (45 of 30..180 days) + 0.8 (one act) + 0.3 (a rhythm) = 0.85; × 0.9 + 0.1 = 0.865
    assert found.probability == pytest.approx(0.7037, abs=1e-4)


def test_the_scorecards_line_says_its_points() -> None:
    found = assess(SILENT, NOW).score
    assert found.model == "points/1"
    assert found.because == (
        "近90天买过4次、上次45天前，唤回概率约28%"
        "（按规则55分：首次沉默45天+30；累计消费400元+5；买过4次+8；20天前加购未结算+12）"
    )


@pytest.mark.parametrize(
    ("who", "learned"),
    [
        (SILENT, True),
        (replace(SILENT, industry="finance", orders=orders(500)), False),
        (replace(SILENT, orders=orders(2, 20, 40)), False),
        (profile(), False),
    ],
    ids=["silent", "another line", "active", "unknown"],
)
def test_the_model_scores_silent_customers_of_its_lines(who: Profile, learned: bool) -> None:
    found = assess(who, NOW, LearnedScorer(MODEL)).score
    assert (found.model == MODEL.version) is learned
    if not learned:
        assert found == assess(who, NOW).score


@given(
    st.lists(
        st.builds(
            lambda days, cart, industry: profile(
                industry=industry,
                bought=orders(*days),
                happenings=[happened("cart", cart)],
                registered_at=ago(900),
            ),
            st.lists(st.integers(1, 800), max_size=5),
            st.integers(1, 200),
            st.sampled_from(["ecommerce", "finance"]),
        ),
        max_size=12,
    )
)
def test_many_are_scored_as_one_by_one(people: list[Profile]) -> None:
    scorer = LearnedScorer(MODEL)
    together = [each.score for each in assess_all(people, NOW, scorer)]
    assert together == [assess(each, NOW, scorer).score for each in people]


@given(st.integers(-50, 150), st.integers(-50, 150))
def test_more_points_never_mean_less(one: int, other: int) -> None:
    assert (probability_of(one) <= probability_of(other)) or one > other
    assert 0.02 < probability_of(one) < 0.8


def test_the_mapping_is_as_it_is_told() -> None:
    told = {0: 0.03, 30: 0.11, 45: 0.20, 75: 0.50, 100: 0.76}
    assert {points: round(probability_of(points), 2) for points in told} == told


@pytest.mark.parametrize(
    ("probability", "low", "place"), [(0.31, False, 310), (0.31, True, 77), (0.9994, False, 999)]
)
def test_the_place_in_the_queue_is_the_probability_in_thousandths(
    probability: float, low: bool, place: int
) -> None:
    found = priority(Score(probability=probability, model="m", because="近90天买过4次"), low_priority=low)
    assert found.score == place
    assert ("曾明确拒绝" in found.because) is low


def test_the_risk_of_the_active_is_the_models_with_its_own_line() -> None:
    who = profile(bought=orders(3), happenings=[happened("login", day) for day in (1, 9, 12)])
    found = assess(who, NOW, LearnedScorer(MODEL))
    assert found.stage is Stage.ACTIVE
    assert found.risk
    # −0.5 + 0.4 (three logins of 0..10)
    assert found.risk.probability == pytest.approx(0.475, abs=1e-3)
    assert found.risk.level is Level.MIDDLE
    assert found.risk.because == "30天后沉默的风险约48%（模型：近60天登录3次↑）"
    by_points = assess(who, NOW).risk
    assert by_points
    assert (found.risk.model, by_points.model) == (MODEL.version, "points/1")
    assert (found.risk.days_left, found.risk.early_warning) == (by_points.days_left, by_points.early_warning)
    assert found.score == assess(who, NOW).score


def test_the_silent_and_other_lines_have_no_learned_risk() -> None:
    assert assess(SILENT, NOW, LearnedScorer(MODEL)).risk is None
    other = profile(industry="finance", bought=orders(3))
    assert assess(other, NOW, LearnedScorer(MODEL)).risk == assess(other, NOW).risk


def test_scoring_does_without_the_library_that_learns() -> None:
    """It is large, and every process that assesses would carry it."""
    modules = "callbot.audience.assessing, callbot.audience.score.learned"
    code = f"import sys; import {modules}; sys.exit('sklearn' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
