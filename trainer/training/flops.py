"""Floating-point operations of a step, and what devices can do: their ratio is MFU."""

import functools
import time
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
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
}
"""bfloat16 operations a second of one device as its maker states them, by the start of its kind."""


@functools.cache
def peak_flops() -> float:
    """Operations a second of all devices of the run; measured where no maker states any (CPU)."""
    kind = jax.devices()[0].device_kind
    stated = next((peak for name, peak in PEAK_FLOPS.items() if kind.startswith(name)), None)
    if stated is not None:
        return stated * jax.device_count()
    # Simulated devices share the cores that a single one would use.
    shared = jax.process_count() if jax.default_backend() == "cpu" else jax.device_count()
    return measured_flops() * shared


def measured_flops(size: int = 1024, times: int = 8) -> float:
    """What a product of float32 matrices reaches here: the best of a few tries."""
    matrix = jnp.ones((size, size))
    product = jax.jit(lambda a: a @ a)
    product(matrix).block_until_ready()
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        product(matrix).block_until_ready()
        seconds.append(time.perf_counter() - began)
    return 2.0 * size**3 / min(seconds)


def step_flops(params: Any, batch: Mapping[str, Any]) -> float:
    """6 operations for each parameter and token that meet, attention's products left out.

    The encoder's parameters meet the inputs' tokens, the decoder's the targets'; the embedding
    counts as the logits' product. Kaplan et al. 2020, section 2.1.
    """
    flat = traverse_util.flatten_dict(params, sep="/")
    inputs = batch["encoder_input_tokens"].size if "encoder_input_tokens" in batch else 0
    targets = batch["decoder_target_tokens"].size
    tied = not any(name.endswith("logits_dense/kernel") for name in flat)
    return 6.0 * sum(
        leaf.size * _tokens_met(name, inputs, targets, tied) for name, leaf in flat.items()
    )


def _tokens_met(name: str, inputs: int, targets: int, tied: bool) -> int:
    """How many of a batch's tokens are multiplied with a parameter."""
    if "token_embedder" in name:
        return targets * tied
    if name.startswith("shared_layers"):
        return inputs + targets
    of_context = ("encoder_decoder_attention/key/kernel", "encoder_decoder_attention/value/kernel")
    return inputs if name.startswith("encoder/") or name.endswith(of_context) else targets
