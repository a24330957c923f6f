"""The rule book of langdetect beside langdetect 1.0.9 itself, and its profiles beside that's."""

import random
import sys
import unicodedata
from pathlib import Path

import langdetect
import numpy as np
import pytest
from hypothesis import example, given, settings
from langdetect.utils.ngram import NGram

from cleaning.filters.langdetect import profiles
from cleaning.filters.langdetect.detector import (
    MARKED_LETTERS,
    MARKS,
    NO_FEATURES,
    UNKNOWN,
    Stream,
    identify,
)
from cleaning.filters.langdetect.profiles import CHARACTERS, PATH, SHA256, digest, load_profiles
from tests.cleaning.filters.langdetect.make_profiles import arrays_of_langdetect
from tests.cleaning.filters.langdetect.texts import TEXTS, VIETNAMESE
from tests.cleaning.filters.passages import PASSAGES

FOLDER = Path(langdetect.detector_factory.PROFILES_DIRECTORY)


@pytest.fixture(scope="module")
def factory():
    """langdetect's, with the profiles in the order of their names, and the sums of Python 3.11."""

    def one_after_another(values):
        total = 0.0
        for value in values:
            total += value
        return total

    made = langdetect.DetectorFactory()
    files = [path.read_text(encoding="utf-8") for path in sorted(FOLDER.iterdir())]
    made.load_json_profile(files)
    made.set_seed(0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(langdetect.detector, "sum", one_after_another, raising=False)
        yield made


def decided(factory, text: str) -> tuple[int, float]:
    """What langdetect decides, in the words of ours."""
    asked = factory.create()
    asked.append(text)
    try:
        found = asked.get_probabilities()
    except langdetect.LangDetectException:
        return NO_FEATURES, 0.0
    if not found:
        return UNKNOWN, 0.0
    return factory.langlist.index(found[0].lang), found[0].prob


def test_the_profiles_are_those_of_langdetect(factory):
    with np.load(PATH) as stored:
        arrays = dict(stored)
    made = arrays_of_langdetect()
    assert arrays.keys() == made.keys()
    for name, array in made.items():
        np.testing.assert_array_equal(arrays[name], array, err_msg=name, strict=True)
    assert digest(arrays) == SHA256
    assert list(load_profiles().languages) == factory.langlist


def test_likelihoods_are_those_of_langdetect(factory):
    found = load_profiles()
    rows = {int(key): row for row, key in enumerate(found.key)}
    assert len(rows) == len(factory.word_lang_prob_map)
    for ngram in sorted(factory.word_lang_prob_map)[::97]:
        row = rows[sum((ord(c) + 1) << (21 * at) for at, c in enumerate(ngram))]
        dense = [0.0] * len(found.languages)
        for at in range(found.start[row], found.start[row + 1]):
            dense[found.language[at]] = float(found.likelihood[at])
        assert dense == factory.word_lang_prob_map[ngram], ngram


def test_characters_are_taken_as_by_langdetect():
    normal = load_profiles().normal.tolist()
    assert all(NGram.normalize(chr(c)) == chr(normal[c]) for c in range(CHARACTERS))
    beyond = range(CHARACTERS, sys.maxunicode + 1, 97)
    assert all(NGram.normalize(chr(c)) == chr(c) and not chr(c).isupper() for c in beyond)


def test_letters_and_marks_are_joined_as_by_langdetect():
    assert (MARKED_LETTERS, MARKS) == (NGram.TO_NORMALIZE_VI_CHARS, NGram.DMARK_CLASS)
    for letter in MARKED_LETTERS:
        for mark in MARKS:
            assert NGram.normalize_vi(letter + mark) == unicodedata.normalize("NFC", letter + mark)


def test_the_stream_is_that_of_pythons_seed_0():
    ours, theirs = Stream(), random.Random(0)
    for count in (*range(1, 40), 300, 8191, 8192, 30_000):
        assert ours.gauss() == theirs.gauss(0.0, 1.0)
        assert [ours.below(count) for _ in range(9)] == [theirs.randrange(count) for _ in range(9)]


@pytest.mark.parametrize("language", PASSAGES)
def test_passages_are_decided_as_by_langdetect(factory, language):
    for text in (PASSAGES[language], PASSAGES[language][:9], PASSAGES[language] + PASSAGES["en"]):
        assert identify(text) == decided(factory, text)


@settings(deadline=None, max_examples=40)
@given(TEXTS)
@example("")
@example("a\u0301")
@example(VIETNAMESE)
@example("\ud800A\U00020000B " + PASSAGES["en"])
@example("A" * 9_999 + "e\u0301" + PASSAGES["ru"])
@example(PASSAGES["ru"] + "abc [x] " * 20)
@example("ABC MCx \u0130I \U0001d400B \U0001f130AB " * 9)
def test_any_text_is_decided_as_by_langdetect(factory, text):
    assert identify(text) == decided(factory, text)


def test_a_damaged_file_is_named(monkeypatch):
    monkeypatch.setattr(profiles, "SHA256", "0" * 64)
    with pytest.raises(RuntimeError, match=r"profiles\.npz of c4forge is damaged; install c4forge"):
        load_profiles.__wrapped__()
