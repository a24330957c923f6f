"""The readers that people use open the output unchanged."""

import json
from pathlib import Path

import pytest

from corpora.formats import OUTPUT_FORMATS
from corpora.hugging_face import READ_FORMATS
from tests.corpora.written import write_dataset
from tests.runs.runs import build, read_jsonl

FEATURES = {"text", "url", "timestamp", "content-type", "content-length"}


@pytest.fixture(scope="module")
def built(tmp_path_factory, sample) -> Path:
    output = tmp_path_factory.mktemp("built")
    arguments = [f"--format={','.join(OUTPUT_FORMATS)}", "--shards=2"]
    assert build(output, f"--input={sample}", *arguments) == 0
    return output


@pytest.fixture(scope="module")
def documents(built) -> dict[str, dict[str, str]]:
    return {document["url"]: document for document in read_jsonl(built)}


def as_documents(examples) -> dict[str, dict[str, str]]:
    decoded = [{name: value.decode() for name, value in e.items()} for e in examples]
    return {document["url"]: document for document in decoded}


def test_tfds_loads_it_by_name(built, documents):
    import tensorflow_datasets as tfds

    splits = tfds.load("c4/en:3.1.0", data_dir=built)
    assert set(splits) == {"train", "validation"}
    found = as_documents(tfds.as_numpy(splits["train"])) | as_documents(
        tfds.as_numpy(splits["validation"])
    )
    assert found == documents


def test_tfds_builds_it_from_its_folder(built, documents):
    import tensorflow_datasets as tfds

    builder = tfds.builder_from_directory(built / "c4/en/3.1.0")
    assert builder.info.splits["train"].num_examples == len(documents) - 1
    assert set(builder.info.features) == FEATURES
    assert str(builder.version) == "3.1.0"


def test_metadata_are_those_that_tfds_writes(built, tmp_path):
    import tensorflow_datasets as tfds

    features = tfds.features.FeaturesDict({name: tfds.features.Text() for name in FEATURES})
    features.save_config(tmp_path)
    written = json.loads((tmp_path / "features.json").read_text())
    assert json.loads((built / "c4/en/3.1.0/features.json").read_text()) == written


def test_seqio_reads_it_as_a_tfds_source_and_as_example_files(built, documents):
    import seqio
    import tensorflow as tf

    source = seqio.TfdsDataSource("c4/en:3.1.0", tfds_data_dir=str(built))
    found = as_documents(source.get_dataset("train", shuffle=False).as_numpy_iterator())
    assert found == {u: d for u, d in documents.items() if u in found}
    assert source.num_input_examples("train") == len(found) == len(documents) - 1
    assert len(source.list_shards("train")) == 2

    spec = {name: tf.io.FixedLenFeature([], tf.string) for name in FEATURES}
    pattern = str(built / "c4/en/3.1.0/c4-train.tfrecord-*")
    examples = seqio.TFExampleDataSource({"train": pattern}, spec)
    dataset = examples.get_dataset("train", shuffle=False)
    assert as_documents(dataset.as_numpy_iterator()) == found


@pytest.mark.parametrize("folder", READ_FORMATS)
def test_hugging_face_datasets_finds_splits_and_columns(built, documents, folder, tmp_path):
    import datasets

    loaded = datasets.load_dataset(str(built / "c4/en/3.1.0" / folder), cache_dir=str(tmp_path))
    assert set(loaded) == {"train", "validation"}
    rows = [*loaded["train"], *loaded["validation"]]
    for row in rows:
        if folder == "parquet":
            row["timestamp"] = row["timestamp"].strftime("%Y-%m-%dT%H:%M:%SZ")
            row["content-length"] = str(row["content-length"])
        else:  # Arrow's JSON reader makes times of such strings, and strings of them again
            row["timestamp"] = row["timestamp"].replace(" ", "T") + "Z"
    assert {row["url"]: row for row in rows} == documents


def test_hugging_face_datasets_reads_a_dataset_of_several_formats_once(built, documents, tmp_path):
    import datasets

    loaded = datasets.load_dataset(str(built / "c4/en/3.1.0"), cache_dir=str(tmp_path))
    assert {row["url"] for split in loaded.values() for row in split} == documents.keys()
    assert sum(split.num_rows for split in loaded.values()) == len(documents)


def test_jsonl_shards_are_named_as_allenai_c4(built):
    names = sorted(path.name for path in (built / "c4/en/3.1.0/jsonl").glob("*-of-*"))
    assert names == [
        "c4-train.00000-of-00002.json.gz",
        "c4-train.00001-of-00002.json.gz",
        "c4-validation.00000-of-00001.json.gz",
    ]


def test_a_record_of_any_size_is_framed_as_tensorflow_frames_it(tmp_path):
    import tensorflow as tf

    from corpora.tfrecord import example, write_record

    values = [b"", b"a", b"x" * 127, b"y" * 128, "é\u2028".encode() * 50_000]
    path = tmp_path / "x.tfrecord"
    with open(path, "wb") as stream:
        size = sum(write_record(stream, example({"text": value, "url": b"u"})) for value in values)
    assert size == path.stat().st_size
    parsed = [
        tf.train.Example.FromString(record.numpy()) for record in tf.data.TFRecordDataset(str(path))
    ]
    assert [p.features.feature["text"].bytes_list.value[0] for p in parsed] == values
    assert all(p.features.feature["url"].bytes_list.value[0] == b"u" for p in parsed)


def test_tfds_reads_array_records_of_the_same_folder_at_random(built, documents):
    import tensorflow_datasets as tfds

    splits = tfds.data_source("c4/en:3.1.0", data_dir=built)
    assert {name: len(split) for name, split in splits.items()} == {
        "train": len(documents) - 1,
        "validation": 1,
    }
    assert as_documents([*splits["train"], *splits["validation"]]) == documents
    in_order = list(splits["train"])
    assert splits["train"][17] == in_order[17]


def test_array_records_alone_are_a_dataset_for_tfds(tmp_path):
    import tensorflow_datasets as tfds

    write_dataset(tmp_path, "en", {"train": 3, "validation": 1}, "array_record")
    splits = tfds.data_source("c4/en:3.1.0", data_dir=tmp_path)
    assert {name: len(split) for name, split in splits.items()} == {"train": 3, "validation": 1}


def test_every_document_of_every_variant_is_found_in_every_format(tmp_path, sample, all_variants):
    """By name in the collection, by the folder of the dataset, and by that of a format."""
    import tensorflow_datasets as tfds
    from datasets import get_dataset_config_names, load_dataset

    formats = f"--format={','.join(OUTPUT_FORMATS)}"
    assert build(tmp_path, f"--input={sample}", formats, *all_variants) == 0
    (path,) = (tmp_path / "runs").glob("*/report.json")
    report = json.loads(path.read_text())["variants"]
    collections: dict[Path, set[str]] = {}
    for name, variant in report.items():
        folder, many = Path(variant["dataset"]), name == "multilingual"
        splits = {s: of["documents"] for s, of in variant["splits"].items() if of["documents"]}
        read = tfds.builder_from_directory(folder).as_dataset()
        assert {split: sum(1 for _ in found) for split, found in read.items()} == splits
        at_random = tfds.builder_from_directory(folder).as_data_source()
        assert {split: len(found) for split, found in at_random.items()} == splits
        by_language: dict[str, dict[str, int]] = {}
        for split, count in splits.items():
            language = split.removesuffix("-validation")
            key = language if many else "default"
            own = split if not many else "validation" if split.endswith("-validation") else "train"
            by_language.setdefault(key, {})[own] = count
        collections.setdefault(folder.parents[1], set()).update(
            f"{name}.{language}" if many else name for language in by_language
        )
        for language, counts in by_language.items():
            places = [(str(folder / inner), language) for inner in ("", *READ_FORMATS)]
            places.append((str(folder.parents[1]), f"{name}.{language}" if many else name))
            for place in places:
                found = load_dataset(*place, cache_dir=str(tmp_path / "cache"))
                assert {split: rows.num_rows for split, rows in found.items()} == counts, place
    for folder, names in collections.items():
        assert set(get_dataset_config_names(str(folder))) == names
    assert len(report) == 6
