"""Vocabularies and tokens beside plain SentencePiece, on real pages: `make bench-vocab`.

    python -m benchmarks.vocab [--wet=DIR] [--refs=DIR] [--parts=PART,PART]

CPU-seconds count every process; the machine may be shared, so compare figures of one run only.
"""

import argparse
import io
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from sentencepiece import SentencePieceProcessor, SentencePieceTrainer

from benchmarks.commands import C4FORGE, run_measured
from corpora.documents import read_documents
from corpora.layout import find_corpora
from pipelines.tokenize import plan_tokens
from pipelines.tokens.job import token_shards
from pipelines.tokens.options import parse_token_options
from pipelines.tokens.shards import write_token_shard
from runtime.storage.files import write_bytes
from tests.vocab.drawn import draw
from vocab.costs import training_cost
from vocab.recipes import PRESETS
from vocab.sampling.mixtures import Mixture
from vocab.sampling.sample import Sample
from vocab.training import round_scores, train_model

_REPEATS = 3
_SIZES = {"t5": 32_000, "mt5": 32_000, "palm": 32_000}


def build_corpora(wet: Path, refs: Path, folder: Path) -> tuple[Path, Path]:
    """The datasets en and multilingual of WET files."""
    command = [
        sys.executable, "beam_runner.py", "--variant=en,multilingual", f"--input={wet}",
        f"--output={folder}", f"--badwords_dir={refs / 'badwords'}",
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    return folder / "c4/en/3.1.0", folder / "c4/multilingual/3.1.0"


def read_texts(corpus: Path, languages: tuple[str, ...] = ()) -> list[bytes]:
    """Texts of a dataset, of all splits."""
    shards = [s for s in find_corpora([str(corpus)]) if not languages or s.language in languages]
    return [text for s in shards for _, text in read_documents(s.path, s.format)]


def train_plain(sample: Sample, size: int) -> bytes:
    """A model by spm_train's defaults: the lines of the texts, those over 4,192 bytes skipped."""

    def lines() -> Iterator[bytes]:
        for _, text in sample.documents():
            yield from text.split(b"\n")

    output = io.BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=lines(), model_writer=output, vocab_size=size, minloglevel=2
    )
    return output.getvalue()


def characters_a_token(model: bytes, texts: list[bytes]) -> tuple[float, float]:
    """Characters per token, and the share of tokens that is unknown."""
    processor = SentencePieceProcessor(model_proto=model)
    ids = processor.encode(texts)
    tokens = sum(map(len, ids))
    unknown = sum(row.count(processor.unk_id()) for row in ids)
    return sum(len(text.decode()) for text in texts) / tokens, unknown / tokens


def bench_quality(en: Path, multilingual: Path, folder: Path) -> None:
    """Characters a token of every preset beside spm_train's defaults, same text and size."""
    print("\nCharacters a token beside spm_train's defaults, 32,000 pieces, the same text")
    print(f"{'preset':8}{'text':24}{'ours':>8}{'unknown':>9}{'plain':>8}{'unknown':>9}{'ratio':>8}")
    for name, corpus in (("t5", en), ("palm", en), ("mt5", multilingual), ("palm", multilingual)):
        recipe = replace(PRESETS[name].recipe, size=_SIZES[name])
        mixture = str(Mixture()) if name == "t5" else recipe.mixture
        drawn = folder / f"{name}-{corpus.parent.name}"
        sample = draw(drawn, corpus, mixture, recipe.sample_bytes)
        ours = train_model(recipe, sample).model
        write_bytes(str(drawn / "spiece.model"), ours)
        plain = train_plain(sample, recipe.size)
        texts = read_texts(corpus)
        (mine, lost), (theirs, theirs_lost) = (characters_a_token(m, texts) for m in (ours, plain))
        print(
            f"{name:8}{corpus.parent.name:24}{mine:8.3f}{lost:9.3%}{theirs:8.3f}{theirs_lost:9.3%}"
            f"{mine / theirs:8.4f}"
        )


def bench_scores(en: Path, multilingual: Path, folder: Path) -> None:
    """The number of pages that TensorFlow Text and SentencePiece encode differently, by bits."""
    import tensorflow_text

    recipe = replace(PRESETS["t5"].recipe, score_bits=23)
    model = train_model(recipe, draw(folder / "scores", en)).model
    pages = {"en": read_texts(en), "multilingual": read_texts(multilingual)}
    print("\nScores rounded: pages that TensorFlow Text encodes otherwise than SentencePiece 0.2.2")
    counts = [f"{name} ({len(texts):,})" for name, texts in pages.items()]
    print(f"{'bits after the point':24}{counts[0]:>16}{counts[1]:>24}{'tokens of en':>16}")
    for bits in (23, 8, 6, 4, 2):
        rounded = round_scores(model, bits)
        processor = SentencePieceProcessor(model_proto=rounded)
        other = tensorflow_text.SentencepieceTokenizer(rounded)
        differing, tokens = [], 0
        for texts in pages.values():
            rows = processor.encode(texts)
            tokens = tokens or sum(map(len, rows))
            theirs = other.tokenize(texts).to_list()
            differing.append(sum(a != b for a, b in zip(rows, theirs, strict=True)))
        name = "as trained" if bits == 23 else str(bits)
        print(f"{name:24}{differing[0]:16,}{differing[1]:24,}{tokens:16,}")


def bench_tokenize(en: Path, multilingual: Path, folder: Path) -> None:
    """Tokens per CPU-second of the tokenize step, beside bare batch encoding."""
    model = folder / "tokenize.model"
    model.write_bytes(train_model(PRESETS["t5"].recipe, draw(folder / "t", en)).model)
    print("\nTokens per CPU-second, one process: bare SentencePiece, texts in memory, and the step")
    print(f"{'':34}{'tokens':>12}{'bare':>14}{'step':>14}{'ratio':>8}")
    for corpus in (en, multilingual):
        for name in ("tfrecord", "array_record"):
            arguments = [f"--corpus={corpus}", f"--vocab={model}", f"--format={name}"]
            options = parse_token_options([*arguments, f"--output={folder / 'tokens'}"])
            job, sources, vocabulary = plan_tokens(options)
            write_bytes(job.model_path(), vocabulary.model)
            shards = token_shards(sources)
            texts = [text.decode() for text in read_texts(corpus)]
            processor = vocabulary.processor()
            tokens = sum(map(len, processor.encode(texts, num_threads=1)))
            bare = best_cpu(lambda t=texts, p=processor: p.encode(t, num_threads=1))
            step = best_cpu(lambda s=shards, j=job: [write_token_shard(shard, j) for shard in s])
            label = f"{corpus.parent.name} to {name}"
            print(
                f"{label:34}{tokens:12,}{tokens / bare:14,.0f}{tokens / step:14,.0f}"
                f"{bare / step:8.1%}"
            )


def best_cpu(work: Callable[[], object]) -> float:
    """CPU-seconds of the fastest of a few runs."""
    costs = []
    for _ in range(_REPEATS):
        started = time.process_time()
        work()
        costs.append(time.process_time() - started)
    return min(costs)


def bench_train(en: Path, multilingual: Path, folder: Path) -> None:
    """Time and memory of whole commands, beside their estimates."""
    print("\nc4forge vocab train, CPU-seconds and the largest process, beside its estimates")
    print(f"{'':24}{'text':>10}{'CPU-s':>8}{'est.':>8}{'memory':>10}{'est.':>10}")
    for name, preset, arguments in (
        ("t5 en", "t5", [f"--corpus={en}"]),
        ("t5 en 5 MB", "t5", [f"--corpus={en}", "--sample_bytes=5MB", "--size=16000"]),
        ("t5 mixture", "t5", [f"--corpus={en}", f"--corpus={multilingual}"]),
        ("mt5 64,000", "mt5", [f"--corpus={multilingual}", "--size=64000"]),
        ("palm 32,000", "palm", [f"--corpus={en}", "--size=32000"]),
        ("bpe en", "t5", [f"--corpus={en}", "--model_type=bpe"]),
    ):
        output = folder / f"trained-{name.replace(' ', '-')}"
        used = run_measured(
            *C4FORGE, "vocab", "train", f"--preset={preset}", *arguments,
            f"--output={output}",
        )  # fmt: skip
        record = json.loads((output / "recipe.json").read_text())
        text = sum(row["text_bytes"] for row in record["sample"].values())
        recipe = replace(PRESETS[preset].recipe, **record["recipe"])
        cost = training_cost(recipe, text, len(record["sample"]))
        print(
            f"{name:24}{text / 1e6:8.1f}MB{used['cpu']:8.1f}{cost.seconds:8.1f}"
            f"{used['peak_mb'] * 1.048576:8.0f}MB{cost.memory_bytes / 1e6:8.0f}MB"
        )


PARTS = {
    "quality": bench_quality,
    "scores": bench_scores,
    "tokenize": bench_tokenize,
    "train": bench_train,
}


def main() -> None:
    """Runs the parts asked for and prints their figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--wet", type=Path, default=Path("../shared/data/wet"))
    parser.add_argument("--refs", type=Path, default=Path("../shared/data/refs"))
    parser.add_argument("--parts", default=",".join(PARTS))
    options = parser.parse_args()
    unknown = set(options.parts.split(",")) - set(PARTS)
    if unknown:
        parser.error(f"--parts: unknown {', '.join(unknown)}; choose from {', '.join(PARTS)}")
    if not options.wet.is_dir():
        parser.error(f"--wet={options.wet}: no such folder; give one with *.warc.wet.gz files")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        corpora = build_corpora(options.wet, options.refs, folder / "out")
        for part in options.parts.split(","):
            PARTS[part](*corpora, folder)


if __name__ == "__main__":
    main()
