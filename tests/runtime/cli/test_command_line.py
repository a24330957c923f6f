"""An option is one field: it is read, shown and checked from there, and all errors come at once."""

from dataclasses import dataclass

import pytest

from runtime.cli.command_line import CommandLine
from runtime.cli.options import OptionError, one_of, option, options_of, parse_count, some_of

COLOURS = ("red", "green")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    model: str = option("a model", positional=True, metavar="MODEL")
    files: tuple[str, ...] = option("files", positional=True, metavar="FILE", many=True)
    output: str = option("where to", metavar="DIR", group="what to write")
    colour: str = option("of the cover", default="red", parse=one_of(COLOURS, "colour"))
    count: int = option("how many; default 0: all", default=0, parse=parse_count, shown="")
    share: float = option("of 100% at most", default=0.5)
    names: tuple[str, ...] = option("several", default=(), many=True, name="name")
    title: str = option("above", default="-", may_be_empty=True)
    hues: tuple[str, ...] = option(
        "several", default=(), many=True, name="hue", parse=some_of(COLOURS, "hue")
    )
    dry: bool = option("write nothing", default=False)
    packed: bool = option("compress", default=True)


LINE = CommandLine(
    name="print",
    meaning="Prints files.",
    options=options_of(Options),
    headings={"what to write": ""},
    other_names=("--project", "--runner"),
)
NEEDED = ["model", "a", "--output=out"]


def read(*arguments: str) -> Options:
    given = LINE.read([*arguments])
    given.check()
    return Options(**given.values)


def errors(*arguments: str) -> list[str]:
    with pytest.raises(OptionError) as error:
        LINE.read([*arguments]).check()
    return str(error.value).splitlines()


@pytest.mark.parametrize(
    ("arguments", "field", "value"),
    [
        ([], "colour", "red"),
        (["--colour=green"], "colour", "green"),
        (["--colour", "green"], "colour", "green"),
        (["--colour=green", "--colour=red"], "colour", "red"),
        (["--count=3"], "count", 3),
        (["--share=.25"], "share", 0.25),
        (["--share", "-1"], "share", -1.0),
        ([], "names", ()),
        (["--name", "x", "y", "--name=z"], "names", ("x", "y", "z")),
        ([], "dry", False),
        (["--title="], "title", ""),
        (["--dry"], "dry", True),
        (["--dry", "true"], "dry", True),
        (["--packed=false"], "packed", False),
        (["--packed", "false"], "packed", False),
    ],
)
def test_values_are_read_as_their_fields_say(arguments, field, value):
    assert getattr(read(*NEEDED, *arguments), field) == value


def test_values_without_a_name_go_to_positional_fields_in_order():
    options = read("model", "a", "--dry", "b", "--output=out", "c")
    assert (options.model, options.files, options.dry) == ("model", ("a", "b", "c"), True)


def test_all_that_is_wrong_is_told_at_once():
    assert errors(
        "--colour=reb", "--count=x", "--nam=y", "--dry=maybe", "--share", "--count=2"
    ) == [
        "unknown option --nam; did you mean --name?",
        "MODEL is required: a model",
        "FILE is required: files",
        "--output is required: where to",
        "--colour: unknown colour 'reb'; choose from red, green; did you mean 'red'?",
        "--count=x: expected a whole number of 0 or more",
        "--share: expected a value, as --share=X",
        "--dry=maybe: expected true or false",
    ]


def test_every_wrong_one_of_several_values_is_told():
    unknown = "; choose from red, green"
    assert errors(*NEEDED, "--hue=x,red,yy", "--hue=zz", "--hue=x") == [
        f"--hue: unknown hue 'x'{unknown}",
        f"--hue: unknown hue 'yy'{unknown}",
        f"--hue: unknown hue 'zz'{unknown}",
    ]


def test_an_empty_value_is_none():
    """As an unset variable of a shell gives it."""
    assert errors("", "a", "--output=", "--name", "x", "", "--count", "", "--share=") == [
        "MODEL: expected a value",
        "--output: expected a value, as --output=DIR",
        "--count: expected a value, as --count=N",
        "--share: expected a value, as --share=X",
        "--name: expected a value, as --name=X",
    ]


def test_two_dashes_alone_are_refused():
    told = "-- has no meaning here: leave it out, and write --option=value"
    assert errors("model", "a", "--", "--output=out") == [told]


def test_only_a_very_near_option_of_others_is_suggested():
    assert errors(*NEEDED, "--runer=x") == ["unknown option --runer; did you mean --runner?"]
    assert errors(*NEEDED, "--run=x") == ["unknown option --run"]
    assert errors(*NEEDED, "-output=x") == ["unknown option -output; did you mean --output?"]


def test_the_value_of_an_unknown_option_is_no_second_error():
    assert errors(*NEEDED, "--colr", "red") == ["unknown option --colr; did you mean --colour?"]
    assert errors(*NEEDED, "--zzz", "1", "-v") == ["unknown option --zzz", "unknown option -v"]


def test_options_that_others_know_pass_through():
    given = LINE.read([*NEEDED, "--project=p", "--runner=r"])
    given.check()
    assert given.others == ("--project=p", "--runner=r")
    assert errors(*NEEDED, "--project", "p") == [
        "--project: expected its value after =, as --project=X"
    ]
    assert errors(*NEEDED, "--projekt=p") == ["unknown option --projekt; did you mean --project?"]


def test_a_file_gives_every_kind_of_option(tmp_path):
    file = tmp_path / "run.toml"
    file.write_bytes(
        b'\xef\xbb\xbfmodel = "m"\r\nfiles = ["a", "b"]\r\noutput = "out"\r\ndry = true\r\n'
        b'packed = false\r\nname = ["x", "y"]\r\ncount = 3\r\n'
    )
    options = read(f"--config={file}", "--count=4")
    assert (options.model, options.files, options.names) == ("m", ("a", "b"), ("x", "y"))
    assert (options.dry, options.packed, options.count) == (True, False, 4)


def test_errors_of_a_file_are_told_with_the_others(tmp_path):
    file = tmp_path / "run.toml"
    file.write_text("count = [[1]]\nname = {a = 1}\ncolor = 1\n")
    told = errors(f"--config={file}", "--share=x")
    assert [line.partition(": expected text")[0] for line in told[:2]] == [
        f"--config={file}: count = [[1]]", f"--config={file}: name = {{'a': 1}}",
    ]  # fmt: skip
    assert told[2:] == [
        "unknown option --color; did you mean --colour?",
        "--share=x: expected a number",
    ], "required options may stand in the file"
    file.write_text("color = 1\n")
    assert errors(*NEEDED, f"--config={file}") == ["unknown option --color; did you mean --colour?"]
    assert errors(*NEEDED, "--config") == ["--config: expected a TOML file, as --config=run.toml"]


def test_an_error_that_only_follows_from_another_is_left_out():
    given = LINE.read([*NEEDED, "--count=x"])
    given.add("--count=0: too small")
    given.add("--share=2: too large")
    assert given.errors == [
        "--count=x: expected a whole number of 0 or more",
        "--share=2: too large",
    ]


def test_help_shows_every_option_in_80_columns(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as ended:
        LINE.read(["--colour=reb", "--help"])
    text = capsys.readouterr().out
    assert ended.value.code == 0 and max(map(len, text.splitlines())) <= 80
    assert text.startswith("usage: print MODEL FILE ... [--option=value ...]\n\nPrints files.\n")
    assert "what to write:\n  --output DIR" in text
    for row in options_of(Options):
        assert row.meaning in text and (row.positional or f"--{row.name}" in text)
    assert "a model; required" in text and "where to; required" in text
    assert "of the cover; default: red" in text and "all; default" not in text


@pytest.mark.parametrize(
    ("field", "row"),
    [
        ("model", "| `MODEL` |  | a model |"),
        ("output", "| `--output` |  | where to |"),
        ("colour", "| `--colour` | red | of the cover |"),
        ("dry", "| `--dry` | false | write nothing |"),
        ("packed", "| `--packed` | true | compress |"),
        ("names", "| `--name` |  | several |"),
    ],
)
def test_a_row_of_the_docs_comes_from_the_field(field, row):
    assert next(o for o in options_of(Options) if o.field == field).docs_row() == row
