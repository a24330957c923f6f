"""A build started from Python: the options and errors of `c4forge build`, its report as objects."""

import io
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, redirect_stdout
from dataclasses import asdict, dataclass
from importlib import import_module
from types import FrameType, ModuleType

from c4forge.corpora import Corpus, read_corpus
from c4forge.specs import Spec
from cleaning.specs import SpecSettings
from pipelines.job import Job
from pipelines.main import build_corpus
from pipelines.run.options import LIST_CRAWLS, Options, parse_options
from runtime.errors import RunFailed, Terminated, UsageError
from runtime.storage.files import hush_beam, join, read_bytes
from runtime.workers import pool
from runtime.workers.processes import raise_when_interruptible

OptionValue = str | int | float | bool | os.PathLike[str] | None
"""Of an option; None and False leave it out."""
_RUNNING = threading.Lock()
_SEES = "is_in_ipython"
_SEES_NOTEBOOK = ("apache_beam.utils.interactive_utils", "apache_beam.pipeline")
"""Modules of Beam with that function, as far as a build comes by them."""


@dataclass(frozen=True, slots=True)
class SplitResult:
    """What was written of a split.

    Attributes:
      documents: how many.
      text_bytes: of their texts, in UTF-8.
      shards: files.
    Example:
      >>> import c4forge
      >>> c4forge.SplitResult(documents=2, text_bytes=600, shards=1).documents
      2
    """

    documents: int
    text_bytes: int
    shards: int


@dataclass(frozen=True, slots=True)
class VariantResult:
    """What a build made of a variant.

    Attributes:
      name: of the variant.
      folder: of its dataset, as `out/c4/en/3.1.0`.
      unmodified: True if these are the documents of the spec; False with settings or lists of your
        own, whose dataset is called `c4_custom`.
      splits: by name; a split may have no documents.
      counts: by rule, in data-path order, as docs/rules.md lists them.
    Example:
      >>> import c4forge
      >>> result = c4forge.build(input="sample/wet", output="out")
      >>> result.variants["en"].splits["validation"].documents
      1
      >>> [document.url for document in result.variants["en"].read("validation")]
      ['https://plainscience.example/answers/154/where-does-a-rainbow-end']
    """

    name: str
    folder: str
    unmodified: bool
    splits: Mapping[str, SplitResult]
    counts: Mapping[str, int]

    def documents(self) -> int:
        """The documents of all splits."""
        return sum(split.documents for split in self.splits.values())

    def read(self, split: str | None = "train") -> Corpus:
        """The documents that were written: `read_corpus` of the folder."""
        return read_corpus(self.folder, split)


@dataclass(frozen=True, slots=True)
class BuildResult:
    """What a build made. `print` shows the table that the command shows.

    Attributes:
      folder: of the run: `report.json`, `config.json`, `versions.json`, malformed records.
      spec: which C4.
      variants: by name.
      summary: the table, and where everything is.
    Example:
      >>> import c4forge
      >>> result = c4forge.build(input="sample/wet", output="out")
      >>> result.folder, list(result.variants)
      ('out/runs/en', ['en'])
    """

    folder: str
    spec: str
    variants: Mapping[str, VariantResult]
    summary: str

    def __str__(self) -> str:
        return self.summary


def build(
    variant: str | Sequence[str] = "en",
    *,
    input: OptionValue | Sequence[OptionValue] = None,
    output: OptionValue = None,
    spec: Spec = "tfds-3.1.0",
    **options: OptionValue | Sequence[OptionValue],
) -> BuildResult:
    """Builds corpora from WET files, as `c4forge build` does; progress goes to stderr.

    It needs no `if __name__ == "__main__"`. Ctrl-C, or "interrupt" in a notebook, lets the running
    tasks end and raises KeyboardInterrupt; the same call then goes on from there.

    Args:
      variant: names, as `en` or `["en", "realnews"]`.
      input: WET files: paths, globs or folders; leave it out for `crawl="CC-MAIN-2019-18"`.
      output: folder for datasets and report.
      spec: which C4, by name, or `SpecSettings`.
      options: any other of `c4forge build --help`, without dashes, as `num_workers=4`.
    Returns:
      Folders, counts by rule and splits of each variant.
    Raises:
      UsageError: options, or files that they name, cannot be used. Nothing was done.
      InputRefused: too much of the input is damaged or missing.
      RunFailed: the work broke off. What is done is kept: the same call goes on from it.
    Example:
      >>> import c4forge
      >>> result = c4forge.build(input="sample/wet", output="out", num_workers=1)
      >>> en = result.variants["en"]
      >>> en.folder, en.documents(), en.counts["clean-page/passed"]
      ('out/c4/en/3.1.0', 44, 72)
    """
    others = {"variant": variant, "input": input, "output": output, **options}
    parsed = parse_options(_arguments(spec, others))
    if parsed.estimate or LIST_CRAWLS in parsed.crawls:
        raise UsageError("estimate and crawl='list' print; run `c4forge build` for them")
    return _run(parsed)


def _run(options: Options) -> BuildResult:
    printed = io.StringIO()
    with _one_at_a_time(), _as_a_command(), _interrupt_stops_tasks():
        try:
            with redirect_stdout(printed):
                job = build_corpus(options)
        except Terminated:
            raise KeyboardInterrupt from None
        except OSError as error:
            raise RunFailed(f"{type(error).__name__}: {error}") from error
        finally:
            pool.close_pool()
    return _result(job, printed.getvalue())


def _arguments(spec: Spec, options: Mapping[str, OptionValue | Sequence[OptionValue]]) -> list[str]:
    """The options as `c4forge build` takes them."""
    if "help" in options:
        raise UsageError("help: the options are those of `c4forge build --help`")
    stated = asdict(spec) if isinstance(spec, SpecSettings) else {"spec": spec}
    arguments = []
    for name, value in {**stated, **options}.items():
        many = [value] if isinstance(value, str) or not isinstance(value, Sequence) else value
        for one in many:
            if one is True:
                arguments.append(f"--{name}")
            elif one is not None and one is not False:
                arguments.append(f"--{name}={one}")
    return arguments


def _result(job: Job, summary: str) -> BuildResult:
    """What the report of a finished run says."""
    folder = job.run_folder()
    report = json.loads(read_bytes(join(folder, "report.json")))
    variants = {
        name: VariantResult(
            name=name,
            folder=found["dataset"],
            unmodified=found["unmodified"],
            splits={split: SplitResult(**sizes) for split, sizes in found["splits"].items()},
            counts=found["counts"],
        )
        for name, found in report["variants"].items()
    }
    return BuildResult(folder, job.spec, variants, summary)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """A block that one thread of this process is in at a time: it has one pool of workers.

    Raises:
      UsageError: another thread is in it.
    """
    if not _RUNNING.acquire(blocking=False):
        raise UsageError("another build runs in this process; wait until it ends")
    try:
        yield
    finally:
        _RUNNING.release()


@contextmanager
def _as_a_command() -> Iterator[None]:
    """A block that runs as the command does, whatever script or notebook calls it.

    New worker processes would import the script, for functions that it may define, and start a
    build of their own where it has no `if __name__ == "__main__"`: no task needs it. In a notebook,
    Beam would give labels to the cells' pipelines, for which it imports a module that breaks beside
    pandas 3.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        with _hidden_notebook() if "IPython" in sys.modules else nullcontext():
            yield
    finally:
        sys.modules["__main__"] = main


@contextmanager
def _hidden_notebook() -> Iterator[None]:
    """A block in which Beam does not see that it is in a notebook."""
    hush_beam()
    places = [vars(import_module(name)) for name in _SEES_NOTEBOOK]
    before = [place[_SEES] for place in places]
    try:
        for place in places:
            place[_SEES] = lambda: False
        yield
    finally:
        for place, function in zip(places, before, strict=True):
            place[_SEES] = function


@contextmanager
def _interrupt_stops_tasks() -> Iterator[None]:
    """A block in which SIGINT drops the tasks that have not begun and raises KeyboardInterrupt.

    The handler of before is restored; only the main thread may set one, so others leave it as it
    is.
    """

    def stop(_signal: int, _frame: FrameType | None) -> None:
        pool.stop_tasks()
        raise_when_interruptible(KeyboardInterrupt)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
