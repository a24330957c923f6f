"""Speed of a training step, and of the input pipeline alone: `make bench-train`."""

import argparse
import tempfile
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from tests.trainer.small import sentences, train_vocabulary, write_corpus
from trainer.batches import Batches, Hosts, open_dataset
from trainer.config import TrainConfig
from trainer.flops import step_flops
from trainer.loop import prepare
from trainer.meshes import put_batch


def peak(size: int = 2048) -> float:
    """Operations a second that this machine reaches on a product of float32 matrices."""
    matrix = jnp.ones((size, size))
    product = jax.jit(lambda a: a @ a)
    product(matrix).block_until_ready()
    began = time.monotonic()
    for _ in range(5):
        product(matrix).block_until_ready()
    return 5 * 2 * size**3 / (time.monotonic() - began)


def seconds(function, times: int) -> float:
    """Of one call, on average."""
    began = time.monotonic()
    for _ in range(times):
        function()
    return (time.monotonic() - began) / times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", default="", help="folder; default: made-up sentences")
    parser.add_argument("--vocab", default="")
    parser.add_argument("--size", default="tiny")
    parser.add_argument("--inputs_length", type=int, default=512)
    parser.add_argument("--batch_size", type=int, default=8)
    parser.add_argument("--steps", type=int, default=10)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    corpus = given.corpus or write_corpus(
        folder / "c4" / "en" / "3.1.0", {"train": sentences(2000)}
    )
    config = TrainConfig(
        corpus=(corpus,),
        vocab=given.vocab or train_vocabulary(folder / "v.model", sentences(200)),
        size=given.size,
        dtype="float32",
        inputs_length=given.inputs_length,
        batch_size=given.batch_size,
    )
    batches = Batches(open_dataset(config, "train", Hosts()))
    first = next(batches)
    run, state = prepare(config, first)
    parameters = sum(leaf.size for leaf in jax.tree.leaves(state.params))

    def step() -> None:
        nonlocal state
        state, sums, _ = run.step(state, put_batch(first, run.mesh))
        sums.loss.block_until_ready()

    step()
    flops = step_flops(state.params, first)
    of_step = seconds(step, given.steps)
    batches.skip(8)  # past what is prefetched
    of_input = seconds(lambda: next(batches), 20 * given.steps)
    tokens = sum(np.size(x) for name, x in first.items() if name.endswith("input_tokens"))
    reached = peak()
    print(f"{given.size}: {parameters / 1e6:.1f}M parameters, {jax.device_count()} device(s)")
    print(f"step:     {of_step * 1e3:.1f} ms, {tokens / of_step:,.0f} tokens/s, "
          f"{given.batch_size / of_step:,.1f} examples/s")  # fmt: skip
    print(f"MFU:      {flops / of_step / reached:.1%} of {reached / 1e9:,.0f} GFLOP/s, as a matrix "
          "product of 2048 reaches here")  # fmt: skip
    print(f"input:    {of_input * 1e3:.2f} ms a batch, {tokens / of_input:,.0f} tokens/s: "
          f"{of_step / of_input:.1f} times the step")  # fmt: skip


if __name__ == "__main__":
    main()
