"""The rules of delivery: what an answer means, how long to wait, where a webhook may go, how it is signed."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callbot.outreach.address import is_public
from callbot.outreach.redelivery import REFUSED, Again, Never, Taken, asked_wait, backoff, judge
from callbot.outreach.signature import signature

NOW = datetime(2026, 11, 17, 2, 0, tzinfo=UTC)


def verdict(
    status: int | None, *, tries: int = 1, retry_after: str | None = None, jitter: float = 0.0
) -> Taken | Again | Never:
    return judge(
        status,
        because="why",
        tries=tries,
        max_tries=5,
        retry_after=retry_after,
        jitter=jitter,
        now=NOW,
    )


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_two_hundreds_are_taken(status: int) -> None:
    assert verdict(status) == Taken()


@pytest.mark.parametrize("status", sorted(REFUSED))
def test_a_refusal_is_final(status: int) -> None:
    assert verdict(status) == Never(because="why")


@pytest.mark.parametrize("status", [None, 301, 302, 401, 403, 404, 408, 409, 425, 429, 500, 502, 503, 599])
def test_everything_else_is_tried_again_until_it_is_too_often(status: int | None) -> None:
    assert verdict(status) == Again(at=NOW + timedelta(seconds=5), because="why")
    last = verdict(status, tries=5)
    assert isinstance(last, Never)
    assert "试了 5 次后放弃" in last.because


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("120", timedelta(seconds=120)),
        ("0", timedelta(0)),
        ("99999999999999", timedelta(hours=24)),
        ("Tue, 17 Nov 2026 02:01:00 GMT", timedelta(minutes=1)),
        ("Tue, 17 Nov 2026 01:00:00 GMT", timedelta(0)),
        ("Tue, 17 Nov 2026 02:01:00", timedelta(minutes=1)),
        ("soon", timedelta(0)),
        ("-5", timedelta(0)),
        ("٣", timedelta(0)),
        ("", timedelta(0)),
        (None, timedelta(0)),
    ],
)
def test_retry_after_is_read_in_both_forms(header: str | None, wait: timedelta) -> None:
    assert asked_wait(header, NOW) == wait


def test_retry_after_lengthens_the_wait_and_never_shortens_it() -> None:
    assert verdict(429, retry_after="600") == Again(at=NOW + timedelta(seconds=600), because="why")
    assert verdict(429, retry_after="1") == Again(at=NOW + timedelta(seconds=5), because="why")


@given(tries=st.integers(1, 1000), jitter=st.floats(0, 1))
def test_waits_double_within_bounds_and_jitter_takes_off_half_at_most(tries: int, jitter: float) -> None:
    full = backoff(tries, 0.0)
    assert full == min(timedelta(seconds=5) * 2 ** min(tries - 1, 20), timedelta(hours=6))
    assert full / 2 <= backoff(tries, jitter) <= full


@given(st.text())
def test_no_retry_after_breaks_the_rule(header: str) -> None:
    assert timedelta(0) <= asked_wait(header, NOW) <= timedelta(hours=24)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("239.1.1.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fc00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::808:808", True),
        ("2002:7f00:1::", False),
    ],
)
def test_only_the_open_internet_is_public(address: str, public: bool) -> None:
    assert is_public(address) is public


def test_the_signature_covers_time_and_body_with_each_secret() -> None:
    body = '{"姓名":"王"}'.encode()
    sums = [
        hmac.new(secret.encode(), b"1763344800." + body, hashlib.sha256).hexdigest()
        for secret in ("new-secret-of-16", "old-secret-of-16")
    ]
    made = signature(("new-secret-of-16", "old-secret-of-16"), 1763344800, body)
    assert made == f"t=1763344800,v1={sums[0]},v1={sums[1]}"
