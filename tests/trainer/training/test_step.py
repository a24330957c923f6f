import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import traverse_util

from tests.trainer.model.bigram import (
    Bigram,
    NumpyAdafactor,
    bigram_batch,
    bigram_gradient,
    bigram_metrics,
    bigram_table,
)
from trainer.model.config import NetworkConfig
from trainer.model.network import Transformer, build_network
from trainer.strategies import STRATEGIES, first_updates
from trainer.training.optimizer import adafactor, inverse_square_root, moments_to_t5x
from trainer.training.run import param_shapes
from trainer.training.shapes import shapes_of
from trainer.training.step import (
    State,
    eval_step,
    initial_state,
    sum_gradients,
    sum_losses,
    train_step,
)

NETWORK = Transformer(
    NetworkConfig(
        vocab_size=128, emb_dim=128, num_heads=2, num_encoder_layers=1, num_decoder_layers=1,
        head_dim=8, mlp_dim=16,
    )
)  # fmt: skip
OPTIMIZER = adafactor(inverse_square_root(1.0, 100))


def batch():
    rng = np.random.default_rng(0)
    targets = rng.integers(2, 128, (4, 6)).astype(np.int32)
    targets[0, -2:] = 0
    return {
        "encoder_input_tokens": rng.integers(2, 128, (4, 8)).astype(np.int32),
        "decoder_input_tokens": np.pad(targets[:, :-1], ((0, 0), (1, 0))),
        "decoder_target_tokens": targets,
        "decoder_loss_weights": (targets > 0).astype(np.int32),
    }


@pytest.fixture(scope="module")
def state():
    return jax.jit(functools.partial(initial_state, NETWORK, OPTIMIZER, batch(), seed=0))()


def step(dropout=False):
    return jax.jit(
        functools.partial(
            train_step, NETWORK, OPTIMIZER, seed=0, z_loss=1e-4, dropout=dropout, parts=1
        )
    )


def test_padding_counts_for_nothing(state):
    metrics = jax.jit(functools.partial(sum_losses, NETWORK, z_loss=0.0, key=None))(
        state.params, batch()
    )
    assert float(metrics.targets) == 22
    assert float(metrics.loss) == float(metrics.cross_entropy) > 0


@pytest.mark.parametrize("z_loss", [0.0, 0.25])
def test_metrics_are_those_of_the_targets_one_by_one(z_loss):
    table, given = bigram_table(), bigram_batch(1)
    found = sum_losses(Bigram(), {"table": table}, given, z_loss, None)
    wanted = bigram_metrics(table, given, z_loss)
    assert 0 < wanted[3] < wanted[2] < given["decoder_target_tokens"].size
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


def test_updates_are_adafactors_on_the_mean_gradient_of_a_target():
    """Three of them: the first does not depend on the decay nor on the scale of gradients."""
    table, rates = bigram_table(), (0.5, 0.5, 0.5 / 2**0.5)
    optimizer = adafactor(inverse_square_root(0.5, 1), decay_rate=0.6, clip_norm=0.4)
    update = jax.jit(
        functools.partial(
            train_step, Bigram(), optimizer, seed=0, z_loss=0.25, dropout=False, parts=1
        )
    )
    params = {"table": jnp.asarray(table)}
    now, wanted = (
        State(jnp.array(0), params, optimizer.init(params)),
        NumpyAdafactor(table, 0.6, 0.4),
    )
    for number, rate in enumerate(rates):
        given = bigram_batch(number, rows=4 + number)
        gradient = bigram_gradient(wanted.array, given, 0.25)
        now, _, norm = update(now, given)
        assert float(norm) == pytest.approx(np.sqrt((gradient**2).sum()), rel=1e-4)
        wanted.update(gradient, rate)
        np.testing.assert_allclose(now.params["table"], wanted.array, rtol=1e-3, atol=1e-4)


def test_a_batch_is_split_into_its_microbatches():
    gradients = functools.partial(sum_gradients, Bigram(), z_loss=0.0, key=None)
    given = {"table": bigram_table()}, bigram_batch(1)
    for parts, lengths in ((1, []), (2, [2]), (4, [4])):
        made = jax.make_jaxpr(functools.partial(gradients, parts=parts))(*given)
        scans = [each.params["length"] for each in made.eqns if each.primitive.name == "scan"]
        assert scans == lengths


def test_a_step_lowers_the_loss_and_counts(state):
    losses = []
    update = step()
    for _ in range(8):
        state, metrics, norm = update(state, batch())
        losses.append(float(metrics.loss))
    assert losses[-1] < 0.8 * losses[0] and int(state.step) == 8 and float(norm) > 0


def test_microbatches_change_only_rounding(state):
    whole, parts = (
        jax.jit(
            functools.partial(sum_gradients, NETWORK, z_loss=1e-4, key=None, parts=parts)
        )(state.params, batch())
        for parts in (1, 2)
    )  # fmt: skip
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5), parts, whole)


def test_dropout_follows_seed_and_step_alone(state):
    update = step(dropout=True)
    one, other = update(state, batch()), update(state, batch())
    jax.tree.map(np.testing.assert_array_equal, one, other)
    later = update(state._replace(step=jnp.array(5)), batch())
    assert float(later[1].loss) != float(one[1].loss)


def test_the_step_lowers_for_tpu_without_one(state):
    exported = jax.export.export(step(dropout=True), platforms=["tpu"])(state, batch())
    assert exported.platforms == ("tpu",)
    assert "stablehlo" in exported.mlir_module()


def test_an_ensemble_has_the_mean_of_the_logits(state):
    other = jax.tree.map(lambda p: -p, state.params)
    given = batch()
    evaluate = jax.jit(functools.partial(eval_step, NETWORK))
    same = evaluate((state.params, state.params), given)
    np.testing.assert_allclose(same, evaluate(state.params, given), rtol=1e-6)
    inputs = (given[name] for name in list(given)[:3])
    apply = functools.partial(NETWORK.apply, enable_dropout=False)
    features = tuple(inputs)
    logits = [apply({"params": params}, *features) for params in (state.params, other)]
    logs = jax.nn.log_softmax((logits[0] + logits[1]) / 2)
    chosen = np.take_along_axis(np.asarray(logs), given["decoder_target_tokens"][..., None], -1)
    entropy = -(chosen[..., 0] * given["decoder_loss_weights"]).sum()
    found = evaluate((state.params, other), given)
    assert float(found.cross_entropy) == pytest.approx(entropy, rel=1e-5)


def decoder(**fields):
    """A decoder of two layers."""
    return build_network(
        NetworkConfig(
            vocab_size=128, emb_dim=16, num_heads=2, num_encoder_layers=0, num_decoder_layers=2,
            head_dim=8, mlp_dim=16, **fields,
        )
    )  # fmt: skip


STRATEGY_CASES = {
    "all": {},
    "adapters": {"adapter_width": 4, "dtype": jnp.bfloat16, "mlp_activations": ("gelu", "linear")},
    "gradual_unfreezing": {"scan_layers": True},
}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_each_step_changes_the_arrays_of_its_strategy_and_no_bit_of_others(strategy):
    network, steps = decoder(**STRATEGY_CASES[strategy]), 4
    names = shapes_of(param_shapes(network))
    begins = first_updates(strategy, names, 2, steps)
    given = {name: x for name, x in batch().items() if name.startswith("decoder")}
    now = jax.jit(lambda: initial_state(network, OPTIMIZER, given, 0, begins))()
    update = jax.jit(
        functools.partial(
            train_step, network, OPTIMIZER, seed=0, z_loss=1e-4, dropout=False, parts=1,
            begins=begins,
        )
    )  # fmt: skip
    for step in range(steps):
        before = now
        now, _, norm = update(before, given)
        changed = {
            name
            for name, array in flat(now.params).items()
            if (np.asarray(array) != np.asarray(flat(before.params)[name])).any()
        }
        assert changed == {name for name, begin in begins.items() if begin <= step}
        assert float(norm) > 0
    moments = moments_to_t5x(now.moments)
    assert {name.rpartition("/")[0] for name in flat(moments)} == set(begins)


def flat(tree):
    return traverse_util.flatten_dict(tree, sep="/")
