"""`read_corpus` of the API: every format gives the same documents and the same table."""

import pytest

import c4forge
from corpora.features import FEATURES
from corpora.formats import OUTPUT_FORMATS
from tests.corpora.written import documents, write_shards

ROWS = documents("en", 5)
HELD_OUT = documents("de", 2)


@pytest.fixture(params=OUTPUT_FORMATS)
def folder(tmp_path, request):
    """A dataset `en` with two shards of train and one of validation, in each format."""
    folder = tmp_path / "c4" / "en" / "3.1.0"
    write_shards(folder, "train", ROWS, 2, request.param)
    write_shards(folder, "validation", HELD_OUT, 1, request.param)
    return folder


def expected(rows, language="en"):
    return [c4forge.CorpusDocument(*(v.decode() for v in row), language) for row in rows]


def test_documents_of_a_split_in_the_order_of_the_shards(folder):
    corpus = c4forge.read_corpus(folder)
    assert list(corpus) == list(corpus) == expected(ROWS[::2] + ROWS[1::2])
    assert corpus.splits() == ("train",)
    assert [shard.split for shard in corpus.shards] == ["train"] * 2
    assert list(c4forge.read_corpus(str(folder), "validation")) == expected(HELD_OUT)
    everything = c4forge.read_corpus(folder, None)
    assert everything.splits() == ("train", "validation")
    assert list(everything) == expected(ROWS[::2] + ROWS[1::2] + HELD_OUT)


def test_the_table_has_the_documents(folder):
    corpus = c4forge.read_corpus(folder)
    table = corpus.to_arrow()
    assert table.column_names == [*FEATURES, "language"]
    assert table.to_pylist() == [
        dict(zip([*FEATURES, "language"], [*(v.decode() for v in row), "en"], strict=True))
        for row in ROWS[::2] + ROWS[1::2]
    ]
    assert corpus.to_arrow(["language", "url"]).column_names == ["language", "url"]
    assert sum(batch.num_rows for batch in corpus.batches(["language"])) == len(ROWS)


def test_what_a_corpus_does_not_state(tmp_path):
    (tmp_path / "some.jsonl").write_text('{"text": "A text."}\n')
    corpus = c4forge.read_corpus(tmp_path / "some.jsonl", None)
    assert list(corpus) == [c4forge.CorpusDocument("A text.", "", "", "", "", "")]
    assert corpus.to_arrow(["text", "url"]).to_pylist() == [{"text": "A text.", "url": None}]
    with pytest.raises(c4forge.UsageError, match=r"no such split .* state none. split=None"):
        c4forge.read_corpus(tmp_path / "some.jsonl")


def test_languages_of_multilingual_are_splits(tmp_path):
    folder = tmp_path / "c4" / "multilingual" / "3.1.0"
    write_shards(folder, "de", HELD_OUT)
    write_shards(folder, "en", ROWS)
    assert list(c4forge.read_corpus(folder, "de")) == expected(HELD_OUT, "de")
    with pytest.raises(c4forge.UsageError, match=r"split='train': no such split .* de, en"):
        c4forge.read_corpus(folder)


def test_what_cannot_be_read_says_why(tmp_path):
    with pytest.raises(c4forge.UsageError, match=r"path=.*matches no file"):
        c4forge.read_corpus(tmp_path)
    folder = tmp_path / "c4"
    write_shards(folder, "train", ROWS, 2)
    shard = sorted(folder.glob("*train*"))[1]
    with pytest.raises(c4forge.UsageError, match="columns: unknown 'html'"):
        c4forge.read_corpus(folder).to_arrow(["html"])
    shard.write_bytes(shard.read_bytes()[:-3])
    with pytest.raises(c4forge.InputRefused, match="damaged after 1 documents"):
        list(c4forge.read_corpus(folder))
    shard.unlink()
    with pytest.raises(c4forge.UsageError, match="1 of the 2 shards of c4-train are missing"):
        c4forge.read_corpus(folder)
