"""Downstream tasks of a run: rates, lengths, identity of their data, examples by host."""

import dataclasses
import json
from pathlib import Path

import pytest
import seqio

from tests.trainer.downstream.cases import CASES
from tests.trainer.small import sentences, write_corpus
from trainer.config import TrainConfig
from trainer.data.mixtures import MixtureError
from trainer.downstream.groups import group_rates
from trainer.downstream.loading import load_downstream
from trainer.input.batches import (
    Batches,
    DataError,
    HostInfo,
    open_dataset,
    open_members,
    register_mixture,
)
from trainer.input.downstream import TaskNameError, unwritable_labels
from trainer.input.lengths import fit_to_data
from trainer.input.position import identify_data

WORDS = """
[words]
source = "words.jsonl"
inputs = "{words}"
targets = "{first}"
metrics = ["accuracy"]
"""
GLUE = ("glue_cola", "glue_rte", "glue_mnli")
SUPER_GLUE = ("super_glue_rte", "super_glue_cb")


@pytest.fixture
def folder(tmp_path) -> Path:
    """Data of some tasks, and a TOML file with one that has 7 examples."""
    for name in (*GLUE, *SUPER_GLUE):
        (tmp_path / name).mkdir()
        lines = "".join(json.dumps(example) + "\n" for example, _ in CASES[name])
        (tmp_path / name / "train.jsonl").write_text(lines)
    texts = [text.split() for text in sentences(7)]
    words = [json.dumps({"words": " ".join(text), "first": text[0]}) for text in texts]
    (tmp_path / "words.jsonl").write_text("\n".join(words) + "\n")
    (tmp_path / "tasks.toml").write_text(WORDS)
    return tmp_path


@pytest.fixture
def config(folder, small_vocabulary) -> TrainConfig:
    return TrainConfig(
        task=("glue",), data_dir=str(folder), vocab=small_vocabulary, batch_size=4, packing=False
    )


def rates(config: TrainConfig) -> dict[str, float]:
    mixture = seqio.get_mixture_or_task(register_mixture(config))
    return {task.name: mixture.get_rate(task) for task in mixture.tasks}


def test_a_group_has_the_rates_of_t5(config):
    of_group = group_rates("glue")
    assert rates(config) == {name: of_group[name] for name in GLUE}
    both = dataclasses.replace(config, task=("all",))
    of_all = group_rates("all")
    assert rates(both) == {name: of_all[name] for name in (*GLUE, *SUPER_GLUE)}
    assert of_all["glue_rte"] == of_group["glue_rte"] / 2
    capped = dataclasses.replace(config, mixing_cap=3000)
    assert rates(capped) == {"glue_cola": 3000, "glue_rte": 2490, "glue_mnli": 3000}


def test_own_tasks_and_corpora_are_mixed_by_their_number_of_examples(config, folder, tmp_path):
    documents = write_corpus(tmp_path / "books", {"train": sentences(9)})
    mixed = dataclasses.replace(
        config, task=("glue_cola", f"{folder}/tasks.toml"), corpus=(documents,), mixing_cap=8
    )
    assert rates(mixed) == {"books_span_corruption": 8, "glue_cola": 8, "words": 7}
    config, _ = fit_to_data(mixed)
    assert config.lengths() == {"inputs": 512, "targets": 114}
    batch = next(Batches(open_dataset(config, "train", HostInfo())))
    assert batch["encoder_input_tokens"].shape == (4, 512)


def test_what_cannot_be_trained_on_is_named(config, folder, capsys):
    (folder / "glue_ax").mkdir()
    (folder / "glue_ax" / "test.jsonl").write_text("")
    with pytest.raises(MixtureError, match="glue_ax: expected a task with a split train"):
        register_mixture(dataclasses.replace(config, task=("glue_ax",)))
    (folder / "words.tsv").write_text("a\tb\n")
    same = dataclasses.replace(
        config, task=(f"{folder}/tasks.toml",), corpus=(f"{folder}/words.tsv",)
    )
    with pytest.raises(TaskNameError, match="name of a corpus is that of the task words"):
        register_mixture(same)
    (folder / "other.toml").write_text(WORDS)
    twice = dataclasses.replace(config, task=(f"{folder}/tasks.toml", f"{folder}/other.toml"))
    with pytest.raises(TaskNameError, match=r"tasks are named words, of .*tasks.toml \[words\]"):
        register_mixture(twice)
    _, notes = fit_to_data(config)
    assert any("left out: glue_sst2: no data" in note for note in notes)
    open_dataset(fit_to_data(dataclasses.replace(config, task=("glue",)))[0], "train", HostInfo())
    assert "not trained on: glue_ax" in capsys.readouterr().err


def test_a_label_that_the_vocabulary_cannot_write_is_named(config):
    task = load_downstream("glue_cola", config.data_dir)
    labels = dataclasses.replace(task.row, labels=("old", "Ω"))
    odd = dataclasses.replace(task, row=labels)
    (note,) = unwritable_labels([odd], config.vocab)
    assert note.startswith("note: glue_cola: the vocabulary writes the label 'Ω' as")


def own(config: TrainConfig, folder: Path) -> TrainConfig:
    return fit_to_data(dataclasses.replace(config, task=(f"{folder}/tasks.toml",)))[0]


def test_lengths_are_those_of_the_data(config, folder):
    fitted = own(config, folder)
    assert fitted.data_form == "pairs" and fitted.targets_length == 8
    assert 40 < fitted.inputs_length <= 512 and fitted.inputs_length % 8 == 0
    assert fit_to_data(fitted)[0] == fitted


def test_hosts_read_different_examples_in_an_epoch(config, folder):
    fitted = own(config, folder)
    task = seqio.get_mixture_or_task(register_mixture(fitted))
    read = [
        [
            row["inputs_pretokenized"]
            for row in task.get_dataset(
                fitted.lengths(), "train", shuffle=True, seed=0,
                shard_info=seqio.ShardInfo(index, 2),
            ).as_numpy_iterator()
        ]
        for index in range(2)
    ]  # fmt: skip
    assert sorted(map(len, read)) == [3, 4] and len({*read[0], *read[1]}) == 7
    with pytest.raises(DataError, match="words has 7 examples of train, fewer than the 8 hosts"):
        open_dataset(fitted, "train", HostInfo(index=0, count=8))


def test_the_identity_is_of_the_data_and_of_the_table(config, folder, tmp_path):
    before = identify_data(own(config, folder))
    moved = tmp_path / "moved"
    moved.mkdir()
    for name in ("tasks.toml", "words.jsonl"):
        (moved / name).write_bytes((folder / name).read_bytes())
    assert list(identify_data(own(config, moved)).changes(before)) == []
    (moved / "tasks.toml").write_text(WORDS.replace('"{words}"', '"first of {words}"'))
    changes = list(identify_data(own(config, moved)).changes(before))
    assert "the files of words changed" in changes
    (folder / "words.jsonl").write_text('{"words": "a", "first": "a"}\n')
    changes = list(identify_data(own(config, folder)).changes(before))
    assert "the files of words changed" in changes


def test_a_bad_example_ends_reading_with_its_name(config, folder):
    lines = (folder / "words.jsonl").read_text()
    fitted = own(config, folder)
    (folder / "words.jsonl").write_text(lines + '{"words": "a"}\n')
    with pytest.raises(DataError, match=r"--task: words: example 7 of train: .*no field {first}"):
        next(Batches(open_dataset(fitted, "train", HostInfo())))


def test_names_of_members_are_those_of_the_table(config, folder):
    (folder / "xnli.de").mkdir()
    line = {"premise": "the sea", "hypothesis": "old", "label": 1}
    (folder / "xnli.de" / "validation.jsonl").write_text(json.dumps(line) + "\n")
    members, missing = open_members(
        fit_to_data(dataclasses.replace(config, task=("xnli.de", "glue_cola")))[0], "validation"
    )
    assert list(members) == ["xnli.de"] and missing == ("glue_cola",)
