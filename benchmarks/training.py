"""Speed of a training step, and of the input pipeline alone: `make bench-train`."""

import argparse
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import jax

from benchmarks.commands import C4FORGE
from trainer.config import TrainConfig
from trainer.input.batches import Batches, batch_spec, open_dataset
from trainer.training.flops import PEAK_FLOPS, peak_flops, step_flops
from trainer.training.partitioning import put_batch
from trainer.training.run import prepare_run, this_host


def run(*arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)


def build(wet: str, folder: Path) -> tuple[str, str]:
    """Corpus and vocabulary of WET files."""
    corpus, vocab = folder / "c4" / "en" / "3.1.0", folder / "vocab"
    run("beam_runner.py", "--variant=en", f"--input={wet}", f"--output={folder}")
    run(*C4FORGE[1:], "vocab", "train", f"--corpus={corpus}", "--size=8000", f"--output={vocab}")
    return str(corpus), str(vocab)


def seconds(function, times: int) -> float:
    """Wall time of one call, the mean of several."""
    began = time.perf_counter()
    for _ in range(times):
        function()
    return (time.perf_counter() - began) / times


def measure(config: TrainConfig, steps: int) -> None:
    """Prints the speed of steps alone, of steps with their input, and of the input alone."""
    dataset = open_dataset(config, "train", this_host())
    batches = Batches(dataset)
    first = next(batches)
    prepared = prepare_run(config, batch_spec(dataset))
    state = prepared.start()
    compiled = prepared.step.lower(prepared.shapes, put_batch(first, prepared.mesh)).compile()

    def step(batch) -> None:
        nonlocal state
        state, metrics, _ = compiled(state, put_batch(batch, prepared.mesh))
        metrics.loss.block_until_ready()

    step(first)
    flops = step_flops(state.params, first)
    of_step = seconds(lambda: step(first), steps)
    waited = []

    def loop() -> None:
        began = time.perf_counter()
        batch = next(batches)
        waited.append(time.perf_counter() - began)
        step(batch)

    of_loop = seconds(loop, steps)
    # seqio shuffles in a buffer of 1,000 examples, and TensorFlow reads ahead. Examples that are
    # ready already would pass for speed, so several times as many are read before the clock starts.
    count = 4000 // config.batch_size
    resumed = Batches(dataset)
    began = time.perf_counter()
    resumed.skip(count)
    next(resumed)
    of_skip = (time.perf_counter() - began) / count
    of_input = seconds(lambda: next(resumed), count)
    tokens = sum(x.size for name, x in first.items() if name.endswith("input_tokens"))
    parameters = sum(leaf.size for leaf in jax.tree.leaves(state.params))
    lengths = "/".join(map(str, config.lengths().values()))
    print(f"{config.size}, {lengths}, batch {config.batch_size}, {config.dtype}: "
          f"{parameters / 1e6:.1f}M parameters")  # fmt: skip
    rate = partial(_print_rate, tokens, config.batch_size)
    rate("step alone", of_step, f"  MFU {flops / of_step / peak_flops():.1%}")
    waiting = sum(waited) / steps / of_loop
    rate("with input", of_loop, f"  waiting for data {waiting:.1%} of the time")
    rate("input alone", of_input, f": {of_step / of_input:.1f} times the speed of the step")
    rate("skipping", of_skip, ", when a run resumes")


def _print_rate(tokens: int, examples: int, name: str, cost: float, note: str) -> None:
    print(
        f"  {name:12} {cost * 1e3:9.1f} ms  {tokens / cost:10,.0f} tokens/s  "
        f"{examples / cost:8,.1f} examples/s{note}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wet", default="", help="glob of WET files for a corpus and vocabulary")
    parser.add_argument("--corpus", default="", help="folder of a corpus, instead of --wet")
    parser.add_argument("--vocab", default="", help="folder of a vocabulary, instead of --wet")
    parser.add_argument("--size", nargs="+", default=["tiny", "small"])
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--inputs_length", type=int, default=512)
    parser.add_argument("--batch_size", type=int, default=8)
    parser.add_argument("--steps", type=int, default=5)
    given = parser.parse_args()
    if not given.wet and not (given.corpus and given.vocab):
        parser.error("expected --wet, or --corpus and --vocab")
    with tempfile.TemporaryDirectory() as folder:
        corpus, vocab = given.corpus, given.vocab
        if not (corpus and vocab):
            corpus, vocab = build(given.wet, Path(folder))
        config = TrainConfig(
            corpus=(corpus,), vocab=vocab, dtype=given.dtype,
            inputs_length=given.inputs_length, batch_size=given.batch_size,
        )  # fmt: skip
        device = jax.devices()[0].device_kind
        stated = any(device.startswith(name) for name in PEAK_FLOPS)
        source = "stated by its maker" if stated else "measured with a float32 matrix product"
        peak = f"{peak_flops() / 1e9:,.0f} GFLOP/s"
        print(f"{jax.device_count()} x {device}; MFU relative to {peak}, {source}")
        for size in given.size:
            measure(replace(config, size=size), given.steps)


if __name__ == "__main__":
    main()
