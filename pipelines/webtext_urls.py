"""Makes a URL list for webtextlike of dumps of Reddit's submissions, as WebText was made.

    python -m pipelines.webtext_urls --output=urls.txt.gz 'dumps/RS_2018-*.zst'

WebText took the outbound links of submissions with at least 3 karma, but no Wikipedia (Radford et
al. 2019, section 2.1). OpenWebText (github.com/jcpeterson/openwebtext at 2e3f21d: extract_urls.py,
url_utils.py) also left out hosts of images, video and music, and files that are no pages: so does
this, by tables of its own. It further left out submissions over 18 and hosts that resist scrapers:
not so here, for the paper did not, and Common Crawl has been there already. Of links with the same
normalized URL the first stays, dumps taken by name, which is by month, whatever the workers.
"""

import argparse
import multiprocessing
import os
import shlex
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import compress
from typing import NoReturn

import numpy as np

from cleaning.urls import md5, normalize_url
from cleaning.webtext import Refusal, Wanted, link_of_line
from pipelines.sources.url_lists import first_rows
from runtime.cli.options import OptionError
from runtime.errors import RunFailed
from runtime.storage.compression import DAMAGE, open_decompressed, pack_by_name, read_lines
from runtime.storage.files import (
    InputError,
    Matched,
    atomic_write,
    is_remote,
    match_files,
    open_read,
    read_bytes,
)
from runtime.workers.pool import available_cores

_PROGRAM = "python -m pipelines.webtext_urls"
_DUMP_NAMES = ("*RS_*", "*_submissions.zst")


class DumpError(RunFailed):
    """A dump that cannot be read; the message names it and says what to do."""


Judged = Counter[Refusal | None]
"""Lines by what refused them; None: the links."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The command line; the dumps in the order in which they count, with their sizes in bytes."""

    dumps: Mapping[str, int]
    output: str
    wanted: Wanted
    num_workers: int


def _extract_links(path: str, spill: str, wanted: Wanted) -> Judged:
    """Writes the links of a dump and their digests, duplicates too, beside `spill`.

    Raises:
      DumpError: the dump is damaged, or holds no submission.
    """
    total: Judged = Counter()
    with open(f"{spill}.links", "wb") as links_file, open(f"{spill}.md5", "wb") as digests_file:
        for line in _dump_lines(path):
            link = link_of_line(line, wanted)
            total[link if isinstance(link, Refusal) else None] += 1
            if isinstance(link, str):
                links_file.write(link.encode() + b"\n")
                digests_file.write(md5(normalize_url(link)))
    if 0 < total[Refusal.MALFORMED] == total.total():
        raise DumpError(
            f"{path}: no line is a JSON object; expected Reddit's submissions as JSON lines, "
            "plain or packed with zstd, xz, bzip2 or gzip"
        )
    return total


def _dump_lines(path: str) -> Iterator[bytes]:
    try:
        with open_read(path) as stored, open_decompressed(stored) as stream:
            yield from read_lines(stream)
    except DAMAGE as error:
        raise DumpError(
            f"{path}: cannot be read to its end: {error}. Fetch it again or leave it out: "
            "with a part of it, links would be missing silently."
        ) from None


def _extract_all(options: Options, spills: Mapping[str, str]) -> Judged:
    """`_extract_links` of every dump, the largest first, several at a time."""
    total: Judged = Counter()
    workers = min(options.num_workers, len(spills))
    with ProcessPoolExecutor(workers, multiprocessing.get_context("forkserver")) as pool:
        futures = {
            pool.submit(_extract_links, path, spills[path], options.wanted): path
            for path in sorted(options.dumps, key=lambda path: -options.dumps[path])
        }
        try:
            for future in as_completed(futures):
                judged = future.result()
                total += judged
                _say(f"{futures[future]}: {judged.total():,} lines, {judged[None]:,} links")
        except BaseException:
            for process in multiprocessing.active_children():  # each may have hours to go
                process.terminate()
            raise
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
      DumpError, BrokenProcessPool: a dump cannot be read; nothing is written.
    """
    folder, name = os.path.split("" if is_remote(options.output) else options.output)
    try:
        os.makedirs(folder or ".", exist_ok=True)
        place = tempfile.TemporaryDirectory(prefix=f"{name}.tmp-", dir=folder or None)
    except OSError as error:
        raise OptionError(f"--output={options.output}: cannot be written: {error}") from None
    with place as spill:
        spills = {path: f"{spill}/{number}" for number, path in enumerate(options.dumps)}
        return _extract_all(options, spills), _write_list(options.output, list(spills.values()))


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise OptionError(message.removeprefix("argument "))


def _output(value: str) -> str:
    path = value if is_remote(value) else os.path.abspath(os.path.expanduser(value))
    if value.endswith(("/", ".zst", ".xz", ".bz2", ".zip")) or os.path.isdir(path):
        raise argparse.ArgumentTypeError(f"{value!r} is no file name in .txt.gz or .txt")
    return path


def parse_options(arguments: list[str]) -> Options:
    """The command line's options, its dumps found.

    Raises:
      OptionError, InputError: a value is wrong or missing.
      SystemExit: --help was asked for, and is printed.
    """
    what = "Makes a URL list for webtextlike of dumps of Reddit's submissions."
    parser = _Parser(prog=_PROGRAM, description=what, allow_abbrev=False)
    add = parser.add_argument
    add("dumps", nargs="+", metavar="DUMP", help="file, quoted glob or folder of RS_* files")
    add("--output", required=True, type=_output, metavar="FILE", help="packed if it ends in .gz")
    add("--min_score", type=int, default=3, metavar="N", help="default: 3")
    add("--keep_media", action="store_true", help="take images, video, music and files as well")
    workers = "dumps read at a time, up to 2 GB of memory each if in zstd; default 0: all cores"
    add("--num_workers", type=int, default=0, metavar="N", help=workers)
    given = parser.parse_args(arguments)
    if given.num_workers < 0:
        raise OptionError(f"--num_workers: {given.num_workers} is not a whole number of 0 or more")
    found: Matched = {}
    for pattern in given.dumps:
        found |= match_files("DUMP", pattern, _DUMP_NAMES)
    if given.output in found:
        raise OptionError(f"--output={given.output} is one of the dumps")
    by_name = sorted(found, key=lambda path: (os.path.basename(path), path))
    return Options(
        dumps={path: found[path][0] for path in by_name},
        output=given.output,
        wanted=Wanted(given.min_score, given.keep_media),
        num_workers=given.num_workers or available_cores(),
    )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _summary(options: Options, judged: Judged, written: int) -> str:
    """What became of the submissions, and the command that uses the list."""
    refused = {f"  {refusal.value}": judged[refusal] for refusal in Refusal}
    last = {"  duplicates": judged[None] - written, "URLs written": written}
    rows = {"submissions read": judged.total(), **refused, **last}
    table = "".join(f"{name:24}{count:15,}\n" for name, count in rows.items())
    urls = shlex.quote(f"--webtext_urls={options.output}")
    return f"{table}\npython beam_runner.py --variant=webtext {urls} --input=wet/ --output=out"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; returns 0, or 1: failed, 2: a wrong option, 130: stopped."""
    try:
        options = parse_options(list(sys.argv[1:] if arguments is None else arguments))
        print(_summary(options, *build_list(options)))
        return 0
    except (OptionError, InputError) as error:
        _say(f"{_PROGRAM}: error: {error}\nNothing was done. --help lists all options.")
        return 2
    except KeyboardInterrupt:
        _say("\nStopped. Nothing was written.")
        return 130
    except (DumpError, OSError) as error:
        _say(f"Failed: {error}\nNothing was written.")
    except BrokenProcessPool:
        _say("Failed: a worker was ended, perhaps for want of memory; try fewer --num_workers.")
    return 1


if __name__ == "__main__":
    sys.exit(main())
