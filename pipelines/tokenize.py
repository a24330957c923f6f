"""Tokenizes a corpus from the command line: `python -m pipelines.tokenize --help`."""

import sys
from collections.abc import Sequence

from corpora.documents import DamagedShard
from corpora.layout import CorpusShard, find_corpora, shards_digest, write_shard_list
from pipelines.tokens.formats import TOKEN_FORMATS, FormatError
from pipelines.tokens.job import TokenJob, TokenShard, dataset_names, token_shards
from pipelines.tokens.options import TokenOptions, own_option_names, parse_token_options
from pipelines.tokens.publish import is_ours, is_tokenized, read_counts
from pipelines.tokens.shards import VocabularyChanged
from runtime.cli.console import LiveLine, Tally
from runtime.cli.options import OptionError
from runtime.storage.files import InputError, exists, make_folder, write_bytes
from runtime.storage.locks import WorkFolderInUse, hold_folder
from runtime.units import duration, size
from runtime.workers import pool as workers
from runtime.workers.runners import beam_arguments, open_pipeline, run_pipeline
from vocab.vocabulary import ModelError, Vocabulary, read_vocabulary

_USAGE_ERRORS = (OptionError, InputError, ModelError, FormatError, WorkFolderInUse)
_FAILURES = (DamagedShard, VocabularyChanged, workers.WorkerDied, OSError)
EXIT_FAILED, EXIT_USAGE, EXIT_STOPPED = 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code.

    0: the tokens are there; 1: the run failed; 2: a wrong option; 130: stopped from the keyboard.
    """
    try:
        return _run(parse_token_options(list(sys.argv[1:] if arguments is None else arguments)))
    except _USAGE_ERRORS as error:
        _say(f"pipelines.tokenize: error: {error}")
        _say("Nothing was done. --help lists all options.")
        return EXIT_USAGE
    except _FAILURES as error:
        _say(f"Failed: {error}.")
        _say("What is done is kept: the same command goes on from here.")
        return EXIT_FAILED
    except KeyboardInterrupt:
        _say("\nStopped. The same command goes on from here.")
        return EXIT_STOPPED
    finally:
        workers.close_pool()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def plan_tokens(options: TokenOptions) -> tuple[TokenJob, tuple[CorpusShard, ...], Vocabulary]:
    """What a command line does; nothing is written yet.

    Raises:
      ValueError: a path leads to no corpus or no model; each with its own class.
      FormatError: a format's library is missing.
    """
    for name in options.formats:
        TOKEN_FORMATS[name].check()
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
    if options.runner.local:
        workers.open_pool(options.num_workers, "pipelines.tokens.shards").warm_up()
    arguments = beam_arguments(
        options.runner, options.num_workers, options.beam_arguments, own_option_names()
    )
    job, sources, vocabulary = plan_tokens(options)
    try:
        make_folder(job.versions_folder())
    except OSError as error:
        raise OptionError(f"--output={options.output}: cannot be written: {error}") from None
    with hold_folder(job.versions_folder()):
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
        return 0
    if exists(job.dataset_folder()) and not options.overwrite and not is_ours(job):
        raise OptionError(
            f"{job.dataset_folder()} holds tokens of another corpus or vocabulary; its config.json "
            "says which. Give another --output, or --overwrite to replace them"
        )
    write_shard_list(job.list_path(), sources)
    write_bytes(job.model_path(), vocabulary.model)
    stored = sum(source.size_bytes for source in sources)
    _say(
        f"{len(shards):,} shard{'s' * (len(shards) != 1)}, {size(stored)} stored, with the "
        f"{vocabulary.processor().get_piece_size():,} pieces of {vocabulary.path}"
    )
    _tokenize(job, shards, options, arguments)
    _print_outcome(job)
    return 0


def _tokenize(
    job: TokenJob, shards: list[TokenShard], options: TokenOptions, arguments: list[str]
) -> None:
    from pipelines.tokens.graph import TokenizeCorpus

    local = options.runner.local
    pipeline = open_pipeline(local, arguments)
    _ = pipeline | "tokens" >> TokenizeCorpus(job, local)
    tally = Tally()

    def told(seconds: float) -> str:
        rate = f" · {tally.tokens / seconds:,.0f} tokens/s" if tally.tokens else ""
        return f"tokenizing: {tally.done:,} of {len(shards):,} shards{rate}"

    with LiveLine(told, sys.stderr) as line:

        def listen(counts: dict[str, int]) -> None:
            tally.add(counts["tokens"], counts.get("resumed", 0))
            line.tick()

        run_pipeline(pipeline, local, listen)
    resumed = f", {tally.resumed:,} shards done by an earlier run" if tally.resumed else ""
    _say(f"Done in {duration(line.seconds)}{resumed}.")


def _print_outcome(job: TokenJob) -> None:
    rows = read_counts(job.dataset_folder())
    totals = {name: sum(int(row[name]) for row in rows) for name in _TOLD}
    tokens, characters = totals["tokens"], totals["characters"]
    print(f"documents:  {totals['documents']:,} in {len(rows):,} shards")
    print(f"tokens:     {tokens:,}, {characters / max(tokens, 1):.2f} characters each")
    print(f"unknown:    {totals['unknown']:,} ({totals['unknown'] / max(tokens, 1):.3%})")
    print(f"dataset:    {job.dataset_folder()} ({', '.join(job.formats)})")


_TOLD = ("documents", "tokens", "characters", "unknown")


if __name__ == "__main__":
    sys.exit(main())
