"""The command line of `c4forge tokenize`: every option, checked before any work."""

from dataclasses import dataclass

from corpora.array_record import FormatError
from corpora.formats import FORMATS
from pipelines.tokens.formats import TOKEN_FORMATS
from runtime.cli.command_line import CommandLine
from runtime.cli.options import option, options_of, some_of
from runtime.workers.beam_options import BEAM_OPTIONS
from runtime.workers.runners import RunnerOptions

_WHAT, _WRITE, _HOW = "what to tokenize", "what to write", "how to run"
_EXAMPLES = """\
examples:
  c4forge tokenize --corpus=out/c4/en/3.1.0 --vocab=out/vocab --output=out
  c4forge tokenize --corpus=out/c4/en/3.1.0 --vocab=out/vocab/spiece.model \\
      --format=tfrecord,array_record --output=out
  c4forge tokenize --corpus=gs://bucket/out/c4/en/3.1.0 \\
      --output=gs://bucket/out --vocab=gs://bucket/vocab \\
      --runner=DataflowRunner --project=P --region=R \\
      --temp_location=gs://bucket/tmp

The same command goes on where a run was stopped.
Options of Apache Beam may follow, each as --name=value.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenOptions(RunnerOptions):
    """The command line as given, each value valid by itself. Paths are not looked at yet."""

    corpus: str = option(
        "a dataset's folder, a quoted glob, or a file. Of several formats in a folder the first is "
        "read",
        group=_WHAT, metavar="PATH", parse=str, table=FORMATS,
    )  # fmt: skip
    vocabulary: str = option(
        "a SentencePiece model, or the folder that c4forge vocab train wrote",
        name="vocab", group=_WHAT, metavar="PATH",
    )  # fmt: skip
    append_eos: bool = option(
        "end every document with the id of </s>; by default that is left to the reader",
        default=False, group=_WHAT,
    )  # fmt: skip
    output: str = option(
        "the tokens of DIR/c4/en/3.1.0 go to DIR/c4_tokens/en/3.1.0", group=_WRITE, metavar="DIR"
    )
    formats: tuple[str, ...] = option(
        "what shards are written as", default=("tfrecord",), name="format", group=_WRITE,
        metavar="NAME[,NAME]", parse=some_of(TOKEN_FORMATS, "format"), many=True, shown="tfrecord",
        table=TOKEN_FORMATS,
    )  # fmt: skip
    overwrite: bool = option(
        "replace what another command wrote to the output", default=False, group=_WRITE
    )


def command_line(name: str = "c4forge tokenize") -> CommandLine:
    """The command line, under the name that people typed."""
    return CommandLine(
        name=name,
        meaning="Writes a corpus as shards of token ids, one for each of its shards.",
        options=options_of(TokenOptions),
        examples=_EXAMPLES,
        headings=dict.fromkeys((_WHAT, _WRITE, _HOW), ""),
        other_names=BEAM_OPTIONS,
    )


def parse_token_options(arguments: list[str], name: str = "c4forge tokenize") -> TokenOptions:
    """The command line's options.

    Raises:
      OptionError: values are wrong or required options are missing; a line each.
      SystemExit: --help was asked for, and is printed.
    """
    given = command_line(name).read(arguments)
    for format_name in given.values["formats"]:
        try:
            TOKEN_FORMATS[format_name].check()
        except FormatError as error:
            given.add(error)
    given.check()
    values = given.values
    values["output"] = values["output"].rstrip("/") or "/"
    values["formats"] = tuple(dict.fromkeys(values["formats"]))
    return TokenOptions(**values, beam_arguments=given.others)
