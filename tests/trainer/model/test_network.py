import dataclasses
import functools
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import traverse_util

from tests.trainer.model import goldens
from trainer.model.config import NetworkConfig, network_config
from trainer.model.network import Layer, build_network
from trainer.model.sizes import ARCHITECTURES, SIZES

SMALL = NetworkConfig(
    vocab_size=64, emb_dim=16, num_heads=4, num_encoder_layers=2, num_decoder_layers=2,
    head_dim=8, mlp_dim=32, dropout_rate=0.1,
)  # fmt: skip


def batch(seed=0, rows=2, inputs=12, targets=9):
    rng = np.random.default_rng(seed)
    enc, tgt = rng.integers(2, 64, (rows, inputs)), rng.integers(2, 64, (rows, targets))
    enc[0, -3:] = 0
    tgt[-1, -2:] = 0
    shifted = np.pad(tgt[:, :-1], ((0, 0), (1, 0)))
    return jnp.array(enc), jnp.array(shifted), jnp.array(tgt)


def arguments(config):
    enc, shifted, tgt = batch()
    return (enc, shifted, tgt) if config.num_encoder_layers else (shifted, tgt)


def initial(config):
    network = build_network(config)
    init = jax.jit(functools.partial(network.init, enable_dropout=False))
    return network, init({"params": jax.random.key(0)}, *arguments(config))["params"]


def run(network, params, *inputs, **options):
    apply = functools.partial(network.apply, enable_dropout=False, **options)
    return jax.jit(apply)({"params": params}, *inputs)


def count(config):
    network = build_network(config)
    ones = jnp.ones((1, 1), jnp.int32)
    args = (ones,) * (3 if config.num_encoder_layers else 2)
    shapes = jax.eval_shape(
        lambda key: network.init({"params": key}, *args, enable_dropout=False), jax.random.key(0)
    )["params"]
    return sum(leaf.size for leaf in jax.tree.leaves(shapes))


@pytest.mark.parametrize("name", SIZES)
def test_every_size_has_the_published_number_of_parameters(name):
    size = SIZES[name]
    assert count(network_config(size, "encoder_decoder", size.vocab_size)) == size.parameters


def test_architectures_have_the_papers_shares_of_parameters():
    sizes = {
        name: count(network_config(SIZES["base"], name, 32128)) / 1e6 for name in ARCHITECTURES
    }
    stack = sizes["decoder_lm"]
    assert sizes["prefix_lm"] == stack
    assert sizes["encoder_decoder_shared"] < 0.75 * sizes["encoder_decoder"]
    assert sizes["encoder_decoder_half"] < 0.6 * sizes["encoder_decoder"]


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_architecture_runs_and_has_gradients_everywhere(name):
    config = dataclasses.replace(
        network_config(SIZES["tiny"], name, 64), emb_dim=16, dropout_rate=0.0, adapter_width=4
    )
    network, params = initial(config)

    def loss(params):
        logits = network.apply({"params": params}, *arguments(config), enable_dropout=False)
        return jnp.mean(jax.nn.log_softmax(logits)[..., 5])

    gradients = traverse_util.flatten_dict(jax.jit(jax.grad(loss))(params), sep="/")
    assert all(np.abs(leaf).max() > 0 for leaf in gradients.values())


@pytest.mark.parametrize("changes", [{"scan_layers": True}, {"remat": True},
                                     {"scan_layers": True, "remat": True}])  # fmt: skip
def test_scan_and_remat_change_no_logit(changes):
    adapted = dataclasses.replace(SMALL, adapter_width=4)
    network, params = initial(adapted)
    other = build_network(dataclasses.replace(adapted, **changes))
    expected = run(network, params, *arguments(SMALL))
    np.testing.assert_allclose(run(other, params, *arguments(SMALL)), expected, atol=2e-6)
    rngs = {"dropout": jax.random.key(1)}
    dropped = jax.jit(functools.partial(other.apply, rngs=rngs))(
        {"params": params}, *arguments(SMALL)
    )
    assert np.isfinite(dropped).all() and np.abs(dropped - expected).max() > 1e-3


def test_an_adapter_is_added_after_the_feed_forward_block_and_begins_near_0():
    x = jax.random.normal(jax.random.key(0), (2, 3, 16))
    bias = jnp.zeros((1, 4, 3, 3))
    adapted = dataclasses.replace(SMALL, adapter_width=8)
    plain, layer = (Layer(config, "attention") for config in (SMALL, adapted))
    params = layer.init(jax.random.key(1), x, bias, None)["params"]
    rest = {name: tree for name, tree in params.items() if name != "adapter"}
    y = plain.apply({"params": rest}, x, bias, None)
    first = layer.apply({"params": params}, x, bias, None)
    np.testing.assert_allclose(first, y, atol=0.012 * np.abs(y).max())
    assert np.abs(first - y).max() > 0
    scale = jnp.linspace(0.5, 2, 16)
    tuned = {
        "layer_norm": {"scale": scale},
        "wi": params["adapter"]["wi"],
        "wo": {"kernel": 30 * params["adapter"]["wo"]["kernel"]},
    }
    normed = y / np.sqrt(np.mean(np.square(y), axis=-1, keepdims=True) + 1e-6) * scale
    inner = np.maximum(normed @ tuned["wi"]["kernel"], 0) @ tuned["wo"]["kernel"]
    found = layer.apply({"params": params | {"adapter": tuned}}, x, bias, None)
    np.testing.assert_allclose(found, y + inner, rtol=1e-4, atol=1e-5)


def test_a_decoder_does_not_look_ahead_but_a_prefix_does():
    config = dataclasses.replace(SMALL, num_encoder_layers=0)
    network, params = initial(config)
    _, shifted, tgt = batch()
    prefix = jnp.zeros_like(tgt).at[:, :5].set(1)
    changed = shifted.at[:, 4].set(63)

    def moved(causal_attention):
        logits = [
            run(network, params, ids, tgt, decoder_causal_attention=causal_attention)
            for ids in (changed, shifted)
        ]
        return np.abs(logits[0] - logits[1]).max(axis=(0, 2))[:5] > 1e-6

    assert moved(None).tolist() == [False] * 4 + [True]
    assert moved(prefix).all()


def segments(ids, split):
    return (jnp.arange(ids.shape[1])[None] >= split) + 1


def test_packed_examples_do_not_see_each_other():
    network, params = initial(SMALL)
    enc, shifted, tgt = batch(rows=1)
    enc, tgt = jnp.where(enc == 0, 7, enc), jnp.where(tgt == 0, 7, tgt)
    packed = {
        "encoder_segment_ids": segments(enc, 6),
        "decoder_segment_ids": segments(tgt, 4),
    }
    logits = [
        run(network, params, ids, shifted, tgt, **packed) for ids in (enc.at[:, 8].set(3), enc)
    ]
    moved = np.abs(logits[0] - logits[1]).max(axis=(0, 2)) > 1e-6
    assert moved.tolist() == [False] * 4 + [True] * 5


def test_bfloat16_is_near_float32():
    network, params = initial(SMALL)
    half = build_network(dataclasses.replace(SMALL, dtype=jnp.bfloat16))
    rough = run(half, params, *arguments(SMALL))
    assert rough.dtype == jnp.float32
    np.testing.assert_allclose(rough, run(network, params, *arguments(SMALL)), atol=0.5)


@pytest.mark.parametrize("version", goldens.VERSIONS)
def test_logits_are_those_of_transformers(version):
    """tests/reference/test_network.py runs transformers itself, where torch is."""
    config = goldens.network_config(version)
    inputs, targets = goldens.batch()
    network, params = build_network(config), goldens.params(config)
    # The targets' values do not change the logits, only that they are not padding.
    logits = run(network, params, inputs, targets, np.ones_like(targets))
    kept = json.loads(goldens.FILE.read_text())[version]
    assert len(kept) == 2 * 7 * 6 and np.std(kept) > 0.05
    np.testing.assert_allclose(goldens.chosen(logits), kept, atol=1e-4)
