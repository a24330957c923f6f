import numpy as np
import pytest

from trainer.training.flops import step_flops

INPUTS, TARGETS = 20, 6


@pytest.mark.parametrize(
    ("name", "tokens"),
    [
        ("encoder/layers_0/mlp/wi/kernel", INPUTS),
        ("decoder/layers_0/mlp/wi/kernel", TARGETS),
        ("decoder/layers_0/encoder_decoder_attention/key/kernel", INPUTS),
        ("decoder/layers_0/encoder_decoder_attention/query/kernel", TARGETS),
        ("shared_layers_0/mlp/wi/kernel", INPUTS + TARGETS),
        ("token_embedder/embedding", TARGETS),
    ],
)
def test_each_parameter_counts_with_the_tokens_it_is_multiplied_with(name, tokens):
    batch = {"encoder_input_tokens": np.ones((2, 10)), "decoder_target_tokens": np.ones((2, 3))}
    tree = np.ones((4, 5))
    for part in reversed(name.split("/")):
        tree = {part: tree}
    assert step_flops(tree, batch) == 6 * 20 * tokens


def test_an_embedding_beside_separate_logits_is_only_looked_up():
    batch = {"decoder_target_tokens": np.ones((2, 3))}
    table, kernel = np.ones((7, 2)), np.ones((2, 7))
    params = {
        "decoder": {"logits_dense": {"kernel": kernel}, "token_embedder": {"embedding": table}}
    }
    assert step_flops(params, batch) == 6 * 14 * 6
