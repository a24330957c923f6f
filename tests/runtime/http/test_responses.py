"""What an answer means, by status, body and headers."""

import pytest

from runtime.http.client import environment_proxy
from runtime.http.responses import (
    ContentRange,
    Meaning,
    describe,
    meaning,
    parse_content_range,
    validator,
)
from runtime.http.retry import parse_retry_after
from runtime.http.transfers import Setback, Transfer
from tests.runtime.http.server import CLOUDFRONT_BLOCK, S3_DENIED, S3_SLOW_DOWN


@pytest.mark.parametrize(
    ("status", "body", "means"),
    [
        (200, b"", Meaning.BODY),
        (206, b"", Meaning.BODY),
        (301, b"", Meaning.REDIRECT),
        (308, b"", Meaning.REDIRECT),
        (416, b"", Meaning.OUTSIDE),
        (408, b"", Meaning.LATER),
        (429, b"", Meaning.LATER),
        (500, b"", Meaning.LATER),
        (503, S3_SLOW_DOWN, Meaning.LATER),
        (599, b"", Meaning.LATER),
        (403, S3_SLOW_DOWN, Meaning.LATER),
        (403, CLOUDFRONT_BLOCK, Meaning.LATER),
        (403, S3_DENIED, Meaning.NEVER),
        (403, b"", Meaning.NEVER),
        (404, S3_SLOW_DOWN, Meaning.NEVER),
        (401, b"", Meaning.NEVER),
        (204, b"", Meaning.NEVER),
        (304, b"", Meaning.NEVER),
        (600, b"", Meaning.NEVER),
    ],
)
def test_what_to_do_after_an_answer(status, body, means):
    assert meaning(status, body) is means


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
    setbacks = [Setback(n * 1000, "connection reset", 1.0) for n in range(60)]
    setbacks += [Setback(60_000, "answered 503", 2.0)] * 10
    transfer = Transfer("https://h/a", 60_000, 71, 3700.0, tuple(setbacks), failure="answered 503")
    assert transfer.line() == (
        "https://h/a: failed: answered 503; 60.0 kB in 1:01:40, 71 requests: "
        "connection reset at 0 B, waited 1.0 s; connection reset at 1.0 kB, waited 1.0 s; "
        "connection reset at 2.0 kB, waited 1.0 s; connection reset at 3.0 kB, waited 1.0 s; "
        "66 more, waited 76.0 s"
    )


def test_the_environment_names_a_proxy(monkeypatch):
    for name in ("https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert environment_proxy("https://data.commoncrawl.org/") == ""
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    monkeypatch.setenv("no_proxy", "mirror.local")
    assert environment_proxy("https://data.commoncrawl.org/") == "http://proxy:3128"
    assert environment_proxy("https://mirror.local/") == ""
