import itertools
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.trainer.model.beam_goldens import COUNT, FILE
from tests.trainer.model.recurrent import Case, cases, recurrent
from trainer.model.beams import NEVER, search_beams

GOLDENS = json.loads(FILE.read_text())


def search(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Texts and scores of our search on the decoder of a case."""
    model = recurrent(case)

    def advance(state, ids, position):
        logits, after = model.logits(state, ids)
        return jax.nn.log_softmax(logits), after

    state = jnp.repeat(model.start, case.beams, axis=0)
    logs, state = advance(state, jnp.zeros(state.shape[0], jnp.int32), 0)
    texts, scores = search_beams(logs, state, advance, case.length, case.beams, case.alpha)
    return np.asarray(texts), np.asarray(scores)


def assert_equal(found, wanted):
    """The same texts, and scores within rounding, of those that exist."""
    texts, scores = map(np.asarray, found)
    other_texts, other_scores = map(np.asarray, wanted)
    exist = other_scores > NEVER / 10
    np.testing.assert_array_equal(scores > NEVER / 10, exist)
    np.testing.assert_array_equal(texts[exist], other_texts[exist])
    np.testing.assert_allclose(scores[exist], other_scores[exist], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("case", "golden"), zip(cases(COUNT), GOLDENS, strict=True))
def test_the_search_is_t5xs(case, golden):
    assert_equal(search(case), golden)


ALL_TEXTS = [
    Case(seed=seed, batch=2, vocab=4, beams=64, length=4, alpha=alpha)
    for seed, alpha in itertools.product(range(4), (0.0, 0.6, 2.0))
]


@pytest.mark.parametrize("case", ALL_TEXTS)
def test_with_a_beam_for_each_text_the_best_of_all_is_found(case):
    """Against the scores of all texts, computed one by one."""
    texts, scores = search(case)
    model = recurrent(case)
    for row in range(case.batch):
        found = {}
        for text in itertools.product(range(case.vocab), repeat=case.length):
            if 1 not in text:
                continue
            text = text[: text.index(1) + 1]
            state, total, last = model.start[row : row + 1], 0.0, 0
            if text in found:
                continue
            for number in text:
                logits, state = model.logits(state, np.array([last]))
                total, last = total + float(jax.nn.log_softmax(logits)[0, number]), number
            found[text] = total / ((5 + len(text)) / 6) ** case.alpha
        ranked = sorted(found, key=found.get, reverse=True)[:10]
        for place, text in enumerate(ranked):
            assert texts[row, place].tolist() == [*text, *[0] * (case.length - len(text))]
            assert scores[row, place] == pytest.approx(found[text], rel=1e-4)
