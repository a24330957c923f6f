"""Batches cleaned to arrays beside `clean_captures`, their definition."""

import io
from collections import Counter
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cleaning.batches.arrays import (
    CaptureArrays,
    PageColumns,
    join_records,
    join_signatures,
    split_signatures,
)
from cleaning.batches.captures import clean_batches
from cleaning.batches.record_kernel import IS_ORDINARY, read_records
from cleaning.captures import CaptureRules, clean_captures
from cleaning.filters.domains import Domains
from cleaning.filters.line_kernel import PADDING
from cleaning.specs import REFERENCE, SPECS
from cleaning.urls import normalize_url
from cleaning.variants import VARIANTS, TextForm
from cleaning.wet import records
from cleaning.wet.inflate import inflate
from cleaning.wet.pages import BodyHeaders, read_headers
from cleaning.wet.records import Malformed, Record
from tests.cleaning.filters.test_clean_kernel import BODIES, MORE, UNICODE_WHITESPACE
from tests.cleaning.wet.wet import DATE, EN, header_lines, record

Part = Record | Malformed
URL_PIECES = (
    *("http://", "https://", "www.", "HTTP://", "http:/", "?utm_", "?utm", "?ref", "?feed", "?re"),
    *("/", "//", "?", "&ref=1", "a.example", "x", "%20", "#", " ", "é", "\t"),
)
URLS = st.lists(st.sampled_from(URL_PIECES), max_size=8).map("".join)
HEADER_LINES = (
    *header_lines(),
    *("WARC-Type:conversion", "WARC-Type: warcinfo", "WARC-Type: response", "WARC-Type: conv"),
    *("WARC-Type: conversions", "WARC-Type:", "WARC-Target-URI:", "WARC-Target-URI: \t"),
    *("WARC-Target-URI : http://b.example/", "WARC-Target-URI", "WARC-Target-URI-X: b", "x: y"),
    *("WARC-Target-URI:http://b.example/:80 ", "WARC-Date: \x1fx", "WARC-Date: \xa0x", "Content-"),
    *("WARC-Date: 2025-03-02T08:15:30.123456789123456789123Z", "WARC-Date:x\ry", "Content-Type:",),
    *("WARC-Block-Digest: sha1:ABC", "Content-Length: 7", "CONTENT-x: \x00", "WARC:", ":", ""),
)  # fmt: skip
HEADERS = st.lists(st.sampled_from(HEADER_LINES), max_size=7) | URLS.map(header_lines)
NEWLINES = st.sampled_from(("\r\n", "\r\n", "\n", "\r\r\n"))


@st.composite
def any_records(draw: st.DrawFn) -> Record:
    """Records, most of them ordinary, whose header or block may be anything."""
    lines = draw(st.just(header_lines()) | HEADERS)
    header = draw(NEWLINES).join(["WARC/1.0", *lines]).encode() + draw(
        st.sampled_from((b"", b"", b"", b"\r", b"\xff", b"\n"))
    )
    block = draw(BODIES.map(str.encode) | st.binary(max_size=40))
    return Record(draw(st.integers(0, 2**40)), draw(st.integers(0, 9)), header, block)


PARTS = st.lists(any_records() | st.just(Malformed(7, 8, 9, "cut off")), max_size=6)


def contents(batches: list[CaptureArrays], rules: CaptureRules) -> dict[str, object]:
    """All that batches hold, joined."""
    signatures = join_signatures([batch.signatures for batch in batches])
    again = split_signatures(signatures, rules.forms())
    assert again.forms.keys() == batches[0].pages.keys()
    pages = {
        form: [
            [bytes(value) for batch in batches for value in getattr(batch.pages[form], name)]
            for name in PageColumns._fields
        ]
        for form in batches[0].pages
    }
    records = join_records([batch.records for batch in batches])
    of_arrays = {**signatures, **asdict(records)}
    return {
        "counts": sum((batch.counts for batch in batches), Counter()),
        "malformed": [row for batch in batches for row in batch.malformed],
        "pages": pages,
        "records": records.rows(),
        **{name: (array.dtype, array.tolist()) for name, array in of_arrays.items()},
    }


def assert_agree(parts: list[Part], rules: CaptureRules = EN) -> list[CaptureArrays]:
    """The batches hold what `clean_captures` gives."""
    expected: list[CaptureArrays] = []
    for captures in clean_captures(parts, rules):
        rows = sum(len(arrays.signatures.outcome) for arrays in expected)
        expected.append(CaptureArrays.of(captures, rows))
    found = list(clean_batches(parts, rules))
    assert contents(found, rules) == contents(expected, rules)
    return found


@settings(deadline=None, max_examples=60)
@given(PARTS)
@example([])
def test_any_records_give_what_their_definition_gives(parts):
    assert_agree(parts)


@pytest.fixture
def no_definition(monkeypatch) -> None:
    """No record may be left to `clean_captures`."""
    monkeypatch.setattr("cleaning.batches.captures.clean_batch", None)


ORDINARY = [
    record(MORE),
    record("Home\n"),
    record(MORE + "{"),
    record(f"{MORE}\n[1] {MORE}", None, 9),
]


def test_ordinary_records_are_read_at_once(no_definition):
    (found,) = clean_batches(ORDINARY, EN)
    assert [row.offset for row in found.records.rows()] == [0, 0, 0, 9]
    assert found.signatures.forms[TextForm.CLEANED].row.tolist() == [0, 3]


@pytest.mark.parametrize("space", UNICODE_WHITESPACE, ids=ascii)
@pytest.mark.parametrize("between", ["{}", "{0}{0}", " {} ", "{}\n", "\n{0}WARC x{0}\n", ".{}"])
def test_line_breaks_of_any_kind_are_read_at_once(between, space, no_definition, monkeypatch):
    parts = [record(f"{MORE}{between.format(space)}{MORE}{space}"), record(space + MORE)]
    found = list(clean_batches(parts, EN))
    monkeypatch.undo()
    assert contents(found, EN) == contents(assert_agree(parts), EN)


@pytest.mark.parametrize(
    ("line", "is_read"),
    [("WARCRAFT", True), ("Content-ment: x", True), ("WARC/1.0 x", True), ("CONTENT-Type: x", True),
     ("WARC/1.1", True), ("WARC/1.0", False), ("WARC-Date: x", False), ("Content-Length:", False),
     ("\u2003WARC/1.0\u3000", False), ("WARC-Target-URI:x\u2028y", False)],
)  # fmt: skip
@pytest.mark.parametrize("before", ["", f"{MORE}\n", f"{MORE} {{.\n"])
def test_lines_like_headers_are_left_out_unless_they_change_the_page(before, line, is_read):
    parts = [record(f"{before}{line}\n{MORE}")]
    assert_agree(parts)
    kept = CaptureRules(replace(REFERENCE, body_headers=BodyHeaders.KEPT), EN.scopes)
    assert_agree(parts, kept)
    assert _is_left(parts) is not is_read


def _is_left(parts: list[Part]) -> bool:
    """True if a record is left to `clean_captures`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cleaning.batches.captures.clean_batch", None)
        try:
            list(clean_batches(parts, EN))
        except TypeError:
            return True
    return False


@settings(deadline=None)
@given(st.lists(st.tuples(HEADERS, NEWLINES), min_size=1, max_size=4))
def test_headers_are_read_as_by_their_definition(lines):
    headers = [newline.join(["WARC/1.0", *of]).encode() for of, newline in lines]
    rows, normalized, data = read(headers)
    for header, row in zip(headers, rows, strict=True):
        if row[IS_ORDINARY]:
            values, is_plain = read_headers(Record(0, 0, header, b""))
            assert is_plain and values.url and values.timestamp
            found = [data[row[2 * n] : row[2 * n + 1]].decode() for n in range(4)]
            assert found == list(asdict(values).values())
            assert normalized[row[-2] : row[-1]].decode() == normalize_url(values.url)


def read(headers: list[bytes], block: bytes = b"") -> tuple[list[list[int]], bytes, bytes]:
    """What the kernel finds of records with these headers, and their bytes."""
    return read_texts([text for header in headers for text in (header, block)])


def read_texts(texts: list[bytes]) -> tuple[list[list[int]], bytes, bytes]:
    """The same of headers and blocks in turn."""
    ends = np.cumsum([len(text) + 1 for text in texts]) - 1
    spans = np.stack([ends - [len(text) for text in texts], ends], axis=1).reshape(-1, 4)
    data = b"\n".join([*texts, bytes(PADDING)])
    rows, normalized = read_records(np.frombuffer(data, np.uint8), spans)
    return rows.tolist(), normalized, data


@pytest.mark.parametrize(
    "url", ["a", "http://a.example/x?ref=b/", "https://", "http://http://www.www."]
)
@pytest.mark.parametrize("lines", [[], ["WARC-Type: conversion"], ["WARC-Type:"]])
def test_an_ordinary_header_is_known(url, lines):
    header = "\r\n".join(["WARC/1.1", *lines, f"WARC-Target-URI: {url}", f"WARC-Date:{DATE}"])
    ((*_, is_ordinary, start, end),), normalized, _ = read([header.encode()])
    assert is_ordinary and normalized[start:end].decode() == normalize_url(url)


def _decodes(utf8: bytes) -> bool:
    try:
        utf8.decode()
    except UnicodeDecodeError:
        return False
    return True


def known_as_utf8(blocks: list[bytes]) -> list[bool]:
    """Of each block, what the kernel says."""
    header = "\r\n".join(["WARC/1.0", *header_lines()]).encode()
    rows, _, _ = read_texts([text for block in blocks for text in (header, block)])
    return [bool(row[IS_ORDINARY]) for row in rows]


LIMITS = b"\x80\xbf\xc1\xc2\xdf\xe0\xa0\x9f\xed\xee\xf0\x90\x8f\xf4\xf5\xff"
UTF8_PIECES = st.sampled_from([*(bytes([byte]) for byte in LIMITS), b"a", b"a" * 63])


@settings(deadline=None)
@given(st.lists(UTF8_PIECES | st.text(max_size=3).map(str.encode), max_size=6).map(b"".join))
def test_utf8_is_known(block):
    assert known_as_utf8([block]) == [_decodes(block)]


@pytest.mark.parametrize(
    "rest", [b"", b"\x80", b"\xbf", b"\x7f", b"\x80\x80", b"\xbf\xbf", b"\x80\xc0"]
)
def test_each_start_of_a_character_is_known(rest):
    seconds = range(0, 256, 8 if len(rest) == 2 else 1)
    blocks = [bytes([first, second]) + rest for first in range(0x80, 0x100) for second in seconds]
    assert known_as_utf8(blocks) == list(map(_decodes, blocks))


DOMAINS = Domains({"a.example": True, "daily.com": ["sport"]})


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("variants", [("en",), ("en", "realnewslike"), ("en", "en.noclean")])
@pytest.mark.parametrize("keeps_origins", [False, True])
def test_runs_of_any_kind_keep_the_same(spec, variants, keeps_origins):
    scopes = tuple(VARIANTS[name].scope() for name in variants)
    domains = DOMAINS if "realnewslike" in variants else None
    rules = CaptureRules(SPECS[spec].settings, scopes, domains, None, keeps_origins)
    other = record(MORE, header_lines("http://www.daily.com/x"), 77)
    odd = [Malformed(7, 8, 9, "cut off"), record(b"\xff")]
    assert_agree([*ORDINARY, other, *odd, *ORDINARY], rules)


@pytest.mark.parametrize("most", [0, 70, 71, 72, 190_000])
def test_a_page_is_too_long_by_its_characters(most):
    rules = CaptureRules(replace(REFERENCE, max_page_chars=most), EN.scopes)
    assert_agree([record("é" * size) for size in (69, 70, 71, 72, 73)] + ORDINARY, rules)


def test_real_files_give_what_their_definition_gives(shared_data):
    for file in sorted((shared_data / "wet").glob("*.gz"))[:1]:
        parts = list(records.read_records(inflate(io.BytesIO(file.read_bytes()))))
        found = assert_agree(parts)
        assert sum(len(batch.signatures.outcome) for batch in found) > 1000
