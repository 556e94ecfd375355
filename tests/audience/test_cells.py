"""Cells are read strictly, and a wrong one says what to write."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from audience_histories import NOW
from hypothesis import given
from hypothesis import strategies as st

from callbot.audience.cells import BadCell, day, json_object, many, moment, past, whole, yes, yuan, zone


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("-35d", NOW - timedelta(days=35)),
        ("+30d", NOW + timedelta(days=30)),
        ("-35天", NOW - timedelta(days=35)),
        ("-6h", NOW - timedelta(hours=6)),
        ("2026-01-02", datetime(2026, 1, 2, 4, tzinfo=UTC)),
        ("2026/1/2 8:30", datetime(2026, 1, 2, 0, 30, tzinfo=UTC)),
        ("2026年1月2日 08:30:15", datetime(2026, 1, 2, 0, 30, 15, tzinfo=UTC)),
        ("2026-01-02T08:30:00+00:00", datetime(2026, 1, 2, 8, 30, tzinfo=UTC)),
        ("2026-01-02T08:30:00Z", datetime(2026, 1, 2, 8, 30, tzinfo=UTC)),
    ],
)
def test_times(cell: str, expected: datetime) -> None:
    assert moment(cell, NOW) == expected


@pytest.mark.parametrize(
    "cell",
    ["昨天", "2026-13-01", "2026-02-30", "2026-01-02 25:00", "35d", "-99999d", "0001-01-01", "2026-01-02 abc"],
)
def test_what_is_no_time(cell: str) -> None:
    with pytest.raises(BadCell) as caught:
        moment(cell, NOW)
    assert caught.value.cure


def test_the_past_is_not_the_future() -> None:
    assert past("2026-03-02", NOW) <= NOW
    with pytest.raises(BadCell):
        past("+2d", NOW)


def test_a_relative_day_is_a_day_in_china() -> None:
    assert day("+0d", datetime(2026, 3, 2, 20, tzinfo=UTC)) == date(2026, 3, 3)


@pytest.mark.parametrize(
    ("cell", "fen"), [("399", 399_00), ("¥1,299.50", 1299_50), ("0", 0), ("12.5元", 12_50)]
)
def test_money(cell: str, fen: int) -> None:
    assert yuan(cell, NOW) == fen


@pytest.mark.parametrize("cell", ["-1", "1.234", "abc", "NaN", "Infinity", "99999999999", "1e400"])
def test_what_is_no_money(cell: str) -> None:
    with pytest.raises(BadCell):
        yuan(cell, NOW)


def test_words() -> None:
    assert many("护肤;美妆、 收纳", NOW) == ["护肤", "美妆", "收纳"]
    assert (yes("是", NOW), yes("No", NOW)) == (True, False)
    assert zone("Asia/Urumqi", NOW) == "Asia/Urumqi"
    for read, cell in (
        (yes, "也许"),
        (zone, "东八区"),
        (json_object, "[1]"),
        (whole(1, 9), "10"),
        (whole(1, 9), "1.0"),
    ):
        with pytest.raises(BadCell):
            read(cell, NOW)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused_with_a_cure(cell: str) -> None:
    for read in (moment, day, past, yuan, yes, zone, json_object, whole(0, 100)):
        refused: BadCell | None = None
        try:
            read(cell, NOW)
        except BadCell as error:
            refused = error
        assert refused is None or (refused.what and refused.cure)
