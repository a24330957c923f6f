"""What happened to a page in a run: the command `c4forge why URL`."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cleaning.variants import Variant
from pipelines.explain.again import explain_again
from pipelines.explain.explanation import Explanation
from pipelines.explain.question import explain_page
from pipelines.explain.runs import Run, find_runs
from pipelines.explain.shown import as_json, as_text
from pipelines.explain.texts import explain_text
from pipelines.run.options import Options, parse_variants
from runtime.cli.command_line import CommandLine, Given
from runtime.cli.console import doing, open_console
from runtime.cli.options import Option, OptionError, option, options_of, parse_count
from runtime.cli.tables import terminal_width
from runtime.command import NOTHING_WRITTEN, Exit, run_command
from runtime.errors import UsageError, planning
from runtime.redaction import unredacted
from runtime.storage.files import read_bytes

_USUAL_WIDTH = 80
_STANDARD_INPUT = "standard input"
_LISTS = "lists and filters, where they are not those that the run had, or with --text"
_OF_BUILD = ("spec", "badwords_dir", "realnews_domains", "webtext_urls", "filter", "lid_model")
_EXAMPLES = """\
examples:
  c4forge why https://a.example/page --output=out
  c4forge why a.example/page --work_dir=work --variant=en,realnews
  c4forge why https://a.example/page --output=out --json
  c4forge why --text=- --variant=en <page.txt

The exit code is 3 if the run read no record of the URL.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyOptions:
    """The command line, but for the options of `c4forge build`."""

    url: str = option(
        "of the page, with or without https://www.; required, but with --text", default="",
        positional=True, metavar="URL", parse=str,
    )  # fmt: skip
    output: str | None = option(
        "--output of a run, the run's own folder, or a dataset's; where the work of the run is "
        "gone, its input is read again",
        default=None, metavar="DIR", parse=str,
    )  # fmt: skip
    work_dir: str | None = option(
        "work folder of a run; beside --output: a folder in which what is read again is kept for "
        "the next question",
        default=None, metavar="DIR", parse=str,
    )  # fmt: skip
    text: str | None = option(
        "a file, or - for standard input: what the rules would do with this text, in no run",
        default=None, metavar="FILE", parse=str,
    )  # fmt: skip
    variants: tuple[Variant, ...] = option(
        "default: all of the run; with --text: en", default=(), name="variant",
        metavar="NAME[,NAME]", parse=parse_variants, many=True,
    )  # fmt: skip
    json: bool = option("a JSON object for each run, each in a line", default=False)
    num_workers: int = option(
        "processes that read the input again; default 0: all cores", default=0, metavar="N",
        parse=parse_count, shown="",
    )  # fmt: skip


def _build_options() -> list[Option]:
    """The options of `c4forge build` that `why` takes too."""
    rows = {row.name: row for row in options_of(Options)}
    return [replace(rows[name], group=_LISTS) for name in _OF_BUILD]


def command_line(name: str = "c4forge why") -> CommandLine:
    """The command line, under the name that people typed."""
    return CommandLine(
        name=name,
        meaning="Tells what happened to a page in every variant of a run, and which rule did it.",
        options=(*options_of(WhyOptions), *_build_options()),
        headings={_LISTS: ""},
        examples=_EXAMPLES,
    )


def main(arguments: Sequence[str] | None = None, name: str = "c4forge why") -> int:
    """Runs the command line; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    return run_command(name, lambda: _run(given, name), kept=NOTHING_WRITTEN)


def _run(arguments: list[str], name: str) -> int:
    given = command_line(name).read(arguments)
    _require(given)
    given.check()
    fields = WhyOptions.__dataclass_fields__
    options = WhyOptions(**{key: given.values[key] for key in fields})
    for_build = list(_stated(given))
    if options.text is not None:
        with doing("asking the rules"):
            told = [_ask_text(options, for_build)]
    else:
        with planning(), doing("looking for the page"):
            runs = find_runs(options.output, options.work_dir)
            told = [_ask(run, options, for_build) for run in runs]
    _print(told, options.json)
    return Exit.DONE if any(one.found() for one in told) else Exit.REFUSED


def _require(given: Given) -> None:
    """Notes where the options together say too little or too much."""
    stated = given.stated
    if not given.complete:
        return
    if "text" not in stated:
        if not given.values["url"]:
            given.add("URL is required: of the page")
        if not {"output", "work_dir"} & stated:
            given.add("give --output of a run, or its --work_dir")
        if "spec" in stated:
            given.add("--spec is for --text: a run has its own")
    elif {"output", "work_dir"} & stated:
        given.add("--text is asked of no run: leave out --output and --work_dir")
    try:
        given.values["url"].encode()
    except UnicodeEncodeError:
        given.add("URL: expected text in UTF-8")


def _stated(given: Given) -> list[str]:
    """The options of `c4forge build` that were given, as arguments."""
    rows = [row for row in _build_options() if row.field in given.stated]
    values: Mapping[str, Any] = given.values
    return [
        f"--{row.name}={value}"
        for row in rows
        for value in (values[row.field] if row.many else [values[row.field]])
    ]


def _ask(run: Run, options: WhyOptions, for_build: Sequence[str]) -> Explanation:
    names = [variant.name for variant in run.job.variants]
    asked = [variant.name for variant in options.variants]
    if unknown := [name for name in asked if name not in names]:
        raise OptionError(f"--variant={unknown[0]}: not of this run, which has {', '.join(names)}")
    if run.has_work:
        return explain_page(run, options.url, asked)
    return explain_again(run, options.url, asked, for_build, options.work_dir, options.num_workers)


def _ask_text(options: WhyOptions, for_build: Sequence[str]) -> Explanation:
    names = [variant.name for variant in options.variants] or ["en"]
    arguments = [f"--variant={','.join(names)}", *for_build]
    source = _STANDARD_INPUT if options.text == "-" else str(options.text)
    try:
        text = sys.stdin.buffer.read() if options.text == "-" else read_bytes(source)
    except OSError as error:
        raise UsageError(f"--text={source}: {error.strerror or error}") from None
    return explain_text(text, source, options.url, arguments)


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
