"""Writes a corpus as token ids: the command `c4forge tokenize`."""

import sys
from collections.abc import Callable, Sequence
from functools import partial

from corpora.layout import (
    CorpusShard,
    find_corpora,
    missing_corpora,
    shards_digest,
    write_shard_list,
)
from pipelines.tokens.job import TokenJob, TokenShard, dataset_names, token_shards
from pipelines.tokens.local import tokenize_in_pool
from pipelines.tokens.options import TokenOptions, parse_token_options
from pipelines.tokens.publish import COUNTS_NAME, is_ours, is_tokenized, read_counts
from runtime.cli.console import LiveLine, Tally, doing, say
from runtime.cli.options import OptionError
from runtime.command import Exit, run_command
from runtime.errors import check_all, planning
from runtime.storage.files import exists, is_half_moved, join, write_bytes
from runtime.storage.locks import hold_folder
from runtime.storage.ownership import check_replaceable
from runtime.storage.space import folder_bytes, left_of, telling_need
from runtime.units import duration, size
from runtime.workers.pool import open_pool
from runtime.workers.runners import open_pipeline, run_in_pool, run_pipeline
from vocab.vocabulary import Vocabulary, missing_vocabulary, read_vocabulary

PRELOAD = "pipelines.tokens.shards"


def main(arguments: Sequence[str] | None = None, name: str = "c4forge tokenize") -> int:
    """Runs the command line; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    return run_command(name, lambda: _run(parse_token_options(given, name)))


def plan_tokens(options: TokenOptions) -> tuple[TokenJob, tuple[CorpusShard, ...], Vocabulary]:
    """What a command line does; nothing is written yet.

    Raises:
      ValueError: a path leads to no corpus or no model; each with its own class.
    """
    vocabulary = read_vocabulary(options.vocabulary)
    sources = find_corpora([options.corpus])
    dataset, config, version = dataset_names(options.corpus)
    job = TokenJob(
        dataset=dataset,
        config=config,
        version=version,
        corpus=options.corpus,
        vocabulary=options.vocabulary,
        vocabulary_sha256=vocabulary.sha256(),
        output=options.output,
        formats=options.formats,
        append_eos=options.append_eos,
        shards_digest=shards_digest(sources),
    )
    return job, sources, vocabulary


def _run(options: TokenOptions) -> int:
    check_all([*missing_vocabulary(options.vocabulary), *missing_corpora([options.corpus])])
    if options.runner.local:
        open_pool(options.num_workers, PRELOAD).warm_up()
    with planning(), doing(f"{options.importing()}reading the corpus"):
        arguments = options.for_beam()
        job, sources, vocabulary = plan_tokens(options)
    with hold_folder(job.versions_folder(), f"--output={options.output}"):
        return _run_job(job, sources, vocabulary, options, arguments)


def _run_job(
    job: TokenJob,
    sources: tuple[CorpusShard, ...],
    vocabulary: Vocabulary,
    options: TokenOptions,
    arguments: list[str],
) -> int:
    shards = token_shards(sources)
    if is_tokenized(job, shards):
        print("Complete already: same corpus, same vocabulary.")
        _print_outcome(job)
        return Exit.DONE
    folder = job.dataset_folder()
    if exists(folder) and not (is_ours(job) or is_half_moved(folder)):
        if not options.overwrite:
            raise OptionError(
                f"{folder} holds tokens of another corpus or vocabulary; its config.json "
                "says which. Give another --output, or --overwrite to replace them"
            )
        cards = [path for path in [join(folder, "README.md")] if exists(path)]
        check_replaceable(folder, COUNTS_NAME, cards)
        say(f"note: {folder} will be replaced: it has tokens of another corpus or vocabulary")
    stored = sum(source.size_bytes for source in sources)
    say(
        f"{len(shards):,} shard{'s' * (len(shards) != 1)}, {size(stored)} stored, with the "
        f"{vocabulary.processor().get_piece_size():,} pieces of {vocabulary.path}"
    )
    with telling_need(job.versions_folder(), lambda: stored):  # tokens are about as large
        write_shard_list(job.list_path(), sources)
        write_bytes(job.model_path(), vocabulary.model)
        _tokenize(job, shards, options, arguments)
    _print_outcome(job)
    return Exit.DONE


def _tokenize(
    job: TokenJob, shards: list[TokenShard], options: TokenOptions, arguments: list[str]
) -> None:
    tally = Tally()

    def status(seconds: float) -> str:
        rate = f" · {tally.tokens / seconds:,.0f} tokens/s" if tally.tokens else ""
        return f"tokenizing: {tally.done:,} of {len(shards):,} shards{rate}"

    def bytes_left() -> float | None:
        return left_of(folder_bytes(job.staging_folder()), tally.done / len(shards))

    with LiveLine(status, sys.stderr) as line, telling_need(job.versions_folder(), bytes_left):

        def listen(counts: dict[str, int]) -> None:
            tally.add(counts["tokens"], counts.get("resumed", 0))

        if options.is_in_pool():
            run_in_pool(partial(tokenize_in_pool, job), listen)
        else:
            _tokenize_on_beam(job, options.runner.local, arguments, listen)
    resumed = f", {tally.resumed:,} shards done by an earlier run" if tally.resumed else ""
    say(f"Done in {duration(line.seconds)}{resumed}.")


def _tokenize_on_beam(
    job: TokenJob, local: bool, arguments: list[str], listen: Callable[[dict[str, int]], None]
) -> None:
    from pipelines.tokens.graph import TokenizeCorpus

    pipeline = open_pipeline(local, arguments)
    _ = pipeline | "tokens" >> TokenizeCorpus(job, local)
    run_pipeline(pipeline, local, listen)


def _print_outcome(job: TokenJob) -> None:
    rows = read_counts(job.dataset_folder())
    totals = {name: sum(int(row[name]) for row in rows) for name in _TOLD}
    tokens, characters = totals["tokens"], totals["characters"]
    print(f"documents:  {totals['documents']:,} in {len(rows):,} shards")
    print(f"tokens:     {tokens:,}, {characters / max(tokens, 1):.2f} characters each")
    print(f"unknown:    {totals['unknown']:,} ({totals['unknown'] / max(tokens, 1):.3%})")
    print(f"dataset:    {job.dataset_folder()} ({', '.join(job.formats)})")


_TOLD = ("documents", "tokens", "characters", "unknown")
