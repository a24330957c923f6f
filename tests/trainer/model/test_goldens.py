import functools
import json

import jax
import numpy as np
import pytest

from tests.trainer.model.goldens import FILE, VERSIONS, batch, chosen, network_config, params
from trainer.model.network import Transformer


@pytest.mark.parametrize("version", VERSIONS)
def test_logits_are_those_of_transformers(version):
    """tests/reference/test_network.py runs transformers itself, where torch is."""
    config = network_config(version)
    inputs, targets = batch()
    apply = functools.partial(Transformer(config).apply, enable_dropout=False)
    # What the decoder should write does not matter to its logits, only where it is not padding.
    logits = jax.jit(apply)({"params": params(config)}, inputs, targets, np.ones_like(targets))
    kept = json.loads(FILE.read_text())[version]
    assert len(kept) == 2 * 7 * 6 and np.std(kept) > 0.05
    np.testing.assert_allclose(chosen(logits), kept, atol=1e-4)
