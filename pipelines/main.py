"""Runs the corpus from the command line: options, inputs, graph, summary, exit code."""

import json
import logging
import sys
from collections.abc import Sequence
from dataclasses import replace

from cleaning.badwords import BadWordsError
from cleaning.domains import DomainsError
from cleaning.language import LanguageModelError
from pipelines import workers
from pipelines.amounts import duration, size
from pipelines.inputs import InputError, Part, cut_into_parts, find_inputs, write_manifest
from pipelines.job import Job, bucket_count, inputs_digest
from pipelines.lists import write_lists
from pipelines.options import OptionError, Options, closest, own_option_names, parse_options
from pipelines.progress import Progress, print_datasets, print_summary
from pipelines.public_lists import ListError
from pipelines.publish import TooManyMalformed, is_complete
from pipelines.run_lists import RunLists, find_lists
from pipelines.storage import delete_file, delete_folder, delete_if_empty, join, read_bytes
from pipelines.url_lists import UrlListError
from pipelines.webtext import write_list_manifest

_USAGE_ERRORS = (
    OptionError, InputError, BadWordsError, DomainsError, ListError, UrlListError,
    LanguageModelError,
)  # fmt: skip
EXIT_FAILED, EXIT_USAGE, EXIT_MALFORMED, EXIT_STOPPED = 1, 2, 3, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code.

    0: the corpus is there; 1: the run failed; 2: a wrong option; 3: too much of the input is
    malformed; 130: stopped from the keyboard.
    """
    try:
        options = parse_options(list(sys.argv[1:] if arguments is None else arguments))
        return _run(options)
    except _USAGE_ERRORS as error:
        _say(f"beam_runner.py: error: {error}")
        _say("Nothing was done. --help lists all options.")
        return EXIT_USAGE
    except KeyboardInterrupt:
        _say("\nStopped. The same command goes on from here.")
        return EXIT_STOPPED
    finally:
        workers.close_pool()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _run(options: Options) -> int:
    logging.getLogger().addFilter(lambda record: "apitools not found" not in record.getMessage())
    if options.runner.local:
        workers.open_pool(options.num_workers).warm_up()  # while this process imports Beam
    beam_arguments = _beam_arguments(options)
    parts = cut_into_parts(find_inputs(list(options.input)))
    run_lists = find_lists(options, parts)
    job = _job(options, parts, run_lists)
    report_path = join(job.run_folder(), "report.json")
    if is_complete(job):
        print("Complete already: same input, same configuration.")
        _print_outcome(job, report_path)
        return 0
    try:
        write_lists(job.lists_path(), run_lists.lists)
        write_list_manifest(job.url_lists_path(), run_lists.url_lists)
        write_manifest(job.manifest_path(), parts)
    except OSError as error:
        raise OptionError(f"--output={options.output}: cannot be written: {error}") from None
    return _build(job, parts, options, beam_arguments)


def _job(options: Options, parts: tuple[Part, ...], run_lists: RunLists) -> Job:
    output = options.output.rstrip("/") or "/"
    job = Job(
        variants=options.variants,
        spec=options.spec,
        choices=options.choices,
        lists=run_lists.sha256(),
        custom_lists=run_lists.custom(),
        lid_model=options.lid_model or "",
        output=output,
        work="",
        formats=options.formats,
        shards=options.shards,
        inputs_digest=inputs_digest(parts),
        part_count=len(parts),
        url_list_count=len(run_lists.url_lists),
        buckets=bucket_count(parts),
        max_malformed_fraction=options.max_malformed_fraction,
    )
    return replace(job, work=options.work_dir or join(job.run_folder(), "work"))


def _beam_arguments(options: Options) -> list[str]:
    """The arguments for Beam, each known to one of its option classes.

    Raises:
      OptionError: one is neither ours nor Beam's.
    """
    import argparse

    from apache_beam.options.pipeline_options import PipelineOptions

    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for group in PipelineOptions.__subclasses__():
        group._add_argparse_args(parser)
    _, unknown = parser.parse_known_args(list(options.beam_arguments))
    if unknown:
        beam_names = [name for action in parser._actions for name in action.option_strings]
        name = unknown[0].partition("=")[0]
        guess = closest(name, [*own_option_names(), *beam_names]).rpartition("; ")[2]
        hint = f"; {guess}" if guess.startswith("did you mean") else ""
        raise OptionError(f"unknown option {name}{hint}")
    arguments = list(options.beam_arguments)
    if not options.runner.local:
        arguments.append(f"--runner={options.runner.name}")
        arguments += [f"--num_workers={options.num_workers}"] if options.num_workers else []
    return arguments


def _build(job: Job, parts: tuple[Part, ...], options: Options, beam_arguments: list[str]) -> int:
    import apache_beam as beam
    from apache_beam.options.pipeline_options import PipelineOptions
    from apache_beam.runners.portability.fn_api_runner import FnApiRunner

    from pipelines.corpus import BuildCorpus
    from pipelines.stages import Exchange

    local = options.runner.local
    files = len({part.path for part in parts})
    stored = sum(part.end - part.start for part in parts)
    names = ", ".join(variant.name for variant in job.variants)
    modified = "" if job.is_unmodified() else ", modified"
    _say(
        f"{job.dataset_name()}: {names} ({job.spec}{modified}) from {files:,} WET "
        f"file{'s' * (files != 1)}, {size(stored)} stored, to "
        f"{join(job.output, job.dataset_name())}"
    )
    # Without a runner given, Beam's DirectRunner would first try to download Prism.
    pipeline = beam.Pipeline(
        runner=FnApiRunner() if local else None, options=PipelineOptions(beam_arguments)
    )
    exchange = Exchange.SPILL if local else Exchange.SHUFFLE
    _ = pipeline | "corpus" >> BuildCorpus(job, exchange)
    with Progress(job, parts, sys.stderr) as progress:
        if local:
            workers.current_pool().listener = progress.on_receipt
            # Beam would log the stack of an error that is about to be told in a line.
            logging.getLogger("apache_beam.runners.common").setLevel(logging.CRITICAL)
        try:
            pipeline.run().wait_until_finish()
        except Exception as error:
            return _explain(error, local)
    if local:
        resumed = f", {progress.resumed:,} tasks done by an earlier run" if progress.resumed else ""
        _say(f"Done in {duration(progress.seconds)}{resumed}.")
    if not options.keep_work:
        for folder in job.work_folders():
            delete_folder(folder)
        delete_file(job.lists_path())
        delete_if_empty(job.work)
    _print_outcome(job, join(job.run_folder(), "report.json"))
    return 0


def _explain(error: Exception, local: bool) -> int:
    """Says what went wrong in a line; the exit code."""
    if TooManyMalformed.__name__ in f"{type(error).__name__}: {error}":
        # Beam adds where it was; a distributed runner passes on the text only.
        text = str(error).rpartition(f"{TooManyMalformed.__name__}: ")[2]
        _say(f"Failed: {text.partition(' [while running')[0].strip()}")
        return EXIT_MALFORMED
    failure = workers.current_pool().failure if local else None
    if failure is None:
        raise error
    _say(f"Failed: {type(failure).__name__}: {failure}")
    _say("What is done is kept: the same command goes on from here.")
    return EXIT_FAILED


def _print_outcome(job: Job, report_path: str) -> None:
    variants = json.loads(read_bytes(report_path))["variants"]
    print_summary({name: variant["counts"] for name, variant in variants.items()}, sys.stdout)
    print()
    print_datasets(variants, ", ".join(job.formats), sys.stdout)
    print(f"report: {report_path}")
    counts = next(iter(variants.values()))["counts"]
    if counts["split-wet-file/filtered:malformed"]:
        print(f"malformed: {join(job.run_folder(), 'malformed')}")
