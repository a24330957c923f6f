"""The training loop: steps, loss curve, evaluation and checkpoints, up to the last step."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import jax
import tensorflow as tf

from runtime.cli.console import doing, say
from runtime.errors import Terminated
from runtime.storage.ownership import claim
from runtime.units import duration
from trainer.config import TrainConfig
from trainer.input.batches import Batches, HostInfo, batch_spec, open_dataset
from trainer.input.lengths import fit_to_data
from trainer.input.position import identify_data
from trainer.training.best import BestCheckpoint, check_keep_best
from trainer.training.checkpoints import Checkpoints, holds_checkpoint
from trainer.training.divergence import DivergenceGuard, mean_loss
from trainer.training.evaluation import Evaluator
from trainer.training.flops import peak_flops, step_flops
from trainer.training.optimizer import learning_rate
from trainer.training.partitioning import put_batch
from trainer.training.progress import Progress, draw_curve
from trainer.training.run import Run, first_step, load_initial_state, prepare_run, this_host
from trainer.training.run_folder import RUN_FILES, check_folder, write_settings
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
    with doing("opening the held-out data"):
        evaluator = Evaluator(config, run) if config.eval_period else None
    if config.keep_best and evaluator:
        check_keep_best(config.keep_best, evaluator.score_names())
    checkpoints = _open_folder(config, host)
    batches = Batches(dataset, identify_data(config))
    report(f"starting {_start(config, checkpoints)}")
    with doing("preparing the first step"):
        state = _first_state(run, checkpoints, batches)
    best = BestCheckpoint(config, host)
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
        state = _run_to_end(parts, config.steps, state)
    if run.host.index == 0:
        with doing("drawing loss.png"):
            draw_curve(config.model_dir)
    return state


def _open_folder(config: TrainConfig, host: HostInfo) -> Checkpoints:
    """The checkpoints of the run's folder, in which its files are ours from now on."""
    if host.index == 0:
        claim(config.model_dir, RUN_FILES, "--model_dir")
    return Checkpoints(config.model_dir, config.keep_checkpoints)


def _run_to_end(parts: "_Parts", steps: int, state: State) -> State:
    """The state after the last step, which is saved."""
    progress, evaluator = parts.progress, parts.evaluator
    if evaluator and evaluator.missing:
        progress.print_line(f"no held-out loss: {evaluator.missing}")
    try:
        if int(state.step) < steps:
            state = _run_steps(parts, _compile(parts.run, progress), state)
        progress.begin("writing the checkpoint")
        parts.checkpoints.save(state, parts.batches, parts.run.host)
    finally:
        parts.checkpoints.close()
        parts.best.close()
    if parts.best.describe():
        progress.print_line(parts.best.describe())
    return state


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
    return f"{run.config.size}: {parameters:,} parameters{part}, on {run.mesh.size} x {kind}"


def _start(config: TrainConfig, checkpoints: Checkpoints) -> str:
    """What a run starts from, as a phrase."""
    latest = checkpoints.latest()
    if latest is not None:
        return f"from checkpoint_{latest} of {config.model_dir}"
    if config.initial_checkpoint:
        carried = "parameters and optimizer" if config.initial_optimizer else "parameters"
        return f"at the {carried} of {config.initial_checkpoint}"
    return "with new parameters"


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


@dataclass(slots=True)
class _Throughput:
    """Steps and seconds since the last point of the loss curve.

    Attributes:
      waited: seconds in which the loop waited for data.
    """

    steps: int = 0
    waited: float = 0.0
    began: float = field(default_factory=time.monotonic)

    def rate(self) -> float:
        """Steps a second."""
        return self.steps / max(time.monotonic() - self.began, 1e-9)

    def input_share(self) -> float:
        """Share of the time in which the loop waited for data."""
        return self.waited / max(time.monotonic() - self.began, 1e-9)


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
    guard = DivergenceGuard(
        config.model_dir, config.spike_limit(), config.spike_floor, run.host.index
    )
    throughput = _Throughput()
    while step < config.steps and not parts.best.exhausted():
        began = time.monotonic()
        host_batch = next(parts.batches)
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
            throughput = _Throughput()
        if not stopping and config.eval_period and (step % config.eval_period == 0 or last):
            stopping = not _evaluate(parts, step, state)
            throughput = _Throughput()
        if saving or stopping:
            parts.checkpoints.save(state, parts.batches, run.host)
        if stopping:
            parts.checkpoints.wait()
            progress.print_line(f"SIGTERM: checkpoint_{step} is written")
            raise Terminated
    return state


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
    run: Run, metrics: Metrics, norm: jax.Array, throughput: _Throughput, state: State, batch: Batch
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
