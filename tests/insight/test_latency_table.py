"""The latency table adds up and names its worst turn."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from callbot.insight.latency import PARTS, latency_table

splits = st.fixed_dictionaries({part: st.integers(0, 5_000) for part in PARTS})


def test_no_turns_no_table() -> None:
    assert latency_table([]) == ()
    assert latency_table([{}]) == ()


@given(st.lists(splits, min_size=1, max_size=50))
def test_total_is_the_sum_of_the_parts(rows: list[dict[str, int]]) -> None:
    table = {row.part: row for row in latency_table(rows)}
    assert set(table) == {*PARTS, "total"}
    assert table["total"].worst == max(sum(row.values()) for row in rows)
    assert all(row.p50 <= row.p95 + 1e-9 and row.p95 <= row.worst + 1e-9 for row in table.values())
