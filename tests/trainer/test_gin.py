"""The gin file is checked without gin and t5x: every name in it is one that its imports have."""

import ast
import importlib
import inspect
import re

import pytest

from trainer.config import TrainConfig
from trainer.gin import GinError, render, render_evaluation

FLAGS = {
    "encoder-decoder": {},
    "decoder-only": {"objective": "causal_lm", "architecture": "decoder_lm"},
    "all fields": {
        "size": "v1.1-small",
        "microbatches": 2,
        "initial_checkpoint": "other/checkpoint_7",
        "initial_optimizer": True,
        "shard_parameters": True,
        "keep_checkpoints": 0,
        "eval_period": 0,
    },
    "tasks": {"task": ("glue_cola", "out/own.toml"), "data_dir": "out/data"},
}


@pytest.fixture(params=[*FLAGS, "evaluation"])
def text(request, small_vocabulary):
    """The gin file of a configuration."""
    flags = {"corpus": ("out/c4/en/3.1.0",), "vocab": small_vocabulary, "model_dir": "out/run"}
    if request.param == "evaluation":
        return render_evaluation(TrainConfig(**flags), "out/run/checkpoint_7", "test", 10)
    return render(TrainConfig(**(flags | FLAGS[request.param])))


@pytest.mark.parametrize("value", ["@evil()", "%x", "[@evil]", "a'\n  b = @evil()\nimport evil"])
def test_a_value_never_becomes_code(value, small_vocabulary):
    flags = {"corpus": ("out/c4/en/3.1.0",), "vocab": small_vocabulary, "model_dir": "out/run"}
    text = render(TrainConfig(**flags, prefix=value))
    lines = [line for line in text.splitlines() if "evil" in line or "%x" in line]
    assert lines == [f"  prefix = {value!r}"]


def imported(text):
    """Module name by its name in the gin file."""
    modules = {}
    for line in text.splitlines():
        if not line.startswith(("import ", "from ")):
            continue
        (node,) = ast.parse(line).body
        for name in node.names:
            module = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            modules[name.asname or name.name] = module + name.name
    return modules


def bindings(text):
    """(configurable, parameter, value) of every binding."""
    found, block = [], ""
    for line in text.splitlines():
        if header := re.fullmatch(r"(?:\w+/)?([\w.]+):", line):
            block = header[1]
        elif inner := re.fullmatch(r"  (\w+) = (.*)", line):
            found.append((block, *inner.groups()))
        elif single := re.fullmatch(r"([\w.]+)\.(\w+) = (.*)", line):
            found.append(single.groups())
    return found


def test_every_name_is_of_an_imported_module_that_has_it(text):
    modules = imported(text)
    names = {name for name, _, _ in bindings(text)}
    names |= set(re.findall(r"@(?:\w+/)?([\w.]+)", text))
    evaluates = "eval_script.evaluate" in names
    data = "members.register_members" if evaluates else "batches.register_mixture"
    assert {"model_config.NetworkConfig", "vocabularies.load_vocabulary", data} <= names
    for name in names:
        alias, _, attribute = name.partition(".")
        assert alias in modules, f"_HEADER of trainer/gin.py imports nothing as {alias!r}: {name}"
        if modules[alias].startswith("trainer."):
            module = importlib.import_module(modules[alias])
            assert hasattr(module, attribute), f"{module.__name__} has no {attribute!r}: {name}"


def test_every_parameter_is_one_of_its_function(text):
    modules = imported(text)
    checked = 0
    for name, parameter, _ in bindings(text):
        alias, _, attribute = name.partition(".")
        if modules[alias].startswith("trainer."):
            function = getattr(importlib.import_module(modules[alias]), attribute)
            assert parameter in inspect.signature(function).parameters, f"{name}.{parameter}"
            checked += 1
    assert checked > 20


def test_every_block_is_there_once_and_has_a_value_for_each_key(text):
    keys = [(name, key) for name, key, _ in bindings(text) if "DatasetConfig" not in name]
    assert len(set(keys)) == len(keys)
    if ("eval_script.evaluate", "output_dir") in keys:
        assert ("eval_script.evaluate", "restore_checkpoint_cfg") in keys
        return
    assert ("train_script.train", "total_steps") in keys
    assert ("utils.SaveCheckpointConfig", "period") in keys


@pytest.mark.parametrize(
    "flags",
    [{"architecture": "prefix_lm"}, {"clip_norm": 1.0}, {"initial_checkpoint": "a/checkpoint_7"}],
)
def test_what_t5x_cannot_do_is_refused(flags, small_vocabulary):
    flags = {"vocab": small_vocabulary, "objective": "prefix_lm"} | flags
    with pytest.raises(GinError, match="use --backend=ours"):
        render(TrainConfig(**flags))


def test_a_fine_tuned_run_goes_on_in_t5x(small_vocabulary, tmp_path):
    """From its own checkpoint, what it started from does not matter."""
    flags = {
        "vocab": small_vocabulary,
        "corpus": ("out/pairs.tsv",),
        "initial_checkpoint": "a/checkpoint_7",
        "keep_best": "eval_loss",
        "model_dir": str(tmp_path),
    }
    with pytest.raises(GinError, match="--keep_best runs in our loop only"):
        render(TrainConfig(**flags))
    (tmp_path / "checkpoint_3").mkdir()
    found = bindings(render(TrainConfig(**flags)))
    assert ("utils.RestoreCheckpointConfig", "path", "[]") in found


def test_t5x_predicts_with_its_own_networks_only(small_vocabulary):
    config = TrainConfig(
        vocab=small_vocabulary, architecture="decoder_lm", objective="causal_lm", corpus=("a",)
    )
    with pytest.raises(GinError, match="use t5x eval"):
        render_evaluation(config, "out/run/checkpoint_7", "test")
