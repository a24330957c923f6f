"""The waits between requests: repeatable, spread, and as long as the server asks."""

import pytest

from runtime.http.retry import Backoff, parse_retry_after


def test_waits_repeat_exactly_and_differ_between_files():
    backoff = Backoff()
    waits = [backoff.wait_seconds("http://a/1", attempt, None) for attempt in range(1, 11)]
    assert waits == [backoff.wait_seconds("http://a/1", attempt, None) for attempt in range(1, 11)]
    others = {backoff.wait_seconds(f"http://a/{n}", 1, None) for n in range(1000)}
    assert len(others) == 1000
    assert 0.5 <= min(others) < 0.51 and 0.99 < max(others) < 1
    assert max(waits) <= backoff.longest_seconds
    assert 180 < sum(waits[:-1]) < 400
    assert backoff.wait_seconds("http://a/1", 10_000, None) <= backoff.longest_seconds


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        (" 12 ", 12.0),
        ("9" * 400, 999999999.0),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 40.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("Thursday, 01-Jan-70 00:01:40 GMT", 40.0),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("Thu, 99 Jan 1970 00:00:00 GMT", None),
        ("", None),
        ("²", None),
    ],
)
def test_retry_after(value, seconds):
    assert parse_retry_after(value, now=60.0) == seconds
