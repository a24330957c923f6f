import itertools

import pytest
import tensorflow as tf

from trainer.data.corruption import INPUT_TRANSFORMS, NOISE_MASKS, TARGET_TRANSFORMS, corrupt
from trainer.data.objectives import OBJECTIVES, Inputs, Noise, Targets

TOKENS = [10, 11, 12, 13, 14, 15]
MASK = [False, True, True, False, False, True]
LAST = 99
TEXT = list(range(10, 70))
INPUTS = {
    Inputs.SENTINELS: [10, 99, 13, 14, 98],
    Inputs.MASKS: [10, 99, 99, 13, 14, 99],
    Inputs.REST: [10, 13, 14],
    Inputs.NOISE: [11, 12, 15],
}
TARGETS = {
    Targets.SENTINELS: [99, 11, 12, 98, 15],
    Targets.NOISE: [11, 12, 15],
    Targets.REST: [10, 13, 14],
    Targets.ALL: TOKENS,
}
RANDOM = {Inputs.MASKS_OR_RANDOM, Inputs.SHUFFLED}
SEEDS = tf.constant([[1, 2], [3, 4]])


@pytest.mark.parametrize(
    ("table", "axis"),
    [
        ("NOISE_MASKS", set(Noise) - {Noise.NONE}),
        ("INPUT_TRANSFORMS", set(Inputs) - {Inputs.NOTHING}),
        ("TARGET_TRANSFORMS", set(Targets)),
    ],
)
def test_every_value_of_an_axis_has_its_function(table, axis):
    rows = globals()[table]
    missing = [f"{type(value).__name__}.{value.name}" for value in axis - rows.keys()]
    assert not missing, f"add rows for {missing} to {table} in trainer/data/corruption.py"


def transform(function):
    made = function(tf.constant(TOKENS), tf.constant(MASK), SEEDS, LAST)
    return made.numpy().tolist()


@pytest.mark.parametrize("value", [v for v in INPUT_TRANSFORMS if v not in RANDOM])
def test_inputs_of_a_masked_text(value):
    assert value in INPUTS, f"add the inputs of {value!r} to INPUTS in {__file__}"
    assert transform(INPUT_TRANSFORMS[value]) == INPUTS[value]


@pytest.mark.parametrize("value", TARGET_TRANSFORMS)
def test_targets_of_a_masked_text(value):
    assert value in TARGETS, f"add the targets of {value!r} to TARGETS in {__file__}"
    assert transform(TARGET_TRANSFORMS[value]) == TARGETS[value]


def test_shuffled_noise_leaves_the_rest_in_its_place():
    made = transform(INPUT_TRANSFORMS[Inputs.SHUFFLED])
    assert sorted(made) == TOKENS
    assert [made[0], made[3], made[4]] == [10, 13, 14]


def test_a_tenth_of_the_masked_tokens_is_random():
    tokens = tf.fill([20_000], 5)
    made = INPUT_TRANSFORMS[Inputs.MASKS_OR_RANDOM](tokens, tokens > 0, SEEDS, LAST).numpy()
    assert 0.09 < (made != LAST).mean() < 0.11
    assert made.min() >= 3 and made.max() == LAST


def filled(inputs, targets):
    """The text of inputs and targets: a span of the targets for each sentinel of the inputs."""
    for ids in (inputs, targets):
        sentinels = [token for token in ids if token > TEXT[-1]]
        assert sentinels == list(range(LAST, LAST - len(sentinels), -1))
    groups = itertools.groupby(targets, key=lambda token: token > TEXT[-1])
    spans = [list(span) for is_sentinel, span in groups if not is_sentinel]
    parts = [spans.pop(0) if token > TEXT[-1] else [token] for token in inputs]
    assert not spans
    return list(itertools.chain(*parts))


@pytest.mark.parametrize("name", [name for name, row in OBJECTIVES.items() if not row.is_causal()])
def test_inputs_and_targets_together_are_the_text(name):
    row = OBJECTIVES[name]
    made = corrupt(row, tf.constant(TEXT), tf.constant([1, 2]), LAST + 1)
    inputs, targets = (made[key].numpy().tolist() for key in ("inputs", "targets"))
    assert inputs != targets and max(inputs + targets) <= LAST
    if row.targets is Targets.SENTINELS:
        assert filled(inputs, targets) == TEXT
    elif row.targets is Targets.ALL:
        assert targets == TEXT and len(inputs) == len(TEXT)
    else:
        assert sorted(inputs + targets) == TEXT


@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_objective_has_its_share_of_noise(name):
    row = OBJECTIVES[name]
    if row.is_causal():
        assert list(corrupt(row, tf.range(9), tf.constant([1, 2]), 100)) == ["targets"]
        return
    assert row.noise in NOISE_MASKS, f"add {row.noise!r} to NOISE_MASKS in corruption.py"
    masks = [
        NOISE_MASKS[row.noise](row, tf.constant(500), tf.constant([[i, 2], [3, i]]))
        for i in range(40)
    ]
    share = sum(float(tf.reduce_mean(tf.cast(mask, tf.float32))) for mask in masks) / len(masks)
    assert share == pytest.approx(row.density, abs=0.1 if row.noise is Noise.PREFIX else 0.01)
