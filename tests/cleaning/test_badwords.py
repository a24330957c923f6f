"""Lists of bad words, and texts that hold them."""

import pytest

from cleaning.badwords import ENGLISH_SHA256, BadWords, BadWordsError, Matcher, load_english

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


@pytest.mark.parametrize(
    ("text", "found"), [("🖕", True), ("a🖕", False), ("é", True), ("É!", True), ("éa", False)]
)
def test_words_need_not_be_ascii(text, found):
    assert MATCHER.found_in(text) is found


def test_the_english_list_is_the_one_of_c4():
    assert load_english().sha256() == ENGLISH_SHA256


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"en": "b\na\n"}, ("a", "b")),
        ({"en": "one\r\n\n two words \n#tag\none"}, ("#tag", "one", "two words")),
        ({"en": "newer", "en.c4": "older"}, ("older",)),
    ],
)
def test_a_folder_replaces_the_list(tmp_path, files, words):
    for name, content in files.items():
        (tmp_path / name).write_bytes(content.encode())
    assert load_english(str(tmp_path)) == BadWords.of("en", words)


def test_a_folder_without_an_english_list_is_refused(tmp_path):
    (tmp_path / "de").write_text("wort")
    with pytest.raises(BadWordsError, match=r"--badwords_dir=.*no file 'en'"):
        load_english(str(tmp_path))


def test_a_list_without_words_is_refused(tmp_path):
    (tmp_path / "en").write_text("\n \n")
    with pytest.raises(BadWordsError, match="holds no words; expected one a line"):
        load_english(str(tmp_path))


def test_the_digest_of_a_list_tells_lists_apart():
    assert BadWords.of("en", ("a", "b")).sha256() != BadWords.of("en", ("a b",)).sha256()
