"""Each function against the reference's, on generated text."""

import inspect
import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaning import urls
from cleaning.filters import clean
from cleaning.filters.badwords import BadWords, Matcher, load_english
from cleaning.filters.clean import Citation, CleanRules, Ellipsis, Outcome, clean_page
from cleaning.filters.clean_kernel import clean_blocks
from cleaning.filters.language import IDENTIFIERS, english_rules
from cleaning.filters.paragraphs import has_paragraphs
from cleaning.lowercase import lower_utf8
from cleaning.sentences import count_sentences, split_sentences
from cleaning.signatures import digest_lines
from cleaning.wet import pages
from cleaning.wet.pages import page_text, plain_page_text
from tests.reference import strategies
from tests.reference.outcomes import CLEAN_PAGE, our_cleaned, reference_cleaned
from tests.reference.reference import PageFeatures, c4_utils, counting, has_best_language, punkt
from tests.reference.strategies import examples

PUNKT = punkt()
IDENTIFY = IDENTIFIERS["langdetect"].load(None)
ENGLISH = load_english()
LISTS = (ENGLISH, BadWords.of("en", tuple(word for word in ENGLISH.words() if word.isascii())))
BAD_WORDS = [
    (Matcher(words), c4_utils.get_badwords_filter_fn({"en": set(words.words())})) for words in LISTS
]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (clean.MIN_WORDS_PER_LINE, c4_utils._MIN_WORDS_PER_LINE),
        (clean.MIN_SENTENCES, c4_utils._MIN_NUM_SENTENCES),
        (clean.MAX_WORD_CHARS, c4_utils._MAX_WORD_LENGTH),
        (clean.END_MARKS, c4_utils._END_MARKS),
        (clean.ELLIPSIS, c4_utils._ELLIPSIS),
        (clean.POLICY_PHRASES, tuple(c4_utils._POLICY_SUBSTRINGS)),
        (clean._CITATION, CLEAN_PAGE.keywords["citation_regex"]),
        (pages.METADATA_PREFIXES, c4_utils._METADATA_PREFIXES),
        (
            pages.MAX_PAGE_CHARS,
            inspect.signature(c4_utils.is_valid_length).parameters["max_length"].default,
        ),
    ],
)
def test_constants_are_those_of_the_reference(ours, theirs):
    assert ours == theirs


@examples(400)
@given(strategies.urls | st.text(max_size=20))
def test_normalized_urls(url):
    assert urls.normalize_url(url) == c4_utils.normalize_url(url)


@examples(200)
@given(st.text(max_size=5), st.integers(0, 3000))
def test_held_out_pages(prefix, number):
    url = f"{prefix}{number}"
    predicate = c4_utils.get_hashed_url_filter_fn(lambda value: value % 1000 == 0)
    assert urls.are_held_out(urls.pack_digests([urls.md5(url)]))[0] == predicate(
        PageFeatures(normalized_url=url)
    )


@examples(800)
@given(strategies.pages | strategies.surrogate_pages)
def test_clean_page(text):
    assert our_cleaned(clean_page(text)) == reference_cleaned(text)


clean_rules = st.builds(
    CleanRules,
    max_word_chars=st.sampled_from((0, 4, 9, 999, 1000)),
    citations=st.sampled_from(Citation),
    end_marks=st.sampled_from((clean.END_MARKS, (".", "?", "!", '"', "”"), (".",), ("…", "]"))),
    ellipsis=st.sampled_from(Ellipsis),
    min_words=st.integers(1, 7),
    min_sentences=st.integers(0, 5),
)


def reference_cleaned_by(text: str, rules: CleanRules) -> tuple[str | None, Counter[str]]:
    """What the reference's clean_page makes of a page if told of other rules."""
    digits = "*" if rules.citations is Citation.WITH_EMPTY else "+"
    with pytest.MonkeyPatch.context() as patched, counting() as counts:
        patched.setattr(c4_utils, "_END_MARKS", rules.end_marks)
        if rules.ellipsis is Ellipsis.KEPT:
            patched.setattr(c4_utils, "_ELLIPSIS", "no line ends so")
        found = c4_utils.clean_page(
            PageFeatures(text=text),
            re.compile(rf"\[\d{digits}\]|\[edit\]|\[citation needed\]"),
            min_words_per_line=rules.min_words,
            min_num_sentences=rules.min_sentences,
            max_word_length=rules.max_word_chars or len(text),
        )
        cleaned = [page.text for page in found]
    return (cleaned[0] if cleaned else None), counts


@examples(600)
@given(strategies.pages, clean_rules)
def test_clean_page_by_other_rules(text, rules):
    assert our_cleaned(clean_page(text, rules)) == reference_cleaned_by(text, rules)


@examples(800)
@given(st.lists(strategies.bodies, min_size=1, max_size=3))
def test_clean_page_in_compiled_code(bodies):
    for body, found in zip(bodies, clean_blocks([body.encode() for body in bodies]), strict=True):
        if found.exact:
            continue
        text = page_text(body)
        assert found.has_text is bool(text)
        if found.cleaned is None:
            assert "\u212a" in text
        else:
            assert found.cleaned == clean_page(text)
            assert our_cleaned(found.cleaned) == reference_cleaned(text)


spaced = st.lists(
    st.sampled_from(("a", "b.", "é", " ", "\n", "\n\n", " \n", "\n ", "\t\n", "\n\t", "\u3000\n")),
    max_size=6,
).map("".join)


@examples(800)
@given(st.lists(strategies.bodies | spaced, min_size=1, max_size=3))
def test_whole_text_of_pages_without_anything_odd(bodies):
    for body, found in zip(bodies, clean_blocks([body.encode() for body in bodies]), strict=True):
        if not found.exact:
            assert plain_page_text(body.encode()).decode() == page_text(body)


@examples(600)
@given(strategies.paragraph_pages | strategies.pages, st.sampled_from((200, 200, 1, 50, 199)))
def test_paragraphs(text, min_chars):
    with counting() as counts:
        kept = c4_utils.paragraph_filter(PageFeatures(text=text), min_paragraph_len=min_chars)
    assert has_paragraphs(text.encode(), 3, min_chars) is kept
    assert counts == {f"paragraph-filter/{'passed' if kept else 'filtered'}": 1}


@examples(800)
@given(strategies.sentence_texts | strategies.pages, st.integers(1, 4))
def test_sentences(text, at_most):
    sentences = PUNKT.tokenize(text)
    assert count_sentences(text, at_most) == min(len(sentences), at_most)
    assert split_sentences(text) == sentences


@examples(800)
@given(strategies.pages | strategies.bad_texts | st.text())
def test_lower_case(text):
    assert lower_utf8(text.encode()) == text.lower().encode()


variants = st.sampled_from(
    (
        *("one.", "ONE.", " one.", "one.\u00a0", "One .", "", "k", "\u212a", "ß", "ẞ", "SS"),
        *("İ\u03a3", "i\u0307\u03c3", "i\u0307\u03c2", "\ufb01", "fi", "e\u0301", "é", "É"),
    )
)


@examples(400)
@given(st.lists(variants | strategies.plain_lines, max_size=12))
def test_digests_of_lines_agree_where_the_reference_has_them_agree(lines):
    prefix = "The ferry leaves at ten. It came. It went."
    text = "\n".join([prefix, *[f"We all sail on {line} today." for line in lines]])
    cleaned = clean_page(text)
    if cleaned.outcome != Outcome.PASSED:
        return
    digests = digest_lines(cleaned.lowered)
    ours = [digests[at : at + 16] for at in range(0, len(digests), 16)]
    page = PageFeatures(url="u", text=cleaned.text)
    theirs = [digest for digest, _ in c4_utils._emit_url_to_lines(page)]
    assert [ours.index(digest) for digest in ours] == [theirs.index(digest) for digest in theirs]


@examples(1000)
@given(strategies.bad_texts, st.sampled_from(BAD_WORDS))
def test_bad_words(text, ours_and_theirs):
    matcher, bad_words_filter = ours_and_theirs
    kept = bad_words_filter(PageFeatures(text=text, language="en"))
    assert matcher.found_in(text) is not kept


@examples(150)
@given(strategies.language_texts | strategies.pages, st.sampled_from((0.99, 0.99, 0.5, 1.0, 0.0)))
def test_english(text, least):
    with counting() as counts:
        kept = list(c4_utils.detect_english(PageFeatures(text=text), min_probability=least))
    assert Counter(english_rules(IDENTIFY(text), least)) == counts
    assert [page.language for page in kept] == ["en"] * ("english-filter/passed" in counts)


@examples(100)
@given(strategies.language_texts)
def test_probabilities_of_languages(text):
    found = IDENTIFY(text)
    assert has_best_language(text, found.language, found.probability)
