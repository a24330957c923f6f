"""The training loop: steps, loss curve, evaluation and checkpoints, up to the last step."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import jax
import tensorflow as tf

from runtime.cli.console import doing, say
from runtime.errors import Terminated
from runtime.storage.ownership import claim
from runtime.units import duration
from trainer.config import TrainConfig
from trainer.input.batches import (
    Batches,
    DataError,
    HostBatch,
    HostInfo,
    batch_spec,
    open_dataset,
)
from trainer.input.lengths import fit_to_data
from trainer.input.position import identify_data
from trainer.training.best import BestCheckpoint, check_keep_best
from trainer.training.checkpoints import Checkpoints, holds_checkpoint
from trainer.training.divergence import DivergenceGuard, mean_loss
from trainer.training.evaluation import Evaluator
from trainer.training.flops import peak_flops, step_flops
from trainer.training.optimizer import learning_rate
from trainer.training.partitioning import put_batch
from trainer.training.progress import Progress, Throughput, draw_curve, evaluations
from trainer.training.run import Run, first_step, load_initial_state, prepare_run, this_host
from trainer.training.run_folder import (
    RUN_FILES,
    RunFolderError,
    changed_results,
    check_folder,
    write_settings,
)
from trainer.training.step import Batch, Metrics, State, Step, trained_arrays
from trainer.training.termination import Termination


def train(config: TrainConfig) -> State:
    """Trains from the newest checkpoint in --model_dir, if there is one; returns the last state.

    Raises:
      Diverged: the loss is not finite, or has a spike.
      CheckpointError: a checkpoint cannot be read or written.
      DataError, MeshError, NotOurs: data, devices or --model_dir do not fit the configuration.
    """
    host = this_host()
    report = say if host.index == 0 else lambda _: None
    config, dataset = _open_data(config, host, report)
    first = first_step(config, holds_checkpoint(config.model_dir))
    with doing("laying out the network"):
        run = prepare_run(config, batch_spec(dataset), first_step=first)
    report(_describe(run))
    evaluator = _open_evaluator(config, run)
    checkpoints = _open_folder(config, host)
    batches = Batches(dataset, identify_data(config))
    report(_start(config, checkpoints))
    with doing("preparing the first step"):
        state = _first_state(run, checkpoints, batches)
    best = BestCheckpoint(config, host, int(state.step))
    best.resume(state)
    for line in write_settings(config, first) if host.index == 0 else ():
        say(line)
    with (
        Progress(config.model_dir, config.steps, host.index == 0) as progress,
        Termination(host.count) as termination,
    ):
        parts = _Parts(
            run=run, batches=batches, checkpoints=checkpoints, progress=progress,
            evaluator=evaluator, termination=termination, best=best,
        )  # fmt: skip
        state = _run_to_end(parts, first, state)
    if run.host.index == 0:
        with doing("drawing loss.png"):
            draw_curve(config.model_dir)
    return state


def _open_evaluator(config: TrainConfig, run: Run) -> Evaluator | None:
    """The held-out data; None without evaluations.

    Raises:
      TrainConfigError: --keep_best is none of their scores.
    """
    if not config.eval_period:
        return None
    with doing("opening the held-out data"):
        evaluator = Evaluator(config, run)
    if config.keep_best:
        check_keep_best(config.keep_best, evaluator.score_names())
    return evaluator


def _open_folder(config: TrainConfig, host: HostInfo) -> Checkpoints:
    """The checkpoints of the run's folder, in which its files are ours from now on.

    Raises:
      RunFolderError: the run in it has all its steps, and had other options.
    """
    if host.index == 0:
        claim(config.model_dir, RUN_FILES, "--model_dir")
    checkpoints = Checkpoints(config.model_dir, config.keep_checkpoints)
    latest = checkpoints.latest()
    changes = changed_results(config) if latest is not None else []
    if latest is not None and latest >= config.steps and changes:
        told = "; ".join(line.removeprefix("note: ") for line in changes)
        raise RunFolderError(
            f"--model_dir={config.model_dir}: its run has its {latest:,} steps; nothing is left to "
            f"do. But {told}. Give another --model_dir, or more --steps to go on with these options"
        )
    return checkpoints


def _run_to_end(parts: "_Parts", first: int, state: State) -> State:
    """The state after the last step, which is saved."""
    progress, evaluator = parts.progress, parts.evaluator
    if evaluator and evaluator.missing:
        progress.print_line(f"no held-out loss: {evaluator.missing}")
    try:
        if _lacks_evaluation(parts, first, int(state.step)):
            _evaluate_at_start(parts, state)
        if int(state.step) < parts.run.config.steps:
            state = _run_steps(parts, _compile(parts.run, progress), state)
        progress.begin("writing the checkpoint")
        parts.checkpoints.save(state, parts.batches, parts.run.host)
    finally:
        parts.checkpoints.close()
        parts.best.close()
    if parts.best.describe():
        progress.print_line(parts.best.describe())
    return state


def _lacks_evaluation(parts: "_Parts", first: int, step: int) -> bool:
    """True if a signal came before the evaluation of the step from which the run goes on.

    Args:
      first: at which the run began.
    """
    config, evaluator = parts.run.config, parts.evaluator
    if evaluator is None or evaluator.missing or step <= first:
        return False
    is_due = step % config.eval_period == 0 or step == config.steps
    return is_due and step not in evaluations(config.model_dir, step)


def _evaluate_at_start(parts: "_Parts", state: State) -> None:
    if not _evaluate(parts, int(state.step), state):
        raise Terminated


def _open_data(
    config: TrainConfig, host: HostInfo, report: Callable[[str], None]
) -> tuple[TrainConfig, tf.data.Dataset]:
    """The configuration with the lengths of its data, and the batches of this host."""
    report("opening the data")
    with doing("opening the data"):
        config, notes = fit_to_data(config)
        for note in notes:
            report(note)
        return config, open_dataset(config, "train", host)


def _describe(run: Run) -> str:
    """The size of the network and the devices, in a line."""
    trained, _ = trained_arrays(run.shapes.params, run.begins)
    parameters, updated = (
        sum(leaf.size for leaf in jax.tree.leaves(tree)) for tree in (run.shapes.params, trained)
    )
    kind = jax.devices()[0].device_kind
    part = f", {updated:,} of them updated" if updated < parameters else ""
    part += f", --strategy={run.config.strategy}" * (run.config.strategy != "all")
    return f"{run.config.size}: {parameters:,} parameters{part}, on {run.mesh.size} x {kind}"


def _start(config: TrainConfig, checkpoints: Checkpoints) -> str:
    """What a run starts from."""
    latest = checkpoints.latest()
    if latest is not None and latest >= config.steps:
        return f"{config.model_dir} has its {latest:,} steps already; a larger --steps goes on"
    if latest is not None:
        return f"starting from checkpoint_{latest} of {config.model_dir}"
    if config.initial_checkpoint:
        carried = "parameters and optimizer" if config.initial_optimizer else "parameters"
        return f"starting at the {carried} of {config.initial_checkpoint}"
    return "starting with new parameters"


def _first_state(run: Run, checkpoints: Checkpoints, batches: Batches) -> State:
    """The newest checkpoint of the run, else --initial_checkpoint, else a new state."""
    latest = checkpoints.latest()
    if latest is not None:
        check_folder(run.config, run.config.model_dir)
        state = checkpoints.restore(run.shapes, run.shardings, latest)
        checkpoints.restore_position(batches, latest, run.host)
        return state
    if run.config.initial_checkpoint:
        config = run.config
        return load_initial_state(run, config.initial_checkpoint, config.initial_optimizer)
    return run.start()


def _compile(run: Run, progress: Progress) -> Step:
    """The compiled step, for global batches."""
    progress.print_line("compiling the step")
    progress.begin("compiling the step")
    began, rows = time.monotonic(), run.config.batch_size
    batch = {
        name: jax.ShapeDtypeStruct((rows, *x.shape[1:]), x.dtype) for name, x in run.spec.items()
    }
    step: Step = run.step.lower(run.shapes, batch).compile()  # type: ignore[attr-defined]
    seconds = time.monotonic() - began
    progress.print_line(f"compiled in {duration(seconds)}")
    progress.begin("reading the first batch")
    return step


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """The parts that the steps of a run use."""

    run: Run
    batches: Batches
    checkpoints: Checkpoints
    progress: Progress
    evaluator: Evaluator | None
    best: BestCheckpoint
    termination: Termination


def _run_steps(parts: _Parts, compiled: Step, state: State) -> State:
    """Runs the steps that are left, and returns the last state.

    Raises:
      Terminated: SIGTERM came. The last step is in a checkpoint.
    """
    run, progress, termination = parts.run, parts.progress, parts.termination
    config, step = run.config, int(state.step)
    guard = _guard(run)
    throughput = Throughput()
    while step < config.steps and not parts.best.exhausted():
        _tell_episode(run, step, progress)
        began = time.monotonic()
        host_batch = _next_batch(parts.batches)
        batch = put_batch(host_batch, run.mesh)
        throughput.waited += time.monotonic() - began
        state, metrics, norm = compiled(state, batch)
        step, last = step + 1, step + 1 == config.steps
        throughput.steps += 1
        guard.add(step, metrics, norm, host_batch)
        logging = step % config.log_period == 0 or last
        stopping = termination.asked(together=logging)
        saving = step % config.checkpoint_period == 0 or stopping
        if logging or saving:
            guard.check()
        if logging:
            scalars = _scalars(run, metrics, norm, throughput, state, batch)
            progress.report_step(step, scalars, (config.steps - step) / throughput.rate())
            throughput = Throughput()
        if not stopping and config.eval_period and (step % config.eval_period == 0 or last):
            stopping = not _evaluate(parts, step, state)
            throughput = Throughput()
        if saving or stopping:
            parts.checkpoints.save(state, parts.batches, run.host)
        if stopping:
            parts.checkpoints.wait()
            progress.print_line(f"SIGTERM: checkpoint_{step} is written")
            raise Terminated
    return state


def _guard(run: Run) -> DivergenceGuard:
    config = run.config
    return DivergenceGuard(
        config.model_dir, config.spike_limit(), config.spike_floor, run.host.index
    )


def _tell_episode(run: Run, step: int, progress: Progress) -> None:
    """Says so where a strategy begins to update more arrays."""
    more = [*(run.begins or {}).values()].count(step)
    if step and more:
        progress.print_line(f"step {step:,}: {more} more arrays are updated from now on")


def _next_batch(batches: Batches) -> HostBatch:
    try:
        return next(batches)
    except StopIteration:  # examples are repeated for ever, if there are any
        raise DataError(
            "the training data have no example to learn: no text, or none with a label"
        ) from None


def _evaluate(parts: _Parts, step: int, state: State) -> bool:
    """Evaluates and reports a state; False if SIGTERM ended it."""
    if parts.evaluator is None:
        return True
    try:
        parts.progress.begin(f"step {step:,}: evaluating")
        with parts.termination.at_once():
            scores = parts.evaluator.evaluate(state.params)
    except Terminated:
        return False
    parts.progress.report_evaluation(step, scores)
    parts.best.add(scores, state)
    return True


def _scalars(
    run: Run, metrics: Metrics, norm: jax.Array, throughput: Throughput, state: State, batch: Batch
) -> dict[str, float]:
    """The scalars of a step for the loss curve. Tokens are positions, padding included."""
    tokens = sum(x.size for name, x in batch.items() if name.endswith("input_tokens"))
    schedule = learning_rate(run.config)
    rate = throughput.rate()
    return {
        "loss": mean_loss(metrics),
        "accuracy": float(metrics.correct) / max(float(metrics.targets), 1.0),
        "gradient_norm": float(norm),
        "learning_rate": float(schedule(state.step - 1)),
        "tokens_per_second": rate * tokens,
        "examples_per_second": rate * run.config.batch_size,
        "mfu": rate * step_flops(state.params, batch, run.begins) / peak_flops(),
        "input_share": throughput.input_share(),
    }
