"""The files of a trained vocabulary: the model, its pieces, its tokenizer, at last recipe.json."""

import hashlib
import json
import platform
from dataclasses import asdict, dataclass
from importlib.metadata import version

from corpora.layout import CorpusShard, shards_digest
from runtime.storage.files import delete_file, exists, join, json_file, read_bytes, write_bytes
from vocab.hugging_face import TOKENIZER_NAME, TOKENIZER_NAMES, tokenizer_files
from vocab.options import Options
from vocab.recipes import Recipe
from vocab.sampling.plan import Plan
from vocab.sampling.sample import LanguageSample
from vocab.training import Trained
from vocab.vocabulary import MODEL_NAME, RECIPE_NAME, TABLE_NAME, piece_table

VOCABULARY_FILES = (MODEL_NAME, TABLE_NAME, *TOKENIZER_NAMES, RECIPE_NAME)
"""What a trained vocabulary is, in its folder."""
WORK_NAME = "c4forge-work"
"""Folder of the sample in that of the vocabulary, while it is trained."""
_FORMAT = 1  # raised whenever the same recipe and sample give another model
_PACKAGES = ("sentencepiece", "xxhash", "protobuf")


@dataclass(frozen=True, slots=True)
class Result:
    """A trained vocabulary.

    Attributes:
      options: of the command.
      shards: of its corpora.
      plan: the available text of each language, and its quota.
      drawn: the documents of each language in the sample.
      trained: the model.
    """

    options: Options
    shards: tuple[CorpusShard, ...]
    plan: Plan
    drawn: dict[str, LanguageSample]
    trained: Trained


def write_result(result: Result) -> None:
    """Writes a vocabulary into its folder; recipe.json comes last, when all else is there."""
    folder, model = result.options.output, result.trained.model
    delete_file(join(folder, RECIPE_NAME))
    write_bytes(join(folder, MODEL_NAME), model)
    write_bytes(join(folder, TABLE_NAME), piece_table(model))
    for name, data in tokenizer_files(model).items():
        write_bytes(join(folder, name), data)
    languages = {
        name: {
            **asdict(drawn),
            "there_documents": result.plan[name].documents,
            "there_text_bytes": result.plan[name].text_bytes,
            "share_bytes": result.plan[name].quota,
        }
        for name, drawn in result.drawn.items()
    }
    record = {
        "preset": result.options.preset.name,
        "modified": result.options.is_modified(),
        "recipe": asdict(result.options.recipe),
        "corpora": list(result.options.corpora),
        "sample": languages,
        "sample_sha256": sample_digest(result.drawn),
        "model_sha256": hashlib.sha256(model).hexdigest(),
        "versions": _versions(),
        "digest": _digest(result.options.recipe, result.shards),
    }
    write_bytes(join(folder, RECIPE_NAME), json_file(record))


def sample_digest(drawn: dict[str, LanguageSample]) -> str:
    """SHA-256 of a sample; equal samples have equal digests."""
    parts = [f"{name} {row.sha256}" for name, row in sorted(drawn.items())]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def is_trained(options: Options, shards: tuple[CorpusShard, ...]) -> bool:
    """True if the output has the vocabulary that this command would write."""
    path = join(options.output, RECIPE_NAME)
    names = (RECIPE_NAME, MODEL_NAME, TOKENIZER_NAME)
    if not all(exists(join(options.output, name)) for name in names):
        return False
    try:
        record = json.loads(read_bytes(path))
    except ValueError:
        return False
    model = read_bytes(join(options.output, MODEL_NAME))
    same_model = record.get("model_sha256") == hashlib.sha256(model).hexdigest()
    return bool(same_model and record.get("digest") == _digest(options.recipe, shards))


def _versions() -> dict[str, str]:
    return {"python": platform.python_version(), **{p: version(p) for p in _PACKAGES}}


def _digest(recipe: Recipe, shards: tuple[CorpusShard, ...]) -> str:
    parts = [_FORMAT, asdict(recipe), version("sentencepiece"), shards_digest(shards)]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
