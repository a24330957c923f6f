"""Options from a TOML file."""

import pytest

from pipelines.main import main
from pipelines.run.options import parse_options
from runtime.cli.config_file import ConfigError, with_config
from runtime.cli.options import OptionError

NEEDED = ["--input=x", "--output=y"]


@pytest.fixture
def config(tmp_path):
    """Writes a file; gives the option that names it."""

    def write(text: str | bytes) -> str:
        path = tmp_path / "run.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return f"--config={path}"

    return write


@pytest.mark.parametrize("arguments", [[], ["--input", "a", "b"], ["--output=y", "--keep_work"]])
def test_arguments_stay_as_they_are_without_a_file(arguments):
    assert with_config(arguments) == arguments


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("", []),
        ("# nothing\n", []),
        ('spec = "fixed"', ["--spec=fixed"]),
        ("shards = 4", ["--shards=4"]),
        ("english_probability = 0.5", ["--english_probability=0.5"]),
        ("keep_work = true", ["--keep_work"]),
        ("keep_work = false", []),
        ('format = ["a", "b c", "é"]', ["--format=a", "--format=b c", "--format=é"]),
        ("format = []", []),
        ('end_marks = ".?!”"', ["--end_marks=.?!”"]),
        ('end_marks = "-"', ["--end_marks=-"]),
        ('project = "p"\nregion = "r"', ["--project=p", "--region=r"]),
        ('spec = "fixed"\nshards = 4', ["--spec=fixed", "--shards=4"]),
    ],
)
def test_every_key_is_an_option(config, text, arguments):
    assert with_config([config(text), *NEEDED]) == [*arguments, *NEEDED]


@pytest.mark.parametrize("given", [["--spec=fixed"], ["--spec", "fixed"]])
def test_the_command_line_has_the_last_word(config, given):
    option = config('spec = "paper"\nshards = 4')
    for arguments in ([option, *given, *NEEDED], [*given, *NEEDED, option]):
        options = parse_options(arguments)
        assert (options.spec, options.shards) == ("fixed", 4)


def test_what_is_given_on_the_command_line_replaces_lists_of_the_file(config):
    option = config('input = ["a", "b"]\nvariant = "realnews"\nformat = ["jsonl", "parquet"]')
    assert parse_options([option, "--output=y"]).input == ("a", "b")
    options = parse_options([option, "--output=y", "--input", "c", "d", "--variant=en"])
    assert options.input == ("c", "d")
    assert [variant.name for variant in options.variants] == ["en"]
    assert options.formats == ("jsonl", "parquet")


def test_a_value_that_is_called_as_an_option_is_leaves_that_option_alone(config):
    option = config('spec = "fixed"\nvariant = "realnews"')
    options = parse_options([option, "--input", "spec", "--output", "variant"])
    assert (options.input, options.output, options.spec) == (("spec",), "variant", "fixed")
    assert [variant.name for variant in options.variants] == ["realnewslike"]


def test_the_file_may_be_named_apart_and_anywhere(config):
    path = config("shards = 4").partition("=")[2]
    assert with_config(["--input=x", "--config", path, "--output=y"]) == ["--shards=4", *NEEDED]


def test_two_files_are_refused(config, tmp_path):
    (tmp_path / "other.toml").write_text("shards = 5")
    arguments = [config("shards = 4"), "--config", str(tmp_path / "other.toml"), *NEEDED]
    with pytest.raises(ConfigError, match=r"^--config is given 2 times: expected one TOML file$"):
        with_config(arguments)
    with pytest.raises(OptionError, match=r"2 times: expected one TOML file\n--shards=x: expected"):
        parse_options([*arguments, "--shards=x"])


def test_single_choices_may_stand_in_the_file(config):
    option = config('spec = "fixed"\nmin_words = 3\npage_rules = "page"')
    choices = parse_options([option, *NEEDED]).settings
    assert (choices.min_words, choices.page_rules, choices.citations) == (
        3,
        "page",
        "without_empty",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("shards", "cannot be read as TOML: Expected '=' after a key"),
        ("shards = ", "cannot be read as TOML: Invalid value"),
        ("shards = 1\nshards = 2", "cannot be read as TOML: Cannot overwrite a value"),
        (b"spec = '\xff'", "cannot be read as TOML: it is not UTF-8: byte 0xff"),
        ("[choices]\nmin_words = 3", "choices = {'min_words': 3}: expected text, a number, true"),
        ("choices.min_words = 3", "options are top-level keys, without tables"),
        ("[[format]]\na = 1", "format = [{'a': 1}]: expected text"),
        ('format = [["a"]]', "format = [['a']]: expected text"),
        ("shards = 2020-01-01", "shards = datetime.date(2020, 1, 1): expected text, a number"),
        ('config = "other.toml"', "config: a file names no other"),
    ],
)
def test_what_no_option_takes_is_named_with_the_file(config, text, said):
    option = config(text)
    with pytest.raises(ConfigError) as error:
        with_config([option, *NEEDED])
    assert str(error.value).startswith(f"{option}: ")
    assert said in str(error.value)
    with pytest.raises(OptionError):
        parse_options([option, *NEEDED])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('shards = "many"', "=many: expected a whole number of 0 or more"),
        ("shards = 1.5", "=1.5: expected a whole number"),
        ("shards = true", "--shards: expected a value, as --shards=N"),
        ('keep_work = "yes"', "--keep_work=yes: expected true or false"),
        ('spec = "fixd"', "unknown spec 'fixd'; choose from tfds-3.1.0, paper, fixed"),
        ('min_words = "few"', "--min_words=few: expected a whole number"),
        ("english_probability = nan", "--english_probability=nan: expected a number from 0 to 1"),
        ("english_probability = 2", "--english_probability=2.0: expected a number from 0 to 1"),
        ('page_rules = "lines"', "unknown choice 'lines'; choose from kept_lines, page"),
    ],
)
def test_a_wrong_value_is_named_as_on_the_command_line(config, text, said):
    with pytest.raises(OptionError) as error:
        parse_options([config(text), *NEEDED])
    assert said in str(error.value)


@pytest.mark.parametrize("path", ["nowhere.toml", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path, path):
    option = f"--config={tmp_path / path}"
    with pytest.raises(ConfigError, match="cannot be read as TOML") as error:
        with_config([option])
    assert str(error.value).startswith(option)


@pytest.mark.parametrize(
    "arguments", [["--config"], ["--input=x", "--config"], ["--config", ""], ["--config="]]
)
def test_the_option_needs_a_file(arguments):
    with pytest.raises(ConfigError, match=r"^--config: expected a TOML file, as --config=run.toml"):
        with_config(arguments)


def test_an_unknown_key_is_told_with_its_nearest_match(config, tmp_path, sample, capsys):
    output = tmp_path / "out"
    option = config('varient = "en"')
    assert main([option, f"--input={sample}", f"--output={output}"]) == 2
    assert "unknown option --varient; did you mean --variant?" in capsys.readouterr().err
    assert not output.exists()
