import shutil

import pytest

from trainer.data.corpora import (
    CorpusError,
    StorageFormat,
    corpus_name,
    distinct_names,
    find_corpus,
)


def touch(folder, *names):
    for name in names:
        (folder / name).touch()
    return str(folder)


def test_shards_are_grouped_by_the_split_in_their_names(tmp_path):
    names = [
        *(f"c4-train.tfrecord-0000{i}-of-00002" for i in range(2)),
        "c4-de-validation.tfrecord-00000-of-00001",
        "c4-dev.tfrecord-00000-of-00001",
    ]
    others = ["c4-train.tfrecord-00000-of-00002.tmp-7", "pairs.tsv"]
    found = find_corpus(touch(tmp_path, *names, *others))
    assert found.format is StorageFormat.TFRECORD and found.examples == {}
    shards = {
        split: [path.rpartition("/")[2] for path in files] for split, files in found.shards.items()
    }
    assert shards == {"train": names[:2], "de-validation": names[2:3], "dev": names[3:]}


BAD_CORPORA = [
    ("missing", "no such file or folder"),
    ("", "expected TFRecord shards"),
    ("a.tsv.gz", "expected only .tsv files or only .jsonl files"),
]


@pytest.mark.parametrize(("name", "message"), BAD_CORPORA)
def test_corpora_that_cannot_be_read(name, message, tmp_path):
    (tmp_path / "a.tsv.gz").touch()
    folder = tmp_path if name else tmp_path / "nothing"
    (tmp_path / "nothing").mkdir()
    with pytest.raises(CorpusError, match=message):
        find_corpus(str(folder / name))


def test_the_folder_above_points_to_the_one_below(small_corpus):
    with pytest.raises(CorpusError, match=r"did you mean .*3\.1\.0\?"):
        find_corpus(small_corpus.removesuffix("/3.1.0"))


def test_a_missing_shard_is_named(small_corpus, tmp_path):
    folder = shutil.copytree(small_corpus, tmp_path / "broken")
    (folder / "c4-train.tfrecord-00001-of-00002").unlink()
    with pytest.raises(
        CorpusError, match="1 of the 2 shards of c4-train are missing, the first is number 1;"
    ):
        find_corpus(str(folder))


def test_names_of_corpora():
    assert corpus_name("out/c4/en.noclean/3.1.0") == "c4_en_noclean"
    assert corpus_name("/data/books") == "books"


def test_equal_names_get_a_digest_of_their_path():
    names = distinct_names(["/a/c4/en/3.1.0", "/b/c4/en/3.1.0", "/books"], ["c4_en"] * 2 + ["b"])
    assert len(set(names)) == 3 and names[2] == "b"
    assert all(name.startswith("c4_en_") and len(name) == 12 for name in names[:2])


def test_a_corpus_given_twice_is_refused():
    with pytest.raises(CorpusError, match=r"--corpus=/a/b: it is given twice"):
        distinct_names(["/a/b", "/a/./b/"], ["b", "b"])
