"""Adafactor as T5 configures it, from parts of optax, and its state in t5x's layout.

Shazeer & Stern 2018; Raffel et al. 2020, section 3.1.2. The update of a parameter p with gradient
g at step t (from 1):

    v = b v + (1 - b) (g^2 + 1e-30),  b = 1 - t^-0.8;  a matrix of 128 rows and columns or more
        keeps the means of v over its rows and over its columns only
    u = g / sqrt(v);  u = u / max(1, rms(u))
    p = p - lr(t - 1) max(rms(p), 1e-3) u,   lr(s) = 1 / sqrt(max(s, 10,000))
"""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import optax

from trainer.config import TrainConfig

Tree = Any

_MOMENTS = ("v_row", "v_col", "v")
_UNUSED = (1,)  # shape of a moment that is not used for a parameter


def inverse_square_root(base: float, warmup_steps: int) -> optax.Schedule:
    """base / sqrt(max(step, warmup_steps)): constant, then decreasing (section 3.1.2)."""

    def rate(step: jax.Array) -> jax.Array:
        return base / jnp.sqrt(jnp.maximum(step, warmup_steps).astype(jnp.float32))

    return rate


def constant(base: float) -> optax.Schedule:
    """base, as the paper fine-tunes (section 3.1.2)."""
    return lambda step: jnp.full_like(step, base, jnp.float32)


def linear(base: float, warmup_steps: int, steps: int) -> optax.Schedule:
    """From 0 to base in `warmup_steps`, then to 0 at `steps`, in straight lines."""

    def rate(step: jax.Array) -> jax.Array:
        return base * jnp.minimum(step / warmup_steps, _left(step, warmup_steps, steps))

    return rate


def cosine(base: float, warmup_steps: int, steps: int) -> optax.Schedule:
    """From 0 to base in a straight line, then to 0 at `steps` as half a cosine."""

    def rate(step: jax.Array) -> jax.Array:
        falling = 0.5 - 0.5 * jnp.cos(jnp.pi * _left(step, warmup_steps, steps))
        return base * jnp.minimum(step / warmup_steps, falling)

    return rate


def _left(step: jax.Array, warmup_steps: int, steps: int) -> jax.Array:
    """Share of the steps after the warm-up that is left, from 1 to 0."""
    return jnp.clip((steps - step) / max(steps - warmup_steps, 1), 0.0, 1.0)


def learning_rate(config: TrainConfig) -> optax.Schedule:
    """The schedule of --schedule, a row of SCHEDULES."""
    base, warmup, steps = config.learning_rate, config.warmup_steps, config.steps
    rows: dict[str, Callable[[], optax.Schedule]] = {
        "inverse_square_root": lambda: inverse_square_root(base, warmup),
        "constant": lambda: constant(base),
        "linear": lambda: linear(base, warmup, steps),
        "cosine": lambda: cosine(base, warmup, steps),
    }
    return rows[config.schedule]()


def adafactor(
    schedule: optax.Schedule, decay_rate: float = 0.8, clip_norm: float = 0.0
) -> optax.GradientTransformation:
    """The optimizer: gradients to updates.

    Args:
      clip_norm: largest global norm of the gradients; 0 for no clipping.
    """
    clips = [optax.clip_by_global_norm(clip_norm)] if clip_norm else []
    return optax.chain(
        *clips,
        optax.scale_by_factored_rms(decay_rate=decay_rate),
        optax.clip_by_block_rms(1.0),
        optax.scale_by_learning_rate(schedule),
        optax.scale_by_param_block_rms(1e-3),
    )


def keep_frozen(active: Tree, now: Tree, before: Tree) -> Tree:
    """Arrays of a tree where they are active, else those before, bit for bit.

    Args:
      active: True, or a bool scalar, for each array.
    """
    return jax.tree.map(
        lambda on, new, old: new if on is True else jnp.where(on, new, old), active, now, before
    )


def keep_frozen_moments(active: Tree, now: optax.OptState, before: optax.OptState) -> Any:
    """The same for the state of the optimizer: moments of a frozen array stay as they are."""

    def keep(new: Any, old: Any) -> Any:
        if not isinstance(new, optax.FactoredState):
            return new
        moments = (keep_frozen(active, getattr(new, k), getattr(old, k)) for k in _MOMENTS)
        return optax.FactoredState(new.count, *moments)

    return tuple(map(keep, now, before))


def moments_to_t5x(state: optax.OptState) -> dict[str, Tree]:
    """The state as `param_states` of t5x's Adafactor: v_row, v_col, v and m of each parameter."""
    factored = _factored(state)
    return jax.tree.map(
        lambda row, col, full: {
            "v_row": row,
            "v_col": col,
            "v": full,
            "m": jnp.zeros(_UNUSED),
        },
        factored.v_row,
        factored.v_col,
        factored.v,
    )


def moments_from_t5x(state: optax.OptState, param_states: Mapping[str, Tree], step: Any) -> Any:
    """The optimizer's state with the moments and step of a checkpoint that t5x or we wrote."""

    def pick(key: str) -> Tree:
        return jax.tree.map(
            lambda entry: entry[key], param_states, is_leaf=lambda node: "v_row" in node
        )

    def restore(part: Any) -> Any:
        count = jnp.array(step, jnp.int32)  # a copy for each: a step donates its buffers
        if isinstance(part, optax.FactoredState):
            return optax.FactoredState(count, pick("v_row"), pick("v_col"), pick("v"))
        return part._replace(count=count) if "count" in part._fields else part

    return tuple(restore(part) for part in state)


def _factored(state: Any) -> optax.FactoredState:
    return next(part for part in state if isinstance(part, optax.FactoredState))
