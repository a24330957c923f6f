import pytest

from trainer.config import TrainConfig
from trainer.model.sizes import ARCHITECTURES, VERSIONS
from trainer.strategies import (
    STRATEGIES,
    adapter_width,
    first_updates,
    is_adapter,
    is_norm,
    layer_number,
    merge,
    select,
)
from trainer.training.memory import network_of
from trainer.training.run import param_shapes
from trainer.training.shapes import shapes_of

LAYERS, STEPS = 3, 8
ALWAYS = (
    "token_embedder/embedding",
    "decoder/logits_dense/kernel",
    "encoder/relpos_bias/rel_embedding",
)
NORMS = ("encoder/encoder_norm/scale", "decoder/layers_2/pre_cross_attention_layer_norm/scale")
ADAPTERS = ("encoder/layers_0/adapter/wi/kernel", "shared_layers_1/adapter/wo/kernel")
LAYER = {
    0: ("encoder/layers_0/mlp/wi/kernel", "shared_layers_0/attention/query/kernel"),
    1: ("decoder/layers_1/encoder_decoder_attention/key/kernel",),
    2: ("encoder/layers_2/mlp/wo/kernel", "decoder/layers_2/self_attention/out/kernel"),
}
NAMES = (*ALWAYS, *NORMS, *ADAPTERS, *sum(LAYER.values(), ()))
TOP = dict.fromkeys((*ALWAYS, *NORMS, *LAYER[2]), 0)
FIRST = {  # the step of the first update; others never
    "all": dict.fromkeys(NAMES, 0),
    "adapters": dict.fromkeys((*NORMS, *ADAPTERS), 0),
    # episodes of 8/3 steps: 0 to 2, 3 to 5, 6 and 7
    "gradual_unfreezing": TOP
    | dict.fromkeys((*LAYER[1], ADAPTERS[1]), 3)
    | dict.fromkeys((*LAYER[0], ADAPTERS[0]), 6),
}


@pytest.mark.parametrize("row", STRATEGIES.values(), ids=lambda row: row.name)
def test_the_first_update_of_each_array(row):
    assert first_updates(row.name, NAMES, LAYERS, STEPS) == FIRST[row.name]


def test_the_papers_episodes():
    """12 episodes of 2^18/12 steps; layers 12-n to 12 in episode n."""
    names = [f"encoder/layers_{i}/mlp/wi/kernel" for i in range(12)]
    found = first_updates("gradual_unfreezing", names, 12, 2**18)
    for episode in range(12):
        step = -(-episode * 2**18 // 12)
        trained = [i for i, name in enumerate(names) if found[name] <= step]
        assert trained == list(range(11 - episode, 12))


def test_episodes_divide_the_steps_of_this_run():
    found = first_updates("gradual_unfreezing", NAMES, LAYERS, 1008, start=1000)
    assert found == {name: step + 1000 for name, step in FIRST["gradual_unfreezing"].items()}


def test_arrays_are_taken_out_of_a_tree_and_put_back():
    tree = {"a": {"norm": 1, "b": {"kernel": 2}}, "c": 3}
    assert select(tree, lambda name: name == "a/norm") == {"a": {"norm": 1}}
    assert merge(tree, {"a": {"norm": 9, "new": {"x": 8}}}) == {
        "a": {"norm": 9, "b": {"kernel": 2}, "new": {"x": 8}},
        "c": 3,
    }
    assert tree["a"]["norm"] == 1


def test_the_width_of_adapters_is_in_their_shapes():
    assert adapter_width({"a/mlp/wi/kernel": (8, 64)}) == 0
    assert adapter_width({"a/adapter/wi/kernel": (8, 4), "a/mlp/wi/kernel": (8, 64)}) == 4


CAUSAL = {"objective": "causal_lm"}
OBJECTIVE = {"decoder_lm": CAUSAL, "prefix_lm": {"objective": "prefix_lm"}}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_feed_forward_block_of_every_network_has_an_adapter(architecture, version):
    config = TrainConfig(
        size="tiny", version=version, architecture=architecture, strategy="adapters",
        adapter_width=4, **OBJECTIVE.get(architecture, {}),
    )  # fmt: skip
    shapes = shapes_of(param_shapes(network_of(config, 128, architecture)))
    end = "/mlp/wo/kernel"
    adapters = {f"{name.removesuffix(end)}/adapter" for name in shapes if name.endswith(end)}
    found = {name: shape for name, shape in shapes.items() if is_adapter(name)}
    of_one = {"layer_norm/scale": (64,), "wi/kernel": (64, 4), "wo/kernel": (4, 64)}
    assert found == {
        f"{adapter}/{name}": shape for adapter in adapters for name, shape in of_one.items()
    }
    assert adapter_width(shapes) == 4
    layers = {layer_number(name) for name in shapes} - {None}
    assert layers == set(range(config.layers()))
    assert {name for name, shape in shapes.items() if len(shape) == 1} == {
        name for name in shapes if is_norm(name)
    }
