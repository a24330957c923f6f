import json
from dataclasses import fields

import pytest

from runtime.cli.options import OptionError
from trainer.arguments import COMMANDS, parse
from trainer.config import OF_TRAINING, TrainConfig
from trainer.data.objectives import OBJECTIVES
from trainer.model.sizes import ARCHITECTURES, SIZES, VERSIONS


@pytest.mark.parametrize("command", COMMANDS)
def test_every_field_is_a_flag_of_every_command(command, capsys):
    with pytest.raises(SystemExit):
        parse([command, "--help"])
    text = capsys.readouterr().out
    without_training = command in ("eval", "infer", "export")
    shown = [row.name for row in fields(TrainConfig) if f"  --{row.name} " in text]
    hidden = OF_TRAINING if without_training else set()
    assert shown == [row.name for row in fields(TrainConfig) if row.name not in hidden]
    tables = (SIZES, VERSIONS, ARCHITECTURES, *((OBJECTIVES,) * (not without_training)))
    for table in tables:
        assert all(f"  {name}: " in text for name in table)


def test_defaults_in_the_help_are_those_of_the_command(capsys):
    texts = {}
    for command in ("train", "finetune", "eval"):
        with pytest.raises(SystemExit):
            parse([command, "--help"])
        texts[command] = " ".join(capsys.readouterr().out.split())
    assert "fine-tunes with 0.1; default: 0.0" in texts["train"]
    assert "fine-tunes with 0.1; default: 0.1" in texts["finetune"]
    assert "a published size; default: that of --initial_checkpoint" in texts["finetune"]
    assert "a published size tiny:" in texts["eval"]
    assert "Those that are not given are the run's." in texts["eval"]


def test_flags_have_the_last_word_over_the_file(tmp_path):
    file = tmp_path / "run.toml"
    file.write_text('corpus = ["a", "b"]\nsteps = 5\nlearning_rate = 2\npacking = false\n')
    config = parse(["info", f"--config={file}", "--steps=7", "--remat"]).config
    assert (config.corpus, config.steps, config.learning_rate) == (("a", "b"), 7, 2.0)
    assert (config.packing, config.remat) == (False, True)


WRONG = [
    (["--objetive=x"], r"unknown option --objetive; did you mean --objective\?"),
    (["--objective=span_corrupt"], r"did you mean 'span_corruption'\?"),
    (["--size=bass"], r"did you mean 'base'\?"),
    (["--steps=0"], "--steps=0: expected 1 or more"),
    (["--steps=many"], "--steps=many: expected a whole number"),
    (["--batch_size=10", "--microbatches=4"], "--batch_size=10 is not divisible"),
    (["--objective=causal_lm"], "try --architecture=decoder_lm"),
    (["--architecture=decoder_lm"], "does not fit --architecture=decoder_lm"),
    (["--host_index=2", "--host_count=2"], "less than --host_count=2"),
    (["--patience=2"], "--patience=2: expected --keep_best"),
    (["--keep_best=eval_loss", "--eval_period=0"], "--keep_best=eval_loss: expected --eval_period"),
    (["--patience=-1"], "--patience=-1: expected 0 or more"),
    (["--keep_checkpoints=-1"], "--keep_checkpoints=-1: expected 0 or more"),
    (["--learning_rate=-1"], "--learning_rate=-1: expected more than 0"),
    (["--decay_rate=7"], "--decay_rate=7: expected more than 0, and at most 1"),
    (["--schedule=linear", "--steps=9"], "--warmup_steps=10000: expected fewer than --steps=9"),
    (["--schedule=cosin"], r"did you mean 'cosine'\?"),
    (["--dropout=1"], "expected a share from 0 to below 1"),
    (["--strategy=adapter", "--steps=1"], r"did you mean 'adapters'\?"),
    (["--strategy=adapters"], "--adapter_width=0: expected 1 or more, as --adapter_width=32"),
    (["--adapter_width=8"], "--adapter_width=8: only for --strategy=adapters"),
    (
        ["--strategy=gradual_unfreezing", "--steps=5"],
        "--steps=5: expected 6 or more for --strategy=gradual_unfreezing, one for each layer",
    ),
    (
        ["--strategy=gradual_unfreezing", "--backend=t5x"],
        "--backend=t5x: --strategy=gradual_unfreezing runs in our loop only",
    ),
]


DECODING = [
    (["--beams=0", "--decoding=beam"], "--beams=0: expected 1 or more"),
    (["--beams=8"], "--beams=8: only for --decoding=beam, not for --decoding=greedy"),
    (["--samples=2"], "--samples=2: only for --decoding=beam or sample"),
    (["--samples=9", "--decoding=beam"], "--samples=9: expected at most --beams=4"),
    (["--temperature=0", "--decoding=sample"], "--temperature=0: .* or --decoding=greedy"),
    (["--top_p=1.5", "--decoding=sample"], "--top_p=1.5: expected a probability from 0 to 1"),
    (["--top_k=-1", "--decoding=sample"], "--top_k=-1: expected 0 or more"),
]


@pytest.mark.parametrize(("flags", "message"), DECODING)
def test_wrong_ways_of_decoding_are_told(flags, message):
    given = ["infer", "--vocab=a", "--model_dir=b", "--input=c", "--output=d"]
    with pytest.raises(OptionError, match=message):
        parse([*given, *flags])


@pytest.mark.parametrize(("flags", "message"), WRONG)
def test_wrong_flags_are_told(flags, message):
    with pytest.raises(OptionError, match=message):
        parse(["train", *flags])


def test_only_all_parameters_can_be_trained_from_nothing(tmp_path):
    (tmp_path / "checkpoint_1").mkdir()
    given = ["--corpus=a", "--vocab=b", "--model_dir=c", "--strategy=gradual_unfreezing"]
    with pytest.raises(OptionError, match="--strategy=gradual_unfreezing: expected --initial_ch"):
        parse(["train", *given])
    assert parse(["train", *given, f"--initial_checkpoint={tmp_path}"]).config.fine_tunes()
    assert parse(["info", *given]).config.strategy == "gradual_unfreezing"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("step = 5", r"unknown option --step; did you mean --steps\?"),
        ('steps = "five"', "--steps=five: expected a whole number"),
        ("[train]\nsteps = 5", "options are top-level keys, without tables"),
        ("steps = ", "cannot be read as TOML"),
    ],
)
def test_wrong_files_are_told(text, message, tmp_path):
    file = tmp_path / "run.toml"
    file.write_text(text)
    with pytest.raises(OptionError, match=message):
        parse(["train", f"--config={file}"])


@pytest.mark.parametrize(
    ("flags", "limit"),
    [
        ([], 10.0),
        (["--spike_factor=3"], 3.0),
        (["--initial_checkpoint=a"], 0.0),
        (["--initial_checkpoint=a", "--initial_optimizer"], 10.0),
        (["--initial_checkpoint=a", "--spike_factor=3"], 3.0),
    ],
)
def test_spikes_stop_no_fine_tuning_unless_that_is_asked_for(flags, limit):
    assert parse(["info", *flags]).config.spike_limit() == limit


def test_fine_tuning_has_the_papers_settings_unless_others_are_given(tmp_path):
    write = {"size": "tiny", "version": "v1.0", "architecture": "encoder_decoder_half", "steps": 7}
    (tmp_path / "config.json").write_text(json.dumps(write | {"corpus": ["a"], "vocab": "v"}))
    given = ["finetune", f"--initial_checkpoint={tmp_path}", "--corpus=b", "--model_dir=c"]
    config = parse([*given, "--dropout=0.2"]).config
    assert (config.schedule, config.learning_rate, config.dropout) == ("constant", 0.001, 0.2)
    assert (config.keep_best, config.spike_limit()) == ("eval_loss", 0.0)
    assert (config.size, config.version, config.vocab) == ("tiny", "v1.0", "v")
    assert config.architecture == "encoder_decoder_half"
    assert (config.corpus, config.steps) == (("b",), 10_000)
    with pytest.raises(OptionError, match="--initial_checkpoint: expected, as"):
        parse(["finetune", "--corpus=b", "--model_dir=c", "--vocab=v"])


def test_a_gin_file_for_training_chooses_no_checkpoint():
    given = ["gin", "--corpus=a", "--vocab=v", "--model_dir=m"]
    with pytest.raises(OptionError, match=r"--split: only with --script=eval"):
        parse([*given, "--split=test"])
    with pytest.raises(OptionError, match=r"t5x evaluates one, not an ensemble"):
        parse([*given, "--script=eval", "--checkpoint=a", "--checkpoint=b"])
    assert parse([*given, "--script=eval", "--split=test"]).split == "test"


def test_a_folder_without_a_model_is_named(tmp_path):
    (tmp_path / "empty").mkdir()
    start = ["finetune", "--task=rte", "--model_dir=m"]
    for folder, said in (("nope", "no such folder"), ("empty", "there is none in it")):
        for given in (
            [*start, f"--initial_checkpoint={tmp_path / folder}"],
            ["eval", f"--checkpoint={tmp_path / folder}"],
            ["export", f"--model_dir={tmp_path / folder}", "--output=x"],
        ):
            with pytest.raises(OptionError, match=said) as error:
                parse(given)
            assert "--vocab" not in str(error.value)


def test_a_model_of_hugging_face_says_size_version_and_vocabulary(tmp_path):
    dims = {"num_layers": 2, "d_model": 64, "num_heads": 4, "d_kv": 16, "d_ff": 128}
    (tmp_path / "config.json").write_text(json.dumps(dims | {"feed_forward_proj": "gated-gelu"}))
    (tmp_path / "spiece.model").write_text("")
    given = ["finetune", "--corpus=b", f"--initial_checkpoint={tmp_path}", "--model_dir=m"]
    config = parse(given).config
    assert (config.size, config.version, config.vocab) == ("tiny", "v1.1", str(tmp_path))


def test_a_task_that_there_is_not_is_told_before_anything_is_imported():
    given = ["train", "--vocab=v", "--model_dir=m"]
    with pytest.raises(OptionError, match="glue_colla"):
        parse([*given, "--task=glue_colla"])
    with pytest.raises(OptionError, match="rte: no data without a data_dir"):
        parse([*given, "--task=glue_rte"])
    with pytest.raises(OptionError, match="--corpus or --task: expected, as"):
        parse(given)


def test_no_best_checkpoint_is_kept_without_evaluations(tmp_path):
    (tmp_path / "checkpoint_1").mkdir()
    given = ["finetune", "--vocab=v", f"--initial_checkpoint={tmp_path}", "--corpus=b"]
    assert parse([*given, "--model_dir=m", "--eval_period=0"]).config.keep_best == ""
    assert parse([*given, "--model_dir=m", "--keep_best="]).config.keep_best == ""
    assert parse([*given, "--model_dir=m"]).config.keep_best == "eval_loss"
