"""Options are checked before any work, and what is wrong is named."""

import subprocess
import sys

import pytest

from pipelines.main import main
from pipelines.options import parse_options
from tests.conftest import REPOSITORY
from vocab.arguments import OptionError

NEEDED = ["--input=x", "--output=y"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--input"),
        (["--input=x"], "--output"),
        ([*NEEDED, "--variant=em"], "unknown variant 'em'; choose from en"),
        ([*NEEDED, "--spec=tfds-3.0.1"], "did you mean 'tfds-3.1.0'?"),
        ([*NEEDED, "--format=parket"], "choose from tfrecord, jsonl, parquet; did you mean"),
        ([*NEEDED, "--format=jsonl,csv"], "unknown format 'csv'"),
        ([*NEEDED, "--runner=DataFlowRunner"], "did you mean 'DataflowRunner'?"),
        ([*NEEDED, "--runner=DaskRunner"], "loses elements silently"),
        ([*NEEDED, "--shards=-1"], "'-1' is not a whole number"),
        ([*NEEDED, "--shards=many"], "'many' is not a whole number"),
        ([*NEEDED, "--num_workers=1.5"], "'1.5' is not a whole number"),
        ([*NEEDED, "--max_malformed_fraction=2"], "'2' is not a fraction from 0 to 1"),
        ([*NEEDED, "--max_malformed_fraction=lots"], "'lots' is not a fraction"),
        ([*NEEDED, "--shards=1", "stray"], "'stray' belongs to no option"),
    ],
)
def test_a_wrong_value_is_named_with_the_choices(arguments, said):
    with pytest.raises(OptionError) as error:
        parse_options(arguments)
    assert said in str(error.value)


def test_every_input_given_is_kept_in_order():
    options = parse_options(["--input", "a", "b", "--input=c", "--output=y"])
    assert options.input == ("a", "b", "c")


def test_formats_may_be_listed_and_repeated():
    options = parse_options([*NEEDED, "--format=jsonl,tfrecord", "--format=jsonl"])
    assert options.formats == ("jsonl", "tfrecord")


def test_beam_options_pass_through():
    options = parse_options([*NEEDED, "--runner=DataflowRunner", "--project=p", "--region=r"])
    assert options.beam_arguments == ("--project=p", "--region=r")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--input=/nowhere/*.gz"], "matches no file"),
        (["--input=@/nowhere/list.txt"], "cannot read the list"),
        (
            ["--varient=en", "--input=/nowhere"],
            "--varient; did you mean '--variant'",
        ),
        (["--input=/nowhere", "--badwords_dir=/nowhere"], "no file 'en' there"),
    ],
)
def test_nothing_is_done_when_an_option_is_wrong(tmp_path, capsys, arguments, said):
    output = tmp_path / "out"
    assert main([*arguments, f"--output={output}"]) == 2
    assert said in capsys.readouterr().err
    assert not output.exists()


def test_an_output_that_cannot_be_written_is_named(tmp_path, sample, capsys):
    (tmp_path / "file").write_text("")
    assert main([f"--input={sample}", f"--output={tmp_path / 'file'}"]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_help_is_grouped_and_lists_every_table():
    command = [sys.executable, "beam_runner.py", "--help"]
    text = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    for heading in ("what to build:", "what to read:", "what to write:", "how to run:"):
        assert heading in text.stdout
    for name in ("tfds-3.1.0", "parquet", "DataflowRunner", "@FILE", "examples:"):
        assert name in text.stdout
