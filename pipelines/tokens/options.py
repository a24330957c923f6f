"""The command line of `python -m pipelines.tokenize`: every option, checked before any work."""

import argparse
from dataclasses import dataclass

from corpora.formats import FORMATS
from pipelines.tokens.formats import TOKEN_FORMATS
from runtime.cli.config_file import with_config
from runtime.cli.options import (
    HelpFormatter,
    Parser,
    help_table,
    one_of,
    option_names,
    refuse_strays,
)
from runtime.workers.runners import Runner
from vocab.options import add_run_options

_EXAMPLES = """\
examples:
  python -m pipelines.tokenize --corpus=out/c4/en/3.1.0 --vocab=out/vocab --output=out
  python -m pipelines.tokenize --corpus=out/c4/en/3.1.0 --vocab=out/vocab/spiece.model \\
      --format=tfrecord,array_record --output=out
  python -m pipelines.tokenize --corpus=gs://bucket/out/c4/en/3.1.0 --output=gs://bucket/out \\
      --vocab=gs://bucket/vocab --runner=DataflowRunner --project=P --region=R \\
      --temp_location=gs://bucket/tmp

The same command goes on where a run was stopped. Any option of Apache Beam may follow.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenOptions:
    """The command line as given, each value valid by itself. Paths are not looked at yet."""

    corpus: str
    vocabulary: str
    output: str
    formats: tuple[str, ...]
    append_eos: bool
    overwrite: bool
    num_workers: int
    runner: Runner
    beam_arguments: tuple[str, ...]


def _formats(value: str) -> list[str]:
    check = one_of(TOKEN_FORMATS, "format")
    return [check(name.strip()) for name in value.split(",")]


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m pipelines.tokenize",
        description="Turns a corpus and a vocabulary into shards of token ids, one a shard.",
        epilog=_EXAMPLES,
        formatter_class=HelpFormatter,
        allow_abbrev=False,
    )
    what = parser.add_argument_group("what to tokenize")
    what.add_argument(
        "--corpus",
        required=True,
        metavar="PATH",
        help="a dataset's folder, a quoted glob, or a file. Of several formats in a folder the "
        f"first is read{help_table(FORMATS)}",
    )
    what.add_argument(
        "--vocab",
        required=True,
        metavar="PATH",
        help="a SentencePiece model, or the folder that python -m vocab.train wrote",
    )
    what.add_argument(
        "--append_eos",
        action="store_true",
        help="end every document with the id of </s>; by default that is left to the reader",
    )
    target = parser.add_argument_group("what to write")
    target.add_argument(
        "--output",
        required=True,
        metavar="DIR",
        help="the tokens of DIR/c4/en/3.1.0 go to DIR/c4_tokens/en/3.1.0",
    )
    target.add_argument(
        "--format",
        action="extend",
        type=_formats,
        dest="formats",
        metavar="NAME[,NAME]",
        help=f"default: tfrecord{help_table(TOKEN_FORMATS)}",
    )
    add_run_options(parser)
    return parser


def parse_token_options(arguments: list[str]) -> TokenOptions:
    """The command line's options.

    Raises:
      OptionError: a value is wrong or a required option is missing.
      SystemExit: --help was asked for, and is printed.
    """
    parsed, rest = _parser().parse_known_args(with_config(arguments))
    refuse_strays(rest)
    return TokenOptions(
        corpus=parsed.corpus,
        vocabulary=parsed.vocab,
        output=parsed.output.rstrip("/") or "/",
        formats=tuple(dict.fromkeys(parsed.formats or ["tfrecord"])),
        append_eos=parsed.append_eos,
        overwrite=parsed.overwrite,
        num_workers=parsed.num_workers,
        runner=parsed.runner,
        beam_arguments=tuple(rest),
    )


def own_option_names() -> list[str]:
    """The options of this command line, for guesses."""
    return option_names(_parser())
