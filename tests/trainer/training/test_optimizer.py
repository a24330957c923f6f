import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from tests.trainer.model.bigram import NumpyAdafactor
from trainer.config import TrainConfig
from trainer.strategies import SCHEDULES
from trainer.training.optimizer import (
    adafactor,
    constant,
    inverse_square_root,
    keep_frozen,
    keep_frozen_moments,
    learning_rate,
    moments_from_t5x,
    moments_to_t5x,
)

PARAMS = {"embedding": jnp.ones((128, 256)), "encoder": {"scale": jnp.ones(128)}}


def test_moments_have_t5xs_layout_and_come_back():
    optimizer = adafactor(inverse_square_root(1.0, 100), clip_norm=1.0)
    fresh = optimizer.init(PARAMS)
    gradients = jax.tree.map(lambda p: 0.1 * jnp.arange(p.size).reshape(p.shape), PARAMS)
    _, state = optimizer.update(gradients, fresh, PARAMS)
    moments = moments_to_t5x(state)
    assert moments["embedding"]["v_row"].shape == (128,)
    assert moments["embedding"]["v_col"].shape == (256,)
    assert moments["embedding"]["v"].shape == moments["embedding"]["m"].shape == (1,)
    assert moments["encoder"]["scale"]["v"].shape == (128,)
    back = moments_from_t5x(fresh, moments, 1)
    jax.tree.map(np.testing.assert_array_equal, back, state)
    assert any(isinstance(part, optax.FactoredState) for part in back)


@pytest.mark.parametrize("options", [{}, {"decay_rate": 0.5}, {"clip_norm": 2.0}], ids=str)
@pytest.mark.parametrize("shape", [(128, 130), (40,)], ids=["factored", "plain"])
def test_updates_are_those_of_the_paper(shape, options):
    rng = np.random.default_rng(0)
    start = rng.normal(0, 0.7, shape).astype(np.float32)
    optimizer = adafactor(constant(0.3), **options)
    wanted = NumpyAdafactor(start, **({"decay_rate": 0.8} | options))
    params = {"p": jnp.asarray(start)}
    state, update = optimizer.init(params), jax.jit(optimizer.update)
    for scale in (1.0, 0.01, 0.2):  # the first alone does not show the decay
        gradient = (scale * rng.normal(0, 1, shape)).astype(np.float32)
        updates, state = update({"p": jnp.asarray(gradient)}, state, params)
        params = optax.apply_updates(params, updates)
        np.testing.assert_allclose(params["p"], wanted.update(gradient, 0.3), rtol=1e-3, atol=1e-4)


def test_learning_rate_is_the_papers():
    rate = inverse_square_root(1.0, 10_000)
    assert float(rate(jnp.array(0))) == pytest.approx(0.01)
    assert float(rate(jnp.array(10_000))) == pytest.approx(0.01)
    assert float(rate(jnp.array(40_000))) == pytest.approx(0.005)


RATES = {
    "inverse_square_root": {0: 0.1, 100: 0.1, 400: 0.05, 900: 1 / 30},
    "constant": {0: 1.0, 100: 1.0, 900: 1.0},
    "linear": {0: 0.0, 50: 0.5, 100: 1.0, 600: 0.5, 1100: 0.0, 2000: 0.0},
    "cosine": {0: 0.0, 50: 0.5, 100: 1.0, 350: 0.8535534, 600: 0.5, 1100: 0.0},
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_the_learning_rate_of_each_schedule(name):
    config = TrainConfig(schedule=name, learning_rate=1.0, warmup_steps=100, steps=1100)
    rate = learning_rate(config)
    for step, wanted in RATES[name].items():
        assert float(rate(jnp.array(step))) == pytest.approx(wanted, abs=1e-6)


def test_frozen_arrays_and_their_moments_stay_while_others_are_updated_as_if_alone():
    optimizer = adafactor(inverse_square_root(1.0, 100), clip_norm=0.1)
    params = {"frozen": jnp.full((128, 128), 0.3), "open": jnp.full((128, 128), 0.7)}
    gradients = {"frozen": jnp.zeros((128, 128)), "open": jnp.full((128, 128), 5.0)}
    active = {"frozen": jnp.array(False), "open": True}
    before = optimizer.init(params)
    updates, after = optimizer.update(gradients, before, params)
    kept = keep_frozen(active, optax.apply_updates(params, updates), params)
    moments = moments_to_t5x(keep_frozen_moments(active, after, before))
    assert (kept["frozen"] == params["frozen"]).all() and (kept["open"] != params["open"]).all()
    jax.tree.map(np.testing.assert_array_equal, moments["frozen"], moments_to_t5x(before)["frozen"])
    alone = {"open": params["open"]}
    _, wanted = optimizer.update({"open": gradients["open"]}, optimizer.init(alone), alone)
    jax.tree.map(np.testing.assert_array_equal, moments["open"], moments_to_t5x(wanted)["open"])
