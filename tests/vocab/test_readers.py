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
from vocab.hugging_face import TOKENIZER_NAME, tokenizer_files
from vocab.recipes import PRESETS
from vocab.training import round_scores, train_model
from vocab.vocabulary import MODEL_NAME

PAGES = 1000
ODD = [
    "", " ", "a  b\nc", "x {y} z", "ﬁne ½ Ⅷ ＡＢＣ", " lead and trail ", "中文 text", "🙂 🙂",
    "....... wait.....no", "a\tb\r\nc", "e\u0301 é", "zero\u200bwidth\ufeff", "1984 2023",
    "a<0x41> <0xZZ>", "▁▁ x", "\n\n", "  ", "a\x00b\x7f", "\u3000x\u3000", "x\u2028y\x85z",
    # What a cluster of a character and its marks becomes, not one by one:
    "ﬁ\u0301", "e\u0302\u0301 ê\u0301 ê\u0323", "Tiê\u0301ng Viê\u0323t", "\u0399\u0308\u0301",
    "\u1112\u1161\u11ab \u3131\u314f 가\u11a8", "ｶﾞﾎﾟ か\u3099", "\ufe8e\u064e\ufee3", "\u0651\u064e",
    "कि क\u093c", "\u09c7\u09be", "กำ (ำ", "👩‍🚀👍🏽",
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
        from transformers import AutoTokenizer

        return AutoTokenizer.from_pretrained(self.folder)

    def differing(self, texts: list[str]) -> dict[str, list[str]]:
        """By reader, the texts for which it has other ids than SentencePiece."""
        expected = [self.sentencepiece.encode(text) for text in texts]
        found = {
            "tensorflow_text": self.tensorflow_text.tokenize(texts).to_list(),
            "seqio": [list(self.seqio.encode(text)) for text in texts],
            "seqio in TensorFlow": [self.seqio.encode_tf(text).numpy().tolist() for text in texts],
        }
        ids = self.transformers()(texts).input_ids
        assert [row[-1] for row in ids] == [1] * len(texts)
        found["transformers"] = [row[:-1] for row in ids]
        return {
            name: [t for t, e, row in zip(texts, expected, rows, strict=True) if e != row]
            for name, rows in found.items()
        }


@pytest.fixture(scope="module", params=["t5", "mt5", "palm"])
def small(request, tmp_path_factory) -> tuple[str, Readers]:
    folder = tmp_path_factory.mktemp(request.param)
    write_vocabulary(folder, small_model(request.param))
    return request.param, Readers(folder)


def write_vocabulary(folder: Path, model: bytes) -> None:
    for name, data in {MODEL_NAME: model, **tokenizer_files(model)}.items():
        (folder / name).write_bytes(data)


def test_readers_agree_on_every_preset(small):
    _, readers = small
    texts = ODD + [row[0].decode() for row in documents("en", 40) + documents("ru", 10)]
    differing = readers.differing(texts)
    assert not any(differing.values()), differing


def test_transformers_decodes_as_sentencepiece(small):
    preset, readers = small
    texts = [text for text in ODD if preset != "t5" or 2 not in readers.sentencepiece.encode(text)]
    ids = list(map(readers.sentencepiece.encode, texts))
    assert readers.transformers().batch_decode(ids) == readers.sentencepiece.decode(ids)
    assert len(texts) > 5


def test_tokenizers_writes_the_same_tokenizer(small):
    from tokenizers import Tokenizer

    path = small[1].folder / TOKENIZER_NAME
    ours, theirs = json.loads(path.read_text()), json.loads(Tokenizer.from_file(str(path)).to_str())
    assert {**theirs, "pre_tokenizer": ours["pre_tokenizer"]} == ours


def test_every_character_is_normalized_as_sentencepiece_does(small):
    """Every tenth of those that a mark may follow, alone and with marks."""
    _, readers = small
    tokenizer = readers.transformers()
    codes = [
        c for c in range(1, 0x20000, 10) if not 0xD800 <= c < 0xE000 and not 0xFDD0 <= c < 0xFDF0
    ]
    marks = ["", "\u0301", "\u0302\u0301", "\u0323\u0308", "\u064e", "\u3099"]
    texts = [f"a{chr(code)}{marks[n % len(marks)]}b" for n, code in enumerate(codes)]
    ids = [row[:-1] for row in tokenizer(texts).input_ids]
    expected = map(readers.sentencepiece.encode, texts)
    assert [t for t, i, e in zip(texts, ids, expected, strict=True) if i != e] == []


def test_sentinels_are_the_readers_own(small):
    _, readers = small
    size = readers.sentencepiece.get_piece_size()
    assert readers.seqio.vocab_size == size + 100
    assert list(readers.seqio.encode("a <extra_id_0>"))[-1] == size + 99
    assert readers.sentencepiece.encode("a <extra_id_0>")[-1] < size
    tokenizer = readers.transformers()
    assert len(tokenizer) == size + 100
    assert tokenizer("<extra_id_0>").input_ids == [size + 99, 1]
    assert tokenizer.convert_tokens_to_ids("<extra_id_99>") == size
    special = (tokenizer.pad_token_id, tokenizer.eos_token_id, tokenizer.unk_token_id)
    assert special == (0, 1, 2)


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
    write_vocabulary(folder, model)
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
