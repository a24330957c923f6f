"""The console script `t5x`: train, eval, infer, export, gin, info."""

import importlib
import importlib.util
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial

from runtime.cli.console import LiveLine, Tally, doing, say
from runtime.cli.version import versions
from runtime.command import Exit, run_command
from runtime.errors import UsageError
from runtime.storage.files import read_bytes, write_bytes
from runtime.storage.ownership import check_new, claim
from runtime.storage.space import telling_need
from runtime.workers.processes import leave_current_folder
from trainer.arguments import COMMANDS, Command, help_text, parse
from trainer.config import TrainConfig
from trainer.task_options import TrainConfigError

_KEPT = "A run continues from its newest checkpoint, if there is one."
_AGAIN = "The same command starts again; predictions that were written stay."
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
        print(versions("t5x of c4forge"))
        return Exit.DONE
    name = f"t5x {given[0]}" if given[:1] and given[0] in COMMANDS else "t5x"
    kept = _KEPT if given[0] in ("train", "finetune") else _AGAIN
    return run_command(name, lambda: _run(given), kept=kept, abruptly=True)


def _run(arguments: list[str]) -> int:
    command = parse(arguments)
    for line in command.notes:
        say(line)
    if command.name in ("train", "finetune"):
        choose_backend(command.config)
    try:
        _check_installed()
        work, module = _COMMANDS[command.name]
        text = "importing TensorFlow and JAX"
        with os.fdopen(os.dup(2), "w") as stderr, doing(text, stderr, long=True):
            _import_tensorflow()
            importlib.import_module(module)
        return work(command)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in _ROOMS:
            raise
        raise UsageError(f"{package} is not installed; pip install 'c4forge[trainer]'") from None


def _check_installed() -> None:
    """Raises ModuleNotFoundError for the first framework that is not there; loads none."""
    for package in ("tensorflow", "jax"):
        if importlib.util.find_spec(package) is None:
            raise ModuleNotFoundError(name=package)


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
        absl_logging.get_absl_logger().addFilter(_is_news)
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # of the same errors
        sys.unraisablehook = partial(_tell_unraisable, sys.unraisablehook)
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _is_news(record: logging.LogRecord) -> bool:
    """False for the stacks of errors in Orbax's threads: Orbax raises them, too."""
    return not record.getMessage().startswith("[process=")


def _tell_unraisable(
    tell: Callable[["sys.UnraisableHookArgs"], object], error: "sys.UnraisableHookArgs"
) -> None:
    """Leaves out what follows, a line for each array, after Orbax could not write a checkpoint."""
    if "Event loop is closed" not in str(error.exc_value):
        tell(error)


def choose_backend(config: TrainConfig) -> str:
    """The training loop of --backend: t5x or ours.

    For auto, t5x if it can be imported, but ours for a start with a new optimizer, with --task or a
    strategy.

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
        ours = config.fine_tunes() or config.task or config.strategy != "all"
        return "t5x" if found and not ours else "ours"
    return config.backend


def _train(command: Command) -> int:
    config = command.config
    backend = choose_backend(config)
    say(f"backend: {backend}")
    if backend == "t5x":
        return _train_with_t5x(config)
    from trainer.training.loop import train
    from trainer.training.run import join_hosts

    join_hosts(config)
    with telling_need(config.model_dir, lambda: _checkpoint_bytes(config)):
        state = train(config)
    say(f"Done: {int(state.step):,} steps. {config.model_dir}: checkpoints, loss.png, curve.jsonl")
    return Exit.DONE


def _checkpoint_bytes(config: TrainConfig) -> int:
    """The bytes of the parameters, which are nearly all of a checkpoint."""
    from trainer.model.network import build_network
    from trainer.training.memory import count_parameters
    from trainer.training.run import configure_network

    return 4 * count_parameters(build_network(configure_network(config)))


def _train_with_t5x(config: TrainConfig) -> int:
    """Runs t5x on the gin file as a process, and returns its exit code."""
    from trainer.gin import render
    from trainer.input.lengths import fit_to_data
    from trainer.training.run_folder import RUN_FILES, check_folder, run_folder, write_settings

    config, notes = fit_to_data(config)
    for note in notes:
        say(note)
    check_folder(config, config.model_dir)
    if config.initial_checkpoint:
        check_folder(config, run_folder(config.initial_checkpoint))
    text = render(config)
    path = os.path.join(config.model_dir, "config.rendered.gin")
    if config.host_index == 0:
        claim(config.model_dir, RUN_FILES, "--model_dir")
        for line in write_settings(config):
            say(line)
    write_bytes(path, text.encode())
    command = [sys.executable, "-P", "-m", "t5x.train", f"--gin_file={path}"]
    return subprocess.run(command, check=False).returncode


def _gin(command: Command) -> int:
    from trainer.gin import render, render_evaluation
    from trainer.scoring import default_split
    from trainer.training.checkpoints import newest_checkpoint

    config = command.config
    if command.script == "train":
        print(render(config))
        return Exit.DONE
    checkpoint = newest_checkpoint(next(iter(command.checkpoint), config.model_dir))
    split = command.split or default_split(config)
    print(render_evaluation(config, checkpoint, split, command.max_examples))
    return Exit.DONE


def _eval(command: Command) -> int:
    from trainer.evaluation.report import table
    from trainer.scoring import score_split
    from trainer.training.run import join_hosts, this_host

    join_hosts(command.config)
    rows = score_split(
        command.config, command.checkpoint, command.split, command.max_examples, command.predictions
    )
    lines = [row.as_json() for row in rows] if command.json else table(rows)
    for line in lines if this_host().index == 0 else ():
        print(line)
    return Exit.DONE


def _infer(command: Command) -> int:
    from trainer.inference import infer, split_lines

    if os.path.exists(command.output) and os.path.samefile(command.input, command.output):
        raise TrainConfigError(f"--output={command.output} is the input; give another file")
    check_new(command.output, command.overwrite, "--output")
    try:
        lines = split_lines(read_bytes(command.input))
    except (OSError, UnicodeDecodeError) as error:
        raise TrainConfigError(f"--input={command.input}: {error}") from None
    tally, found = Tally(), list[str]()
    with LiveLine(lambda _: f"{tally.done:,} of {len(lines):,} lines predicted", sys.stderr):
        for line in infer(command.config, command.checkpoint, command.decoding, lines):
            found.append(f"{line}\n")
            tally.add()
    write_bytes(os.path.abspath(command.output), "".join(found).encode())
    say(f"{len(lines):,} lines: {command.output}")
    return Exit.DONE


def _export(command: Command) -> int:
    from trainer.export import EXPORTS

    with doing("reading the checkpoint, writing the model"), telling_need(command.output):
        told = EXPORTS[command.to](command.config, command.checkpoint, command.output)
    say(told)
    return Exit.DONE


def _info(command: Command) -> int:
    from trainer.data.vocabularies import load_vocabulary, padded_size
    from trainer.model.sizes import ARCHITECTURES, SIZES
    from trainer.training.memory import count_parameters, network_of, step_memory

    config = command.config
    size = SIZES[config.size]
    rows = size.vocab_size
    if config.vocab:
        rows = padded_size(load_vocabulary(config.vocab).vocab_size)
    with doing("counting parameters"):
        counts = {name: count_parameters(network_of(config, rows, name)) for name in ARCHITECTURES}
        network = network_of(config, rows, config.architecture)
        updated = count_parameters(network, config) if config.strategy != "all" else 0
        memory = step_memory(config, network)
    print(f"size:       {config.size}")
    print(f"published:  {size.meaning}")
    print(f"            {size.source}")
    print(f"version:    {config.version or size.version}")
    print(f"parameters, with {rows:,} rows of the embedding:")
    for name, count in counts.items():
        print(f"  {name:24}{count:>16,}" + "  (this one)" * (name == config.architecture))
    if updated:
        print(f"updated:    {updated:,} of them, with --strategy={config.strategy}")
    print(f"lengths:    {', '.join(f'{k} {n}' for k, n in config.lengths().items())}")
    shared = f"{config.batch_size // config.microbatches:,} rows, {config.dtype}"
    print("memory of a step, on all devices together:")
    for name, meaning in (
        ("parameters", "float32"),
        ("gradients", "float32"),
        ("moments", "float32, of Adafactor"),
        ("activations", f"{shared}; before XLA fuses operations"),
    ):
        print(f"  {name:12}{getattr(memory, name) / 1e9:>10,.2f} GB  {meaning}")
    print(f"  {'together':12}{memory.total() / 1e9:>10,.2f} GB")
    return Exit.DONE


_COMMANDS: dict[str, tuple[Callable[[Command], int], str]] = {
    "train": (_train, "trainer.training.loop"),
    "finetune": (_train, "trainer.training.loop"),
    "eval": (_eval, "trainer.scoring"),
    "infer": (_infer, "trainer.inference"),
    "export": (_export, "trainer.export"),
    "gin": (_gin, "trainer.gin"),
    "info": (_info, "trainer.training.memory"),
}
"""What does the work of each command, and its module that takes seconds to import."""
