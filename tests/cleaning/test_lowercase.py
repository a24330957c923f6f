"""Lower case of UTF-8 text."""

import sys

import pytest

from cleaning.lowercase import lower_utf8

CHARACTERS = [chr(c) for c in range(sys.maxunicode + 1) if not 0xD800 <= c < 0xE000]


@pytest.mark.parametrize(
    ("text", "lowered"),
    [
        ("", ""),
        ("ABC\x00Z[`{@", "abc\x00z[`{@"),
        ("“Quoted” É", "“quoted” é"),
        ("naïve CAFÉ", "naïve café"),
        ("\u212aelvin", "kelvin"),
        ("İ", "i\u0307"),
        ("\u017f ß ﬁ", "\u017f ß ﬁ"),
        ("ΦΣ", "φς"),
        ("ΦΣ\nΦΣΦ", "φς\nφ\u03c3φ"),
        ("\U00010400", "\U00010428"),
    ],
)
def test_lower_case_is_that_of_unicode(text, lowered):
    assert lower_utf8(text.encode()) == lowered.encode()


def test_every_character_that_lower_case_changes_is_lowered():
    changed = [c for c in CHARACTERS if c.lower() != c]
    assert [lower_utf8(c.encode()).decode() for c in changed] == [c.lower() for c in changed]


def test_a_text_of_all_other_characters_stays():
    text = "".join(c for c in CHARACTERS if c.lower() == c)
    assert lower_utf8(text.encode()) == text.encode()


@pytest.mark.parametrize("odd", [b"\xff", b"\xc3", "\ud800".encode(errors="surrogatepass")])
def test_bytes_that_are_not_utf8_are_refused_where_a_character_must_be_mapped(odd):
    with pytest.raises(UnicodeDecodeError):
        lower_utf8("É".encode() + odd)
    assert lower_utf8(b"A" + odd) == b"a" + odd
