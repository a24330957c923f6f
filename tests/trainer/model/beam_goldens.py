"""Texts and scores of t5x's beam search on random decoders.

    PYTHONPATH=t5x:airio:jestimator python -m tests.trainer.model.beam_goldens

writes beam_goldens.json again, for the first cases; tests/reference/test_decoding.py has more.
"""

import json
from pathlib import Path

import jax.numpy as jnp
import numpy as np

from tests.trainer.model.recurrent import Case, cases, recurrent

FILE = Path(__file__).with_suffix(".json")
COUNT = 8


def search_with_t5x(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Texts int32[batch, beams, length] and scores of t5x, best first."""
    from t5x import decoding

    model = recurrent(case)

    def tokens_to_logits(state):
        logits, after = model.logits(state.cache["state"], state.cur_token[:, 0])
        return logits, {"state": after}

    texts, scores = decoding.beam_search(
        jnp.zeros((case.batch, case.length), jnp.int32), {"state": model.start}, tokens_to_logits,
        eos_id=1, num_decodes=case.beams, alpha=case.alpha,
    )  # fmt: skip
    # t5x has the best last.
    return np.asarray(texts)[:, ::-1], np.asarray(scores)[:, ::-1]


if __name__ == "__main__":
    rows = [[part.tolist() for part in search_with_t5x(case)] for case in cases(COUNT)]
    FILE.write_text(json.dumps(rows) + "\n")
