"""Random decoders for tests of beam search: a recurrent state, without a network of ours."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

WIDTH = 6


@dataclass(frozen=True)
class Recurrent:
    """A decoder whose next id depends on all before it.

    Attributes:
      start: float32[batch, WIDTH], the state before the first id.
      logits: (state, ids int32[n]) -> float32[n, vocab] and the next state.
    """

    start: jax.Array
    logits: Callable[[Any, Any], tuple[jax.Array, jax.Array]]


@dataclass(frozen=True)
class Case:
    """Settings of one search."""

    seed: int
    batch: int
    vocab: int
    beams: int
    length: int
    alpha: float


def cases(count: int) -> list[Case]:
    """Settings that vary in everything; vocabularies of 4 to 40 ids, with early and late ends."""
    found = []
    for seed in range(count):
        random = np.random.RandomState(1000 + seed)
        found.append(
            Case(
                seed=seed,
                batch=int(random.randint(1, 4)),
                vocab=int(random.randint(4, 41)),
                beams=int(random.randint(1, 6)),
                length=int(random.randint(1, 11)),
                alpha=float(random.choice([0.0, 0.6, 1.0, 2.0])),
            )
        )
    return found


def recurrent(case: Case) -> Recurrent:
    """The decoder of a case; of some cases it ends texts more often."""
    random = np.random.RandomState(case.seed)
    state = jnp.asarray(random.normal(size=(case.batch, WIDTH)), jnp.float32)
    mix = jnp.asarray(random.normal(size=(WIDTH, WIDTH)), jnp.float32)
    embedding = jnp.asarray(random.normal(size=(case.vocab, WIDTH)), jnp.float32)
    kernel = jnp.asarray(random.normal(size=(WIDTH, case.vocab)), jnp.float32)
    ends = jnp.zeros(case.vocab).at[1].set((case.seed % 4) - 1.0)

    def logits(state: Any, ids: Any) -> tuple[jax.Array, jax.Array]:
        after = jnp.tanh(state @ mix + embedding[ids])
        return after @ kernel + ends, after

    return Recurrent(start=state, logits=logits)
