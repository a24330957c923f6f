"""The compiled kernel of langdetect beside its definition and langdetect-rs, to the last bit."""

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

from cleaning.filters.langdetect import detector
from cleaning.filters.langdetect.detector import (
    MARKED_LETTERS,
    MARKS,
    MAX_CHARACTERS,
    MAX_DRAWS,
    NO_FEATURES,
    TRIALS,
    UNKNOWN,
    Stream,
)
from cleaning.filters.langdetect.kernel import Kernel
from cleaning.filters.langdetect.profiles import CHARACTERS, load_profiles
from cleaning.filters.langdetect.tables import STREAM, _stream, load_tables
from cleaning.filters.langdetect.text import without_links, without_mails
from cleaning.wet.inflate import inflate
from cleaning.wet.pages import reference_pages
from cleaning.wet.records import Record, read_records
from tests.cleaning.filters.langdetect.texts import TEXTS, VIETNAMESE
from tests.cleaning.filters.passages import PASSAGES

DETECTOR = langdetect_core.Factory(False, "14.0.0")
DETECTOR.load_builtin(sorted(langdetect_core.builtin_files()))
KERNEL = Kernel()
SEED = seed_state(0)
LINK = re.compile(r"https?://[-_.?&~;+=/#0-9A-Za-z]{1,2076}")
MAIL = re.compile(r"[-_.0-9A-Za-z]{1,64}@[-_0-9A-Za-z]{1,255}[-_.0-9A-Za-z]{1,255}")


def library(text: str) -> tuple[int, float]:
    """What langdetect-rs decides, in the kernel's words."""
    predictions = DETECTOR.detect_langs(text, SEED)
    if not predictions:
        return (NO_FEATURES if predictions is None else UNKNOWN), 0.0
    language, probability = predictions[0]
    return KERNEL.languages.index(language), probability


def agrees(text: str) -> bool:
    """True if the kernel decides as the library."""
    assert KERNEL.identify(text) == library(text), text[:200]
    return True


@pytest.mark.parametrize("language", PASSAGES)
def test_passages_are_decided_as_by_the_library(language):
    text = PASSAGES[language]
    assert all(agrees(text[start:end]) for start in range(9) for end in range(start, len(text)))


@settings(deadline=None)
@given(TEXTS)
@example("")
@example("ab")
@example("a" * (MAX_CHARACTERS - 1) + "e\u0301")
@example(PASSAGES["en"] * 100 + PASSAGES["de"])
@example(PASSAGES["ru"] + "abc [x] " * 20)
@example("e\u0301\u0301 \u0301a\u0323a")
@example("a" * (MAX_CHARACTERS - 1) + "e\u0301\u0301e")
@example("a" * MAX_CHARACTERS + "\u0301\u0301e")
@example("a" * MAX_CHARACTERS + "\u0302e")
@example("\u1ebf\u1ea1 \u1ebfa")
@example("Ca\u0302\u0301m \u01a1\u0309n \U00020000 a http://a.example/x\u0301 x@y.z\u0301")
def test_any_text_is_decided_as_by_the_library(text):
    agrees(text)


@settings(deadline=None, max_examples=25)
@given(TEXTS)
@example(VIETNAMESE)
@example("\U00020000\ud800a\u0301 " + PASSAGES["de"])
def test_any_text_is_decided_by_definition(text):
    assert KERNEL.identify(text) == detector.identify(text)


@settings(deadline=None)
@given(st.text(alphabet=f"{MARKED_LETTERS}{MARKS}bTN\u0302\xc3 ", max_size=60))
def test_letters_and_marks_of_vietnamese_are_read_as_by_the_library(text):
    agrees(f"{text} {VIETNAMESE[:40]}{text}")


def test_every_character_is_taken_as_by_the_library():
    """Between letters and doubled, so that it may be part of each n-gram, and a capital."""
    for start in range(0, CHARACTERS + 64, 32):
        characters = [chr(c) for c in range(start, start + 32) if not 0xD800 <= c < 0xE000]
        assert agrees("".join(f"th{c}e {c}{c}An {c} " for c in characters))


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
    tables = load_tables(load_profiles())
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


@pytest.mark.parametrize("bits", range(1, 16))
def test_no_text_takes_the_stream_to_its_end(bits):
    """With so many bits, the fewest n-grams have the most numbers refused."""
    stream, taken = Stream(), 0
    original = stream._words.bytes

    class Counted:
        def bytes(self, count: int) -> bytes:
            nonlocal taken
            taken += count // 4
            return original(count)

    stream._words = Counted()
    for _ in range(TRIALS):
        stream.gauss()
        for _ in range(MAX_DRAWS + 1):
            stream.below(1 << (bits - 1))
    assert taken < STREAM / 2


def test_real_pages_are_decided_as_by_the_library(shared_data):
    texts = [
        page.text
        for file in sorted((shared_data / "wet").glob("*.gz"))[:1]
        for record in read_records(inflate(io.BytesIO(file.read_bytes())))
        for page in (reference_pages(record) if isinstance(record, Record) else ())
    ]
    assert len(texts) > 1000 and all(map(agrees, texts))
