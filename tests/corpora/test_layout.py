"""Shards are found by name, with their splits and languages."""

import pytest

from corpora.layout import (
    NO_LANGUAGE,
    find_corpora,
    read_shard_list,
    without_duplicates,
    write_shard_list,
)  # fmt: skip
from runtime.storage.matching import InputError
from tests.corpora.written import documents, write_english, write_multilingual, write_shards


def touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return folder


@pytest.mark.parametrize(
    ("name", "split", "language"),
    [
        # As we and TFDS name them.
        ("c4/en/3.1.0/c4-train.tfrecord-00000-of-00001", "train", "en"),
        ("c4/en/3.1.0/c4-validation.tfrecord-00000-of-00001", "validation", "en"),
        ("c4/mc4.de/3.1.0/c4-train.tfrecord-00000-of-00001", "train", "de"),
        ("c4_custom/en.noclean/3.1.0/c4_custom-train.tfrecord-00000-of-00001", "train", "en"),
        ("c4/multilingual/3.1.0/c4-de.tfrecord-00000-of-00001", "de", "de"),
        ("c4/multilingual/3.1.0/c4-zh-Latn-validation.tfrecord-00000-of-00001",
         "zh-Latn-validation", "zh-Latn"),
        ("c4/multilingual/3.1.0/c4-und.tfrecord-00000-of-00001", "und", "und"),
        ("c4/en/3.1.0/jsonl/c4-train.00000-of-00001.json.gz", "train", "en"),
        ("c4/en/3.1.0/parquet/c4-train-00000-of-00001.parquet", "train", "en"),
        # As allenai/c4 and Hugging Face name them.
        ("en/c4-train.00000-of-00001.json.gz", "train", "en"),
        ("multilingual/c4-af.tfrecord-00000-of-00001.json.gz", "af", "af"),
        ("data/train-00000-of-00001.parquet", "train", NO_LANGUAGE),
        ("data/test-00000-of-00001.parquet", "test", NO_LANGUAGE),
        # As anybody does.
        ("books.txt", "", NO_LANGUAGE),
        ("lines.jsonl.zst", "", NO_LANGUAGE),
    ],
)  # fmt: skip
def test_names_tell_split_and_language(tmp_path, name, split, language):
    touch(tmp_path, name)
    (found,) = find_corpora([str(tmp_path / name)])
    assert (found.split, found.language) == (split, language)
    assert found.is_held_out() == ("validation" in split or split == "test")


def test_a_language_can_be_stated(tmp_path):
    touch(tmp_path, "books.txt")
    (found,) = find_corpora([f"de={tmp_path / 'books.txt'}"])
    assert (found.language, found.alone) == ("de", True)


def test_an_equals_sign_in_a_path_states_nothing(tmp_path):
    touch(tmp_path, "lang=de/books.txt")
    (found,) = find_corpora([str(tmp_path / "lang=de/books.txt")])
    assert found.language == NO_LANGUAGE


@pytest.mark.parametrize(
    ("formats", "read"),
    [
        (["tfrecord", "jsonl", "parquet"], "tfrecord"),
        (["jsonl", "parquet"], "parquet"),
        (["jsonl"], "jsonl"),
    ],
)
def test_of_several_formats_one_is_read(tmp_path, formats, read):
    for name in formats:
        folder = write_english(tmp_path, 4, format_name=name)
    found = find_corpora([str(folder)])
    assert {shard.format for shard in found} == {read}
    assert sorted(shard.split for shard in found) == ["train", "train", "validation"]


def test_a_formats_own_folder_can_be_named(tmp_path):
    folder = write_english(tmp_path, 4, format_name="jsonl")
    write_english(tmp_path, 4)
    found = find_corpora([str(folder / "jsonl")])
    assert {(shard.format, shard.language) for shard in found} == {("jsonl", "en")}


def test_temporary_files_are_no_shards(tmp_path):
    folder = write_english(tmp_path, 4)
    touch(folder, "c4-train.tfrecord-00000-of-00002.tmp-0123456789ab")
    assert len(find_corpora([str(folder)])) == 3


def test_a_missing_shard_is_reported(tmp_path):
    folder = write_english(tmp_path, 9, shards=3)
    (folder / "c4-train.tfrecord-00001-of-00003").unlink()
    with pytest.raises(InputError, match="1 of the 3 shards of c4-train are missing, the first is"):
        find_corpora([str(folder)])
    glob = str(folder / "c4-train.tfrecord-*")
    assert len(find_corpora([glob])) == 2  # who names files gets them


def test_a_folder_above_datasets_names_them(tmp_path):
    write_english(tmp_path, 2)
    write_multilingual(tmp_path, {"de": 1})
    with pytest.raises(InputError) as error:
        find_corpora([str(tmp_path)])
    assert "no shards in this folder; there are in" in str(error.value)
    assert str(tmp_path / "c4/en/3.1.0") in str(error.value)
    assert str(tmp_path / "c4/multilingual/3.1.0") in str(error.value)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nowhere", "matches no file"),
        ("readme.md", r"expected one of \*\.tfrecord"),
        (".", "no file"),
    ],
)
def test_what_is_no_corpus_is_reported(tmp_path, name, said):
    touch(tmp_path, "readme.md")
    with pytest.raises(InputError, match=said):
        find_corpora([str(tmp_path / name)])


def test_a_language_alone_stands_before_the_same_among_many(tmp_path):
    corpora = [write_english(tmp_path, 2), write_multilingual(tmp_path, {"en": 1, "de": 1})]
    found = without_duplicates(find_corpora(map(str, corpora)))
    assert sorted({(shard.language, shard.alone) for shard in found}) == [
        ("de", False),
        ("en", True),
    ]


def test_lists_of_shards_are_read_back(tmp_path):
    found = find_corpora([str(write_english(tmp_path, 4))])
    write_shard_list(str(tmp_path / "list.jsonl"), found)
    assert read_shard_list(str(tmp_path / "list.jsonl")) == found


def test_a_changed_shard_has_another_key(tmp_path):
    folder = write_english(tmp_path, 4, shards=1)
    before = find_corpora([str(folder)])
    write_shards(folder, "train", documents("en", 5))
    after = find_corpora([str(folder)])
    assert [a.key() == b.key() for a, b in zip(before, after, strict=True)] == [False, True]
