"""A webhook counts only when the carrier signed it."""

from __future__ import annotations

import pytest

from callbot.telephony.twilio_signature import is_signed, signature

URL = "https://example.com/myapp.php?foo=1&bar=2"
FORM = {
    "To": "+18005551212",
    "From": "+14158675310",
    "Digits": "1234",
    "Caller": "+14158675310",
    "CallSid": "CA1234567890ABCDE",
}
"""Twilio's published worked example, auth token 12345; the numbers are theirs and fictitious."""
SIGNED = "L/OH5YylLD5NRKLltdqwSvS0BnU="


def test_the_published_example_is_reproduced() -> None:
    assert signature("12345", URL, FORM) == SIGNED
    assert is_signed("12345", URL, FORM, SIGNED)


@pytest.mark.parametrize(
    ("token", "url", "form", "claimed"),
    [
        ("54321", URL, FORM, SIGNED),
        ("12345", URL + "/", FORM, SIGNED),
        ("12345", URL.replace("https", "http"), FORM, SIGNED),
        ("12345", URL, FORM | {"Digits": "1235"}, SIGNED),
        ("12345", URL, FORM | {"More": ""}, SIGNED),
        ("12345", URL, FORM, ""),
        ("12345", URL, FORM, "é" + SIGNED),
        ("", URL, FORM, signature("", URL, FORM)),
    ],
)
def test_anything_else_is_not_signed(token: str, url: str, form: dict[str, str], claimed: str) -> None:
    assert not is_signed(token, url, form, claimed)


def test_a_field_that_came_several_times_counts_each_value_once() -> None:
    repeated = signature("12345", URL, {"Event": ["ringing", "answered", "ringing"]})
    assert repeated == signature("12345", URL, {"Event": ["answered", "ringing"]})
    assert repeated != signature("12345", URL, {"Event": "answered"})
