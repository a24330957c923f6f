"""A run with adapters from its start to each layout; gradual unfreezing killed between episodes."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from flax import traverse_util

from tests.trainer.small import sentences
from trainer.main import main
from trainer.strategies import is_adapter, is_norm
from trainer.training.checkpoints import newest_checkpoint
from trainer.training.run import read_model


@pytest.fixture(scope="module")
def base(tmp_path_factory, small_vocabulary) -> list[str]:
    """Options of a run of one step on pairs; the last is its folder."""
    folder = tmp_path_factory.mktemp("strategies")
    lines = [f"{text[:12]}\t{text[12:20].strip()}\n" for text in sentences(8)]
    (folder / "pairs").mkdir()
    for split in ("train", "validation"):
        (folder / "pairs" / f"{split}.tsv").write_text("".join(lines))
    given = [f"--corpus={folder / 'pairs'}", "--dtype=float32", "--inputs_length=16",
             "--targets_length=8", "--batch_size=4", "--log_period=1", "--eval_period=0",
             "--checkpoint_period=1", "--keep_checkpoints=0",
             "--backend=ours"]  # fmt: skip
    run = f"--model_dir={folder / 'base'}"
    size = [f"--vocab={small_vocabulary}", "--size=tiny", "--steps=1"]
    assert main(["train", *given, *size, run]) == 0
    return [*given, str(folder / "base")]


@pytest.fixture(scope="module")
def adapters(base) -> Path:
    """The folder of a run with adapters."""
    *given, start = base
    output = Path(start).parent / "adapters"
    assert main(["finetune", *given, f"--initial_checkpoint={start}", "--strategy=adapters",
                 "--adapter_width=4", "--steps=2", f"--model_dir={output}"]) == 0  # fmt: skip
    return output


def arrays(path: str | Path, start: str = "") -> dict[str, np.ndarray]:
    found = read_model(str(path), start)
    return {name: np.asarray(a) for name, a in traverse_util.flatten_dict(found, sep="/").items()}


def scores(capsys, *options: str) -> list[dict[str, object]]:
    capsys.readouterr()
    assert main(["eval", "--json", *options]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_only_adapters_and_norms_differ_from_the_start(base, adapters):
    before = arrays(newest_checkpoint(base[-1]))
    after = arrays(newest_checkpoint(str(adapters)))
    assert {name for name in after if name not in before} == set(filter(is_adapter, after))
    changed = {name for name in before if not np.array_equal(before[name], after[name])}
    assert changed and all(map(is_norm, changed))


def test_adapters_alone_are_the_model_again_on_their_start(base, adapters, tmp_path, capsys):
    alone, whole = tmp_path / "alone", tmp_path / "whole"
    for name, output in (("adapters", alone), ("checkpoint", whole)):
        assert (
            main(["export", f"--model_dir={adapters}", f"--to={name}", f"--output={output}"]) == 0
        )
    expected = scores(capsys, f"--model_dir={adapters}")
    assert scores(capsys, f"--model_dir={adapters}", f"--checkpoint={alone}") == expected
    assert scores(capsys, f"--model_dir={whole}") == expected
    of_run = arrays(newest_checkpoint(str(adapters)))
    for found in (arrays(alone, base[-1]), arrays(newest_checkpoint(str(whole)))):
        assert found.keys() == of_run.keys()
        assert all(np.array_equal(found[name], of_run[name]) for name in of_run)
    size = sum(file.stat().st_size for file in alone.rglob("*.safetensors"))
    assert size < sum(array.nbytes for array in of_run.values()) / 10


def test_what_cannot_be_exported_is_refused(base, adapters, tmp_path, capsys):
    assert main(["export", f"--model_dir={adapters}", f"--output={tmp_path / 'hf'}"]) == 2
    assert "cannot be folded" in capsys.readouterr().err
    options = [f"--model_dir={base[-1]}", "--to=adapters", f"--output={tmp_path / 'none'}"]
    assert main(["export", *options]) == 2
    assert "the model has no adapters" in capsys.readouterr().err
    assert not (tmp_path / "hf").exists()


def test_unfreezing_that_stops_between_episodes_ends_with_the_same_bits(base, tmp_path):
    *given, start = base
    options = [
        *given,
        f"--initial_checkpoint={start}",
        "--strategy=gradual_unfreezing",
        "--steps=4",
    ]
    assert main(["finetune", *options, f"--model_dir={tmp_path / 'whole'}"]) == 0
    middle = arrays(tmp_path / "whole" / "checkpoint_2")
    end = arrays(tmp_path / "whole" / "checkpoint_4")
    before = arrays(newest_checkpoint(start))
    low = "encoder/layers_0/attention/query/kernel"
    assert np.array_equal(middle[low], before[low]) and not np.array_equal(end[low], before[low])
    top = "encoder/layers_1/attention/query/kernel"
    assert not np.array_equal(middle[top], before[top])
    stopped = tmp_path / "stopped"  # as if killed at the last step of the first episode
    shutil.copytree(tmp_path / "whole", stopped)
    for path in [*stopped.glob("checkpoint_[34]"), *stopped.glob("data_[34]-*")]:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert main(["finetune", *options, f"--model_dir={stopped}"]) == 0
    resumed = arrays(stopped / "checkpoint_4")
    assert resumed.keys() == end.keys()
    assert all(np.array_equal(resumed[name], end[name]) for name in end)


NAMES = (
    "config.json", "spiece.model", "tasks/a.toml", "best/notes.txt", "curve.jsonl", "loss.png",
    "model.safetensors", "tokenizer_config.json", "targets.txt",
    "pairs.jsonl", "data_0-000-of-001", "notes.txt",
)  # fmt: skip


@pytest.mark.parametrize("kind", ["file", pytest.param("link", marks=pytest.mark.slow)])
def test_files_that_the_trainer_did_not_make_stay(base, tmp_path, kind, capsys):
    *given, run = base
    (tmp_path / "texts.txt").write_text("the cat\n")
    commands = {
        "train": ["finetune", *given, f"--initial_checkpoint={run}", "--steps=1", "--model_dir={}"],
        "checkpoint": ["export", f"--model_dir={run}", "--to=checkpoint", "--output={}"],
        "hf": ["export", f"--model_dir={run}", "--output={}"],
        "infer": ["infer", f"--model_dir={run}", f"--input={tmp_path / 'texts.txt'}",
                  "--output={}/targets.txt"],
        "eval": ["eval", f"--model_dir={run}", "--predictions={}"],
    }  # fmt: skip
    for command, arguments in commands.items():
        folder = tmp_path / command
        for name in NAMES:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "elsewhere.txt").write_text("of the user")
            path.symlink_to(tmp_path / "elsewhere.txt") if kind == "link" else path.write_text(name)
        before = {name: ((folder / name).read_bytes(), (folder / name).is_symlink())
                  for name in NAMES}  # fmt: skip
        assert main([text.format(folder) for text in arguments]) == 2
        told = capsys.readouterr().err
        assert "did not make" in told or "is there already" in told, told
        assert before == {name: ((folder / name).read_bytes(), (folder / name).is_symlink())
                          for name in NAMES}  # fmt: skip


def test_checkpoints_of_others_are_kept(base, tmp_path):
    *given, run = base
    shutil.copytree(run, tmp_path / "run")
    (tmp_path / "run/.c4forge.json").unlink()  # as if t5x had made them
    for name in ("config.json", "spiece.model", "curve.jsonl", "loss.png"):
        (tmp_path / "run" / name).unlink()
    before = {path.name for path in (tmp_path / "run").iterdir() if "_" in path.name}
    given = [text for text in given if "--keep" not in text]
    vocabulary = f"--vocab={run}"
    again = [*given, vocabulary, "--size=tiny", "--steps=4", f"--model_dir={tmp_path / 'run'}"]
    assert main(["train", *again, "--keep_checkpoints=1"]) == 0
    found = {path.name for path in (tmp_path / "run").iterdir() if "checkpoint_" in path.name}
    assert found == {name for name in before if "checkpoint_" in name} | {"checkpoint_4"}


def test_a_run_and_a_model_of_hugging_face_do_not_replace_each_other(base, tmp_path, capsys):
    run = base[-1]
    before = (Path(run) / "config.json").read_bytes()
    assert main(["export", f"--model_dir={run}", f"--output={run}"]) == 2
    assert "it has a run or its model" in capsys.readouterr().err
    assert (Path(run) / "config.json").read_bytes() == before
    for _ in range(2):  # one may be written again
        assert main(["export", f"--model_dir={run}", f"--output={tmp_path / 'hf'}"]) == 0
    config = (tmp_path / "hf/config.json").read_bytes()
    to = ["--to=checkpoint", f"--output={tmp_path / 'hf'}"]
    assert main(["export", f"--model_dir={run}", *to]) == 2
    assert (tmp_path / "hf/config.json").read_bytes() == config
