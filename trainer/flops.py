"""Floating-point operations of a step, and what devices can do: their ratio is MFU."""

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
from flax import traverse_util

PEAK_FLOPS: dict[str, float] = {
    "TPU v3": 123e12,
    "TPU v4": 275e12,
    "TPU v5 lite": 197e12,
    "TPU v5p": 459e12,
    "TPU v6 lite": 918e12,
    "NVIDIA A100": 312e12,
    "NVIDIA H100": 989e12,
    "NVIDIA H200": 989e12,
    "cpu": 5e10,  # two cores with AVX2, as measured by `make bench-train`
}
"""bfloat16 operations a second of one device, by the start of its kind's name."""


def peak_flops() -> float:
    """Of all devices of the run together; unknown kinds count as the newest TPU."""
    kind = jax.devices()[0].device_kind
    found = [peak for name, peak in PEAK_FLOPS.items() if kind.startswith(name)]
    return (found[0] if found else PEAK_FLOPS["TPU v6 lite"]) * jax.device_count()


def step_flops(params: Any, batch: Mapping[str, np.ndarray[Any, Any] | jax.Array]) -> float:
    """6 operations for each parameter and token that meet, attention's products left out.

    The encoder's parameters meet the inputs' tokens, the decoder's the targets'; the embedding
    counts as the logits' product. Kaplan et al. 2020, section 2.1.
    """
    flat = traverse_util.flatten_dict(params, sep="/")
    inputs = batch["encoder_input_tokens"].size if "encoder_input_tokens" in batch else 0
    targets = batch["decoder_target_tokens"].size
    total = 0.0
    tied = not any(name.endswith("logits_dense/kernel") for name in flat)
    for name, leaf in flat.items():
        if "token_embedder" in name:
            total += 6.0 * leaf.size * targets * tied
        elif name.startswith("encoder/") or name.endswith(
            ("encoder_decoder_attention/key/kernel", "encoder_decoder_attention/value/kernel")
        ):
            total += 6.0 * leaf.size * inputs
        elif name.startswith("shared_layers"):
            total += 6.0 * leaf.size * (inputs + targets)
        else:
            total += 6.0 * leaf.size * targets
    return total
