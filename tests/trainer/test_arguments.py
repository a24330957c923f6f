from dataclasses import fields

import pytest

from runtime.cli.options import OptionError
from trainer.arguments import COMMANDS, parse
from trainer.config import TrainConfig
from trainer.data.objectives import OBJECTIVES
from trainer.model.sizes import ARCHITECTURES, SIZES, VERSIONS


@pytest.mark.parametrize("command", COMMANDS)
def test_every_field_is_a_flag_of_every_command(command, capsys):
    with pytest.raises(SystemExit):
        parse([command, "--help"])
    text = capsys.readouterr().out
    for row in fields(TrainConfig):
        assert f"--{row.name}" in text
    for table in (OBJECTIVES, SIZES, VERSIONS, ARCHITECTURES):
        assert all(f"  {name}: " in text for name in table)


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
    (["--dropout=1"], "expected a share from 0 to below 1"),
]


@pytest.mark.parametrize(("flags", "message"), WRONG)
def test_wrong_flags_are_told(flags, message):
    with pytest.raises(OptionError, match=message):
        parse(["train", *flags])


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
