"""WET files read and cleaned by both, on generated records."""

import gzip
import io
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cleaning.captures import clean_captures
from cleaning.filters.clean import OUTCOME_RULES, Outcome
from cleaning.variants import TextForm
from cleaning.wet.inflate import inflate
from cleaning.wet.pages import Headers, page_text
from cleaning.wet.records import read_records
from tests.cleaning.wet.wet import DATE, EN, header_lines, record_bytes
from tests.reference import strategies
from tests.reference.outcomes import reference_cleaned
from tests.reference.reference import PageFeatures, c4_utils, counting
from tests.reference.strategies import examples


@dataclass(frozen=True)
class ReadPage:
    """A page that was read, and what cleaning made of it: text is None if it was dropped."""

    headers: Headers
    url_digest: str
    text: str | None
    counts: Counter[str]


def reference_split(stored: bytes) -> Iterator[PageFeatures]:
    """The pages of a WET file, uncleaned, as the reference reads them."""
    with tempfile.NamedTemporaryFile(suffix=".gz") as file:
        file.write(stored)
        file.flush()
        yield from c4_utils.split_wet_file(file.name)


def reference_read(stored: bytes) -> tuple[list[ReadPage], Counter[str]]:
    """The pages of a WET file as the reference reads and cleans them, and its counts of reading."""
    outcomes = []
    with counting() as counts:
        for page in filter(c4_utils.is_valid_length, reference_split(stored)):
            headers = Headers(page.url, page.timestamp, page.content_type, page.content_length)
            digest = c4_utils._hash_text(page.normalized_url)
            outcomes.append(ReadPage(headers, digest, *reference_cleaned(page.text)))
    del counts["split-wet-file/wet-file"]
    return outcomes, counts


def our_read(stored: bytes) -> tuple[list[ReadPage], Counter[str]]:
    """The same of ours."""
    outcomes, counts = [], Counter()
    for batch in clean_captures(read_records(inflate(io.BytesIO(stored))), EN):
        assert not batch.malformed
        counts.update(batch.counts)
        kept = batch.forms[TextForm.CLEANED]
        texts = map(bytes.decode, kept.texts)
        passed = {
            row: (text, headers)
            for row, text, headers in zip(kept.rows, texts, kept.headers, strict=True)
        }
        for row, outcome in enumerate(batch.outcomes):
            found = +Counter({**batch.line_counts[row], OUTCOME_RULES[Outcome(outcome)]: 1})
            text, headers = passed.get(row, (None, None))
            outcomes.append(ReadPage(headers, batch.url_digest[row].hex(), text, found))
    return outcomes, counts


def assert_same_reading(stored: bytes) -> None:
    """Both read and clean the same; headers are compared where ours keeps them: passed pages."""
    theirs, their_counts = reference_read(stored)
    ours, our_counts = our_read(stored)
    assert our_counts == their_counts
    for our, their in zip(ours, theirs, strict=True):
        expected = ReadPage(their.headers if our.headers else None, *list(vars(their).values())[1:])
        assert our == expected


def members(*records: bytes) -> bytes:
    """A WET file with each of the records in a gzip member of its own."""
    return b"".join(gzip.compress(record, 1) for record in records)


@examples(500)
@given(strategies.pages)
def test_page_text_of_a_body_without_header_like_lines(text):
    with counting():
        read = list(reference_split(members(record_bytes(header_lines(), text.encode()))))
    ours = page_text(text)
    assert [page.text for page in read] == ([ours] if ours else [])


@examples(500)
@given(strategies.bodies)
@example(" \n")
@example("\u3000")
def test_reading_one_record(body):
    assert_same_reading(members(record_bytes(header_lines(), body.encode())))


header_values = st.sampled_from(("", " ", "\u00a0", "\x0b", "\u2028")).flatmap(
    lambda edge: (
        st.sampled_from(("", "http://a.example/", "https://www.a.example/b/?utm_c", "é\x85f"))
        | strategies.urls
    ).map(lambda url: f"{edge}{url.replace(chr(10), '')}{edge}")
)
more_headers = strategies.header_like_lines.filter(
    lambda line: not any(part in line for part in ("Content-Length", "WARC-Type", "WARC/1", "\r\n"))
)
headers = st.builds(
    lambda more, **lines: [*header_lines(**lines), *more],
    kind=st.sampled_from((None, "conversion", "conversion", "warcinfo", "")),
    url=st.none() | header_values,
    date=st.sampled_from((DATE, DATE, f"{DATE}\t", "", None)),
    more=st.lists(more_headers, max_size=2),
)
"""Header lines, most of them such as every WET file has."""


@examples(500)
@given(st.lists(st.tuples(headers, strategies.bodies), min_size=1, max_size=4), st.booleans())
def test_reading_many_records(records, in_one_member):
    parts = [record_bytes(lines, body.encode()) for lines, body in records]
    assert_same_reading(members(b"".join(parts)) if in_one_member else members(*parts))


@pytest.mark.parametrize("letter", ["x", "語"])
@pytest.mark.parametrize("size", [190_000, 190_001])
def test_reading_a_page_at_the_limit_of_length(letter, size):
    lines = ["Home", *["The ferry leaves at ten."] * 3]
    rest = size - len("\n".join(lines)) - 1
    body = "\n \n".join([*lines, letter * rest])
    assert_same_reading(members(record_bytes(header_lines(), body.encode())))
