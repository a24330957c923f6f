"""What happened to a page in a run: the command `c4forge why URL`."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from cleaning.variants import Variant
from pipelines.explain.explanation import Explanation
from pipelines.explain.question import explain_page
from pipelines.explain.runs import Run, find_runs
from pipelines.explain.shown import as_json, as_text
from pipelines.run.options import parse_variants
from runtime.cli.command_line import CommandLine
from runtime.cli.console import doing, open_console
from runtime.cli.options import OptionError, option, options_of
from runtime.cli.tables import terminal_width
from runtime.command import NOTHING_WRITTEN, Exit, run_command
from runtime.errors import UsageError, planning
from runtime.redaction import unredacted

_USUAL_WIDTH = 80
_EXAMPLES = """\
examples:
  c4forge why https://a.example/page --output=out
  c4forge why a.example/page --work_dir=work --variant=en,realnews
  c4forge why https://a.example/page --output=out --json

The exit code is 3 if the run read no record of the URL.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyOptions:
    """The command line."""

    url: str = option("of the page, with or without https://www.", positional=True, metavar="URL")
    output: str | None = option(
        "--output of a run, or the run's own folder", default=None, metavar="DIR", parse=str
    )
    work_dir: str | None = option(
        "work folder of a run, as --work_dir of c4forge build", default=None, metavar="DIR",
        parse=str,
    )  # fmt: skip
    variants: tuple[Variant, ...] = option(
        "of the run; default: all", default=(), name="variant", metavar="NAME[,NAME]",
        parse=parse_variants, many=True,
    )  # fmt: skip
    json: bool = option("a JSON object a run, each in a line", default=False)


def command_line(name: str = "c4forge why") -> CommandLine:
    """The command line, under the name that people typed."""
    return CommandLine(
        name=name,
        meaning="Tells what happened to a page in every variant of a run, and which rule did it.",
        options=options_of(WhyOptions),
        examples=_EXAMPLES,
    )


def main(arguments: Sequence[str] | None = None, name: str = "c4forge why") -> int:
    """Runs the command line; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    return run_command(name, lambda: _run(given, name), kept=NOTHING_WRITTEN)


def _run(arguments: list[str], name: str) -> int:
    given = command_line(name).read(arguments)
    if given.complete and ("output" in given.stated) == ("work_dir" in given.stated):
        given.add("give --output of a run, or its --work_dir: one of the two")
    given.check()
    options = WhyOptions(**given.values)
    with planning(), doing("looking for the page"):
        runs = find_runs(options.output, options.work_dir)
        told = [_ask(run, options) for run in runs]
    _print(told, options.json)
    return Exit.DONE if any(one.found() for one in told) else Exit.REFUSED


def _ask(run: Run, options: WhyOptions) -> Explanation:
    names = [variant.name for variant in run.job.variants]
    asked = [variant.name for variant in options.variants]
    if unknown := [name for name in asked if name not in names]:
        raise OptionError(f"--variant={unknown[0]}: not of this run, which has {', '.join(names)}")
    try:
        options.url.encode()
    except UnicodeEncodeError:
        raise UsageError("URL: expected text in UTF-8") from None
    return explain_page(run, options.url, asked)


def _print(told: Sequence[Explanation], is_json: bool) -> None:
    """Prints what was found; URLs of pages stay as they are, their queries are no secrets."""
    stream = unredacted(sys.stdout)
    if is_json:
        for one in told:
            print(as_json(one), file=stream)
        return
    console = open_console(stream)
    for number, one in enumerate(told):
        if number:
            console.print()
        for line in as_text(one, terminal_width(stream) or _USUAL_WIDTH):
            console.print(line, soft_wrap=True)
