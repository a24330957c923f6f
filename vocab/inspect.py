"""Measures a vocabulary on a corpus: the command `c4forge vocab inspect`."""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from corpora.formats import FORMATS
from corpora.layout import CorpusShard, find_corpora, missing_corpora
from runtime.cli.command_line import CommandLine
from runtime.cli.console import LiveLine, Tally, doing, say
from runtime.cli.options import OptionError, option, options_of, parse_count, text_size
from runtime.command import NOTHING_WRITTEN, Exit, run_command
from runtime.errors import check_all, planning
from runtime.storage.files import join, json_utf8, write_bytes
from runtime.storage.matching import InputError
from runtime.storage.ownership import claim, release
from runtime.storage.remote import is_remote
from runtime.workers.pool import available_cores, open_pool
from vocab.inspection.measures import Measure, measure_shard
from vocab.inspection.plot import draw_plot
from vocab.inspection.tables import Inspection, print_inspection
from vocab.vocabulary import Vocabulary, missing_vocabulary, read_vocabulary

INSPECT_FILES = ("inspect.json", "inspect.png")
PRELOAD = "vocab.inspection.measures"
_HASHES = 1 << 64
_EXAMPLES = """\
examples:
  c4forge vocab inspect out/vocab out/c4/en/3.1.0
  c4forge vocab inspect out/vocab/spiece.model out/c4/multilingual/3.1.0 \\
      --output=out/report
  c4forge vocab inspect out/vocab \\
      'out/c4/en/3.1.0/c4-train.tfrecord-0000?-of-01024'
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectOptions:
    """The command line as given, each value valid by itself. Paths are not looked at yet."""

    model: str = option(
        "spiece.model, or the folder that holds it", positional=True, metavar="MODEL"
    )
    corpora: tuple[str, ...] = option(
        "a dataset's folder, a quoted glob, or a file; de=PATH states its language",
        positional=True, metavar="CORPUS", many=True,
    )  # fmt: skip
    output: str | None = option(
        "where inspect.json and inspect.png go; default: the model's folder",
        default=None, metavar="DIR", parse=str,
    )  # fmt: skip
    sample_bytes: int = option(
        "text to read, about; documents are chosen by hash",
        default=256_000_000, metavar="SIZE", parse=text_size, shown="256MB",
    )  # fmt: skip
    num_workers: int = option(
        "processes; default 0: all cores", default=0, metavar="N", parse=parse_count, shown=""
    )


def command_line(name: str = "c4forge vocab inspect") -> CommandLine:
    """The command line, under the name that people typed."""
    return CommandLine(
        name=name,
        meaning="Measures a vocabulary on a corpus: characters a token, unknown tokens and more, "
        "as tables, as inspect.json and as a plot, inspect.png.",
        options=options_of(InspectOptions),
        examples=_EXAMPLES,
    )


def main(arguments: Sequence[str] | None = None, name: str = "c4forge vocab inspect") -> int:
    """Runs the command line; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    return run_command(name, lambda: _run(given, name), kept=NOTHING_WRITTEN)


def _run(arguments: list[str], name: str) -> int:
    given = command_line(name).read(arguments)
    given.check()
    options = InspectOptions(**given.values)
    check_all([*missing_vocabulary(options.model), *missing_corpora(options.corpora, "CORPUS")])
    with planning(), doing("reading the vocabulary and the corpora"):
        vocabulary = read_vocabulary(options.model)
        shards = find_corpora(options.corpora, "CORPUS")
    folder = (options.output or os.path.dirname(vocabulary.path) or ".").rstrip("/") or "/"
    try:
        _check_output(folder)
        return _inspect(options, vocabulary, shards, folder)
    finally:
        release(folder)


def _inspect(
    options: InspectOptions, vocabulary: Vocabulary, shards: tuple[CorpusShard, ...], folder: str
) -> int:
    """Measures, prints the tables and writes the files into the folder."""
    share = _share(shards, options.sample_bytes)
    inspection = Inspection(
        vocabulary, options.corpora, share,
        measure_shards(shards, vocabulary, share, options.num_workers),
    )  # fmt: skip
    if not inspection.total().documents:
        raise InputError(f"CORPUS={', '.join(options.corpora)}: no documents in it")
    print_inspection(inspection, sys.stdout)
    written = _write(inspection, folder)
    print(f"written: {', '.join(written)}")
    return Exit.DONE


def _check_output(folder: str) -> None:
    """Makes the folder, before the work.

    Raises:
      OptionError: it cannot be made or written.
      NotOurs: it has files of others under the names that are written.
    """
    try:
        claim(folder, INSPECT_FILES, "--output")
    except OSError as error:
        raise OptionError(f"--output={folder}: cannot be written: {error}") from None


def _share(shards: tuple[CorpusShard, ...], sample_bytes: int) -> float:
    """The share of documents that holds about so much text."""
    ratio = {name: row.text_ratio for name, row in FORMATS.items()}
    text = sum(shard.size_bytes * ratio[shard.format] for shard in shards)
    return min(1.0, sample_bytes / max(text, 1))


def measure_shards(
    shards: tuple[CorpusShard, ...], vocabulary: Vocabulary, share: float, num_workers: int
) -> dict[str, Measure]:
    """Measures by language, of that share of the documents.

    Raises:
      DamagedShard: one does not read to its end.
    """
    path = vocabulary.path
    absolute = path if is_remote(path) else os.path.abspath(path)
    limit = round(share * _HASHES)
    workers = min(num_workers or available_cores(), len(shards))
    pool = open_pool(workers, PRELOAD, resumable=False)
    work = partial(measure_shard, model=absolute, limit=limit, seed=0)
    tally = Tally()
    found: dict[str, Measure] = {}
    with LiveLine(lambda _: f"{tally.done:,} of {len(shards):,} shards measured", sys.stderr):
        for _, (language, measure) in pool.results(work, shards):
            found[language] = found.get(language, Measure()) + measure
            tally.add()
    return {name: measure for name, measure in found.items() if measure.documents}


def _write(inspection: Inspection, folder: str) -> list[str]:
    text = json.dumps(inspection.as_values(), indent=2, ensure_ascii=False) + "\n"
    files = {INSPECT_FILES[0]: json_utf8(text)}
    try:
        with doing("drawing the plot"):
            files[INSPECT_FILES[1]] = draw_plot(inspection)
    except ImportError:
        say("note: no plot: matplotlib is not installed; pip install 'c4forge[plot]'")
    try:
        for name, data in files.items():
            write_bytes(join(folder, name), data)
    except OSError as error:
        raise OptionError(f"--output={folder}: cannot be written: {error}") from None
    return [join(folder, name) for name in files]
