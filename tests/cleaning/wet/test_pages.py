"""Headers, text and dates of WET pages, and pages hidden in a record's body."""

import pytest

from cleaning.wet.pages import (
    Headers,
    MalformedPage,
    Page,
    page_text,
    plain_page_text,
    read_headers,
    reference_pages,
)
from cleaning.wet.records import Record
from tests.cleaning.wet.wet import DATE, URL, header_lines, record

PLAIN = Headers(URL, DATE, "text/plain", "0")


@pytest.mark.parametrize(
    ("lines", "headers"),
    [
        (header_lines(), PLAIN),
        (header_lines(kind="warcinfo"), PLAIN),
        (header_lines(kind=None), PLAIN),
        (header_lines(url=None), Headers("", DATE, "text/plain", "0")),
        (header_lines(date=None), Headers(URL, "", "text/plain", "0")),
        (header_lines(url=f" \t{URL}\u00a0"), PLAIN),
        (header_lines(url=""), Headers("", DATE, "text/plain", "0")),
        ([*header_lines(url="http://first.example/"), f"WARC-Target-URI:{URL}"], PLAIN),
        ([*header_lines(), "WARC-Target-URI : http://spaced.example/"], PLAIN),
        ([*header_lines(), "Content-Type: text/html"], Headers(URL, DATE, "text/html", "0")),
    ],
)
def test_headers_are_those_of_the_record(lines, headers):
    assert read_headers(record("", lines)) == (headers, True)


@pytest.mark.parametrize(
    "line",
    [
        " WARC-Target-URI: http://folded.example/",
        "no colon",
        "Software: not a header that the reference skips",
        "warc-target-uri: http://lower.example/",
        "WARC-Target-URI: http://a.example/\rrest",
        "\u00a0WARC-Date: 2020-01-01T00:00:00Z",
    ],
)
def test_unusual_header_lines_are_left_to_the_exact_path(line):
    assert not read_headers(record("", [*header_lines(), line]))[1]


@pytest.mark.parametrize("kind", ["response", "metadata", "request", "Conversion"])
def test_a_record_type_that_wet_files_lack_is_malformed(kind):
    with pytest.raises(MalformedPage, match=f"type '{kind}'.*'conversion'"):
        read_headers(record("", header_lines(kind=kind)))


def test_a_header_that_is_not_utf8_is_malformed():
    with pytest.raises(MalformedPage, match=r"header is not UTF-8: .* at byte 10"):
        read_headers(Record(0, 0, b"WARC/1.0\r\n\xff", b""))


@pytest.mark.parametrize(
    ("block", "text"),
    [
        ("", ""),
        (" \n\t\n\u3000\n", ""),
        ("a\nb", "a\nb"),
        ("a\r\nb\rc\n\n\nd\n", "a\nb\nc\nd"),
        ("  a \n\u00a0b\u2003\n\x1fc\x1f", "a\nb\nc"),
        ("a\x0bb\x0cc\x1cd\x85e\u2028f\u2029g", "a\x0bb\x0cc\x1cd\x85e\u2028f\u2029g"),
        ("\x0ba\u2028\n\ufeffb", "a\n\ufeffb"),
        ("a\x00\n\x00", "a\x00\n\x00"),
    ],
)
def test_page_text_strips_lines_and_drops_blank_ones(block, text):
    assert page_text(block) == text


@pytest.mark.parametrize(
    "block",
    [
        "", " ", "\n", " \n\t\n", "a", "a\n", " a", "a ", "\ta", "a\t", "a\nb", "a\n\nb",
        "a\n\n\nb\n", "a \nb", "a\t\nb", "a\n b", "a\n\tb", "a\n \nb", "a\n\t\nb", " a\tb c\nd ",
        "\n\n a \n\n",
        "é\nü", " é \n ü", "\u00a0a\nb", "a\u00a0\nb", "a\n\u3000\nb", "a\n\u2003b", "\u202fa",
        "a\n\u205f", "\u1680\na", "a\u00a0b", "a\u200bb\n\u200b", "\ufeffa\n\ufeff", "a\x00\n\x00",
    ],
    ids=ascii,
)  # fmt: skip
def test_the_text_of_a_plain_block_is_the_same_by_bytes(block):
    assert plain_page_text(block.encode()).decode() == page_text(block)


@pytest.mark.parametrize(
    ("block", "text"),
    [
        ("one\ntwo", "one\ntwo"),
        ("one\nWARC-anything\nContent-ment\nCONTENT-\ntwo", "one\ntwo"),
        ("Content is king\ncontent-type: x\nwarc", "Content is king\ncontent-type: x\nwarc"),
        ("\u3000WARCRAFT III\none", "one"),
        ("say WARC/1.0\none\x0bWARC/1.0", "say WARC/1.0\none\x0bWARC/1.0"),
    ],
)
def test_header_like_lines_vanish_from_the_body(block, text):
    size = str(len(block.encode()))
    assert list(reference_pages(record(block))) == [
        Page(Headers(URL, DATE, "text/plain", size), text)
    ]


def test_header_like_lines_in_the_body_replace_the_headers():
    block = " WARC-Target-URI: http://b.example/\nContent-Type:\nWARC-Date:x\nContent-Length:\none"
    assert list(reference_pages(record(block))) == [Page(Headers("http://b.example/", "x"), "one")]


def test_a_delimiter_in_the_body_starts_a_page_without_headers():
    block = "one\n\u00a0WARC/1.0\t\ntwo\nWARC/1.0\nWARC-Target-URI: http://c.example/\nthree"
    first, second, third = reference_pages(record(block))
    assert (first.headers.url, first.text) == (URL, "one")
    assert (second.headers, second.text) == (Headers(), "two")
    assert (third.headers, third.text) == (Headers("http://c.example/"), "three")


def test_a_body_that_is_not_utf8_is_malformed():
    with pytest.raises(MalformedPage, match=r"not UTF-8: .* at byte"):
        list(reference_pages(record(b"one \xff two")))
