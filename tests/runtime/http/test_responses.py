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
