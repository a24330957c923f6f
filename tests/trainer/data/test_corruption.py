import pytest
import tensorflow as tf

from trainer.data.corruption import INPUT_TRANSFORMS, NOISE_MASKS, TARGET_TRANSFORMS, corrupt
from trainer.data.objectives import OBJECTIVES, Inputs, Noise, Targets

TOKENS = [10, 11, 12, 13, 14, 15]
MASK = [False, True, True, False, False, True]
LAST = 99
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
