"""The figures that training prints: cost before it starts, the sample, the files at the end."""

import json
from collections.abc import Iterable
from typing import TextIO

from corpora.formats import FORMATS
from corpora.layout import CorpusShard
from runtime.cli.tables import Column, Place, print_table
from runtime.storage.files import join, read_bytes
from runtime.units import duration, size
from vocab.costs import fitting_sample, machine_memory, training_cost
from vocab.recipes import Recipe
from vocab.sampling.plan import Plan
from vocab.sampling.sample import LanguageSample
from vocab.vocabulary import MODEL_NAME, RECIPE_NAME, read_vocabulary

_MOST_ROWS = 15


def sample_text(recipe: Recipe, shards: Iterable[CorpusShard]) -> int:
    """The most bytes that the sample may have: an estimate from the stored sizes of the shards."""
    text = sum(shard.size_bytes * FORMATS[shard.format].text_ratio for shard in shards)
    return min(recipe.sample_bytes, int(text))


def print_cost(recipe: Recipe, shards: Iterable[CorpusShard], stream: TextIO) -> None:
    """Prints the most time and memory that training can take, before anything is read."""
    shards = tuple(shards)
    stored = sum(shard.size_bytes for shard in shards)
    most = sample_text(recipe, shards)
    cost = training_cost(recipe, most, len({shard.language for shard in shards}))
    print(
        f"{recipe.size:,} {recipe.model_type} pieces from {len(shards):,} "
        f"shard{'s' * (len(shards) != 1)}, {size(stored)} stored. Training on at most {size(most)} "
        f"of text takes up to {duration(cost.seconds)} and {size(cost.memory_bytes)} of memory.",
        file=stream,
    )
    memory = machine_memory()
    if memory and cost.memory_bytes > memory:
        fits = fitting_sample(recipe, memory * 8 // 10)
        print(
            f"warning: this machine has {size(memory)} of memory; "
            f"--sample_bytes={size(fits).replace(' ', '')} would fit",
            file=stream,
        )


def print_plan(
    plan: Plan, drawn: dict[str, LanguageSample], recipe: Recipe, stream: TextIO
) -> None:
    """Prints the documents of each language in the sample, and time and memory of training."""
    total = sum(row.text_bytes for row in drawn.values())
    ordered = sorted(drawn.items(), key=lambda item: -item[1].text_bytes)
    rows = [
        (name or "text", row.documents, row.text_bytes, f"{plan[name].documents:,} of "
         f"{size(plan[name].text_bytes)}")
        for name, row in ordered[:_MOST_ROWS]
    ]  # fmt: skip
    if rest := [row for _, row in ordered[_MOST_ROWS:]]:
        texts_of_rest = sum(row.text_bytes for row in rest)
        rows.append((f"{len(rest)} more", sum(row.documents for row in rest), texts_of_rest, ""))
    if not drawn:
        return
    names, documents, texts, available = zip(*rows, strict=True)
    columns = (
        Column("language", Place.KEY, names),
        Column("documents", Place.NUMBER, [f"{count:,}" for count in documents]),
        Column("text", Place.NUMBER, [size(text) for text in texts]),
        Column("available", Place.NUMBER, available),
        Column("share of sample", Place.NUMBER, [f"{text / max(total, 1):.1%}" for text in texts]),
    )
    print_table(columns, stream)
    cost = training_cost(recipe, total, len(drawn))
    print(
        f"Training on {size(total)} takes about {duration(cost.seconds)} "
        f"and {size(cost.memory_bytes)} of memory.",
        file=stream,
    )


def print_result(folder: str, stream: TextIO) -> None:
    """Prints the files of a vocabulary and their digests."""
    record = json.loads(read_bytes(join(folder, RECIPE_NAME)))
    vocabulary = read_vocabulary(folder)
    pieces = vocabulary.processor().get_piece_size()
    name = record["preset"] + (", modified" if record["modified"] else "")
    print(f"vocabulary: {join(folder, MODEL_NAME)} ({pieces:,} pieces, {name})", file=stream)
    print(f"recipe:     {join(folder, RECIPE_NAME)}", file=stream)
    print(f"sample:     {record['sample_sha256']}", file=stream)
    print(f"model:      {record['model_sha256']} (sha256)", file=stream)
