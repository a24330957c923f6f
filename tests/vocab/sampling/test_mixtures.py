"""The fractions of languages in a sample, and the shards that a mixture takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpora.layout import NO_LANGUAGE, CorpusShard
from vocab.sampling.mixtures import LanguageError, Mixture, choose_shards, parse_mixture

T5_PARTS = "en:10,de:1,fr:1,ro:1"
T5 = parse_mixture(T5_PARTS)


@pytest.mark.parametrize("text", ["en:10,de:1,fr:1,ro:1", "0.3", "1", "0", "zh-Latn:2.5"])
def test_what_is_written_is_read_back(text):
    assert str(parse_mixture(text)) == text


@pytest.mark.parametrize(
    "text",
    ["", "en", "en:", "en:x", "en:10,", "en:1,en:2", "en:0", "1.5", "-1", "alpha:0.3", "nan"],
)
def test_what_is_no_mixture_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match="expected parts by language, as en:10,de:1"):
        parse_mixture(text)


@pytest.mark.parametrize(
    ("mixture", "available", "budget", "quotas"),
    [
        # Room for all: English is the scale.
        (T5, {"en": 1000, "de": 500, "fr": 500, "ro": 500}, 10**9,
         {"en": 1000, "de": 100, "fr": 100, "ro": 100}),
        # A short one gives what it has; the others do not change.
        (T5, {"en": 1000, "de": 500, "fr": 500, "ro": 7}, 10**9,
         {"en": 1000, "de": 100, "fr": 100, "ro": 7}),
        # The budget binds.
        (T5, {"en": 10**6, "de": 10**6, "fr": 10**6, "ro": 10**6}, 1300,
         {"en": 1000, "de": 100, "fr": 100, "ro": 100}),
        # A language that is not there, and one that the mixture does not name.
        (T5, {"en": 1000, "es": 1000}, 10**9, {"en": 1000}),
        # As they come.
        (Mixture(), {"en": 900, "de": 100}, 100, {"en": 90, "de": 10}),
        # The same for all.
        (Mixture(alpha=0.0), {"en": 900, "de": 100}, 100, {"en": 50, "de": 50}),
        (Mixture(), {}, 100, {}),
        (Mixture(), {"en": 0}, 100, {}),
    ],
)  # fmt: skip
def test_quotas(mixture, available, budget, quotas):
    assert mixture.quotas(available, budget) == quotas


def test_a_small_alpha_favours_small_languages_as_mt5_does():
    """p(L) goes with |L|^0.3 (arXiv:2010.11934, section 3.2)."""
    quotas = parse_mixture("0.3").quotas({"en": 10**9, "sw": 10**6}, 10**5)
    assert quotas["en"] / quotas["sw"] == pytest.approx(1000**0.3, rel=1e-3)


@given(
    st.dictionaries(st.sampled_from(["en", "de", "fr", "ro", "sw"]), st.integers(0, 10**7)),
    st.integers(1, 10**7),
    st.sampled_from(["en:10,de:1,fr:1,ro:1", "0.3", "1", "0"]),
)
def test_a_sample_never_exceeds_its_budget_nor_what_there_is(available, budget, mixture):
    quotas = parse_mixture(mixture).quotas(available, budget)
    assert sum(quotas.values()) <= budget
    assert all(0 <= quota <= available[name] for name, quota in quotas.items())


def shards(*languages, split="train"):
    return [
        CorpusShard(n, f"/{name}-{n}", 1, 0.0, "text", split, name, alone=True)
        for n, name in enumerate(languages)
    ]


@pytest.mark.parametrize(
    ("languages", "mixture", "taken", "applied", "expected_notes"),
    [
        (["en", "de", "fr", "ro"], T5_PARTS, ["en", "de", "fr", "ro"], T5_PARTS, []),
        (["en"], T5_PARTS, ["en"], T5_PARTS, ["no --corpus has de, fr, ro of the mixture"]),
        (
            ["en", "es"],
            T5_PARTS,
            ["en"],
            T5_PARTS,
            [
                "no --corpus has de, fr, ro",
                "left out: es (not in the mixture en:10",
            ],
        ),
        (["en", "und"], "0.3", ["en"], "0.3", ["left out: und (not in the mixture 0.3)"]),
        (["und"], "1", ["und"], "1", []),
        ([NO_LANGUAGE], T5_PARTS, [NO_LANGUAGE], "1", ["--mixture is not applied"]),
        ([NO_LANGUAGE], "0.3", [NO_LANGUAGE], "1", []),
    ],
)
def test_languages(languages, mixture, taken, applied, expected_notes):
    chosen, effective, notes = choose_shards(shards(*languages), mixture)
    assert [shard.language for shard in chosen] == taken
    assert effective == applied
    assert len(notes) == len(expected_notes)
    assert all(part in note for part, note in zip(expected_notes, notes, strict=True))


@pytest.mark.parametrize(
    ("found", "mixture", "said"),
    [
        (shards("es", "pt"), T5_PARTS, "has none of these languages; it has es, pt"),
        (shards("en", NO_LANGUAGE), T5_PARTS, "state it, as --corpus=en=/-1"),
        (shards("en", split="validation"), T5_PARTS, "there are only splits for validation"),
    ],
)
def test_what_cannot_be_mixed_is_reported(found, mixture, said):
    with pytest.raises(LanguageError) as error:
        choose_shards(found, mixture)
    assert said in str(error.value)


def test_long_lists_are_cut():
    languages = [f"x{c}" for c in "abcdefghijklmnop"]
    _, _, notes = choose_shards(shards("en", *languages), "en:1")
    assert "and 4 more" in notes[0]
