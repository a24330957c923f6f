"""Floating-point operations of a step and peak of the devices, for the MFU (their ratio)."""

import functools
import time
from collections.abc import Container, Mapping
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
"""bfloat16 operations a second of one device, stated by its maker; by prefix of the kind."""


@functools.cache
def peak_flops() -> float:
    """Peak operations a second of all devices of the run; measured on CPU, which states none."""
    kind = jax.devices()[0].device_kind
    stated = next((peak for name, peak in PEAK_FLOPS.items() if kind.startswith(name)), None)
    if stated is not None:
        return stated * jax.device_count()
    # Simulated devices share the cores of one.
    shared = jax.process_count() if jax.default_backend() == "cpu" else jax.device_count()
    return measured_flops() * shared


def measured_flops(size: int = 1024, times: int = 8) -> float:
    """Operations a second of a float32 matrix product on this device, the best of `times`."""
    matrix = jnp.ones((size, size))
    product = jax.jit(lambda a: a @ a)
    product(matrix).block_until_ready()
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        product(matrix).block_until_ready()
        seconds.append(time.perf_counter() - began)
    return 2.0 * size**3 / min(seconds)


def step_flops(
    params: Any, batch: Mapping[str, Any], updated: Container[str] | None = None
) -> float:
    """Operations of a training step: 6 for each parameter and token (Kaplan et al. 2020, 2.1).

    Encoder parameters are multiplied with the tokens of the inputs, decoder parameters with those
    of the targets, a tied embedding with the targets for the logits. The products of queries, keys
    and values with each other are not counted.

    Args:
      updated: names of the parameters that are ever updated; None: all. Others have no gradient,
        and 4 operations.
    """
    flat = traverse_util.flatten_dict(params, sep="/")
    inputs = batch["encoder_input_tokens"].size if "encoder_input_tokens" in batch else 0
    targets = batch["decoder_target_tokens"].size
    tied = not any(name.endswith("logits_dense/kernel") for name in flat)
    return sum(
        (6.0 if updated is None or name in updated else 4.0)
        * leaf.size
        * _token_count(name, inputs, targets, tied)
        for name, leaf in flat.items()
    )


def _token_count(name: str, inputs: int, targets: int, tied: bool) -> int:
    """Number of tokens in a batch that are multiplied with a parameter."""
    if "token_embedder" in name:
        return targets * tied
    if name.startswith("shared_layers"):
        return inputs + targets
    of_context = ("encoder_decoder_attention/key/kernel", "encoder_decoder_attention/value/kernel")
    return inputs if name.startswith("encoder/") or name.endswith(of_context) else targets
