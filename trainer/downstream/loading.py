"""Loads tasks with their data: by name from the table, or from a TOML file of own tasks."""

import functools
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass

from trainer.downstream.groups import GROUPS
from trainer.downstream.own_tasks import OwnTask, read_own_tasks
from trainer.downstream.sources import Source, find_source
from trainer.downstream.table import find_row
from trainer.downstream.task import DownstreamError, DownstreamTask, Reader, TaskRow

_VERSION = re.compile(r"\d+\.\d+\.\d+")


def load_downstream(name_or_toml: str, data_dir: str = "", *, alone: bool = True) -> DownstreamTask:
    """A task with its data.

    Args:
      name_or_toml: a name of the table, as super_glue_boolq; or tasks.toml, if it has one task; or
        tasks.toml:sentiment.
      data_dir: folder of the data sets: as TFDS lays them out (glue/cola/2.0.0), or a folder of any
        kind that `sources` reads for each task, named after it (glue_cola).
      alone: True if `data_dir` can be the task's own folder.
    Raises:
      DownstreamError: there is no such task, or no data for it.
    """
    path, name = split_toml(name_or_toml)
    if not path:
        return _with_data(find_row(name_or_toml), data_dir, alone)
    tasks = read_own_tasks(path)
    if not name and len(tasks) == 1:
        name = next(iter(tasks))
    if name not in tasks:
        raise DownstreamError(
            f"{name_or_toml}: expected one of its tasks, as {path}:{next(iter(tasks))}; there is "
            f"{', '.join(tasks)}"
        )
    return _own_with_data(tasks[name], data_dir)


@dataclass(frozen=True, slots=True)
class LoadedTasks:
    """Tasks with their data.

    Attributes:
      tasks: each once, in the order of their names.
      missing: of each member of a group without data, the message that says what was expected.
    """

    tasks: tuple[DownstreamTask, ...]
    missing: tuple[str, ...]


def load_all(names: Sequence[str], data_dir: str = "") -> LoadedTasks:
    """Tasks of names, of groups (glue), and of TOML files.

    A group need not be complete: members without data are named in the result. `group_average`
    gives no average of it then.

    Raises:
      DownstreamError: there is no such task, no data for one that is named, or none for a group;
        the message has a line for each.
    """
    tasks: dict[str, DownstreamTask] = {}
    missing: dict[str, str] = {}
    refused: list[str] = []
    alone = len(names) == 1 and names[0] not in GROUPS
    for name in names:
        members, problems = _members(name), {}
        for member in members:
            try:
                task = load_downstream(member, data_dir, alone=alone)
                tasks.setdefault(f"{split_toml(member)[0]}:{task.name}", task)
            except DownstreamError as error:
                problems[member] = str(error)
        if name in GROUPS and len(problems) < len(members):
            missing |= problems
        elif name in GROUPS:
            refused.append(f"{name}: no data for any of its tasks; {problems[members[0]]}")
        else:
            refused += problems.values()
    if refused:
        raise DownstreamError("\n".join(dict.fromkeys(refused)))
    return LoadedTasks(tuple(tasks.values()), tuple(missing.values()))


def _members(name: str) -> Sequence[str]:
    path, task = split_toml(name)
    if path and not task:
        return [f"{path}:{each}" for each in read_own_tasks(path)]
    return GROUPS[name].members if name in GROUPS else (name,)


def split_toml(name: str) -> tuple[str, str]:
    """(path, task) of `path.toml` or `path.toml:task`; ("", "") of other names."""
    stem, ending, task = name.rpartition(".toml")
    if not ending or (task and not task.startswith(":")):
        return "", ""
    return stem + ending, task[1:]


def find_data(dataset: str, data_dir: str, names: Sequence[str] = ()) -> Source | None:
    """The folder of a data set, as glue/cola:2.0.0, or one of `names`, in `data_dir`."""
    name, _, version = dataset.partition(":")
    folder = os.path.join(data_dir, *name.split("/"))
    versions = os.listdir(folder) if os.path.isdir(folder) else []
    others = [each for each in versions if _VERSION.fullmatch(each) and each != version]
    newest = sorted(others, key=lambda each: tuple(map(int, each.split("."))), reverse=True)
    paths = [os.path.join(folder, each) for each in (version, *newest) if each]
    paths += [os.path.join(data_dir, each) for each in (*names, name, name.replace("/", "_"))]
    found = (find_source(path) for path in paths if os.path.isdir(path))
    return next((source for source in found if source), None)


def _with_data(row: TaskRow, data_dir: str, alone: bool) -> DownstreamTask:
    family = row.name.partition(".")[0]
    own = find_data(row.dataset, data_dir, (row.name, family)) or (
        find_source(data_dir) if alone and os.path.isdir(data_dir) else None
    )
    training = find_data(row.train_dataset, data_dir) if row.train_dataset else None
    readers: dict[str, Reader] = {}
    files: dict[str, tuple[str, ...]] = {}
    for split, in_data in row.splits.items():
        source = training if training and split == "train" else own
        if source and source.find_split(in_data, split):
            readers[split] = functools.partial(source.read, in_data, split)
            files[split] = source.files(in_data, split)
    if not readers:
        raise DownstreamError(_expected(row, data_dir))
    return DownstreamTask(row=row, readers=readers, files=files)


def _expected(row: TaskRow, data_dir: str) -> str:
    name, _, version = row.dataset.partition(":")
    place = f"in data_dir={data_dir}" if data_dir else "without a data_dir"
    return (
        f"{row.name}: no data {place}; expected the TFDS data set "
        f"{os.path.join(data_dir, name, version)}, or a folder {os.path.join(data_dir, row.name)} "
        f"with a Hugging Face data set or .jsonl, .tsv or .csv files, for {', '.join(row.splits)}"
    )


def _own_with_data(task: OwnTask, data_dir: str) -> DownstreamTask:
    row = task.row
    if task.source:
        source = find_source(task.source) if os.path.exists(task.source) else None
    else:
        source = find_data(row.dataset, data_dir)
    if source is None:
        place = task.source or f"{row.dataset} in data_dir={data_dir}"
        raise DownstreamError(
            f"{row.source}: no data at {place}; give a TOML file that says where they are"
        )
    splits = row.splits or {split: split for split in source.splits}
    for split, in_data in splits.items():
        if not source.find_split(in_data):
            raise DownstreamError(
                f"{row.source}: splits: {split} = {in_data!r}: there is {', '.join(source.splits)}"
            )
    readers = {split: functools.partial(source.read, in_data) for split, in_data in splits.items()}
    files = {split: source.files(in_data) for split, in_data in splits.items()}
    return DownstreamTask(row=row, readers=readers, files=files)
