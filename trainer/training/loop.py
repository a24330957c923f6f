"""The training loop: steps, loss curve, evaluation and checkpoints, up to the last step."""

import time
from dataclasses import dataclass, field

import jax

from runtime.cli.console import say
from trainer.config import TrainConfig
from trainer.training.checkpoints import Checkpoints
from trainer.training.divergence import DivergenceGuard, mean_loss
from trainer.training.evaluation import Evaluator
from trainer.training.example_lengths import fit_to_data
from trainer.training.flops import peak_flops, step_flops
from trainer.training.input_pipeline import Batches, HostBatch, batch_spec, open_dataset
from trainer.training.optimizer import inverse_square_root
from trainer.training.partitioning import put_batch
from trainer.training.position import identify_data
from trainer.training.progress import Progress, draw_curve
from trainer.training.run import Run, load_initial_state, prepare_run, this_host
from trainer.training.step import Batch, Metrics, State, Step


def train(config: TrainConfig) -> State:
    """Trains from the newest checkpoint in --model_dir, if there is one; returns the last state.

    Raises:
      Diverged: the loss is not finite, or has a spike.
      CheckpointError: a checkpoint cannot be read or written.
      DataError, MeshError: the data or devices do not fit the configuration.
    """
    config, notes = fit_to_data(config)
    for note in notes if this_host().index == 0 else ():
        say(note)
    dataset = open_dataset(config, "train", this_host())
    run = prepare_run(config, batch_spec(dataset))
    evaluator = Evaluator(config, run) if config.eval_period else None
    batches = Batches(dataset, identify_data(config))
    checkpoints = Checkpoints(config.model_dir, config.keep_checkpoints)
    state = _first_state(run, checkpoints, batches)
    with Progress(config.model_dir, config.steps, run.host.index == 0) as progress:
        if evaluator and evaluator.missing:
            progress.print_line(f"no held-out loss: {evaluator.missing}")
        try:
            if int(state.step) < config.steps:
                state = _run_steps(run, state, batches, checkpoints, progress, evaluator)
            checkpoints.save(state, batches, run.host)
        finally:
            checkpoints.close()
    if run.host.index == 0:
        draw_curve(config.model_dir)
    return state


def _first_state(run: Run, checkpoints: Checkpoints, batches: Batches) -> State:
    """The newest checkpoint of the run, else --initial_checkpoint, else a new state."""
    latest = checkpoints.latest()
    if latest is not None:
        state = checkpoints.restore(run.shapes, run.shardings, latest)
        checkpoints.restore_position(batches, latest, run.host)
        return state
    if run.config.initial_checkpoint:
        return load_initial_state(run, run.config.initial_checkpoint)
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


def _compile(run: Run, host_batch: HostBatch) -> Step:
    """The compiled step, for global batches with the features of a host's batch."""
    rows = run.config.batch_size
    batch = {
        name: jax.ShapeDtypeStruct((rows, *x.shape[1:]), x.dtype) for name, x in host_batch.items()
    }
    step: Step = run.step.lower(run.shapes, batch).compile()  # type: ignore[attr-defined]
    return step


def _run_steps(
    run: Run,
    state: State,
    batches: Batches,
    checkpoints: Checkpoints,
    progress: Progress,
    evaluator: Evaluator | None,
) -> State:
    """Runs the steps that are left, and returns the last state."""
    config, step = run.config, int(state.step)
    guard, compiled = DivergenceGuard(config.model_dir, config.spike_factor, run.host.index), None
    throughput = _Throughput()
    while step < config.steps:
        began = time.monotonic()
        host_batch = next(batches)
        batch = put_batch(host_batch, run.mesh)
        throughput.waited += time.monotonic() - began
        if compiled is None:
            compiled, throughput = _compile(run, host_batch), _Throughput()
        state, metrics, norm = compiled(state, batch)
        step, last = step + 1, step + 1 == config.steps
        throughput.steps += 1
        guard.add(step, metrics, norm, host_batch)
        saving = step % config.checkpoint_period == 0
        if step % config.log_period == 0 or last or saving:
            guard.check()
        if step % config.log_period == 0 or last:
            scalars = _scalars(run, metrics, norm, throughput, state, batch)
            progress.report_step(step, scalars, (config.steps - step) / throughput.rate())
            throughput = _Throughput()
        if evaluator and (step % config.eval_period == 0 or last):
            progress.report_evaluation(step, evaluator.evaluate(state.params))
            throughput = _Throughput()
        if saving:
            checkpoints.save(state, batches, run.host)
    return state


def _scalars(
    run: Run, metrics: Metrics, norm: jax.Array, throughput: _Throughput, state: State, batch: Batch
) -> dict[str, float]:
    """The scalars of a step for the loss curve. Tokens are positions, padding included."""
    tokens = sum(x.size for name, x in batch.items() if name.endswith("input_tokens"))
    schedule = inverse_square_root(run.config.learning_rate, run.config.warmup_steps)
    rate = throughput.rate()
    return {
        "loss": mean_loss(metrics),
        "accuracy": float(metrics.correct) / max(float(metrics.targets), 1.0),
        "gradient_norm": float(norm),
        "learning_rate": float(schedule(state.step - 1)),
        "tokens_per_second": rate * tokens,
        "examples_per_second": rate * run.config.batch_size,
        "mfu": rate * step_flops(state.params, batch) / peak_flops(),
        "input_share": throughput.input_share(),
    }
