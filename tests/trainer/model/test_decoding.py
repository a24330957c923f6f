import dataclasses
import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from trainer.model.config import NetworkConfig
from trainer.model.decoding import beam_search, draw, sample
from trainer.model.network import LanguageModel, Transformer

VOCAB, LENGTH = 6, 4
CONFIG = NetworkConfig(
    vocab_size=VOCAB, emb_dim=8, num_heads=2, num_encoder_layers=1, num_decoder_layers=2,
    head_dim=4, mlp_dim=16,
)  # fmt: skip
NETWORK = Transformer(CONFIG)
INPUTS = jnp.array([[3, 4, 1, 0], [5, 2, 4, 1]])


@pytest.fixture(scope="module")
def params():
    init = jax.jit(functools.partial(NETWORK.init, enable_dropout=False))
    ids = jnp.ones((1, 4), jnp.int32)
    tree = init({"params": jax.random.key(3)}, ids, ids, ids)["params"]
    return jax.tree.map(lambda p: p * 1.5, tree)


@functools.cache
def _apply():
    return jax.jit(functools.partial(NETWORK.apply, enable_dropout=False))


def scores(params, row, text):
    """Log-probability of each id of a text without a cache; padding must not be masked: use 2."""
    text = np.array(text)[None]
    shifted = np.pad(text[:, :-1], ((0, 0), (1, 0)))
    logits = _apply()({"params": params}, INPUTS[row : row + 1], shifted, np.maximum(text, 1))
    logs = jax.nn.log_softmax(logits)[0]
    return np.array([logs[i, token] for i, token in enumerate(text[0])]), np.asarray(logs)


def ended(text):
    text = list(text)
    return text[: text.index(1) + 1] if 1 in text else text


def test_greedy_with_a_cache_is_the_argmax_without(params):
    found = np.asarray(sample(NETWORK, params, INPUTS, LENGTH, jax.random.key(0)))
    for row in range(2):
        text = ended(found[row])
        _, logs = scores(params, row, text)
        assert np.argmax(logs, axis=-1).tolist() == text
        assert not found[row][len(text) :].any()


def test_beams_find_the_best_of_all_texts_that_end(params):
    found, found_scores = beam_search(NETWORK, params, INPUTS, LENGTH, beams=VOCAB**2, alpha=0.6)
    for row in range(2):
        texts = {tuple(ended(t)) for t in itertools.product(range(VOCAB), repeat=LENGTH)}
        texts = {t for t in texts if t[-1] == 1}
        score = {t: scores(params, row, t)[0].sum() / ((5 + len(t)) / 6) ** 0.6 for t in texts}
        best = max(score, key=score.get)
        assert ended(np.asarray(found)[row, 0]) == list(best)
        assert found_scores[row, 0] == pytest.approx(score[best], rel=1e-5)


def test_sampling_follows_the_probabilities(params):
    wide = jnp.repeat(INPUTS[:1], 400, axis=0)
    found = np.asarray(sample(NETWORK, params, wide, LENGTH, jax.random.key(1), 1.0))
    _, logs = scores(params, 0, [2])
    share = np.bincount(found[:, 0], minlength=VOCAB) / 400
    np.testing.assert_allclose(share, np.exp(logs[0]), atol=0.1)
    only = np.asarray(sample(NETWORK, params, wide, LENGTH, jax.random.key(1), 1.0, top_k=1))
    assert (only == only[0]).all()


def test_of_equally_probable_ids_exactly_top_k_are_drawn():
    equal = jnp.zeros((400, VOCAB))
    found = np.asarray(draw(jax.random.key(0), equal, top_k=2))
    assert set(found) == {0, 1}
    assert set(np.asarray(draw(jax.random.key(0), equal, top_k=99))) == set(range(VOCAB))


@pytest.mark.parametrize(
    ("top_p", "left"), [(0.3, {2}), (0.5, {2, 4}), (0.6, {2, 4}), (0.71, {2, 4, 0}), (1.0, None)]
)
def test_top_p_leaves_the_fewest_ids_with_that_probability(top_p, left):
    shares = np.array([0.2, 0.0625, 0.4, 0.0375, 0.3])
    wide = jnp.repeat(jnp.log(shares)[None], 600, axis=0)
    found = set(np.asarray(draw(jax.random.key(1), wide, top_p=top_p)))
    assert found == (left or set(range(5)))


def test_top_k_and_top_p_leave_the_ids_that_are_in_both():
    wide = jnp.repeat(jnp.log(jnp.array([0.2, 0.1, 0.4, 0.3]))[None], 400, axis=0)
    assert set(np.asarray(draw(jax.random.key(1), wide, top_k=3, top_p=0.75))) == {2, 3}


def test_temperature_flattens_the_probabilities(params):
    wide = jnp.repeat(INPUTS[:1], 400, axis=0)
    _, logs = scores(params, 0, [2])
    for temperature in (0.5, 3.0):
        found = np.asarray(sample(NETWORK, params, wide, 1, jax.random.key(1), temperature))
        share = np.bincount(found[:, 0], minlength=VOCAB) / 400
        wanted = np.exp(logs[0] / temperature) / np.exp(logs[0] / temperature).sum()
        np.testing.assert_allclose(share, wanted, atol=0.1)


@pytest.mark.parametrize("search", ["greedy", "beam"])
def test_an_ensemble_averages_the_logits(params, search):
    other = jax.tree.map(lambda p: p[::-1] if p.ndim == 1 else -p, params)

    def texts(given):
        if search == "greedy":
            return np.asarray(sample(NETWORK, given, INPUTS, LENGTH, jax.random.key(0))), None
        found, found_scores = beam_search(NETWORK, given, INPUTS, LENGTH)
        return np.asarray(found)[:, 0], np.asarray(found_scores)[:, 0]

    np.testing.assert_array_equal(texts((params, params))[0], texts(params)[0])
    both, found_scores = texts((params, other))
    for row in range(2):
        text = ended(both[row])
        shifted = np.array([0, *text[:-1]])[None]
        logits = [
            _apply()({"params": p}, INPUTS[row : row + 1], shifted, np.maximum([text], 1))[0]
            for p in (params, other)
        ]
        if search == "greedy":
            assert np.argmax(logits[0] + logits[1], axis=-1).tolist() == text
            continue
        assert text[-1] == 1
        logs = np.asarray(jax.nn.log_softmax((logits[0] + logits[1]) / 2))
        score = logs[np.arange(len(text)), text].sum() / ((5 + len(text)) / 6) ** 0.6
        assert found_scores[row] == pytest.approx(score, rel=1e-5)


LANGUAGE_MODEL = LanguageModel(dataclasses.replace(CONFIG, num_encoder_layers=0))


@pytest.fixture(scope="module")
def decoder_params():
    init = jax.jit(functools.partial(LANGUAGE_MODEL.init, enable_dropout=False))
    ids = jnp.ones((1, 4), jnp.int32)
    tree = init({"params": jax.random.key(5)}, ids, ids)["params"]
    return jax.tree.map(lambda p: p * 1.5, tree)


@pytest.mark.parametrize("prefix", [False, True])
@pytest.mark.parametrize("search", ["greedy", "beams of one"])
def test_a_decoder_alone_goes_on_from_prompts_of_any_length(search, prefix, decoder_params):
    prompts = jnp.array([[3, 4, 5, 2, 4], [5, 2, 0, 0, 0], [4, 0, 0, 0, 0]])
    arguments = (LANGUAGE_MODEL, decoder_params, prompts, LENGTH)
    if search == "greedy":
        found = np.asarray(sample(*arguments, jax.random.key(0), prefix=prefix))
    else:
        found = np.asarray(beam_search(*arguments, beams=1, prefix=prefix)[0])[:, 0]
    apply = jax.jit(functools.partial(LANGUAGE_MODEL.apply, enable_dropout=False))
    for row, prompt in enumerate(np.asarray(prompts)):
        text, count = [int(i) for i in prompt if i], int((prompt > 0).sum())
        for _ in range(LENGTH):
            ids = np.zeros((1, 1 + prompts.shape[1] + LENGTH), int)  # what comes later is not seen
            ids[0, 1 : 1 + len(text)] = text
            seen = (np.arange(ids.shape[1]) <= count)[None].astype(int) if prefix else None
            logits = apply(
                {"params": decoder_params}, ids, np.ones_like(ids), decoder_causal_attention=seen
            )
            text.append(int(np.argmax(logits[0, len(text)])))
            if text[-1] == 1:
                break
        assert ended(found[row]) == text[count:]
