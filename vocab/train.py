"""Trains a vocabulary: the command `c4forge vocab train`."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from corpora.layout import (
    CorpusShard,
    find_corpora,
    missing_corpora,
    without_duplicates,
    write_shard_list,
)
from runtime.cli.console import LiveLine, Tally, doing, say
from runtime.cli.options import OptionError
from runtime.command import Exit, run_command
from runtime.errors import check_all, planning
from runtime.storage.files import delete_folder, exists, join
from runtime.storage.locks import hold_folder
from runtime.storage.ownership import claim, read_manifest, release
from runtime.storage.space import telling_need
from runtime.units import duration, size
from runtime.workers.pool import open_pool, run_apart
from runtime.workers.runners import open_pipeline, run_in_pool, run_pipeline
from vocab.artifacts import (
    VOCABULARY_FILES,
    WORK_NAME,
    Result,
    is_trained,
    write_result,
)
from vocab.options import Options, parse_options
from vocab.recipes import Recipe
from vocab.sampling.local import draw_in_pool
from vocab.sampling.mixtures import choose_shards
from vocab.sampling.plan import SampleJob, read_plan, read_sample
from vocab.sampling.sample import Sample, describe_sample
from vocab.summary import print_cost, print_plan, print_result, sample_text
from vocab.training import Trained, TrainingError, train_model
from vocab.vocabulary import MODEL_NAME, RECIPE_NAME

PRELOAD = "vocab.sampling.sample"
_KEPT = "No vocabulary was written."


def main(arguments: Sequence[str] | None = None, name: str = "c4forge vocab train") -> int:
    """Runs the command line; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    return run_command(name, lambda: _run(parse_options(given, name)), kept=_KEPT)


def _run(options: Options) -> int:
    check_all(missing_corpora(options.corpora))
    if options.runner.local:
        open_pool(options.num_workers, PRELOAD).warm_up()
    with planning(), doing(f"{options.importing()}reading the corpora"):
        arguments = options.for_beam()
        found = find_corpora(options.corpora)
    shards, mixture, notes = choose_shards(without_duplicates(found), options.recipe.mixture)
    options = replace(options, recipe=replace(options.recipe, mixture=mixture))
    if is_trained(options, shards):
        print(f"Trained already: same corpus, same recipe. {options.output}")
        print_result(options.output, sys.stdout)
        return Exit.DONE
    path = join(options.output, MODEL_NAME)
    if exists(path) and MODEL_NAME not in read_manifest(options.output):
        raise OptionError(f"{path} was made by others, and is not replaced. Give another --output")
    if exists(path) and not options.overwrite:
        raise OptionError(
            f"--output={options.output} holds another vocabulary; its {RECIPE_NAME} says which. "
            "Give another --output, or --overwrite to replace it"
        )
    for note in notes:
        say(f"note: {note}")
    if exists(path):
        say(f"note: {options.output} will be replaced: it has another vocabulary")
    try:
        with hold_folder(options.output, f"--output={options.output}"):
            claim(options.output, VOCABULARY_FILES, "--output")
            _run_recipe(options, shards, arguments)
    finally:
        release(options.output)
    return Exit.DONE


def _run_recipe(options: Options, shards: tuple[CorpusShard, ...], arguments: list[str]) -> None:
    """Draws the sample, trains on it, and writes what comes out."""
    print_cost(options.recipe, shards, sys.stderr)
    job = SampleJob(
        work=join(options.output, WORK_NAME),
        mixture=options.recipe.mixture,
        sample_bytes=options.recipe.sample_bytes,
        seed=options.recipe.seed,
    )
    with telling_need(job.work, lambda: sample_text(options.recipe, shards)):
        sample = _draw(job, shards, options, arguments)
    with doing("counting the sample"):
        plan = read_plan(job)
        drawn = describe_sample(sample.documents())
    print_plan(plan, drawn, options.recipe, sys.stderr)
    if not drawn:
        raise TrainingError(
            "the sample is empty: no document of the corpus fits in --sample_bytes="
            f"{options.recipe.sample_bytes}"
            if any(row.text_bytes for row in plan.values())
            else "the corpus is empty: its shards hold no text"
        )
    trained = _train(options.recipe, sample)
    with doing("writing the vocabulary"):
        write_result(Result(options, shards, plan, drawn, trained))
        delete_folder(job.work)
    say(f"Trained in {duration(trained.seconds)}, with {size(trained.peak_bytes)} of memory.")
    print_result(options.output, sys.stdout)


def _draw(
    job: SampleJob, shards: tuple[CorpusShard, ...], options: Options, arguments: list[str]
) -> Sample:
    """Draws the sample, in this machine's pool or on Beam."""
    write_shard_list(job.shards_path(), shards)
    tally = Tally()
    with LiveLine(lambda _: f"drawing the sample: {tally.done:,} shards read", sys.stderr):

        def listen(_: object) -> None:
            tally.add()

        if options.is_in_pool():
            run_in_pool(partial(draw_in_pool, job), listen)
        else:
            _draw_on_beam(job, options.runner.local, arguments, listen)
    return read_sample(job)


def _draw_on_beam(
    job: SampleJob, local: bool, arguments: list[str], listen: Callable[[object], None]
) -> None:
    from vocab.sampling.graph import DrawSample  # workers import this module, and never Beam

    pipeline = open_pipeline(local, arguments)
    _ = pipeline | "sample" >> DrawSample(job, local)
    run_pipeline(pipeline, local, listen)


def _train(recipe: Recipe, sample: Sample) -> Trained:
    """Trains in a process of its own."""
    with LiveLine(lambda _: "training the vocabulary", sys.stderr):
        return run_apart(train_model, recipe, sample)
