"""Lists of bad words, texts that hold them, and pages that are kept despite them."""

import sys

import pytest

from cleaning.filters.badwords import (
    UNFLANKED_LANGUAGES,
    BadWords,
    BadWordsError,
    Matcher,
    WordCase,
    is_kept_softly,
    list_language,
    load_carried,
    load_english,
    read_words,
)

ASCII_WORDS = ("Capital", "ass", "blue waffle", "c.t", "kinky")
ASCII_MATCHER = Matcher(BadWords.of("en", ASCII_WORDS))
MATCHER = Matcher(BadWords.of("en", (*ASCII_WORDS, "é", "🖕")))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", False),
        ("ass", True),
        ("An ASS brays.", True),
        ("grass", False),
        ("assess", False),
        ("ass_", False),
        ("1ass", False),
        ("grass ass", True),
        ("assass ass!", True),
        ("ass\n", True),
        ("\nass", True),
        ("blue waffle", True),
        ("blue  waffle", False),
        ("blue\nwaffle", False),
        ("c.t", True),
        ("cat", False),
        ("Capital", False),
        ("éass", False),
        ("assé", False),
        ("“ass”", True),
        ("\u00a0ass\u3000", True),
        ("ass\u0301", True),
        ("ass\u0660", False),
        ("\u212ainky", True),
        ("k\u0130nky", False),
        ("\u0130ass ass", True),
        ("éass ass", True),
        ("éass" * 3 + "é ass", True),
        ("\u0130" * 9 + " \u212ainky", True),
    ],
)
@pytest.mark.parametrize("matcher", [MATCHER, ASCII_MATCHER], ids=["unicode", "ascii"])
def test_a_word_counts_where_non_word_characters_flank_it(matcher, text, found):
    assert matcher.found_in(text) is found
    assert matcher.found_in_all([b"cat", text.encode(), b"ass"]) == [False, found, True]


@pytest.mark.parametrize(
    ("text", "found"), [("🖕", True), ("a🖕", False), ("é", True), ("É!", True), ("éa", False)]
)
def test_words_need_not_be_ascii(text, found):
    assert MATCHER.found_in(text) is found


@pytest.mark.parametrize("language", UNFLANKED_LANGUAGES)
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("性交", True),
        ("日本性交日本", True),
        ("性 交", False),
        ("xsmx", True),
        ("XSMX", True),
        ("ｓｍ", False),
        ("KINK", True),
        ("\u212ain\u212a", True),
        ("k\u0130nk", False),
        ("s\u0130 sm", True),
        ("\u0e40ควย\u0e40", True),
    ],
)
def test_languages_that_do_not_part_words_need_no_flanks(language, text, found):
    words = ("性交", "sm", "kink", "ควย")
    assert Matcher(BadWords.of(language, words)).found_in(text) is found


@pytest.mark.parametrize("language", ["ko", "en", "ja-Latn"])
def test_other_languages_need_them(language):
    matcher = Matcher(BadWords.of(language, ("性交",)))
    assert matcher.found_in("日 性交。")
    assert not matcher.found_in("日性交")


@pytest.mark.parametrize(
    ("word", "text", "as_listed", "lowered"),
    [
        ("Puta", "una puta", False, True),
        ("Puta", "una PUTA", False, True),
        ("Puta", "una computadora", False, False),
        ("puta", "una PUTA", True, True),
        ("Ñoño", "ñoño", False, True),
        ("ÇA", "Ça", False, True),
        ("ΜΑΛΑΚΑΣ", "Μαλακας!", False, True),
        ("ΜΑΛΑΚΑΣ", "ΜΑΛΑΚΑΣ", False, True),
        ("ΜΑΛΑΚΑΣ", "ΜΑΛΑΚΑΣΑΣ", False, False),
        ("İbne", "İBNE", False, True),
        ("İbne", "ibne", False, False),
        ("\u212aink", "kink", False, True),
        ("Straße", "STRASSE", False, False),
    ],
)
def test_words_with_capitals_match_only_where_they_are_lowered(word, text, as_listed, lowered):
    words = BadWords.of("es", (word,))
    assert Matcher(words).found_in(text) is as_listed
    assert Matcher(words, WordCase.AS_LISTED).found_in(text) is as_listed
    assert Matcher(words, WordCase.LOWERED).found_in(text) is lowered


def test_only_capitals_bring_about_characters_with_another_case():
    """For a list of words without such characters, a text's ASCII letters are lowered only."""
    for capital in map(chr, range(0x80, sys.maxunicode + 1)):
        lowered = capital.lower()
        if lowered != capital and capital not in "\u212a\u0130":
            assert all(c.lower() != c.upper() for c in lowered), capital


def test_the_list_that_the_package_carries_is_read_without_its_comments():
    words = load_carried("ldnoobw")
    assert len(words) == 377
    assert not any(word.startswith("#") for word in words)
    assert load_english() == BadWords.of("en", words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("b\na\n", {"a", "b"}),
        ("one\r\n\n two words \n#tag\none", {"#tag", "one", "two words"}),
        ("\u3000é\u00a0\n", {"é"}),
    ],
)
def test_a_list_holds_a_word_a_line(text, words):
    assert read_words(text, "x") == words


@pytest.mark.parametrize("text", ["", "\n \n", "\u3000"])
def test_a_list_without_words_is_refused(text):
    with pytest.raises(BadWordsError, match=r"^/some/en: holds no words; expected one a line"):
        read_words(text, "/some/en")


def test_words_are_sorted_and_each_stands_once():
    bad_words = BadWords.of("en", ("b", "a", "b", "a c"))
    assert bad_words == BadWords("en", "a\na c\nb\n")
    assert bad_words.words() == ["a", "a c", "b"]
    assert BadWords.of("en", ()).words() == []


def test_the_digest_of_a_list_tells_lists_apart():
    assert BadWords.of("en", ("a", "b")).sha256() != BadWords.of("en", ("a b",)).sha256()


@pytest.mark.parametrize(
    ("code", "language"), [("en", "en"), ("ru-Latn", "ru"), ("fr-CA-u-sd-caqc", "fr"), ("", "")]
)
def test_a_list_serves_every_script_of_its_language(code, language):
    assert list_language(code) == language


EXACT, DENOMINATOR = (0.999).as_integer_ratio()


@pytest.mark.parametrize(
    ("number", "fraction", "kept"),
    [
        (0, 1.0, False),
        (2**128 - 1, 1.0, False),
        (0, 0.0, True),
        (2**128 - 1, 0.0, True),
        (0, 0.5, False),
        (1, 0.5, True),
        (2, 0.5, False),
        (2**64, 0.5, False),
        (2**64 + 1, 0.5, True),
        (0, 0.999, False),
        (999, 0.999, False),
        (EXACT - 1, 0.999, False),
        (EXACT, 0.999, True),
        (DENOMINATOR - 1, 0.999, True),
        (DENOMINATOR, 0.999, False),
        (DENOMINATOR + EXACT, 0.999, True),
    ],
)
def test_a_fraction_of_the_pages_falls_by_the_whole_digest(number, fraction, kept):
    assert is_kept_softly(number.to_bytes(16), fraction) is kept


def test_a_list_of_many_words_is_searched_without_a_word_on_the_terminal(capfd):
    """RE2 logs by itself where its room is short."""
    words = [f"w{number * 7919 % 100_003:05d}x{number}" for number in range(20_000)]
    matcher = Matcher(BadWords.of("en", words))
    text = " ".join(f"v{word}" for word in words[::3])
    assert not matcher.found_in(text) and matcher.found_in(f"{text} {words[-1]}")
    assert capfd.readouterr() == ("", "")
