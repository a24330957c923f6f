"""Measures a vocabulary on a corpus: `python -m vocab.inspect MODEL CORPUS`."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from concurrent.futures import as_completed

from corpora.documents import DamagedShard
from corpora.formats import FORMATS
from corpora.layout import CorpusShard, find_corpora
from runtime.cli.console import LiveLine, Tally
from runtime.cli.options import HelpFormatter, OptionError, Parser, parse_count, text_size
from runtime.storage.files import InputError, is_remote, join, write_bytes
from runtime.workers import pool as workers
from vocab.inspection.measures import Measure, measure_shard
from vocab.inspection.plot import draw_plot
from vocab.inspection.tables import Inspection, print_inspection
from vocab.vocabulary import ModelError, Vocabulary, read_vocabulary

_USAGE_ERRORS = (OptionError, InputError, ModelError)
_HASHES = 1 << 64
EXIT_FAILED, EXIT_USAGE, EXIT_STOPPED = 1, 2, 130
_EXAMPLES = """\
examples:
  python -m vocab.inspect out/vocab out/c4/en/3.1.0
  python -m vocab.inspect out/vocab/spiece.model out/c4/multilingual/3.1.0 --output=out/report
  python -m vocab.inspect out/vocab 'out/c4/en/3.1.0/c4-train.tfrecord-0000?-of-01024'
"""


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m vocab.inspect",
        description="Says what a vocabulary makes of a corpus: as tables, as inspect.json and as "
        "a plot, inspect.png.",
        epilog=_EXAMPLES,
        formatter_class=HelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("model", metavar="MODEL", help="spiece.model, or the folder that holds it")
    parser.add_argument(
        "corpora",
        nargs="+",
        metavar="CORPUS",
        help="a dataset's folder, a quoted glob, or a file; de=PATH states its language",
    )
    parser.add_argument(
        "--output",
        metavar="DIR",
        help="where inspect.json and inspect.png go; default: the model's folder",
    )
    parser.add_argument(
        "--sample_bytes",
        type=text_size,
        default=256_000_000,
        metavar="X",
        help="text to read, about; documents are chosen by hash; default: 256MB",
    )
    parser.add_argument(
        "--num_workers",
        type=parse_count,
        default=0,
        metavar="N",
        help="processes; default 0: all cores",
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code.

    0: told and written; 1: a shard is damaged; 2: a wrong option; 130: stopped from the keyboard.
    """
    try:
        return _run(_parser().parse_args(arguments))
    except _USAGE_ERRORS as error:
        _say(f"vocab.inspect: error: {error}")
        return EXIT_USAGE
    except (DamagedShard, workers.WorkerDied) as error:
        _say(f"Failed: {error}.")
        return EXIT_FAILED
    except KeyboardInterrupt:
        _say("\nStopped.")
        return EXIT_STOPPED
    finally:
        workers.close_pool()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _run(options: argparse.Namespace) -> int:
    vocabulary = read_vocabulary(options.model)
    shards = find_corpora(options.corpora, "CORPUS")
    share = _share(shards, options.sample_bytes)
    inspection = Inspection(
        vocabulary, tuple(options.corpora), share,
        measure_shards(shards, vocabulary, share, options.num_workers),
    )  # fmt: skip
    if not inspection.total().documents:
        raise InputError(f"CORPUS={', '.join(options.corpora)}: no documents in it")
    print_inspection(inspection, sys.stdout)
    folder = (options.output or os.path.dirname(vocabulary.path) or ".").rstrip("/") or "/"
    written = _write(inspection, folder)
    print(f"written: {', '.join(written)}")
    return 0


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
    pool = workers.open_pool(min(num_workers or workers.available_cores(), len(shards)), __name__)
    futures = [pool.submit(measure_shard, shard, absolute, limit, 0) for shard in shards]
    tally = Tally()
    found: dict[str, Measure] = {}
    with LiveLine(lambda _: f"{tally.done:,} of {len(shards):,} shards read", sys.stderr) as line:
        for future in as_completed(futures):
            language, measure = future.result()
            found[language] = found.get(language, Measure()) + measure
            tally.add()
            line.tick()
    return {name: measure for name, measure in found.items() if measure.documents}


def _write(inspection: Inspection, folder: str) -> list[str]:
    text = json.dumps(inspection.as_values(), indent=2, ensure_ascii=False) + "\n"
    files = {"inspect.json": text.encode()}
    try:
        files["inspect.png"] = draw_plot(inspection)
    except ImportError:
        _say("note: no plot: matplotlib is not installed; pip install 'c4forge[plot]'")
    try:
        for name, data in files.items():
            write_bytes(join(folder, name), data)
    except OSError as error:
        raise OptionError(f"--output={folder}: cannot be written: {error}") from None
    return [join(folder, name) for name in files]


if __name__ == "__main__":
    sys.exit(main())
