"""The readers that people use open a vocabulary unchanged and agree on what it says.

seqio in Python and in TensorFlow, TensorFlow Text and transformers, beside SentencePiece itself;
t5x reads vocabularies through seqio.
"""

import gzip
import json
import os
from pathlib import Path

import pytest
from sentencepiece import SentencePieceProcessor

from tests.corpora.written import documents
from tests.runs.runs import build
from tests.vocab.drawn import draw
from tests.vocab.small import small_model
from vocab.recipes import PRESETS
from vocab.training import round_scores, train_model
from vocab.vocabulary import MODEL_NAME

PAGES = 1000
ODD = [
    "", " ", "a  b\nc", "x {y} z", "ﬁne ½ Ⅷ ＡＢＣ", " lead and trail ", "中文 text", "🙂 🙂",
    "....... wait.....no", "a\tb\r\nc", "e\u0301 é", "zero\u200bwidth\ufeff", "1984 2023",
]  # fmt: skip


class Readers:
    """Every reader of the model in a folder."""

    def __init__(self, folder: Path) -> None:
        import seqio
        import tensorflow_text

        path = str(folder / MODEL_NAME)
        self.folder = folder
        self.sentencepiece = SentencePieceProcessor(model_file=path)
        self.seqio = seqio.SentencePieceVocabulary(path, extra_ids=100)
        self.tensorflow_text = tensorflow_text.SentencepieceTokenizer(
            (folder / MODEL_NAME).read_bytes()
        )

    def transformers(self):
        os.environ["HF_HUB_OFFLINE"] = "1"
        from transformers import T5Tokenizer

        return T5Tokenizer.from_pretrained(self.folder)

    def differing(self, texts: list[str], with_transformers: bool = True) -> dict[str, list[str]]:
        """By reader, the texts for which it has other ids than SentencePiece."""
        expected = [self.sentencepiece.encode(text) for text in texts]
        found = {
            "tensorflow_text": self.tensorflow_text.tokenize(texts).to_list(),
            "seqio": [list(self.seqio.encode(text)) for text in texts],
            "seqio in TensorFlow": [self.seqio.encode_tf(text).numpy().tolist() for text in texts],
        }
        if with_transformers:
            ids = self.transformers()(texts).input_ids
            assert all(row[-1] == 1 for row in ids)
            found["transformers"] = [row[:-1] for row in ids]
        return {
            name: [t for t, e, row in zip(texts, expected, rows, strict=True) if e != row]
            for name, rows in found.items()
        }


@pytest.fixture(scope="module", params=["t5", "mt5", "palm"])
def small(request, tmp_path_factory) -> tuple[str, Readers]:
    folder = tmp_path_factory.mktemp(request.param)
    (folder / MODEL_NAME).write_bytes(small_model(request.param))
    return request.param, Readers(folder)


def test_readers_agree_on_every_preset(small):
    preset, readers = small
    texts = ODD + [row[0].decode() for row in documents("en", 40) + documents("ru", 10)]
    # transformers' T5 tokenizer has no bytes to fall back on and drops whitespace.
    differing = readers.differing(texts, with_transformers=preset == "t5")
    assert not any(differing.values()), differing


def test_sentinels_are_the_readers_own(small):
    preset, readers = small
    size = readers.sentencepiece.get_piece_size()
    assert readers.seqio.vocab_size == size + 100
    assert list(readers.seqio.encode("a <extra_id_0>"))[-1] == size + 99
    assert readers.sentencepiece.encode("a <extra_id_0>")[-1] < size
    if preset == "t5":
        tokenizer = readers.transformers()
        assert len(tokenizer) == size + 100
        assert tokenizer("<extra_id_0>").input_ids == [size + 99, 1]


def test_what_transformers_lacks_is_as_documented(small):
    preset, readers = small
    if preset == "mt5":
        assert readers.differing(["中"])["transformers"] == ["中"]  # unknown, not three bytes
        assert not readers.differing(["the line"])["transformers"]
    if preset == "palm":
        assert readers.differing(["a  b"])["transformers"] == ["a  b"]


def test_a_text_that_names_special_tokens_is_read_differently(small):
    """Why `vocab.inspect` counts such strings."""
    preset, readers = small
    if preset == "t5":
        differing = readers.differing(["a <extra_id_1> b", "a </s> b"])
        assert differing["tensorflow_text"] == []
        assert differing["seqio"] == ["a <extra_id_1> b"]
        assert differing["transformers"] == ["a <extra_id_1> b", "a </s> b"]


@pytest.fixture(scope="module")
def english(tmp_path_factory, shared_data) -> Path:
    """The dataset `en` of two of the shared WET files."""
    output = tmp_path_factory.mktemp("english")
    wet = [f"--input={path}" for path in sorted((shared_data / "wet").glob("*.gz"))[:2]]
    assert build(output, *wet, "--variant=en", "--format=tfrecord,jsonl") == 0
    return output / "c4/en/3.1.0"


@pytest.fixture(scope="module")
def pages(english) -> list[str]:
    """The first thousand real pages."""
    with gzip.open(english / "jsonl/c4-train.00000-of-00001.json.gz", "rt") as lines:
        return [json.loads(line)["text"] for _, line in zip(range(PAGES), lines, strict=False)]


@pytest.fixture(scope="module")
def real(tmp_path_factory, english) -> tuple[bytes, Readers]:
    """T5's 32,000 pieces, trained on `en`: the model and its readers."""
    folder = tmp_path_factory.mktemp("real")
    recipe = PRESETS["t5"].recipe
    sample = draw(folder / "drawn", english, recipe.mixture, recipe.sample_bytes)
    model = train_model(recipe, sample).model
    (folder / MODEL_NAME).write_bytes(model)
    return model, Readers(folder)


def test_all_readers_agree_on_a_thousand_real_pages(real, pages):
    _, readers = real
    assert len(pages) == PAGES
    assert readers.sentencepiece.get_piece_size() == 32_000
    assert not any(readers.differing(pages).values())


def test_real_pages_come_back_but_for_whitespace_and_rare_characters(real, pages):
    _, readers = real
    processor = readers.sentencepiece
    covered = 0
    for page in pages:
        ids = processor.encode(page)
        if processor.unk_id() not in ids:
            covered += 1
            assert processor.decode(ids) == processor.normalize(page).replace("▁", " ").strip()
    assert covered > PAGES / 2


def test_characters_per_token_are_those_of_plain_sentencepiece(real, english, pages, tmp_path):
    """Within 3% of spm_train's defaults on the same text, at a size that trains quickly."""
    import io

    from sentencepiece import SentencePieceTrainer

    from tests.vocab.small import recipe

    sample = draw(tmp_path / "drawn", english, "1", 2_000_000)
    ours = train_model(recipe("t5", size=6000, seed_pieces=1_000_000, threads=16), sample).model
    lines = (line for _, text in sample.documents() for line in text.split(b"\n"))
    plain = io.BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=lines, model_writer=plain, vocab_size=6000, minloglevel=2
    )
    counts = [
        sum(map(len, SentencePieceProcessor(model_proto=model).encode(pages)))
        for model in (ours, plain.getvalue())
    ]
    assert counts[0] / counts[1] == pytest.approx(1, abs=0.03)


def test_rounding_scores_costs_no_tokens(real, pages):
    model, readers = real
    coarse = SentencePieceProcessor(model_proto=round_scores(model, 2))
    counts = [sum(map(len, p.encode(pages))) for p in (readers.sentencepiece, coarse)]
    assert counts[0] == pytest.approx(counts[1], rel=1e-3)
