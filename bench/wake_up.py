"""How well the wake-up score does on generated histories, beside the best that anybody could do on them.

    python -m bench.wake_up --customers 20000

The histories are generated (bench/histories.py). The figures prove the mechanism: that the learned score learns
what there is to learn, is calibrated, and takes over where it is better. They are not accuracy on people.
"""

from __future__ import annotations

import argparse
import time
from datetime import timedelta

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from bench.histories import INDUSTRIES, START, Floats, believed, people, profiles, returns_from
from callbot.audience.score.measures import auc, bins, brier, calibration_error
from callbot.audience.score.model import Line
from callbot.audience.score.report import INDUSTRIES as NAMES
from callbot.audience.score.report import LineReport
from callbot.audience.score.snapshots import Asked, Examples, Gathered, Question, moments
from callbot.audience.score.training import slices, train


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=20_000, help="over all industries")
    parser.add_argument("--days", type=int, default=540, help="length of the histories")
    parser.add_argument("--horizon-days", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    horizon = timedelta(days=options.horizon_days)
    until = START + timedelta(days=options.days)
    asked = Asked(moments=moments(START, until, horizon), horizon=horizon)
    began = time.perf_counter()
    base: dict[str, Examples] = {}
    leaving: dict[str, Examples] = {}
    truth: dict[str, tuple[Floats, Floats]] = {}
    for industry in INDUSTRIES:
        base[industry], leaving[industry], truth[industry] = gather(
            industry, options.customers // len(INDUSTRIES), options.days, options.seed, asked
        )
    gathered = time.perf_counter()
    model, report = train({Question.WAKE: base, Question.LEAVE: leaving}, asked, until)
    trained = time.perf_counter()
    waking = [line for line in report.lines if line.about == Question.WAKE]
    rows = sum(len(examples.came) for examples in base.values())
    print(
        f"{options.customers} generated customers, {len(asked.moments)} moments, {rows} examples; "
        f"gathered in {gathered - began:.0f} s, trained in {trained - gathered:.0f} s\n"
    )
    print(
        "| line | test rows | came back | AUC points | AUC learned | AUC boosting | optimum from history "
        "| optimum with the hidden state | gap to optimum | who scores |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for line in waking:
        print(compared(line, base[line.industry], *truth[line.industry]))
    print("\n| line | Brier points | Brier learned | Brier optimum | calibration points | learned | optimum |")
    print("|---|---|---|---|---|---|---|")
    for line in waking:
        print(calibrated(line, base[line.industry], truth[line.industry][0]))
    print("\n| line | " + " | ".join(f"tenth {tenth}" for tenth in range(1, 11)) + " |")
    print("|---|" + "---|" * 10)
    for line in waking:
        if line.duel:
            cells = (f"{each.said:.0%} / {each.came:.0%}" for each in line.duel.learned.bins)
            print(f"| {NAMES[line.industry]}, learned: said / came | " + " | ".join(cells) + " |")
    print(
        "\n| risk of leaving | test rows | went silent | AUC points | AUC learned "
        "| Brier points | learned | who scores |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for line in report.lines:
        if line.about == Question.LEAVE:
            print(left(line))
    print(f"\nmodel {model.version}; {speed(next(iter(model.lines.values()), None), base)}")


def gather(
    industry: str, count: int, days: int, seed: int, asked: Asked
) -> tuple[Examples, Examples, tuple[Floats, Floats]]:
    """The silent and the active of an industry and, for each row of the silent, the chance of a return from
    history and from the state.
    """
    gathered, active = Gathered(), Gathered(Question.LEAVE)
    at = [(moment - START).days for moment in asked.moments]
    from_history, from_state = [], []
    for some in people(industry, count, days, seed):
        for profile in profiles(some):
            gathered.add(profile, asked)
            active.add(profile, asked)
        chance = returns_from(some, asked.horizon.days)
        from_history.append(np.einsum("nms,ns->nm", believed(some, at), chance))
        from_state.append(np.take_along_axis(chance, some.states[:, at].astype(np.int64), axis=1))
    examples = gathered.examples()
    places = examples.customer, examples.moment
    return (
        examples,
        active.examples(),
        (np.concatenate(from_history)[places], np.concatenate(from_state)[places]),
    )


def compared(line: LineReport, examples: Examples, history: Floats, state: Floats) -> str:
    """AUC of every score on the test moments."""
    test = tested(examples)
    came = examples.came[test]
    head = f"| {NAMES[line.industry]} | {line.test.rows} | {came.mean():.1%} |"
    if line.duel is None:
        return f"{head} {line.why} |"
    found, best = line.duel, auc(came, history[test])
    return (
        f"{head} {found.points.auc.value:.3f} | {found.learned.auc.value:.3f} "
        f"[{found.learned.auc.low:.3f}, {found.learned.auc.high:.3f}] | {boosted(examples):.3f} | {best:.3f} "
        f"| {auc(came, state[test]):.3f} | {best - found.learned.auc.value:.3f} "
        f"| {'learned' if line.takes_over else 'points'} |"
    )


def calibrated(line: LineReport, examples: Examples, history: Floats) -> str:
    test = tested(examples)
    came, best = examples.came[test], history[test]
    if line.duel is None:
        return f"| {NAMES[line.industry]} | | | | | | |"
    points, learned = line.duel.points, line.duel.learned
    return (
        f"| {NAMES[line.industry]} | {points.brier:.4f} | {learned.brier:.4f} | {brier(came, best):.4f} "
        f"| {points.calibration_error:.1%} | {learned.calibration_error:.1%} "
        f"| {calibration_error(bins(came, best)):.1%} |"
    )


def left(line: LineReport) -> str:
    head = f"| {NAMES[line.industry]} | {line.test.rows} | {line.test.came / max(1, line.test.rows):.1%} |"
    if line.duel is None:
        return f"{head} {line.why} |"
    points, learned = line.duel.points, line.duel.learned
    return (
        f"{head} {points.auc.value:.3f} "
        f"| {learned.auc.value:.3f} [{learned.auc.low:.3f}, {learned.auc.high:.3f}] "
        f"| {points.brier:.4f} | {learned.brier:.4f} | {'learned' if line.takes_over else 'points'} |"
    )


def boosted(examples: Examples) -> float:
    """AUC of gradient boosting on the same figures: what the sum of polylines leaves behind."""
    learn = np.isin(examples.moment, slices(int(examples.moment.max()) + 1)["learn"])
    test = tested(examples)
    trees = HistGradientBoostingClassifier(max_iter=150, learning_rate=0.06, random_state=1)
    trees.fit(examples.matrix[learn], examples.came[learn])
    return auc(examples.came[test], trees.predict_proba(examples.matrix[test])[:, 1])


def tested(examples: Examples) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.isin(examples.moment, slices(int(examples.moment.max()) + 1)["test"])


def speed(line: Line | None, base: dict[str, Examples]) -> str:
    """How long the model itself takes for a million customers, figures given."""
    if line is None:
        return "no line has a model"
    matrix = np.concatenate([examples.matrix for examples in base.values()])
    began = time.perf_counter()
    line.probability(matrix)
    return f"{(time.perf_counter() - began) / len(matrix) * 1e6:.1f} s for 1,000,000 rows of figures"


if __name__ == "__main__":
    main()
