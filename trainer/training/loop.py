"""Our loop: batches through the step, evaluation, checkpoints, until the last step."""

import math
import os
import time
from dataclasses import dataclass, field

import jax

from runtime.errors import RunFailed
from runtime.storage.arrays import save_arrays
from trainer.config import TrainConfig
from trainer.training.checkpoints import Checkpoints
from trainer.training.evaluation import Evaluator
from trainer.training.flops import peak_flops, step_flops
from trainer.training.input_pipeline import Batches, HostBatch, batch_spec, open_dataset
from trainer.training.optimizer import inverse_square_root
from trainer.training.partitioning import put_batch
from trainer.training.progress import Progress, draw_curve
from trainer.training.run import Run, load_initial_state, prepare_run, this_host
from trainer.training.step import Batch, Metrics, State, Step


class Diverged(RunFailed):
    """The loss is no number, or far above the running one; the message says where the batch is."""


def train(config: TrainConfig) -> State:
    """Trains, from the newest checkpoint in --model_dir if there is one; the last state.

    Raises:
      Diverged: the loss is no number or jumped.
      CheckpointError, DataError, MeshError: what is wrong, and what to do.
    """
    dataset = open_dataset(config, "train", this_host())
    run = prepare_run(config, batch_spec(dataset))
    held_out = Evaluator(config, run) if config.eval_period else None
    batches = Batches(dataset)
    checkpoints = Checkpoints(config.model_dir, config.keep_checkpoints)
    state = _first_state(run, checkpoints, batches)
    with Progress(config.model_dir, config.steps, run.hosts.index == 0) as progress:
        if held_out and held_out.missing:
            progress.say(f"no held-out loss: {held_out.missing}")
        try:
            if int(state.step) < config.steps:
                state = _steps(run, state, batches, checkpoints, progress, held_out)
            checkpoints.save(state, batches, run.hosts)
        finally:
            checkpoints.close()
    if run.hosts.index == 0:
        draw_curve(config.model_dir)
    return state


def _first_state(run: Run, checkpoints: Checkpoints, batches: Batches) -> State:
    """Where the run was stopped, else where another ended, else a fresh one."""
    latest = checkpoints.latest()
    if latest is not None:
        state = checkpoints.restore(run.shapes, run.shardings, latest)
        checkpoints.restore_position(batches, latest, run.hosts)
        return state
    if run.config.initial_checkpoint:
        return load_initial_state(run, run.config.initial_checkpoint)
    return run.start()


@dataclass(slots=True)
class _Throughput:
    """Since the last point of the curve: steps, seconds, and of these those spent on waiting."""

    steps: int = 0
    waited: float = 0.0
    began: float = field(default_factory=time.monotonic)

    def rate(self) -> float:
        """Steps a second."""
        return self.steps / max(time.monotonic() - self.began, 1e-9)

    def input_share(self) -> float:
        """Share of the time in which the loop waited for data."""
        return self.waited / max(time.monotonic() - self.began, 1e-9)


def _compile(run: Run, form: HostBatch) -> Step:
    """The step for batches of all hosts of that form, compiled."""
    rows = run.config.batch_size
    batch = {name: jax.ShapeDtypeStruct((rows, *x.shape[1:]), x.dtype) for name, x in form.items()}
    step: Step = run.step.lower(run.shapes, batch).compile()  # type: ignore[attr-defined]
    return step


def _steps(
    run: Run,
    state: State,
    batches: Batches,
    checkpoints: Checkpoints,
    progress: Progress,
    held_out: Evaluator | None,
) -> State:
    """The loop proper."""
    config, step = run.config, int(state.step)
    watch, compiled = _Watch(run), None
    throughput = _Throughput()
    while step < config.steps:
        asked = time.monotonic()
        host_batch = next(batches)
        batch = put_batch(host_batch, run.mesh)
        throughput.waited += time.monotonic() - asked
        if compiled is None:
            compiled, throughput = _compile(run, host_batch), _Throughput()
        state, metrics, norm = compiled(state, batch)
        step, last = step + 1, step + 1 == config.steps
        throughput.steps += 1
        watch.add(step, metrics, norm, host_batch)
        saves = step % config.checkpoint_period == 0
        if step % config.log_period == 0 or last or saves:
            watch.check()
        if step % config.log_period == 0 or last:
            scalars = _scalars(run, metrics, norm, throughput, state, batch)
            progress.point(step, scalars, (config.steps - step) / throughput.rate())
            throughput = _Throughput()
        if held_out and (step % config.eval_period == 0 or last):
            progress.evaluated(step, held_out.evaluate(state.params))
            throughput = _Throughput()
        if saves:
            checkpoints.save(state, batches, run.hosts)
    return state


def _loss(metrics: Metrics) -> float:
    return float(metrics.cross_entropy) / max(float(metrics.targets), 1.0)


class _Watch:
    """Looks for losses that are no numbers, or jumped, before anything of them is kept."""

    def __init__(self, run: Run) -> None:
        self._config, self._index = run.config, run.hosts.index
        self._running = math.inf
        self._unseen: list[tuple[int, Metrics, jax.Array, HostBatch]] = []

    def add(self, step: int, metrics: Metrics, norm: jax.Array, batch: HostBatch) -> None:
        """Takes note of a step, without waiting for it."""
        self._unseen.append((step, metrics, norm, batch))

    def check(self) -> None:
        """Looks at all steps since the last check.

        Raises:
          Diverged: at the first that is bad; its batch is saved.
        """
        for step, metrics, norm, batch in self._unseen:
            loss = _loss(metrics)
            factor = self._config.spike_factor
            finite = math.isfinite(loss) and math.isfinite(float(norm))
            if not finite or (factor and loss > factor * self._running):
                raise self._diverged(step, loss, float(norm), batch)
            old = self._running
            self._running = loss if old == math.inf else 0.9 * old + 0.1 * loss
        self._unseen.clear()

    def _diverged(self, step: int, loss: float, norm: float, batch: HostBatch) -> Diverged:
        path = os.path.join(self._config.model_dir, f"diverged_{step}-{self._index:03d}.npz")
        save_arrays(path, batch)
        return Diverged(
            f"step {step}: loss {loss:.4g}, gradient's norm {norm:.4g}, after a running loss of "
            f"{self._running:.4g}; the batch's ids are in {path}. The newest checkpoint is from "
            "before: go on from it with another --seed or a lower --learning_rate"
        )


def _scalars(
    run: Run, metrics: Metrics, norm: jax.Array, throughput: _Throughput, state: State, batch: Batch
) -> dict[str, float]:
    """What is written of a step; tokens are positions, padding too."""
    tokens = sum(x.size for name, x in batch.items() if name.endswith("input_tokens"))
    schedule = inverse_square_root(run.config.learning_rate, run.config.warmup_steps)
    rate = throughput.rate()
    return {
        "loss": _loss(metrics),
        "accuracy": float(metrics.correct) / max(float(metrics.targets), 1.0),
        "gradient_norm": float(norm),
        "learning_rate": float(schedule(state.step - 1)),
        "tokens_per_second": rate * tokens,
        "examples_per_second": rate * run.config.batch_size,
        "mfu": rate * step_flops(state.params, batch) / peak_flops(),
        "input_share": throughput.input_share(),
    }
