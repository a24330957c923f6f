"""The kind of a response, by status, body and headers."""

import pytest

from runtime.http.responses import (
    ContentRange,
    ResponseKind,
    classify,
    describe,
    parse_content_range,
    validator,
)
from runtime.http.retry import parse_retry_after
from runtime.http.transfers import FailedRequest, Transfer
from tests.runtime.http.behaviours import CLOUDFRONT_BLOCK, S3_DENIED, S3_SLOW_DOWN


@pytest.mark.parametrize(
    ("status", "body", "means"),
    [
        (200, b"", ResponseKind.CONTENT),
        (206, b"", ResponseKind.CONTENT),
        (301, b"", ResponseKind.REDIRECT),
        (308, b"", ResponseKind.REDIRECT),
        (416, b"", ResponseKind.RANGE_NOT_SATISFIABLE),
        (408, b"", ResponseKind.RETRYABLE),
        (429, b"", ResponseKind.RETRYABLE),
        (500, b"", ResponseKind.RETRYABLE),
        (503, S3_SLOW_DOWN, ResponseKind.RETRYABLE),
        (599, b"", ResponseKind.RETRYABLE),
        (403, S3_SLOW_DOWN, ResponseKind.RETRYABLE),
        (403, CLOUDFRONT_BLOCK, ResponseKind.RETRYABLE),
        (403, S3_DENIED, ResponseKind.FINAL),
        (403, b"", ResponseKind.FINAL),
        (404, S3_SLOW_DOWN, ResponseKind.FINAL),
        (401, b"", ResponseKind.FINAL),
        (204, b"", ResponseKind.FINAL),
        (304, b"", ResponseKind.FINAL),
        (600, b"", ResponseKind.FINAL),
    ],
)
def test_what_to_do_after_an_answer(status, body, means):
    assert classify(status, body) is means


def test_an_answer_is_told_in_words_of_our_own():
    assert describe(503, b"<script>") == "answered 503 Service Unavailable"
    assert describe(403, CLOUDFRONT_BLOCK) == "answered 403 Forbidden (slow down)"
    assert describe(799, b"") == "answered 799"


@pytest.mark.parametrize(
    ("value", "parsed"),
    [
        ("bytes 0-9/10", ContentRange(0, 9, 10)),
        ("bytes 5-9/*", ContentRange(5, 9, -1)),
        ("bytes */10", ContentRange(-1, -1, 10)),
        (" Bytes 1-1/2 ", ContentRange(1, 1, 2)),
        ("bytes 9-5/10", None),
        ("bytes 0-10/10", None),
        ("bytes 0-9", None),
        ("items 0-9/10", None),
        ("bytes -1-9/10", None),
        ("bytes 0-9/" + "9" * 16, None),
        ("", None),
    ],
)
def test_content_range(value, parsed):
    assert parse_content_range(value) == parsed


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


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"ETag": '"a"', "Last-Modified": "then"}, '"a"'),
        ({"ETag": 'W/"a"', "Last-Modified": "then"}, "then"),
        ({"ETag": 'W/"a"'}, ""),
        ({}, ""),
    ],
)
def test_a_weak_etag_does_not_tell_states_of_a_file_apart(headers, told):
    assert validator(headers) == told


def test_a_line_tells_of_many_setbacks_shortly():
    failures = [FailedRequest(n * 1000, "connection reset", 1.0) for n in range(60)]
    failures += [FailedRequest(60_000, "answered 503", 2.0)] * 10
    transfer = Transfer("https://h/a", 60_000, 71, 3700.0, tuple(failures), failure="answered 503")
    assert transfer.line() == (
        "https://h/a: failed: answered 503; 60.0 kB in 1:01:40, 71 requests: "
        "connection reset at 0 B, waited 1.0 s; connection reset at 1.0 kB, waited 1.0 s; "
        "connection reset at 2.0 kB, waited 1.0 s; connection reset at 3.0 kB, waited 1.0 s; "
        "66 more, waited 76.0 s"
    )
