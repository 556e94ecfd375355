"""Measures: the figures everybody else computes, and intervals that hold them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support

from callbot.insight.measures import score, share

LABELS = ("affirm", "deny", "refuse", "complaint")
PAIRS = st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS)), min_size=1, max_size=40)


@given(PAIRS)
@settings(max_examples=60, deadline=None)
def test_the_figures_are_the_usual_ones(pairs: list[tuple[str, str]]) -> None:
    true, guess = [one for one, _ in pairs], [other for _, other in pairs]
    found = score(true, guess)
    labels = sorted({*true, *guess})
    assert found.accuracy.value == pytest.approx(accuracy_score(true, guess))
    assert found.macro_f1.value == pytest.approx(f1_score(true, guess, average="macro", zero_division=0))
    precision, recall, f1, _ = precision_recall_fscore_support(true, guess, labels=labels, zero_division=0)
    for index, one in enumerate(found.classes):
        assert one.label == labels[index]
        assert (one.precision is None) == (one.label not in guess)
        assert (one.recall is None) == (one.label not in true)
        assert (one.precision.value if one.precision else 0.0) == pytest.approx(precision[index])
        assert (one.recall.value if one.recall else 0.0) == pytest.approx(recall[index])
        assert one.f1 == pytest.approx(f1[index])
    assert 0 <= found.accuracy.low <= found.accuracy.high <= 1
    assert sum(confusion.count for confusion in found.confusions) == sum(one != other for one, other in pairs)


def test_an_interval_is_that_of_a_share_and_narrows_with_the_items() -> None:
    few, many = (score(["a"] * n, ["a"] * (n * 4 // 5) + ["b"] * (n // 5)).accuracy for n in (100, 10_000))
    # 0.8 ± 1.96 · sqrt(0.8 · 0.2 / n)
    assert (few.low, few.high) == pytest.approx((0.722, 0.878), abs=0.015)
    assert (many.low, many.high) == pytest.approx((0.792, 0.808), abs=0.002)


def test_the_worst_confusion_comes_first() -> None:
    found = score(["a", "a", "a", "b", "b"], ["b", "b", "a", "a", "b"])
    assert [(c.true, c.predicted, c.count) for c in found.confusions] == [("a", "b", 2), ("b", "a", 1)]


def test_the_same_items_give_the_same_interval() -> None:
    assert score(["a", "b"] * 9, ["a", "a"] * 9) == score(["a", "b"] * 9, ["a", "a"] * 9)


def test_a_share_of_nothing_is_none() -> None:
    assert share([]) is None
    perfect = share([True] * 5)
    assert perfect is not None
    assert (perfect.low, perfect.value, perfect.high) == (1.0, 1.0, 1.0)


def test_nothing_to_compare_is_an_error() -> None:
    with pytest.raises(ValueError, match="nothing"):
        score([], [])
    with pytest.raises(ValueError, match=r"shorter|longer"):
        score(["a"], ["a", "b"])
