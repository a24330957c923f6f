"""The compiled kernel of cleaning beside `clean_page`, its definition."""

import io

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cleaning.filters.clean import clean_page
from cleaning.filters.clean_kernel import FoundPage, clean_blocks
from cleaning.filters.line_kernel import _CHARACTERS, MARKS, PHRASES
from cleaning.wet.inflate import inflate
from cleaning.wet.pages import METADATA_PREFIXES, page_text
from cleaning.wet.records import Record, read_records

UNICODE_WHITESPACE = [chr(code) for code in range(0x110000) if chr(code).isspace()]
UNICODE_BREAKS = [space for space in UNICODE_WHITESPACE if len(f"a{space}b".splitlines()) == 2]
SAIL = "We all sail on Sunday"
MORE = f"{SAIL}. It is far. It is cold."
PIECES = (
    *(f"{SAIL}.", SAIL, "one two three four.", "...", ".", "?", '"', "]", "[", "[1]", "[]", "\n"),
    *("[edit]", "[citation needed]", "[citation", "[1\u0661]", "[\u0661]", "[é]", "{", "\t", "  "),
    *("x" * 999, "x" * 1001, "語" * 400, "語" * 1001, "\u212a", "İ", "ΟΔΟΣ", "É", "\U00010400"),
    *(phrase.upper() for phrase in PHRASES),
    *PHRASES,
    *UNICODE_WHITESPACE,
    *METADATA_PREFIXES,
)
BODIES = st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=25).map("".join)


def find(text: str) -> FoundPage:
    """What the kernel finds, between other pages of a batch."""
    first, found, last = clean_blocks([b"one.", text.encode(), MORE.encode()])
    assert (first.exact, last.cleaned) == (False, clean_page(MORE))
    return found


def agrees(block: str) -> bool:
    """True if the kernel decides as its definition; False if it leaves the page to that."""
    found, text = find(block), page_text(block)
    if found.exact:
        return False
    assert found.has_text is bool(text)
    assert found.cleaned is None or found.cleaned == clean_page(text)
    return found.cleaned is not None


@settings(deadline=None)  # the first call loads the machine code
@given(BODIES)
@example("")
@example("\n\n")
@example(f"[1]\u00a0{MORE}\n{MORE} [2]")
def test_any_page_is_decided_as_by_clean_page(block):
    decided = agrees(block)
    assert decided or find(block).exact or "\u212a" in block


@pytest.mark.parametrize(
    "line",
    [
        f" {SAIL}.",
        f"{SAIL}. ",
        f"{SAIL}\tagain.",
        f"{SAIL}. [12]",
        f"{SAIL}.[12]",
        f"{SAIL} []again.",
        f"[edit] {SAIL}.",
        f"{SAIL}[citation needed].",
        f"{SAIL}[\u0661\u0662].",
        f"{SAIL} [\u00e9].",
        f"{SAIL} (see [x]) and [y].",
        "x" * 1001,
        "x" * 1001 + f" {SAIL}.",
        f"{SAIL} " + "x" * 999 + ".",
        f"{SAIL} " + "語" * 400 + ".",
        f"{SAIL} " + "語" * 1000 + ".",
        "one two three four.",
        "one two\u3000three\u2003four\u00a0five.",
        f"{SAIL}..",
        f"{SAIL}...",
        f"{SAIL}....",
        "..",
        *(f"{SAIL} {phrase.upper()}." for phrase in PHRASES),
        f"{SAIL} {{."
    ],
)  # fmt: skip
@pytest.mark.parametrize("before", ["", "Home\n", f"{MORE}\n"])
@pytest.mark.parametrize("after", ["", f"\n{MORE}", "\nMenu"])
def test_a_line_is_judged_as_by_clean_page(line, before, after):
    assert agrees(before + line + after)


@pytest.mark.parametrize("space", UNICODE_WHITESPACE, ids=lambda space: f"U+{ord(space):04X}")
@pytest.mark.parametrize("line", ["A line.{}", "{}A line.", "We all sail{}on Sunday.", "{}"])
def test_whitespace_of_any_kind_is_seen(line, space):
    line_breaks = {*UNICODE_BREAKS, "\x1f"} - {"\n"}
    assert agrees(f"one\n{line.format(space)}\ntwo") is (space not in line_breaks)


def test_every_character_is_taken_as_by_clean_page():
    """At both ends of a line and between words, lowered, and in brackets."""
    for start in range(0x20, _CHARACTERS, 64):
        characters = [chr(c) for c in range(start, start + 64) if not 0xD800 <= c < 0xE000]
        lines = [f"{c}We{c}all sail [{c}] on Sunday [1{c}] A{c}.{c}" for c in characters]
        block = "\n".join([*lines, MORE])
        assert agrees(block) or find(block).exact or "\u212a" in block


def test_characters_beyond_are_neither_lowered_nor_digits():
    beyond = map(chr, range(_CHARACTERS, 0x110000))
    assert not any(c.lower() != c or c.isdecimal() or c.isspace() for c in beyond)


@pytest.mark.parametrize("phrase", PHRASES)
def test_each_phrase_has_one_of_the_marks_around_which_it_is_looked_for(phrase):
    marks = [mark for mark in MARKS if mark in phrase]
    assert marks and all(phrase.count(mark) == 1 for mark in marks)


@pytest.mark.parametrize("phrase", PHRASES)
@pytest.mark.parametrize("before", [*range(52, 68), 180])
def test_a_phrase_is_found_wherever_it_stands_in_a_line(before, phrase):
    for text in (phrase, phrase[:-1], f"{phrase} use of cookies", f"{MARKS[2]} {phrase}"):
        assert agrees(f"{MORE}\n{SAIL} {'x' * before}{text}{{.\n{MORE}")
        assert agrees(f"{MORE}\n{SAIL} {'x' * before} {text}.\n{MORE}")


def test_a_phrase_that_a_line_break_cuts_is_none():
    assert agrees(f"{SAIL} lorem\nipsum is it.\n{SAIL} java.\nscript for all of us.")


@pytest.mark.parametrize("prefix", METADATA_PREFIXES)
@pytest.mark.parametrize("space", ["", *UNICODE_WHITESPACE], ids=ascii)
@pytest.mark.parametrize("before", ["one.", f"{SAIL} {{.", f"{SAIL} lorem ipsum."])
def test_a_header_like_line_needs_the_exact_path(before, space, prefix):
    assert find(f"{before}\n{space}{prefix}x\ntwo.").exact


@pytest.mark.parametrize(
    "line", ["WAR", "War", "Content", "CONTENTS", "content-", "x WARC", "¡WARC"]
)
def test_an_ordinary_line_does_not(line):
    assert not find(line).exact


def test_no_pages_are_a_batch_too():
    assert clean_blocks([]) == []


def test_real_pages_are_decided_as_by_clean_page(shared_data):
    blocks = [
        record.block
        for file in sorted((shared_data / "wet").glob("*.gz"))
        for record in read_records(inflate(io.BytesIO(file.read_bytes())))
        if isinstance(record, Record)
    ]
    decided = 0
    for block, found in zip(blocks, clean_blocks(blocks), strict=True):
        if found.cleaned is not None:
            assert found.cleaned == clean_page(page_text(block.decode()))
            decided += 1
    assert decided > 0.98 * len(blocks) > 6000
