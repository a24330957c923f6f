"""Downloads the public lists for a machine without network: the command `c4forge fetch-lists`."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.sources import public_lists
from runtime.cli.command_line import CommandLine
from runtime.cli.console import doing
from runtime.cli.options import option, options_of
from runtime.command import NOTHING_WRITTEN, Exit, run_command

_EXAMPLES = """\
examples:
  c4forge fetch-lists lists
  c4forge build --badwords_dir=lists/badwords \\
      --realnews_domains=lists/realnews_domains.json --input=wet/ --output=out
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchOptions:
    """The command line."""

    folder: str = option("where the lists go", positional=True, metavar="DIR")


def command_line(name: str = "c4forge fetch-lists") -> CommandLine:
    """The command line, under the name that people typed."""
    return CommandLine(
        name=name,
        meaning="Downloads the bad-word lists and RealNews' domain list that C4 used.",
        options=options_of(FetchOptions),
        examples=_EXAMPLES,
        has_config=False,
    )


def main(arguments: Sequence[str] | None = None, name: str = "c4forge fetch-lists") -> int:
    """Runs the command line; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    return run_command(name, lambda: _run(given, name), kept=NOTHING_WRITTEN)


def _run(arguments: list[str], name: str) -> int:
    found = command_line(name).read(arguments)
    found.check()
    with doing("downloading the lists"):
        paths = list(public_lists.fetch_lists(FetchOptions(**found.values).folder))
    print("\n".join(paths))
    return Exit.DONE
