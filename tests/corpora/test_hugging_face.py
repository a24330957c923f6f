"""The cards by which Hugging Face's `datasets` finds every split and language of datasets."""

from dataclasses import replace
from pathlib import Path

import pytest
from datasets import get_dataset_config_names, load_dataset
from datasets.exceptions import DataFilesNotFoundError
from datasets.utils.info_utils import NonMatchingSplitsSizesError

from corpora.cards import collection_card
from corpora.contents import read_contents
from corpora.formats import OUTPUT_FORMATS
from corpora.hugging_face import READ_FORMATS, chosen_format
from corpora.metadata import write_metadata
from tests.corpora.written import write_dataset

SPLITS = ("de", "de-validation", "no", "ru-Latn", "und")
COUNTS = {"train": 3, "validation": 1}


def counts(cache: Path, *arguments: object) -> dict[str, int]:
    """Documents of each split, as loaded and as streamed."""
    loaded = load_dataset(*map(str, arguments), cache_dir=str(cache))
    streamed = load_dataset(*map(str, arguments), streaming=True)
    found = {name: split.num_rows for name, split in loaded.items()}
    assert {name: sum(1 for _ in split) for name, split in streamed.items()} == found
    return found


def test_the_formats_are_of_the_table():
    assert set(READ_FORMATS) < OUTPUT_FORMATS.keys()


@pytest.mark.parametrize("name", READ_FORMATS)
def test_every_language_is_a_configuration_with_its_splits(tmp_path, name):
    many = {split: count for count, split in enumerate(SPLITS, 2)}
    folder = write_dataset(tmp_path, "multilingual", many, name)
    for place in (folder, folder / name):
        assert get_dataset_config_names(str(place)) == ["de", "no", "ru-Latn", "und"]
        assert counts(tmp_path, place, "de") == {"train": 2, "validation": 3}
    for count, language in enumerate(SPLITS[2:], 4):
        assert counts(tmp_path, folder.parents[1], f"multilingual.{language}") == {"train": count}


def test_every_dataset_of_a_collection_is_a_configuration(tmp_path):
    write_dataset(tmp_path, "en", COUNTS, "tfrecord", "parquet")
    write_dataset(tmp_path, "en.noclean", {"train": 5}, "parquet", "jsonl")
    folder = str(tmp_path / "c4")
    assert get_dataset_config_names(folder) == ["en", "en.noclean"]
    assert counts(tmp_path, folder, "en") == COUNTS
    assert counts(tmp_path, folder, "en.noclean") == {"train": 5}
    with pytest.raises(ValueError, match=r"pick one among .*\['en', 'en.noclean'\]"):
        load_dataset(folder)


def test_the_newest_version_has_the_name(tmp_path):
    write_dataset(tmp_path, "en", {"train": 2}, "jsonl", version="3.9.0")
    write_dataset(tmp_path, "en", {"train": 4}, "jsonl", version="3.10.0")
    (tmp_path / "c4/en/3.11.0.incomplete-0").mkdir()
    (tmp_path / "c4/en/3.11.0.incomplete-0/contents.json").write_text("{}")
    assert counts(tmp_path, tmp_path / "c4", "en") == {"train": 4}
    assert counts(tmp_path, tmp_path / "c4", "en-3.9.0") == {"train": 2}


def test_a_shard_that_is_missing_is_an_error_and_no_smaller_dataset(tmp_path):
    folder = write_dataset(tmp_path, "en", COUNTS, "parquet")
    (folder / "parquet/c4-train-00001-of-00002.parquet").unlink()
    for arguments in ([folder], [folder.parents[1], "en"], [folder / "parquet"]):
        with pytest.raises(NonMatchingSplitsSizesError):
            load_dataset(*map(str, arguments), cache_dir=str(tmp_path))


def test_files_that_datasets_does_not_read_are_not_taken_for_others(tmp_path):
    folder = write_dataset(tmp_path, "en", COUNTS, "tfrecord")
    for place in (folder, tmp_path / "c4"):
        with pytest.raises(DataFilesNotFoundError):
            load_dataset(str(place))
    told = "`c4forge convert PATH/c4/en/3.1.0 --format=parquet`"
    assert told in (folder / "README.md").read_text()


def test_a_card_has_one_format_and_says_which_datasets_lack_it(tmp_path):
    write_dataset(tmp_path, "en", COUNTS, "jsonl")
    write_dataset(tmp_path, "realnewslike", COUNTS, "jsonl", "parquet")
    write_dataset(tmp_path, "webtextlike", COUNTS, "parquet")
    card = (tmp_path / "c4/README.md").read_text()
    assert get_dataset_config_names(str(tmp_path / "c4")) == ["realnewslike", "webtextlike"]
    assert "here parquet, which these lack: `en/3.1.0`" in card
    assert counts(tmp_path, tmp_path / "c4/en/3.1.0") == COUNTS


@pytest.mark.parametrize(
    ("formats", "chosen"),
    [
        ([], "parquet"),
        ([["tfrecord"]], "parquet"),
        ([["jsonl"], ["parquet"]], "parquet"),
        ([["jsonl"], ["jsonl", "parquet"]], "jsonl"),
    ],
)
def test_the_format_of_a_card_is_that_of_most_datasets(formats, chosen):
    assert chosen_format(formats) == chosen


def test_cards_depend_on_the_datasets_only(tmp_path):
    for root, order in (("a", ("en", "x")), ("b", ("x", "en"))):
        for config in order:
            write_dataset(tmp_path / root, config, COUNTS, "jsonl")
    for name in ("c4/README.md", "c4/en/3.1.0/README.md", "c4/en/3.1.0/contents.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert collection_card(str(tmp_path / "a/c4")) == (tmp_path / "a/c4/README.md").read_text()


def test_contents_come_back_as_they_were_written(tmp_path):
    folder = write_dataset(tmp_path, "en", COUNTS, "tfrecord", "jsonl")
    contents = read_contents(str(folder))
    assert contents.formats() == ["tfrecord", "jsonl"]
    assert {name: sum(s.examples for s in of) for name, of in contents.splits().items()} == COUNTS
    write_metadata(str(folder), replace(contents, languages=("de",)), {})
    assert read_contents(str(folder)).languages == ("de",)
    assert read_contents(str(tmp_path)) is None
