"""Our loop: batches through the step, evaluation, checkpoints, until the last step."""

import functools
import math
import os
import time
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from flax import linen as nn

from trainer.batches import Batches, HostBatch, Hosts, InputError, open_dataset, pad_rows
from trainer.checkpoints import Checkpoints, newest, read_params, read_state
from trainer.config import TrainConfig
from trainer.configuration import NetworkConfig, network_config
from trainer.flops import peak_flops, step_flops
from trainer.hugging_face import read_hugging_face
from trainer.meshes import batch_sharding, check_batch, make_mesh, put_batch, state_sharding
from trainer.network import build_network
from trainer.optimizer import adafactor, inverse_square_root
from trainer.progress import Progress, draw_curve
from trainer.sizes import SIZES
from trainer.step import Batch, State, Step, Sums, eval_step, initial_state, train_step
from trainer.vocabularies import load_vocabulary, padded_size


class Diverged(RuntimeError):
    """The loss is no number, or far above the running one; the message says where the batch is."""


def configure_network(config: TrainConfig) -> NetworkConfig:
    """The network of a run, with rows of the embedding for its vocabulary."""
    return network_config(
        SIZES[config.size],
        config.architecture,
        padded_size(load_vocabulary(config.vocabulary).vocab_size),
        config.version,
        dtype=jax.numpy.dtype(config.dtype),
        dropout_rate=config.dropout,
        remat=config.remat,
        scan_layers=config.scan_layers,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What does not change in a run: network, compiled steps, devices.

    Attributes:
      step: (state, batch) -> (state, sums, norm of the gradient); the state given is used up.
      evaluate: (params, batch) -> sums.
    """

    config: TrainConfig
    network: nn.Module
    mesh: jax.sharding.Mesh
    shardings: State
    step: Step
    evaluate: Any
    hosts: Hosts


def prepare(config: TrainConfig, batch: HostBatch) -> tuple[Run, State]:
    """The run of a configuration, and its first state.

    Args:
      batch: one of its batches, for their form.
    Raises:
      MeshError: the batch does not divide over the devices.
    """
    mesh = make_mesh(config.model_parallel)
    check_batch(config.batch_size, config.microbatches, mesh)
    network = build_network(configure_network(config))
    schedule = inverse_square_root(config.learning_rate, config.warmup_steps)
    optimizer = adafactor(schedule, config.decay_rate, config.clip_norm)
    small = {name: jax.numpy.asarray(x[:1]) for name, x in batch.items()}
    start = functools.partial(initial_state, network, optimizer, seed=config.seed)
    shapes = jax.eval_shape(start, small)
    shardings = state_sharding(mesh, network, shapes, small, config.shard_parameters)
    state = jax.jit(start, out_shardings=shardings)(small)
    update = functools.partial(
        train_step,
        network,
        optimizer,
        seed=config.seed,
        z_loss=config.z_loss,
        dropout=config.dropout > 0,
        parts=config.microbatches,
    )
    rows = batch_sharding(mesh)
    run = Run(
        config=config,
        network=network,
        mesh=mesh,
        shardings=shardings,
        step=jax.jit(
            update,
            in_shardings=(shardings, rows),
            out_shardings=(shardings, None, None),
            donate_argnums=0,
        ),
        evaluate=jax.jit(functools.partial(eval_step, network)),
        hosts=Hosts(index=jax.process_index(), count=jax.process_count()),
    )
    return run, state


def start_from(run: Run, state: State, path: str) -> State:
    """The state with parameters, and moments if there are any, of another checkpoint.

    Args:
      path: a checkpoint_N of either loop, a folder of such, or a model folder of Hugging Face.
    """
    if os.path.exists(os.path.join(path, "config.json")):
        params, _ = read_hugging_face(path)
        return state._replace(params=jax.device_put(params, run.shardings.params))
    return read_state(newest(path), state, run.shardings)


def train(config: TrainConfig) -> State:
    """Trains, from the newest checkpoint in --model_dir if there is one; the last state.

    Raises:
      Diverged: the loss is no number or jumped.
      CheckpointError, InputError, MeshError: what is wrong, and what to do.
    """
    hosts = Hosts(index=jax.process_index(), count=jax.process_count())
    batches = Batches(open_dataset(config, "train", hosts))
    first = next(Batches(open_dataset(config, "train", hosts)))
    run, state = prepare(config, first)
    checkpoints = Checkpoints(config.model_dir, config.keep_checkpoints)
    latest = checkpoints.latest()
    if latest is not None:
        state = checkpoints.restore(state, run.shardings, latest)
        checkpoints.restore_position(batches, latest, hosts)
    elif config.initial_checkpoint:
        state = start_from(run, state, config.initial_checkpoint)
    with Progress(config.model_dir, config.steps) as progress:
        try:
            state = _steps(run, state, batches, checkpoints, progress)
            checkpoints.save(state, batches, hosts)
        finally:
            checkpoints.close()
    if hosts.index == 0:
        draw_curve(config.model_dir)
    return state


def _steps(
    run: Run, state: State, batches: Batches, checkpoints: Checkpoints, progress: Progress
) -> State:
    """The loop proper."""
    config = run.config
    step, running = int(state.step), math.inf
    waited, began, since = 0.0, time.monotonic(), step
    while step < config.steps:
        asked = time.monotonic()
        host_batch = next(batches)
        batch = put_batch(host_batch, run.mesh)
        waited += time.monotonic() - asked
        state, sums, norm = run.step(state, batch)
        step += 1
        if step % config.log_period == 0 or step == config.steps:
            loss = _loss(sums)
            running = _check(run, step, loss, running, host_batch)
            spent = time.monotonic() - began
            rate = (step - since) / spent
            scalars = _scalars(run, sums, float(norm), rate, waited / spent, state, batch)
            progress.point(step, {"loss": loss, **scalars}, (config.steps - step) / rate)
            waited, began, since = 0.0, time.monotonic(), step
        if config.eval_period and step % config.eval_period == 0:
            progress.write(step, evaluate(run, state.params))
            began = time.monotonic()
            since = step
        if step % config.checkpoint_period == 0:
            checkpoints.save(state, batches, run.hosts)
    return state


def _loss(sums: Sums) -> float:
    return float(sums.cross_entropy) / max(float(sums.targets), 1.0)


def _check(
    run: Run, step: int, loss: float, running: float, batch: dict[str, np.ndarray[Any, Any]]
) -> float:
    """The running loss with this one.

    Raises:
      Diverged: it is no number, or `spike_factor` times the running one.
    """
    factor = run.config.spike_factor
    if math.isfinite(loss) and not (factor and loss > factor * running):
        return loss if running == math.inf else 0.9 * running + 0.1 * loss
    path = os.path.join(run.config.model_dir, f"diverged_{step}-{run.hosts.index:03d}.npz")
    np.savez(path, **batch)  # type: ignore[arg-type]  # no feature is called allow_pickle
    raise Diverged(
        f"step {step}: loss {loss:.4g} after {running:.4g}; the batch's ids are in {path}. The "
        "newest checkpoint is whole: go on with another --seed or a lower --learning_rate"
    )


def _scalars(
    run: Run, sums: Sums, norm: float, rate: float, waiting: float, state: State, batch: Batch
) -> dict[str, float]:
    """What is written of a step beside its loss.

    Args:
      rate: steps a second.
      waiting: share of the time in which the loop waited for data.
    """
    tokens = sum(batch[name].size for name in batch if name.endswith(("input_tokens",)))
    schedule = inverse_square_root(run.config.learning_rate, run.config.warmup_steps)
    return {
        "accuracy": float(sums.correct) / max(float(sums.targets), 1.0),
        "gradient_norm": norm,
        "learning_rate": float(schedule(state.step - 1)),
        "tokens_per_second": rate * tokens,
        "examples_per_second": rate * run.config.batch_size,
        "mfu": rate * step_flops(state.params, batch) / peak_flops(),
        "input_share": waiting,
    }


def evaluate(run: Run, params: Any, split: str = "validation") -> dict[str, float]:
    """Loss on the first batches of a held-out split and what to compare it with; {} if none."""
    try:
        batches = Batches(open_dataset(run.config, split, run.hosts))
    except InputError:
        return {}
    rows = run.config.batch_size // run.hosts.count
    totals, counts = np.zeros(len(Sums._fields)), np.zeros(run.network.config.vocab_size)
    for _, batch in zip(range(run.config.eval_batches), batches, strict=False):
        written = batch["decoder_target_tokens"][batch["decoder_loss_weights"] > 0]
        counts += np.bincount(written, minlength=len(counts))
        sums = run.evaluate(params, put_batch(pad_rows(batch, rows), run.mesh))
        totals += np.array([float(value) for value in sums])
    total = Sums(*totals)
    if not total.targets:
        return {}
    return {
        "eval_loss": float(total.cross_entropy / total.targets),
        "eval_accuracy": float(total.correct / total.targets),
        "eval_targets": float(total.targets),
        "eval_unigram_entropy": unigram_entropy(counts),
    }


def unigram_entropy(counts: np.ndarray[Any, Any]) -> float:
    """Nats a token that one pays who knows only how often each is written: the loss to beat.

    Args:
      counts: float64[vocab].
    """
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log(shares)).sum())


def load_params(config: TrainConfig, path: str) -> Any:
    """Parameters to evaluate, decode or export: of a checkpoint_N or of the newest in a folder."""
    return read_params(newest(path or config.model_dir))
