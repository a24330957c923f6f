"""Shares of languages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vocab.sampling.mixtures import Mixture, parse_mixture

T5 = parse_mixture("en:10,de:1,fr:1,ro:1")


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
    ("mixture", "available", "budget", "shares"),
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
def test_shares(mixture, available, budget, shares):
    assert mixture.shares(available, budget) == shares


def test_a_small_alpha_favours_small_languages_as_mt5_does():
    """p(L) goes with |L|^0.3 (arXiv:2010.11934, section 3.2)."""
    shares = parse_mixture("0.3").shares({"en": 10**9, "sw": 10**6}, 10**5)
    assert shares["en"] / shares["sw"] == pytest.approx(1000**0.3, rel=1e-3)


@given(
    st.dictionaries(st.sampled_from(["en", "de", "fr", "ro", "sw"]), st.integers(0, 10**7)),
    st.integers(1, 10**7),
    st.sampled_from(["en:10,de:1,fr:1,ro:1", "0.3", "1", "0"]),
)
def test_a_sample_never_exceeds_its_budget_nor_what_there_is(available, budget, mixture):
    shares = parse_mixture(mixture).shares(available, budget)
    assert sum(shares.values()) <= budget
    assert all(0 <= share <= available[name] for name, share in shares.items())
