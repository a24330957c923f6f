import pytest

from trainer.data.objectives import (
    OBJECTIVES,
    Lengths,
    Noise,
    ObjectiveError,
    lengths,
    with_noise,
)


def test_lengths_of_the_final_objective_are_the_papers():
    row = OBJECTIVES["span_corruption"]
    assert lengths(row, 512) == Lengths(raw=568, inputs=512, targets=114)


LENGTHS = {  # tokens of text, inputs and targets, by lengths(row, 512)
    "causal_lm": (511, 0, 512),
    "prefix_lm": (511, 512, 512),
    "bert_style": (511, 512, 512),
    "mass_style": (511, 512, 512),
    "deshuffling": (511, 512, 512),
    "iid_replace_spans": (511, 512, 200),
    "iid_replace_spans_10pct": (511, 512, 149),
    "iid_replace_spans_25pct": (511, 512, 287),
    "iid_replace_spans_50pct": (511, 512, 436),
    "iid_drop_tokens": (511, 512, 110),
    "span_corruption": (568, 512, 114),
    "span_corruption_2": (552, 512, 126),
    "span_corruption_5": (581, 512, 105),
    "span_corruption_10": (591, 512, 99),
}


@pytest.mark.parametrize("name", OBJECTIVES)
def test_lengths_of_every_row(name):
    found = lengths(OBJECTIVES[name], 512)
    numbers = (found.raw, found.inputs, found.targets)
    assert name in LENGTHS, f'if right, add to LENGTHS in {__file__}:  "{name}": {numbers},'
    assert numbers == LENGTHS[name]


def test_names_are_the_keys_and_references_are_distinct():
    assert all(name == row.name for name, row in OBJECTIVES.items())
    references = [row.reference for row in OBJECTIVES.values() if row.reference]
    assert len(set(references)) == len(references)


@pytest.mark.parametrize(
    ("name", "density", "mean_span", "message"),
    [
        ("causal_lm", 0.3, 0, "--objective=causal_lm has a fixed share of noise"),
        ("bert_style", 0, 3, "no spans of noise; try span_corruption"),
        ("span_corruption", 1.5, 0, "expected a share above 0"),
        ("span_corruption", 0, 0.5, "mean length of 1 or more"),
    ],
)
def test_impossible_noise_is_refused(name, density, mean_span, message):
    with pytest.raises(ObjectiveError, match=message):
        with_noise(OBJECTIVES[name], density, mean_span)


def test_noise_can_be_chosen():
    row = with_noise(OBJECTIVES["span_corruption"], 0.3, 8)
    assert (row.noise, row.density, row.mean_span) == (Noise.SPANS, 0.3, 8)
