"""The console script, command by command, on a few pairs."""

import json
import os
import shutil
import signal
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors.numpy import load_file
from seqio import SentencePieceVocabulary

from tests.trainer.small import sentences, train_vocabulary
from trainer.arguments import parse
from trainer.config import TrainConfig
from trainer.input.batches import Batches
from trainer.main import main

PAIRS = [(text[:20], text[:8]) for text in sentences(40)]


@pytest.fixture(scope="module")
def pairs(tmp_path_factory) -> str:
    """A folder with a file a split."""
    folder = tmp_path_factory.mktemp("pairs") / "cut"
    folder.mkdir()
    rows = ["\t".join(pair) for pair in PAIRS]
    (folder / "train.tsv").write_text("\n".join(rows[:30]) + "\n")
    (folder / "validation.tsv").write_text("\n".join(rows[30:]) + "\n")
    return str(folder)


@pytest.fixture(scope="module")
def flags(pairs, small_vocabulary, tmp_path_factory) -> list[str]:
    """Of a run; the configuration is in a file, all but the folder."""
    folder = tmp_path_factory.mktemp("run")
    config = folder / "run.toml"
    config.write_text(
        f'corpus = "{pairs}"\nvocab = "{small_vocabulary}"\nsize = "tiny"\ndtype = "float32"\n'
        'architecture = "encoder_decoder_half"\nprefix = "cut: "\ninputs_length = 40\n'
        "targets_length = 16\nbatch_size = 4\nsteps = 2\nlog_period = 1\neval_period = 2\n"
        'packing = false\nbackend = "ours"\neval_examples = 0\n'
    )
    return [f"--config={config}", f"--model_dir={folder / 'model'}"]


@pytest.fixture(scope="module")
def model_dir(flags) -> Path:
    """The folder of the run, trained."""
    assert main(["train", *flags]) == 0
    return Path(flags[1].partition("=")[2])


def test_training_leaves_what_the_docs_say(model_dir):
    assert (model_dir / "checkpoint_2" / "state").is_dir()
    assert (model_dir / "loss.png").is_file() and (model_dir / "curve.jsonl").is_file()
    assert json.loads((model_dir / "config.json").read_text())["prefix"] == "cut: "


def test_the_configuration_is_written_beside_the_run(model_dir, flags):
    values = json.loads((model_dir / "config.json").read_text())
    tuples = {name: tuple(values[name]) for name in ("corpus", "task")}
    config = TrainConfig(**{**values, **tuples})
    assert config == replace(parse(["train", *flags]).config, data_form="pairs")


def test_eval_prints_the_loss_and_the_share_of_exact_targets(model_dir, flags, tmp_path, capsys):
    assert main(["eval", *flags, "--json", f"--predictions={tmp_path}"]) == 0
    told = json.loads(capsys.readouterr().out)
    rows = [json.loads(line) for line in (tmp_path / "cut.jsonl").open()]
    assert [row["target"] for row in rows] == [target for _, target in PAIRS[30:]]
    exact = [row["prediction"].split() == row["target"].split() for row in rows]
    assert told["examples"] == 10 and told["exact_match"] == 10 * sum(exact) < 100
    assert told["eval_loss"] > 0 and told["eval_unigram_entropy"] > 1
    curve = [json.loads(line) for line in (model_dir / "curve.jsonl").read_text().splitlines()]
    assert told["eval_loss"] == pytest.approx(curve[-1]["eval_loss"])


@pytest.fixture
def moved(model_dir, tmp_path, monkeypatch) -> Path:
    """The run, killed and moved to another folder; the current folder is another one, too."""
    shutil.copytree(model_dir, tmp_path / "moved")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "moved"


def test_a_run_that_was_moved_is_read_without_a_flag(moved, tmp_path, capsys):
    assert main(["eval", "--model_dir=moved", "--json"]) == 0
    assert '"examples": 10' in capsys.readouterr().out
    (tmp_path / "in.txt").write_text("the cat\n")
    files = ["--input=in.txt", "--output=out.txt"]
    assert main(["infer", "--model_dir=moved", *files]) == 0
    assert main(["infer", "--checkpoint=moved/checkpoint_2", *files, "--overwrite"]) == 0
    assert main(["export", "--model_dir=moved", "--output=hf"]) == 0
    assert (tmp_path / "hf" / "spiece.model").read_bytes() == (moved / "spiece.model").read_bytes()
    assert "note:" not in capsys.readouterr().err


def test_options_override_those_of_the_run_with_a_word(moved, tmp_path, capsys):
    (tmp_path / "in.txt").write_text("the cat\n")
    files = ["--input=in.txt", "--output=out.txt"]
    assert main(["infer", "--model_dir=moved", "--prefix=x: ", *files]) == 0
    assert "note: --prefix was cut: , now x: \n" in capsys.readouterr().err
    assert main(["infer", "--model_dir=moved", "--version=v1.0", *files, "--overwrite"]) == 2
    assert "--version=v1.0: moved has the parameters of" in capsys.readouterr().err


def test_another_vocabulary_is_refused_though_it_has_as_many_rows(moved, tmp_path, capsys):
    train_vocabulary(tmp_path / "other.model", sentences(100, seed=7)[:50])
    assert main(["eval", "--model_dir=moved", "--vocab=other.model"]) == 2
    assert "--vocab=other.model: another vocabulary" in capsys.readouterr().err
    tuned = ["train", "--initial_checkpoint=moved", "--vocab=other.model", "--model_dir=tuned"]
    assert main([*tuned, "--size=tiny", "--architecture=encoder_decoder_half",
                 f"--corpus={_corpus(moved)}", "--batch_size=4"]) == 2  # fmt: skip
    assert "--vocab=other.model: another vocabulary" in capsys.readouterr().err
    assert not (tmp_path / "tuned" / "config.json").exists()


def _corpus(run: Path) -> str:
    found: str = json.loads((run / "config.json").read_text())["corpus"][0]
    return found


WAYS = [
    ["--decoding=greedy"],
    ["--decoding=beam", "--beams=3", "--length_penalty=1"],
    ["--decoding=sample", "--temperature=2", "--top_k=9"],
]


@pytest.mark.parametrize("way", WAYS)
def test_infer_has_a_line_for_each_line(model_dir, tmp_path, way, monkeypatch):
    # Every id is then a line break, a tab or a word.
    monkeypatch.setattr(
        SentencePieceVocabulary, "decode", lambda _, ids: f"{len(ids)}\n\r\nx\ty\u2028z\r"
    )
    texts = "the cat\r\n\nrain\u2028fell\u0085over\fold\nroofs"
    (tmp_path / "in.txt").write_bytes(texts.encode())
    files = [f"--input={tmp_path / 'in.txt'}", f"--output={tmp_path / 'out.txt'}"]
    assert main(["infer", f"--model_dir={model_dir}", *files, *way]) == 0
    *lines, last = (tmp_path / "out.txt").read_bytes().decode().split("\n")
    assert len(lines) == 4 and last == ""
    assert all(line.endswith("  x\ty\u2028z ") for line in lines)


@pytest.mark.parametrize("way", ["beam", "sample"])
def test_several_targets_of_a_line_stand_in_it(model_dir, tmp_path, way):
    (tmp_path / "in.txt").write_text("the cat\nrain\n")
    files = [f"--input={tmp_path / 'in.txt'}", f"--output={tmp_path / 'out.txt'}"]
    given = [f"--model_dir={model_dir}", f"--decoding={way}", "--samples=3"]
    assert main(["infer", *given, *files]) == 0
    lines = (tmp_path / "out.txt").read_text().split("\n")
    assert [line.count("\t") for line in lines] == [2, 2, 0]


def test_an_empty_file_has_no_targets(model_dir, tmp_path):
    (tmp_path / "in.txt").write_text("")
    files = [f"--input={tmp_path / 'in.txt'}", f"--output={tmp_path / 'out.txt'}"]
    assert main(["infer", f"--model_dir={model_dir}", *files]) == 0
    assert (tmp_path / "out.txt").read_bytes() == b""


def test_export_writes_a_model_folder(model_dir, flags, tmp_path):
    assert main(["export", *flags, "--to=hf", f"--output={tmp_path}"]) == 0
    assert "shared.weight" in load_file(tmp_path / "model.safetensors")
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {
        ".c4forge.json", "config.json", "generation_config.json", "model.safetensors",
        "spiece.model", "tokenizer_config.json",
    }  # fmt: skip
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert len(modes) == 1, "others may read all or none of them"


def test_fine_tuning_keeps_the_best_checkpoint_and_says_which(model_dir, pairs, tmp_path, capsys):
    given = [f"--initial_checkpoint={model_dir}", f"--corpus={pairs}", "--steps=4"]
    short = ["--inputs_length=40", "--targets_length=16", "--batch_size=4", "--eval_period=2"]
    assert main(["finetune", *given, *short, "--backend=ours", f"--model_dir={tmp_path}"]) == 0
    (best,) = (tmp_path / "best").glob("checkpoint_*")
    told = capsys.readouterr().err
    assert f"best: step {best.name.removeprefix('checkpoint_')}, eval_loss" in told
    assert main(["eval", f"--checkpoint={tmp_path / 'best'}"]) == 0
    assert "note:" not in capsys.readouterr().err


def test_an_ensemble_is_evaluated_and_decodes(model_dir, moved, tmp_path, capsys):
    assert main(["eval", f"--model_dir={model_dir}", "--json"]) == 0
    alone = json.loads(capsys.readouterr().out)
    twice = [f"--checkpoint={model_dir}", "--checkpoint=moved/checkpoint_2"]
    assert main(["eval", *twice, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == pytest.approx(alone)
    (tmp_path / "in.txt").write_text("the cat\n")
    assert main(["infer", *twice, "--input=in.txt", "--output=out.txt"]) == 0
    assert (tmp_path / "out.txt").read_text().count("\n") == 1
    assert main(["export", *twice, "--output=hf"]) == 2
    assert "--checkpoint: export writes one model" in capsys.readouterr().err


def test_sigterm_ends_training_with_a_checkpoint_and_exit_code_143(
    flags, tmp_path, monkeypatch, capsys
):
    step = Batches.__next__

    def call(batches):
        os.kill(os.getpid(), signal.SIGTERM)
        return step(batches)

    monkeypatch.setattr(Batches, "__next__", call)
    assert main(["train", *flags, f"--model_dir={tmp_path}"]) == 143
    assert (tmp_path / "checkpoint_1" / "state").is_dir()
    assert "SIGTERM: checkpoint_1 is written\nStopped." in capsys.readouterr().err


def test_a_run_that_goes_on_otherwise_says_so(model_dir, flags, tmp_path, capsys):
    before = (model_dir / "config.json").read_bytes()
    other = ["train", *flags, "--learning_rate=0.5"]
    assert main(other) == 2
    told = capsys.readouterr().err
    assert "nothing is left to do. But --learning_rate was 1.0, now 0.5" in told
    assert (model_dir / "config.json").read_bytes() == before
    shutil.copytree(model_dir, tmp_path / "run")
    more = [*other, "--steps=3", f"--model_dir={tmp_path / 'run'}"]
    assert main(more) == 0
    assert "note: --learning_rate was 1.0, now 0.5" in capsys.readouterr().err
    assert main(more) == 0
    assert "has its 3 steps already; a larger --steps goes on" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["train", "--corpus=/nowhere", "--model_dir=/tmp/x"], "--vocab: expected, as --vocab="),
        (["eval", "--corpus=/nowhere", "--vocab=/nowhere"], "--model_dir: expected, as"),
        (["train", "--sizes=small"], "did you mean --size?"),
        (["train", "--size=smal"], "did you mean 'small'?"),
        (["train", "--backend=t5x", "--corpus=a", "--vocab=b", "--model_dir=c"], "--backend=t5x: "),
    ],
)
def test_a_wrong_flag_is_told_before_any_work(command, said, capsys, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(command) == 2
    assert said in capsys.readouterr().err


def test_info_counts_parameters_by_architecture_and_memory_by_part(capsys):
    assert main(["info", "--size=base", "--remat"]) == 0
    lines = capsys.readouterr().out.splitlines()
    counted = {line.split()[0]: line.split()[1] for line in lines if line.startswith("  ")}
    assert counted["encoder_decoder"] == "222,903,552"
    assert counted["decoder_lm"] == counted["prefix_lm"] != counted["encoder_decoder_half"]
    assert counted["parameters"] == counted["gradients"] == "0.89"
    assert counted["moments"] == "0.00" and float(counted["activations"]) > 5


def test_gin_is_printed(flags, capsys):
    assert main(["gin", *flags]) == 0
    assert "train_script.train" in capsys.readouterr().out
