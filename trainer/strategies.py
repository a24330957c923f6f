"""Two tables of an update: at which rate, and which parameters (Raffel et al. 2020, 3.5.1).

Arrays have the names of their paths in the tree of parameters, as encoder/layers_0/mlp/wi/kernel.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

ADAPTER = "adapter"
"""Name of the adapter of a layer in the tree of parameters."""
_LAYER = re.compile(r"(?:^|/)(?:shared_)?layers_(\d+)/")
_INNER = re.compile(rf"/{ADAPTER}/wi/kernel$")
_NORM = re.compile(r"_norm/scale$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """One row: how the learning rate changes. `trainer.training.optimizer` has the functions.

    Attributes:
      name: as given to --schedule.
      meaning: one line for --help.
    """

    name: str
    meaning: str


SCHEDULES: dict[str, Schedule] = {
    row.name: row
    for row in (
        Schedule(
            name="inverse_square_root",
            meaning="learning_rate / sqrt(max(step, warmup_steps)): T5 pre-trains so",
        ),
        Schedule(name="constant", meaning="learning_rate: T5 fine-tunes so, with 0.001"),
        Schedule(name="linear", meaning="from 0 to learning_rate in warmup_steps, to 0 at steps"),
        Schedule(name="cosine", meaning="the same, and to 0 as half a cosine"),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """One row: which parameters are updated in which episode of a run.

    Attributes:
      name: as given to --strategy.
      meaning: one line for --help.
      updated: which parameters at which step, for the docs.
      episode: (name of an array, number of layers) -> the episode from which on it is updated,
        counted from 0; None: never.
      paper: row of table 10.
      by_layer: True if a run has an episode for each layer of a stack, of equal length; False for
        one episode.
    """

    name: str
    meaning: str
    updated: str
    episode: Callable[[str, int], int | None]
    paper: str
    by_layer: bool = False

    def episodes(self, layers: int) -> int:
        """Number of episodes for a stack of this many layers."""
        return layers if self.by_layer else 1


def is_adapter(name: str) -> bool:
    """True for an array of an adapter."""
    return f"/{ADAPTER}/" in name


def adapter_width(shapes: Mapping[str, tuple[int, ...]]) -> int:
    """Inner width of the adapters among arrays of these shapes; 0 if there are none."""
    return next((shape[-1] for name, shape in shapes.items() if _INNER.search(name)), 0)


def is_norm(name: str) -> bool:
    """True for the scale of a norm: of a layer, or the final one of a stack."""
    return _NORM.search(name) is not None


def layer_number(name: str) -> int | None:
    """The layer that an array belongs to, from 0 at the bottom; None for those of no layer."""
    found = _LAYER.search(name)
    return int(found[1]) if found else None


def _always(name: str, layers: int) -> int | None:
    return 0


def _of_adapters(name: str, layers: int) -> int | None:
    return 0 if is_adapter(name) or is_norm(name) else None


def _from_the_top(name: str, layers: int) -> int | None:
    number = layer_number(name)
    return 0 if number is None else layers - 1 - number


STRATEGIES: dict[str, Strategy] = {
    row.name: row
    for row in (
        Strategy(
            name="all",
            meaning="all parameters are updated",
            updated="all, throughout",
            episode=_always,
            paper="All parameters",
        ),
        Strategy(
            name="adapters",
            meaning="adapters of --adapter_width and norms are updated, nothing else",
            updated="adapters and the scales of all norms, throughout",
            episode=_of_adapters,
            paper="Adapter layers",
        ),
        Strategy(
            name="gradual_unfreezing",
            meaning="layers are updated from the top down, one more in each of as many episodes",
            updated="of L layers, L-n to L in episode n (from 0) of steps/L steps, in encoder and "
            "decoder alike; what belongs to no layer throughout",
            episode=_from_the_top,
            by_layer=True,
            paper="Gradual unfreezing",
        ),
    )
}


def first_updates(
    strategy: str, names: Iterable[str], layers: int, steps: int, start: int = 0
) -> dict[str, int]:
    """The step whose update is the first of each array, by its name; frozen ones are not in it.

    Args:
      names: of all arrays of the network.
      layers: of each stack.
      steps: at which the run ends.
      start: at which it began. Episodes divide the steps between both.
    """
    row = STRATEGIES[strategy]
    count = row.episodes(layers)
    episodes = {name: row.episode(name, layers) for name in names}
    return {
        name: start + -(-episode * (steps - start) // count)  # rounded up
        for name, episode in episodes.items()
        if episode is not None
    }


def select(tree: Mapping[str, Any], keep: Callable[[str], bool], path: str = "") -> dict[str, Any]:
    """The arrays of a tree whose names are kept; without empty branches."""
    found: dict[str, Any] = {}
    for key, node in tree.items():
        name = f"{path}/{key}" if path else key
        if isinstance(node, Mapping):
            if inner := select(node, keep, name):
                found[key] = inner
        elif keep(name):
            found[key] = node
    return found


def merge(tree: Mapping[str, Any], changed: Mapping[str, Any]) -> dict[str, Any]:
    """The tree with those arrays in place of its own, or beside them."""
    found = dict(tree)
    for key, node in changed.items():
        inner = found.get(key)
        if isinstance(node, Mapping) and isinstance(inner, Mapping):
            found[key] = merge(inner, node)
        else:
            found[key] = node
    return found
