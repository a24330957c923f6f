"""Run by test_partitioning.py where there are 8 devices: one JSON object of what each mesh gave."""

import dataclasses
import json
import sys

import jax
import numpy as np

from trainer.config import TrainConfig
from trainer.input.batches import Batches, batch_spec, open_dataset
from trainer.training.checkpoints import Checkpoints
from trainer.training.partitioning import put_batch
from trainer.training.run import prepare_run, this_host

MESHES = {
    "one": {},
    "data": {},
    "model": {"model_parallel": 8},
    "sharded": {"model_parallel": 2, "shard_parameters": True},
}
STEPS = 4


def sharded_arrays(state):
    """How many arrays of a state are not whole on every device."""
    return sum(not leaf.sharding.is_fully_replicated for leaf in jax.tree.leaves(state.params))


def main() -> None:
    values = json.loads(sys.argv[1])
    config = TrainConfig(**{**values, "corpus": tuple(values["corpus"])})
    dataset = open_dataset(config, "train", this_host())
    batches = Batches(dataset)
    taken = [next(batches) for _ in range(STEPS)]
    found, runs, states, first = {}, {}, {}, None
    for name, fields in MESHES.items():
        devices = jax.devices()[:1] if name == "one" else jax.devices()
        run = prepare_run(dataclasses.replace(config, **fields), batch_spec(dataset), devices)
        first = first or jax.tree.map(np.asarray, run.start())
        state, losses = jax.device_put(first, run.shardings), []
        placed = put_batch(taken[0], run.mesh)
        compiled = run.step.lower(run.shapes, placed).compile()
        for batch in taken:
            state, metrics, _ = compiled(state, put_batch(batch, run.mesh))
            losses.append(float(metrics.cross_entropy / metrics.targets))
        runs[name], states[name] = run, state
        exported = jax.export.export(run.step, platforms=["tpu"])(run.shapes, placed)
        found[name] = {
            "losses": losses,
            "sharded": sharded_arrays(state),
            "arrays": len(jax.tree.leaves(state.params)),
            "tpu": len(exported.mlir_module()),
        }  # fmt: skip
    checkpoints = Checkpoints(config.model_dir, 1)
    checkpoints.save(states["sharded"], None, this_host())
    checkpoints.wait()
    one = runs["one"]
    back = checkpoints.restore(one.shapes, one.shardings, STEPS)
    same = jax.tree.map(
        lambda a, b: bool(np.array_equal(a, np.asarray(b))), states["sharded"].params, back.params
    )
    found["restored"] = all(jax.tree.leaves(same))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
