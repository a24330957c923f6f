"""The compiled kernel of langdetect beside langdetect-rs, its definition: equal to the last bit."""

import io
import random
import re
import string

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from langdetect_rs import _core as langdetect_core
from langdetect_rs._seed import seed_state

from cleaning.filters.langdetect.kernel import HANDED_OVER, NO_FEATURES, UNKNOWN, Kernel
from cleaning.filters.langdetect.tables import CHARACTERS, STREAM, _stream, load_tables
from cleaning.filters.langdetect.text import MAX_CHARACTERS, without_links, without_mails
from cleaning.wet.inflate import inflate
from cleaning.wet.pages import reference_pages
from cleaning.wet.records import Record, read_records
from tests.cleaning.filters.passages import PASSAGES

DETECTOR = langdetect_core.Factory(False, "14.0.0")
DETECTOR.load_builtin(sorted(langdetect_core.builtin_files()))
KERNEL = Kernel(DETECTOR)
SEED = seed_state(0)
LINK = re.compile(r"https?://[-_.?&~;+=/#0-9A-Za-z]{1,2076}")
MAIL = re.compile(r"[-_.0-9A-Za-z]{1,64}@[-_0-9A-Za-z]{1,255}[-_.0-9A-Za-z]{1,255}")
PIECES = (
    *("a@b.example", "http://a.example/x?y", "https://", "http://@", "@", "x@y", "a.b@c.d.e", ":/"),
    *("ALL CAPITALS", "McX", "\u2019", "\u201c", "\xa0", "  ", "\n", "\u0301", "e\u0301", "\u1ebf"),
    *("\u0130", "\u0218", "\U0001f595", "\U0001d400", "\U00020000", "\U0001f130", "\ud55c", "["),
    *PASSAGES.values(),
)
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=9), max_size=30).map("".join)


def library(text: str) -> tuple[int, float]:
    """What the library decides, in the kernel's words."""
    predictions = DETECTOR.detect_langs(text, SEED)
    if not predictions:
        return (NO_FEATURES if predictions is None else UNKNOWN), pytest.approx(0, abs=1)
    language, probability = predictions[0]
    return KERNEL.languages.index(language), probability


def agrees(text: str) -> bool:
    """True if the kernel decides as the library; False if it leaves the text to it."""
    found = KERNEL.identify(text)
    if found[0] == HANDED_OVER:
        return False
    assert found == library(text), text[:200]
    return True


@pytest.mark.parametrize("language", PASSAGES)
def test_passages_are_decided_without_the_library(language):
    text = PASSAGES[language]
    assert all(agrees(text[start:end]) for start in range(9) for end in range(start + 3, len(text)))


@settings(deadline=None)
@given(TEXTS)
@example("")
@example("ab")
@example("a" * (MAX_CHARACTERS - 1) + "e\u0301")
@example(PASSAGES["en"] * 100 + PASSAGES["de"])
@example(PASSAGES["ru"] + "abc [x] " * 20)
def test_any_text_is_decided_as_by_the_library(text):
    agrees(text)


def test_every_character_is_taken_as_by_the_library():
    """Between letters and doubled, so that it may be part of each n-gram, and a capital."""
    handed_over = 0
    for start in range(0, CHARACTERS, 32):
        characters = [chr(c) for c in range(start, start + 32) if not 0xD800 <= c < 0xE000]
        text = "".join(f"th{c}e {c}{c}An {c} " for c in characters)
        handed_over += bool(text) and not agrees(text)
    assert handed_over == 2, "the blocks that hold Vietnamese marks"


def test_long_texts_are_read_as_far_as_the_library_reads_them():
    head = ("The ferry  leaves. " * 600)[: MAX_CHARACTERS - 40]
    for size in range(80):
        assert agrees(head + "x" * size + PASSAGES["ru"] * 400)


@settings(deadline=None)
@given(st.text(alphabet="ht:/s@a.-_\u00e9 ", max_size=40))
@example("a" * 70 + "@" + "b" * 300 + ".c" * 200)
@example("a@" + "b" * 255 + "\u00e9")
@example("http://" + "a" * 2080)
def test_addresses_are_those_of_the_patterns(text):
    tables = load_tables(DETECTOR.__reduce__()[1][0])
    utf8 = np.frombuffer(text.encode(), np.uint8)
    kept = without_links(utf8, tables)
    assert kept.tobytes().decode() == LINK.sub(" ", text)
    assert without_mails(kept, tables).tobytes().decode() == MAIL.sub(" ", LINK.sub(" ", text))


def test_the_stream_is_that_of_pythons_seed_0():
    generator = random.Random(0)
    assert _stream().tolist() == [generator.getrandbits(32) for _ in range(STREAM)]


def test_rows_are_forgotten_when_there_is_no_room_for_more():
    generator = random.Random(1)
    before = KERNEL.identify(PASSAGES["en"])
    for _ in range(300):
        letters = generator.choices(string.ascii_letters + "éüßñçąžø ", k=400)
        assert agrees("".join(letters))
    assert KERNEL.identify(PASSAGES["en"]) == before


@pytest.mark.parametrize("stored", [b"LDF2\0\1" + b"\x37\0\0\0", b"LDF1\0\1" + b"\x36\0\0\0"])
def test_another_release_of_the_library_is_named(stored):
    with pytest.raises(RuntimeError, match=r"langdetect-rs stores .*; expected b'LDF1' with 55"):
        load_tables(stored)


def test_real_pages_are_decided_as_by_the_library(shared_data):
    texts = [
        page.text
        for file in sorted((shared_data / "wet").glob("*.gz"))[:1]
        for record in read_records(inflate(io.BytesIO(file.read_bytes())))
        for page in (reference_pages(record) if isinstance(record, Record) else ())
    ]
    decided = sum(map(agrees, texts))
    assert decided > 0.98 * len(texts) > 1000
