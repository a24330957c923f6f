"""Options that are not given: those of the run, of fine-tuning, of the model to start from."""

import os
import re
from collections.abc import Iterator

from runtime.cli.command_line import Given
from runtime.errors import UsageError
from runtime.storage.files import read_object
from runtime.storage.remote import is_remote
from trainer.config import FINETUNE
from trainer.downstream.loading import load_all
from trainer.model.sizes import SIZES, VERSIONS
from trainer.training.run_folder import CONFIG_NAME, differences, read_settings, run_folder
from vocab.vocabulary import MODEL_NAME

FROM_START = ("size", "version", "architecture", "vocab", "dtype")
"""Options that `t5x finetune` has from the run or model to start from."""
_PARTS = re.compile(r"checkpoint_\d+|adapters\.safetensors|state|target|checkpoint|_METADATA")
_NEEDED_AS = {
    "corpus": "out/c4/en/3.1.0",
    "vocab": "out/vocab",
    "model_dir": "out/runs/first",
    "initial_checkpoint": "out/runs/first",
    "input": "texts.txt",
    "output": "out/targets.txt",
}


def take_finetuning(given: Given) -> None:
    """Fills in FINETUNE, and network, vocabulary and dtype of the run or model to start from."""
    folder = given.values["initial_checkpoint"]
    found = read_settings(run_folder(folder)) or read_hugging_face_settings(folder)
    found = FINETUNE | {name: found[name] for name in FROM_START if name in found}
    if not given.values["eval_period"]:
        found.pop("keep_best")
    given.values |= {name: found[name] for name in found.keys() - given.stated}


def read_hugging_face_settings(folder: str) -> dict[str, str]:
    """Size, version and vocabulary of a model folder of Hugging Face; {} if it is none.

    The size is the row of SIZES with the same dimensions, if there is one.
    """
    theirs = read_object(os.path.join(folder, CONFIG_NAME)) if folder else {}
    if "d_model" not in theirs:
        return {}
    gated = str(theirs.get("feed_forward_proj", "relu")).startswith("gated")
    version = next(row.name for row in VERSIONS.values() if (len(row.activations) > 1) == gated)
    dims = tuple(theirs.get(n) for n in ("num_layers", "d_model", "num_heads", "d_kv", "d_ff"))
    sizes = [
        row.name
        for row in SIZES.values()
        if (row.layers, row.emb_dim, row.heads, row.head_dim, row.mlp_dim) == dims
    ]
    found = {"version": version} | ({"size": sizes[0]} if sizes else {})
    has_vocabulary = os.path.isfile(os.path.join(folder, MODEL_NAME))
    return found | ({"vocab": folder} if has_vocabulary else {})


def take_settings(given: Given) -> tuple[str, ...]:
    """Fills in the options that are not given from the run; a line for each that differs."""
    folder = next(iter(given.values.get("checkpoint", ())), given.values["model_dir"])
    settings = read_settings(run_folder(folder)) if folder else {}
    stated = {name: given.values[name] for name in given.stated & settings.keys()}
    kept = settings.keys() - given.stated
    if {"corpus", "task"} & given.stated:  # only these are evaluated
        kept -= {"corpus", "task"}
    given.values |= {name: settings[name] for name in kept}
    return tuple(differences(settings, stated))


def missing_options(needs: tuple[str, ...], given: Given) -> Iterator[str]:
    """An error for each option that a command needs and has not, and each folder without a model.

    Args:
      needs: names; `checkpoint` stands for that or model_dir, in which then is a run.
    """
    if not given.complete:
        return
    if wrong := [*_not_models(needs, given)]:
        yield from wrong
        return
    for needed in needs:
        name = "model_dir" if needed == "checkpoint" else needed
        if needed == "checkpoint" and given.values["checkpoint"]:
            continue
        if needed == "corpus" and given.values["task"]:
            continue
        if not given.values[name] and name not in given.wrong:
            other = " or --task" if name == "corpus" else ""
            like = f"--{name}={_NEEDED_AS[name]}{' or --task=glue' if other else ''}"
            yield f"--{name}{other}: expected, as {like}"


def _not_models(needs: tuple[str, ...], given: Given) -> Iterator[str]:
    """An error for each folder that should have a model and has none."""
    named: dict[str, tuple[str, ...]] = {"checkpoint": given.values.get("checkpoint", ())}
    if "model_dir" in needs:
        named["initial_checkpoint"] = (given.values["initial_checkpoint"],)
    if "checkpoint" in needs and not named["checkpoint"]:
        named["model_dir"] = (given.values["model_dir"],)
    for name, folders in named.items():
        for folder in filter(None, folders if name in given.stated else ()):
            if not is_remote(folder) and not os.path.isdir(folder):
                yield f"--{name}={folder}: no such folder"
            elif not is_remote(folder) and not _holds_model(folder):
                kinds = "a run or a checkpoint_N"
                if name != "model_dir":
                    kinds = "a run, a checkpoint_N, adapters or a model of Hugging Face"
                yield f"--{name}={folder}: expected the folder of {kinds}; there is none in it"


def _holds_model(folder: str) -> bool:
    path = os.path.normpath(folder)
    if _PARTS.fullmatch(os.path.basename(path)) or read_settings(path):
        return True
    return "d_model" in read_object(os.path.join(path, CONFIG_NAME)) or any(
        map(_PARTS.fullmatch, os.listdir(path))
    )


def wrong_tasks(given: Given) -> Iterator[str]:
    """An error for each of --task that there is not, or that has no data."""
    try:
        load_all(given.values["task"], given.values["data_dir"])
    except UsageError as error:
        yield str(error)
