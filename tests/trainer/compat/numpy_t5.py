"""T5 in NumPy, in float64, that reads arrays by Hugging Face's names and shapes.

Written from the description of the layout (PyTorch keeps [outputs, inputs]), not from our table.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from trainer.model.layers import position_buckets

Arrays = Mapping[str, np.ndarray]


def logits(
    arrays: Arrays, config: Mapping[str, Any], inputs: np.ndarray, targets: np.ndarray
) -> np.ndarray:
    """The logits of the targets' places: float64[batch, targets, vocab].

    Args:
      config: the content of config.json.
      inputs, targets: int[batch, length]; id 0 of the inputs is padding.
    """
    heads, table = config["num_heads"], arrays["shared.weight"].astype(np.float64)
    hidden = np.where((inputs > 0)[:, None, None], 0.0, -1e10)
    bias = _bias(arrays, "encoder", inputs.shape[1], True) + hidden
    x = table[inputs]
    for number in range(config["num_layers"]):
        block = f"encoder.block.{number}.layer"
        x = x + _attend(arrays, f"{block}.0", "SelfAttention", x, None, bias, heads)
        x = x + _feed_forward(arrays, f"{block}.1", x, config["feed_forward_proj"])
    encoded = _norm(arrays, "encoder.final_layer_norm", x)
    length = targets.shape[1]
    later = np.triu(np.full((length, length), -1e10), 1)
    bias = _bias(arrays, "decoder", length, False) + later
    y = table[targets]
    for number in range(config["num_decoder_layers"]):
        block = f"decoder.block.{number}.layer"
        y = y + _attend(arrays, f"{block}.0", "SelfAttention", y, None, bias, heads)
        y = y + _attend(arrays, f"{block}.1", "EncDecAttention", y, encoded, hidden, heads)
        y = y + _feed_forward(arrays, f"{block}.2", y, config["feed_forward_proj"])
    y = _norm(arrays, "decoder.final_layer_norm", y)
    if config["tie_word_embeddings"]:
        return y * config["d_model"] ** -0.5 @ table.T
    return _linear(arrays, "lm_head", y)


def _linear(arrays: Arrays, name: str, x: np.ndarray) -> np.ndarray:
    return x @ arrays[f"{name}.weight"].astype(np.float64).T


def _norm(arrays: Arrays, name: str, x: np.ndarray) -> np.ndarray:
    return x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + 1e-6) * arrays[f"{name}.weight"]


def _bias(arrays: Arrays, stack: str, length: int, both_ways: bool) -> np.ndarray:
    """[heads, length, length]; their table is [buckets, heads]."""
    table = arrays[f"{stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"]
    return table[position_buckets(length, length, both_ways)].transpose(2, 0, 1).astype(np.float64)


def _attend(
    arrays: Arrays, layer: str, kind: str, x: np.ndarray, encoded: np.ndarray | None,
    bias: np.ndarray, heads: int,
) -> np.ndarray:  # fmt: skip
    """Attention without a scale; to itself if there is nothing encoded."""
    normed = _norm(arrays, f"{layer}.layer_norm", x)
    other = normed if encoded is None else encoded

    def project(name: str, given: np.ndarray) -> np.ndarray:
        made = _linear(arrays, f"{layer}.{kind}.{name}", given)
        return made.reshape(*made.shape[:2], heads, -1).transpose(0, 2, 1, 3)

    query, key, value = project("q", normed), project("k", other), project("v", other)
    scores = query @ key.transpose(0, 1, 3, 2) + bias
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares /= shares.sum(axis=-1, keepdims=True)
    mixed = (shares @ value).transpose(0, 2, 1, 3)
    return _linear(arrays, f"{layer}.{kind}.o", mixed.reshape(*x.shape[:2], -1))


def _feed_forward(arrays: Arrays, layer: str, x: np.ndarray, kind: str) -> np.ndarray:
    name, normed = f"{layer}.DenseReluDense", _norm(arrays, f"{layer}.layer_norm", x)
    if kind == "relu":
        inner = np.maximum(_linear(arrays, f"{name}.wi", normed), 0)
    else:
        gate = _linear(arrays, f"{name}.wi_0", normed)
        gate = 0.5 * gate * (1 + np.tanh(np.sqrt(2 / np.pi) * (gate + 0.044715 * gate**3)))
        inner = gate * _linear(arrays, f"{name}.wi_1", normed)
    return _linear(arrays, f"{name}.wo", inner)
