"""What a stored checkpoint has to be: readable, and of the shapes of the network."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from flax import traverse_util

from runtime.errors import RunFailed
from trainer.strategies import adapter_width

Tree = Any


class CheckpointError(RunFailed):
    """A checkpoint that cannot be read or written. The message says what to do."""


_DAMAGE = (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError)
_SHOWN = 200  # characters of an error of Orbax, which has the whole store in it


@contextmanager
def telling_damage(path: str) -> Iterator[None]:
    """A block that reads a checkpoint.

    Raises:
      CheckpointError: for any error of Orbax, whose files may be cut off or of others.
    """
    try:
        yield
    except _DAMAGE as error:
        raise CheckpointError(
            f"{path} cannot be read; it is damaged, or no checkpoint of t5x: "
            f"{str(error)[:_SHOWN]}. Copy it again, or give an earlier one"
        ) from error


def shapes_of(params: Tree) -> dict[str, tuple[int, ...]]:
    """Shape of each parameter, by its path in the tree."""
    flat = traverse_util.flatten_dict(params, sep="/")
    return {name: tuple(leaf.shape) for name, leaf in flat.items()}


def check_shapes(path: str, stored: Mapping[str, tuple[int, ...]], params: Tree) -> None:
    """Checks that a checkpoint has the parameters of the network.

    Args:
      path: of the checkpoint, for the message.
      stored: shapes of its parameters.
      params: of the network.
    Raises:
      CheckpointError: with the first difference; one of the embedding is of the vocabulary.
    """
    wanted = shapes_of(params)
    _check_adapters(path, stored, wanted)
    for name in sorted(wanted, key=lambda name: "token_embedder" not in name):
        if stored.get(name) == wanted[name]:
            continue
        if name in stored and "token_embedder" in name and stored[name][0] != wanted[name][0]:
            raise CheckpointError(
                f"{path}: its embedding has {stored[name][0]} rows, the vocabulary needs "
                f"{wanted[name][0]}; give the --vocab that it was trained with"
            )
        raise CheckpointError(
            f"{path}: expected {name} of shape {wanted[name]}, found "
            f"{stored.get(name, 'none')}; give the --size, --version and --architecture that it "
            "was trained with"
        )
    extra = sorted(stored.keys() - wanted.keys())
    if extra:
        raise CheckpointError(
            f"{path}: it has {extra[0]}, which this network does not have; give the --size, "
            "--version and --architecture that it was trained with"
        )


def _check_adapters(
    path: str, stored: Mapping[str, tuple[int, ...]], wanted: Mapping[str, tuple[int, ...]]
) -> None:
    found, expected = adapter_width(stored), adapter_width(wanted)
    if found == expected:
        return
    flags = f"--strategy=adapters --adapter_width={found}" if found else "another --strategy"
    of_width = [f"adapters of width {width}" if width else "none" for width in (expected, found)]
    raise CheckpointError(
        f"{path}: expected {of_width[0]}, found {of_width[1]}; give {flags}, as it was trained "
        "with. Models with adapters and without make no ensemble"
    )
