"""The folder of a run says of which vocabulary and network its parameters are."""

import dataclasses
import json
from pathlib import Path

import pytest

from tests.trainer.small import sentences, train_vocabulary
from trainer.config import TrainConfig
from trainer.training.run_folder import (
    RunFolderError,
    check_folder,
    read_settings,
    run_folder,
    write_settings,
)


@pytest.fixture
def config(small_vocabulary, tmp_path) -> TrainConfig:
    """Of a run whose folder is written."""
    config = TrainConfig(
        corpus=("pairs.tsv",), vocab=small_vocabulary, size="tiny", architecture="decoder_lm",
        objective="causal_lm", model_dir=str(tmp_path / "run"),
    )  # fmt: skip
    assert write_settings(config) == []
    return config


def test_the_settings_are_those_of_the_run_wherever_its_folder_is(config, tmp_path):
    moved = tmp_path / "moved"
    Path(config.model_dir).rename(moved)
    Path(config.vocab).rename(tmp_path / "elsewhere.model")
    try:
        settings = read_settings(str(moved))
        found = TrainConfig(**settings)
        assert found == dataclasses.replace(
            config, vocab=str(moved), model_dir=str(moved), corpus=(str(Path.cwd() / "pairs.tsv"),)
        )
        check_folder(found, str(moved))
    finally:
        (tmp_path / "elsewhere.model").rename(config.vocab)


def test_a_login_is_not_kept_but_a_prefix_is(config):
    prefix = "see https://host/?a=b --token x: "
    given = {"prefix": prefix, "data_dir": "hdfs://me:pw@host/data"}
    changed = dataclasses.replace(config, **given)
    write_settings(changed)
    assert b"me:pw" not in (Path(config.model_dir) / "config.json").read_bytes()
    found = read_settings(config.model_dir)
    assert (found["prefix"], found["data_dir"]) == (prefix, "hdfs://...@host/data")
    assert write_settings(changed) == []


def test_settings_of_another_version_of_the_project_are_read(config):
    path = Path(config.model_dir, "config.json")
    values = json.loads(path.read_text())
    del values["seed"]
    path.write_text(json.dumps(values | {"gone": 1}))
    settings = read_settings(config.model_dir)
    assert "gone" not in settings and TrainConfig(**settings).seed == 0


@pytest.mark.parametrize("text", ["", "{", "[]", '{"model_type": "t5"}'])
def test_a_folder_of_something_else_has_no_settings(text, tmp_path):
    (tmp_path / "config.json").write_text(text)
    assert read_settings(str(tmp_path)) == {}


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("a/run", "a/run"),
        ("a/run/checkpoint_5/", "a/run"),
        ("checkpoint_5", "."),
        ("/r", "/r"),
        ("a/run/best/checkpoint_5", "a/run"),
        ("a/run/best", "a/run"),
        ("best", "."),
    ],
)
def test_a_checkpoint_belongs_to_the_run_above_it(path, folder):
    assert run_folder(path) == folder


OTHER = [
    ({"version": "v1.0"}, "--version=v1.0: .* has the parameters of --version=v1.1"),
    ({"size": "small"}, "--size=small: .* has the parameters of --size=tiny"),
    # The shapes of these are equal.
    ({"architecture": "prefix_lm", "objective": "prefix_lm"},
     "--architecture=prefix_lm: .* has the parameters of --architecture=decoder_lm"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "message"), OTHER)
def test_another_network_is_refused_by_name(changes, message, config):
    with pytest.raises(RunFolderError, match=message):
        check_folder(dataclasses.replace(config, **changes), config.model_dir)


def test_the_same_network_by_another_name_is_taken(config, tmp_path):
    run = dataclasses.replace(config, size="v1.1-small", model_dir=str(tmp_path / "v1.1"))
    write_settings(run)
    check_folder(dataclasses.replace(run, size="mt5-small"), run.model_dir)
    check_folder(dataclasses.replace(run, version="v1.1"), run.model_dir)


def test_another_vocabulary_of_the_same_size_is_refused(config, tmp_path):
    other = train_vocabulary(tmp_path / "other.model", sentences(100, seed=7)[:50])
    with pytest.raises(RunFolderError, match=r"other.model: another vocabulary \(sha256 .* give"):
        check_folder(dataclasses.replace(config, vocab=other), config.model_dir)


def test_what_was_otherwise_is_told(config):
    again = dataclasses.replace(config, steps=5, corpus=("a", "b"))
    corpus = str(Path.cwd() / "pairs.tsv")
    first, second = write_settings(again)
    assert first == f"note: --corpus was {corpus}, now {Path.cwd() / 'a'}, {Path.cwd() / 'b'}"
    assert second == "note: --steps was 10000, now 5"
