import dataclasses
import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from trainer.model.config import NetworkConfig
from trainer.model.decoding import beam_search, sample
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


def test_beams_find_the_best_of_all_texts(params):
    found, _ = beam_search(NETWORK, params, INPUTS, LENGTH, beams=VOCAB**2, alpha=0.6)
    for row in range(2):
        texts = {tuple(ended(t)) for t in itertools.product(range(VOCAB), repeat=LENGTH)}
        texts = {t for t in texts if 0 not in t}
        score = {t: scores(params, row, t)[0].sum() / ((5 + len(t)) / 6) ** 0.6 for t in texts}
        best = max(score, key=score.get)
        assert ended(np.asarray(found)[row, 0]) == list(best)


def test_sampling_follows_the_probabilities(params):
    wide = jnp.repeat(INPUTS[:1], 400, axis=0)
    found = np.asarray(sample(NETWORK, params, wide, LENGTH, jax.random.key(1), 1.0))
    _, logs = scores(params, 0, [2])
    share = np.bincount(found[:, 0], minlength=VOCAB) / 400
    np.testing.assert_allclose(share, np.exp(logs[0]), atol=0.1)
    only = np.asarray(sample(NETWORK, params, wide, LENGTH, jax.random.key(1), 1.0, top_k=1))
    assert (only == only[0]).all()


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
    for row, prompt in enumerate(np.asarray(prompts)):
        text, count = [int(i) for i in prompt if i], int((prompt > 0).sum())
        for _ in range(LENGTH):
            ids = np.array([[0, *text]])
            seen = (np.arange(ids.shape[1]) <= count)[None].astype(int) if prefix else None
            logits = LANGUAGE_MODEL.apply(
                {"params": decoder_params}, ids, np.ones_like(ids),
                decoder_causal_attention=seen, enable_dropout=False,
            )  # fmt: skip
            text.append(int(np.argmax(logits[0, -1])))
            if text[-1] == 1:
                break
        assert ended(found[row]) == text[count:]
