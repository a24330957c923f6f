"""Makes a URL list from dumps of Reddit's submissions, as WebText: `c4forge webtext-urls`.

    c4forge webtext-urls --output=urls.txt.gz 'dumps/RS_2018-*.zst'

WebText took the outbound links of submissions with at least 3 karma, but no Wikipedia (Radford et
al. 2019, section 2.1). OpenWebText (github.com/jcpeterson/openwebtext at 2e3f21d: extract_urls.py,
url_utils.py) also left out hosts of images, video and music, and files that are no pages: so does
this, by tables of its own. It further left out submissions over 18 and hosts that resist scrapers:
not so here, for the paper did not, and Common Crawl has been there already. Of links with the same
normalized URL the first stays, dumps taken by name, which is by month, whatever the workers.
"""

import os
import shlex
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import compress

import numpy as np

from cleaning.urls import md5, normalize_url
from cleaning.webtext import Refusal, Wanted, link_of_line
from pipelines.sources.url_lists import first_rows
from runtime.cli.command_line import CommandLine
from runtime.cli.console import LiveLine, Tally, doing
from runtime.cli.options import OptionError, option, options_of, parse_as, parse_count
from runtime.command import NOTHING_WRITTEN, Exit, run_command
from runtime.errors import InputRefused, UsageError, check_all, planning
from runtime.redaction import plain
from runtime.storage.content.compression import (
    DAMAGE,
    DUMP_WINDOW_BYTES,
    open_decompressed,
    pack_by_name,
    read_lines,
)
from runtime.storage.files import atomic_write, open_read, read_bytes
from runtime.storage.matching import is_missing, match_files
from runtime.storage.names import TEMPORARY, temporary_start
from runtime.storage.ownership import check_new
from runtime.storage.remote import Matched, is_remote
from runtime.storage.space import telling_need
from runtime.workers.pool import available_cores, close_pool, open_pool

PRELOAD = "pipelines.webtext_urls"
_DUMP_NAMES = ("*RS_*", "*_submissions.zst")


class DumpError(InputRefused):
    """A dump that cannot be read; the message names it and says what to do."""


Judged = Counter[Refusal | None]
"""Lines by what refused them; None: the links."""


def _output(value: str) -> str:
    path = value if is_remote(value) else os.path.abspath(os.path.expanduser(value))
    if value.endswith(("/", ".zst", ".xz", ".bz2", ".zip")) or os.path.isdir(path):
        raise UsageError(f"{value!r} is no file name in .txt.gz or .txt")
    return path


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOptions:
    """The command line as given, each value valid by itself."""

    patterns: tuple[str, ...] = option(
        "file, quoted glob or folder of RS_* files", name="dumps", positional=True, metavar="DUMP",
        many=True,
    )  # fmt: skip
    output: str = option("compressed if it ends in .gz", metavar="FILE", parse=_output)
    min_score: int = option(
        "karma that a submission needs", default=3, metavar="N", parse=parse_as(int)
    )
    keep_media: bool = option("take images, video, music and files as well", default=False)
    overwrite: bool = option("replace the output if it is there", default=False)
    num_workers: int = option(
        "dumps read at a time, up to 2 GB of memory each if in zstd; default 0: all cores",
        default=0, metavar="N", parse=parse_count, shown="",
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What is done; the dumps in the order in which they count, with their sizes in bytes."""

    dumps: Mapping[str, int]
    output: str
    wanted: Wanted
    num_workers: int


@dataclass(frozen=True, slots=True)
class _Dump:
    """A task: the links of a dump, to be written to files whose names start with `spill`."""

    path: str
    spill: str
    wanted: Wanted


def _extract_links(dump: _Dump) -> Judged:
    """Writes the links of a dump and their digests, duplicates too, beside its `spill`.

    Raises:
      DumpError: the dump is damaged, or holds no submission.
    """
    total: Judged = Counter()
    with (
        open(f"{dump.spill}.links", "wb") as links_file,
        open(f"{dump.spill}.md5", "wb") as digests_file,
    ):
        for line in _dump_lines(dump.path):
            link = link_of_line(line, dump.wanted)
            total[link if isinstance(link, Refusal) else None] += 1
            if isinstance(link, str):
                links_file.write(link.encode() + b"\n")
                digests_file.write(md5(normalize_url(link)))
    if 0 < total[Refusal.MALFORMED] == total.total():
        raise DumpError(
            f"{plain(dump.path)}: no line is a JSON object; expected Reddit's submissions as JSON "
            "lines, plain or packed with zstd, xz, bzip2 or gzip"
        )
    return total


def _dump_lines(path: str) -> Iterator[bytes]:
    try:
        with (
            open_read(path) as stored,
            open_decompressed(stored, DUMP_WINDOW_BYTES) as stream,
        ):
            yield from read_lines(stream)
    except DAMAGE as error:
        raise DumpError(
            f"{plain(path)}: cannot be read to its end: {error}. Fetch it again or leave it out: "
            "with a part of it, links would be missing silently."
        ) from None


def _extract_all(options: Options, spills: Mapping[str, str]) -> Judged:
    """`_extract_links` of every dump, the largest first, several at a time."""
    total: Judged = Counter()
    largest_first = sorted(options.dumps, key=lambda path: -options.dumps[path])
    tasks = [_Dump(path, spills[path], options.wanted) for path in largest_first]
    pool = open_pool(min(options.num_workers, len(spills)), PRELOAD, resumable=False)
    tally = Tally()
    line = LiveLine(lambda _: f"{tally.done:,} of {len(tasks):,} dumps read", sys.stderr)
    try:
        with line:
            for dump, judged in pool.results(_extract_links, tasks):
                total += judged
                tally.add()
                line.print_above(
                    f"{plain(dump.path)}: {judged.total():,} lines, {judged[None]:,} links"
                )
    finally:
        close_pool()  # a worker may have hours to go, and write where the caller cleans up
    return total


def _write_list(output: str, spills: list[str]) -> int:
    """Writes the first link of each digest; returns how many."""
    digests = bytearray()
    for spill in spills:
        digests += read_bytes(f"{spill}.md5")
    first = first_rows(np.frombuffer(digests, np.uint64).reshape(-1, 2))
    stays = iter(first)
    with atomic_write(output) as stored, pack_by_name(stored, output) as stream:
        for spill in spills:
            with open(f"{spill}.links", "rb") as links:
                stream.writelines(compress(links, stays))
    return int(first.sum())


def build_list(options: Options) -> tuple[Judged, int]:
    """Writes the list; the lines of the dumps by what refused them, and how many URLs it has.

    Raises:
      OptionError: the output cannot be written.
      DumpError, WorkerDied: a dump cannot be read; nothing is written.
    """
    folder, name = os.path.split("" if is_remote(options.output) else options.output)
    try:
        os.makedirs(folder or ".", exist_ok=True)
        place = tempfile.TemporaryDirectory(
            prefix=f"{temporary_start(name)}{TEMPORARY}", dir=folder or None
        )
    except OSError as error:
        raise OptionError(f"--output={options.output}: cannot be written: {error}") from None
    with place as spill:
        spills = {path: f"{spill}/{number}" for number, path in enumerate(options.dumps)}
        # The links are about as large as the dumps are, packed.
        with telling_need(folder or ".", lambda: sum(options.dumps.values())):
            judged = _extract_all(options, spills)
        with doing("writing the list"):
            return judged, _write_list(options.output, list(spills.values()))


def command_line(name: str = "c4forge webtext-urls") -> CommandLine:
    """The command line, under the name that people typed."""
    return CommandLine(
        name=name,
        meaning="Makes a URL list for the variant webtextlike from dumps of Reddit's submissions.",
        options=options_of(ListOptions),
        examples="example:\n  c4forge webtext-urls --output=urls.txt.gz 'dumps/RS_2018-*.zst'\n",
    )


def parse_options(arguments: list[str], name: str = "c4forge webtext-urls") -> Options:
    """The command line's options, its dumps found.

    Raises:
      OptionError, InputError: values are wrong or missing; a line each.
      SystemExit: --help was asked for, and is printed.
    """
    read = command_line(name).read(arguments)
    read.check()
    given = ListOptions(**read.values)
    dumps = [partial(match_files, "DUMP", path, _DUMP_NAMES) for path in given.patterns]
    check_all(dump for dump in dumps if is_missing(dump.args[1]))
    found: Matched = {}
    with planning():
        for dump in dumps:
            found |= dump()
    if given.output in found:
        raise OptionError(f"--output={given.output} is one of the dumps")
    check_new(given.output, given.overwrite, "--output")
    by_name = sorted(found, key=lambda path: (os.path.basename(path), path))
    return Options(
        dumps={path: found[path][0] for path in by_name},
        output=given.output,
        wanted=Wanted(given.min_score, given.keep_media),
        num_workers=given.num_workers or available_cores(),
    )


def _summary(options: Options, judged: Judged, written: int) -> str:
    """What became of the submissions, and the command that uses the list."""
    refused = {f"  {refusal.value}": judged[refusal] for refusal in Refusal}
    last = {"  duplicates": judged[None] - written, "URLs written": written}
    rows = {"submissions read": judged.total(), **refused, **last}
    table = "".join(f"{name:24}{count:15,}\n" for name, count in rows.items())
    urls = shlex.quote(f"--webtext_urls={options.output}")
    return f"{table}\nc4forge build --variant=webtext {urls} --input=wet/ --output=out"


def main(arguments: Sequence[str] | None = None, name: str = "c4forge webtext-urls") -> int:
    """Runs the command line; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    return run_command(name, lambda: _run(parse_options(given, name)), kept=NOTHING_WRITTEN)


def _run(options: Options) -> int:
    print(_summary(options, *build_list(options)))
    return Exit.DONE
