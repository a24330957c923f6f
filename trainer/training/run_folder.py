"""The folder of a run has its configuration and vocabulary, and can be read wherever it is.

A checkpoint does not say for which vocabulary, version or architecture its parameters are, and
those of another one can have the same shapes. The folder says it.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from runtime.errors import UsageError
from runtime.redaction import redact
from runtime.storage.files import json_utf8, read_bytes, read_object, write_bytes
from runtime.storage.remote import is_remote
from trainer.config import TrainConfig
from trainer.downstream.loading import split_toml
from trainer.downstream.own_tasks import resolve_own_tasks
from trainer.model.sizes import SIZES
from vocab.vocabulary import MODEL_NAME, read_vocabulary

CONFIG_NAME = "config.json"
TASKS_NAME = "tasks"
"""Folder of the files of own tasks in that of a run."""
BEST_NAME = "best"
"""Folder of the best checkpoint in that of a run."""
RUN_FILES = (
    CONFIG_NAME, MODEL_NAME, TASKS_NAME, BEST_NAME, "curve.jsonl", "loss.png",
    "config.rendered.gin",
)  # fmt: skip
"""What a run writes into its folder, beside checkpoints and TensorBoard's events."""
_REPORTS = """checkpoint_period keep_checkpoints eval_period keep_best patience eval_batches
    eval_examples log_period scoring data_dir backend coordinator host_count host_index"""
_OF_REPORTS = frozenset(_REPORTS.split())
_FIRST_STEP = "first_step"
_CHECKPOINT = re.compile(r"checkpoint_\d+")


class RunFolderError(UsageError):
    """Options that contradict the run in the folder. The message names them and both values."""


def run_folder(checkpoint: str) -> str:
    """The folder of the run that a path belongs to: that above a checkpoint_N, or the path."""
    path = os.path.normpath(checkpoint)
    if _CHECKPOINT.fullmatch(os.path.basename(path)):
        path = os.path.dirname(path) or "."
    if os.path.basename(path) == BEST_NAME and not os.path.exists(os.path.join(path, CONFIG_NAME)):
        path = os.path.dirname(path) or "."
    return path


def read_settings(folder: str) -> dict[str, Any]:
    """The options of the run in a folder; {} if it has no config.json of a run.

    The vocabulary is the copy in the folder, and --model_dir is the folder, wherever it was before.
    """
    try:
        stored = json.loads(read_bytes(os.path.join(folder, CONFIG_NAME)))
    except (OSError, ValueError):
        return {}
    known = {field.name for field in fields(TrainConfig)}
    if not isinstance(stored, dict) or "architecture" not in stored:
        return {}  # that of Hugging Face
    settings = {name: value for name, value in stored.items() if name in known}
    settings |= {"corpus": tuple(settings.get("corpus", ())), "model_dir": folder}
    settings["task"] = _kept_tasks(folder, stored.get("task", []))
    if os.path.isfile(os.path.join(folder, MODEL_NAME)):
        settings["vocab"] = folder
    return settings


def read_first_step(folder: str) -> int:
    """The step at which the run in a folder began, as `write_settings` wrote it."""
    stored = json.loads(read_bytes(os.path.join(folder, CONFIG_NAME)))
    return int(stored.get(_FIRST_STEP, 0))


def write_settings(config: TrainConfig, first_step: int = 0) -> list[str]:
    """Writes config.json and copies of the vocabulary and of the files of own tasks to --model_dir.

    Local paths are written as absolute ones.

    Args:
      first_step: at which the run began, if it carried on the optimizer of another one.
    Returns:
      A line for each option that the run had otherwise before.
    """
    path = os.path.join(config.model_dir, CONFIG_NAME)
    changes, values = changed_settings(config), _stored(config)
    _write(os.path.join(config.model_dir, MODEL_NAME), read_vocabulary(config.vocab).model)
    for toml, name in _task_files(values["task"]).items():
        _write(os.path.join(config.model_dir, TASKS_NAME, name), resolve_own_tasks(toml).encode())
    kept = {_FIRST_STEP: first_step} if first_step else {}
    _write(path, json_utf8(json.dumps(values | kept, indent=2) + "\n"))
    return changes


def changed_settings(config: TrainConfig) -> list[str]:
    """A line for each option that the run in --model_dir had otherwise before; none is written."""
    before = read_object(os.path.join(config.model_dir, CONFIG_NAME))
    return [*differences(before, _stored(config))]


def changed_results(config: TrainConfig) -> list[str]:
    """The lines of `changed_settings` about options that change what is trained."""
    same = read_object(os.path.join(config.model_dir, CONFIG_NAME))
    now = {name: value for name, value in _stored(config).items() if name not in _OF_REPORTS}
    return [*differences(same, now)]


def _stored(config: TrainConfig) -> dict[str, Any]:
    """The options as config.json has them, without secrets; a prefix is text of the data."""
    values: dict[str, Any] = json.loads(json.dumps(asdict(config)))
    for name in ("vocab", "initial_checkpoint", "model_dir", "data_dir"):
        values[name] = _absolute(values[name])
    values["corpus"] = [_absolute(corpus) for corpus in values["corpus"]]
    values["task"] = [_absolute_task(task) for task in values["task"]]
    return {**json.loads(redact(json.dumps(values))), "prefix": config.prefix}


def _absolute_task(name: str) -> str:
    toml, task = split_toml(name)
    return _absolute(toml) + (f":{task}" if task else "") if toml else name


def _task_files(tasks: Sequence[str]) -> dict[str, str]:
    """The name in the folder of a run of each TOML file of own tasks; a digest makes them differ.

    Args:
      tasks: --task, with absolute paths.
    """
    paths = dict.fromkeys(toml for toml, _ in map(split_toml, tasks) if toml)
    names = [os.path.basename(path) for path in paths]
    return {
        path: f"{hashlib.sha256(path.encode()).hexdigest()[:6]}_{name}"
        if names.count(name) > 1
        else name
        for path, name in zip(paths, names, strict=True)
    }


def _kept_tasks(folder: str, tasks: Sequence[str]) -> tuple[str, ...]:
    """--task of the run in a folder, with its copies of TOML files where they are there."""
    kept = {
        path: os.path.join(folder, TASKS_NAME, name) for path, name in _task_files(tasks).items()
    }
    found = []
    for name in tasks:
        toml, task = split_toml(name)
        copy = kept.get(toml, "")
        found.append(copy + (f":{task}" if task else "") if os.path.isfile(copy) else name)
    return tuple(found)


def _write(path: str, data: bytes) -> None:
    """Writes a file unless it is there already: the disk may be full."""
    if not os.path.exists(path) or read_bytes(path) != data:
        write_bytes(path, data)


def _absolute(path: str) -> str:
    return os.path.abspath(path) if path and not is_remote(path) else path


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """A line for each option that has another value now; not for the vocabulary, which is checked.

    Args:
      before: options of the run so far.
    """
    for name, value in now.items():
        old = before.get(name, value)
        was, is_now = _plain(name, old), _plain(name, value)
        if name not in ("vocab", "model_dir") and was != is_now:
            yield f"note: --{name} was {was}, now {is_now}"


def _plain(name: str, value: object) -> object:
    if not isinstance(value, list | tuple):
        return value
    return ", ".join(map(_absolute if name == "corpus" else _absolute_task, value))


def check_folder(config: TrainConfig, folder: str) -> None:
    """Checks that a configuration has the vocabulary and network of the run in a folder.

    A folder without its own configuration or vocabulary is not checked.

    Raises:
      RunFolderError: another vocabulary, size, version or architecture.
    """
    errors = [*_other_network(config, folder)]
    copy = os.path.join(folder, MODEL_NAME)
    if os.path.isfile(copy):
        kept, given = read_vocabulary(copy), read_vocabulary(config.vocab)
        if kept.sha256() != given.sha256():
            errors.append(
                f"--vocab={config.vocab}: another vocabulary (sha256 {given.sha256()[:12]}…) than "
                f"that of {folder} (sha256 {kept.sha256()[:12]}…); give --vocab={copy}"
            )
    if errors:
        raise RunFolderError("\n".join(errors))


def _other_network(config: TrainConfig, folder: str) -> Iterator[str]:
    stored = read_settings(folder)
    if not stored:
        return
    now, before = _network_options(asdict(config)), _network_options(asdict(config) | stored)
    same_kind = now["architecture"] == before["architecture"]
    if same_kind and _network(now) == _network(before):
        return  # as mt5-small and v1.1-small, which differ in the vocabulary only
    for name, value in now.items():
        if before[name] != value:
            yield f"--{name}={value}: {folder} has the parameters of --{name}={before[name]}"


def _network_options(settings: Mapping[str, Any]) -> dict[str, str]:
    size = settings["size"]
    version = settings["version"] or SIZES[size].version
    return {"size": size, "version": version, "architecture": settings["architecture"]}


def _network(options: Mapping[str, str]) -> object:
    from trainer.model.config import network_config  # JAX, which a command line must not load

    return network_config(SIZES[options["size"]], options["architecture"], 0, options["version"])
