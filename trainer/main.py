"""The console script `t5x`: train, eval, infer, export, gin, info."""

import importlib
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib.metadata import version

from runtime.cli.console import say
from runtime.command import Exit, run_command
from runtime.errors import UsageError
from runtime.storage.files import read_bytes, write_bytes
from runtime.workers.processes import leave_current_folder
from trainer.arguments import COMMANDS, Command, help_text, parse
from trainer.config import TrainConfig, TrainConfigError

_KEPT = "The same command continues from the newest checkpoint, if there is one."
_ROOMS = ("trainer", "vocab", "corpora", "cleaning", "runtime")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    leave_current_folder()
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] in (["-h"], ["--help"]):
        print(help_text())
        return Exit.DONE
    if not given:
        print(help_text(), file=sys.stderr)
        return Exit.USAGE
    if given == ["--version"]:
        print(f"t5x of c4forge {version('c4forge')}")
        return Exit.DONE
    name = f"t5x {given[0]}" if given[:1] and given[0] in COMMANDS else "t5x"
    return run_command(name, lambda: _run(given), kept=_KEPT)


def _run(arguments: list[str]) -> int:
    command = parse(arguments)
    if command.name == "train":
        choose_backend(command.config)
    try:
        _import_tensorflow()
        return _COMMANDS[command.name](command)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in _ROOMS:
            raise
        raise UsageError(f"{package} is not installed; pip install 'c4forge[trainer]'") from None


def _import_tensorflow() -> None:
    """Imports TensorFlow without its usual warnings, and without the accelerators, for JAX."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # errors only
    kept = os.dup(2)
    try:
        with open(os.devnull, "w", encoding="utf-8") as nothing:
            os.dup2(nothing.fileno(), 2)
        importlib.import_module("tensorflow").config.set_visible_devices([], "GPU")
        absl_logging = importlib.import_module("absl.logging")
        absl_logging.set_verbosity(absl_logging.ERROR)  # Orbax warns of layouts that t5x writes
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def choose_backend(config: TrainConfig) -> str:
    """The training loop of --backend: t5x or ours. For auto, t5x if it can be imported.

    Raises:
      TrainConfigError: --backend=t5x, and it cannot be imported.
    """
    # PyPI's t5x is an empty package: only the real one has a train module.
    found = importlib.util.find_spec("t5x") and importlib.util.find_spec("t5x.train")
    if config.backend == "t5x" and not found:
        raise TrainConfigError(
            "--backend=t5x: the package t5x cannot be imported (PyPI's is an empty name); install "
            "it from github.com/google-research/t5x, or use --backend=ours"
        )
    if config.backend == "auto":
        return "t5x" if found else "ours"
    return config.backend


def _write_config(config: TrainConfig) -> None:
    """Writes config.json, and prints the options that differ from those of the run so far."""
    path = os.path.join(config.model_dir, "config.json")
    values = json.loads(json.dumps(asdict(config)))
    if os.path.exists(path):
        before = json.loads(read_bytes(path))
        for name, value in values.items():
            if before.get(name, value) != value:
                say(f"note: --{name} was {before[name]}, now {value}")
    write_bytes(path, json.dumps(values, indent=2).encode())


def _train(command: Command) -> int:
    config = command.config
    backend = choose_backend(config)
    say(f"backend: {backend}" + (" (the t5x package is not installed)" if backend == "ours" and
         config.backend == "auto" else ""))  # fmt: skip
    if config.host_index == 0:
        _write_config(config)
    if backend == "t5x":
        return _train_with_t5x(config)
    from trainer.training.loop import train
    from trainer.training.run import join_hosts

    join_hosts(config)
    state = train(config)
    say(f"Done: {int(state.step):,} steps. {config.model_dir}: checkpoints, loss.png, curve.jsonl")
    return Exit.DONE


def _train_with_t5x(config: TrainConfig) -> int:
    """Runs t5x on the gin file as a process, and returns its exit code."""
    from trainer.gin import render

    path = os.path.join(config.model_dir, "config.rendered.gin")
    write_bytes(path, render(config).encode())
    command = [sys.executable, "-P", "-m", "t5x.train", f"--gin_file={path}"]
    return subprocess.run(command, check=False).returncode


def _gin(command: Command) -> int:
    from trainer.gin import render

    print(render(command.config))
    return Exit.DONE


def _eval(command: Command) -> int:
    from trainer.data.corpora import StorageFormat, find_corpus
    from trainer.inference import score_pairs
    from trainer.training.evaluation import Evaluator
    from trainer.training.input_pipeline import batch_spec, open_dataset
    from trainer.training.run import load_params, prepare_run, this_host

    config = command.config
    params = load_params(config, command.checkpoint)
    run = prepare_run(config, batch_spec(open_dataset(config, "train", this_host())))
    evaluator = Evaluator(config, run, command.split)
    if evaluator.missing:
        raise TrainConfigError(evaluator.missing)
    scores = dict(evaluator.evaluate(params))
    if all(find_corpus(path).format is not StorageFormat.TFRECORD for path in config.corpus):
        scores |= score_pairs(config, command.checkpoint, command.split)
    print(json.dumps(scores))
    return Exit.DONE


def _infer(command: Command) -> int:
    from trainer.inference import infer

    try:
        with open(command.input, encoding="utf-8") as stream:
            lines = stream.read().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise TrainConfigError(f"--input={command.input}: {error}") from None
    found = infer(command.config, command.checkpoint, command.decoding, lines)
    write_bytes(command.output, "".join(f"{line}\n" for line in found).encode())
    say(f"{len(lines):,} lines: {command.output}")
    return Exit.DONE


def _export(command: Command) -> int:
    from trainer.compat.hugging_face import write_hugging_face
    from trainer.training.run import configure_network, load_params

    config = command.config
    params = load_params(config, command.checkpoint)
    write_hugging_face(command.output, params, configure_network(config), config.vocab)
    say(f"T5ForConditionalGeneration.from_pretrained({command.output!r}) loads it")
    return Exit.DONE


def _info(command: Command) -> int:
    import jax
    import jax.numpy as jnp

    from trainer.model.config import network_config
    from trainer.model.network import build_network
    from trainer.model.sizes import SIZES

    config = command.config
    size = SIZES[config.size]
    if config.vocab:
        from trainer.training.run import configure_network

        made = configure_network(config)
    else:
        made = network_config(size, config.architecture, size.vocab_size, config.version)
    network = build_network(made)
    ids = (jnp.ones((1, 1), jnp.int32),) * (3 if made.num_encoder_layers else 2)
    shapes = jax.eval_shape(
        lambda: network.init({"params": jax.random.key(0)}, *ids, enable_dropout=False)
    )["params"]
    parameters = sum(leaf.size for leaf in jax.tree.leaves(shapes))
    print(
        f"size:       {config.size}, {config.architecture}; published: {size.meaning} "
        f"({size.source})"
    )
    print(f"parameters: {parameters:,} with {made.vocab_size:,} rows of the embedding")
    print(f"lengths:    {', '.join(f'{k} {n}' for k, n in config.lengths().items())}")
    print(f"memory:     {parameters * 8 / 1e9:,.2f} GB of float32 parameters and gradients")
    return Exit.DONE


_COMMANDS: dict[str, Callable[[Command], int]] = {
    "train": _train,
    "eval": _eval,
    "infer": _infer,
    "export": _export,
    "gin": _gin,
    "info": _info,
}
