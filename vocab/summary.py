"""The figures that training prints: cost before it starts, the sample, the files at the end."""

import json
from collections.abc import Iterable
from typing import TextIO

from rich.console import Console
from rich.table import Table

from corpora.formats import FORMATS
from corpora.layout import CorpusShard
from runtime.storage.files import join, read_bytes
from runtime.units import duration, size
from vocab.costs import fitting_sample, machine_memory, training_cost
from vocab.recipes import Recipe
from vocab.sampling.plan import Plan
from vocab.sampling.sample import LanguageSample
from vocab.vocabulary import MODEL_NAME, RECIPE_NAME, read_vocabulary

_MOST_ROWS = 15


def print_cost(recipe: Recipe, shards: Iterable[CorpusShard], stream: TextIO) -> None:
    """Prints the most time and memory that training can take, before anything is read."""
    shards = tuple(shards)
    stored = sum(shard.size_bytes for shard in shards)
    text = sum(shard.size_bytes * FORMATS[shard.format].text_ratio for shard in shards)
    most = min(recipe.sample_bytes, int(text))
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
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("language", "documents", "text", "available", "share of sample"):
        table.add_column(name, justify="left" if name == "language" else "right", no_wrap=True)
    total = sum(row.text_bytes for row in drawn.values())
    ordered = sorted(drawn.items(), key=lambda item: -item[1].text_bytes)
    for name, row in ordered[:_MOST_ROWS]:
        available = plan[name]
        table.add_row(
            name or "text",
            f"{row.documents:,}",
            size(row.text_bytes),
            f"{available.documents:,} of {size(available.text_bytes)}",
            f"{row.text_bytes / total:.1%}",
        )
    if rest := ordered[_MOST_ROWS:]:
        text = sum(row.text_bytes for _, row in rest)
        documents = sum(row.documents for _, row in rest)
        named = f"{len(rest)} more"
        table.add_row(named, f"{documents:,}", size(text), "", f"{text / max(total, 1):.1%}")
    console = Console(file=stream, highlight=False, markup=False)
    if drawn:
        console.print(table)
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
