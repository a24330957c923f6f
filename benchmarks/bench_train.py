"""Speed of a training step, and of the input pipeline alone: `make bench-train`."""

import argparse
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import jax

from trainer.config import TrainConfig
from trainer.training.flops import PEAK_FLOPS, peak_flops, step_flops
from trainer.training.input_pipeline import Batches, batch_spec, open_dataset
from trainer.training.partitioning import put_batch
from trainer.training.run import prepare_run, this_host


def run(*arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)


def build(wet: str, folder: Path) -> tuple[str, str]:
    """Corpus and vocabulary of WET files."""
    corpus, vocab = folder / "c4" / "en" / "3.1.0", folder / "vocab"
    run("beam_runner.py", "--variant=en", f"--input={wet}", f"--output={folder}")
    run("-m", "vocab.train", f"--corpus={corpus}", "--size=8000", f"--output={vocab}")
    return str(corpus), str(vocab)


def seconds(function, times: int) -> float:
    """Mean seconds of one call."""
    began = time.perf_counter()
    for _ in range(times):
        function()
    return (time.perf_counter() - began) / times


def compile_step(config: TrainConfig, dataset, batch):
    """(state, function that runs the step on a batch and waits for it)."""
    run = prepare_run(config, batch_spec(dataset))
    state = run.start()
    compiled = run.step.lower(run.shapes, put_batch(batch, run.mesh)).compile()

    def step(batch) -> None:
        nonlocal state
        state, metrics, _ = compiled(state, put_batch(batch, run.mesh))
        metrics.loss.block_until_ready()

    return state, step


def measure(config: TrainConfig, steps: int) -> None:
    dataset = open_dataset(config, "train", this_host())
    batches = Batches(dataset)
    first = next(batches)
    state, step = compile_step(config, dataset, first)
    parameters = sum(leaf.size for leaf in jax.tree.leaves(state.params))
    flops = step_flops(state.params, first)
    step(first)
    of_step = seconds(lambda: step(first), steps)
    waited = []

    def step_with_input() -> None:
        began = time.perf_counter()
        batch = next(batches)
        waited.append(time.perf_counter() - began)
        step(batch)

    of_both = seconds(step_with_input, steps)
    # seqio shuffles in a buffer of 1,000 examples, and TensorFlow prefetches. When the steps end
    # these buffers are full, so four times as many examples are read before the clock starts.
    rows = 4000 // config.batch_size
    batches.skip(rows)
    of_input = seconds(lambda: next(batches), rows)
    tokens = sum(x.size for name, x in first.items() if name.endswith("input_tokens"))

    def report(label: str, time_of_one: float, rest: str) -> None:
        print(f"  {label:12} {time_of_one * 1e3:9.1f} ms  {tokens / time_of_one:10,.0f} tokens/s  "
              f"{config.batch_size / time_of_one:8,.1f} examples/s{rest}")  # fmt: skip

    lengths = "/".join(map(str, config.lengths().values()))
    print(f"{config.size}, {lengths}, batch {config.batch_size}, {config.dtype}: "
          f"{parameters / 1e6:.1f}M parameters")  # fmt: skip
    report("step alone", of_step, f"  MFU {flops / of_step / peak_flops():.1%}")
    report(
        "with input", of_both, f"  waiting for data {sum(waited) / steps / of_both:.1%} of the time"
    )
    report("input alone", of_input, f": {of_step / of_input:.1f} times the speed of the step")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wet", default="sample/wet/*.warc.wet.gz", help="files for the corpus")
    parser.add_argument("--corpus", default="", help="folder; default: made of --wet")
    parser.add_argument("--vocab", default="", help="folder; default: trained on the corpus")
    parser.add_argument("--size", nargs="+", default=["tiny", "small"])
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--inputs_length", type=int, default=512)
    parser.add_argument("--batch_size", type=int, default=8)
    parser.add_argument("--steps", type=int, default=5)
    given = parser.parse_args()
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
