"""Whoever may not be contacted: the rule has a name, and what ends it is said."""

from __future__ import annotations

import pytest

from callbot.insight.rule_words import ENDS, RULES, rule_ends, rule_name
from callbot.outreach.arrivals import NO_LONGER_SILENT
from callbot.outreach.permit import Rule
from callbot.outreach.sequences import Stop


@pytest.mark.parametrize("code", [*Rule, NO_LONGER_SILENT, Stop.ACTIVATED])
def test_every_rule_that_is_stored_with_a_member_has_a_name_and_an_end(code: str) -> None:
    assert RULES[code]
    assert ENDS[code]
    assert rule_name(code) == f"{RULES[code]}（{code}）"


def test_a_date_is_the_end_and_an_unknown_rule_is_shown_as_it_is() -> None:
    assert rule_ends("window", "11-18 09:00 起") == "11-18 09:00 起"
    assert rule_ends("consent", "") == "取得有凭证的同意后"
    assert (rule_name("newer"), rule_name("")) == ("newer", "—")
    assert rule_ends("newer", "")
