import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trainer.downstream.sources import SplitName, find_source
from trainer.downstream.task import DownstreamError

EXAMPLES = [
    {"question": "who?", "answers": {"text": ["Ada", "«Ada»"], "answer_start": [0, 4]}, "label": 1},
    {"question": "where", "answers": {"text": [], "answer_start": []}, "label": 0},
    {"question": "wann\u2028dann", "answers": {"text": ["x"], "answer_start": [2]}, "label": -1},
]


def write_jsonl(folder):
    lines = "".join(json.dumps(example, ensure_ascii=False) + "\n" for example in EXAMPLES)
    (folder / "train.jsonl").write_text(lines, encoding="utf-8")


def write_parquet(folder):
    for number, part in enumerate((EXAMPLES[:2], EXAMPLES[2:])):
        pq.write_table(pa.Table.from_pylist(part), folder / f"train-{number:05}-of-00002.parquet")


def write_hub(folder):
    (folder / "data").mkdir()
    table = pa.Table.from_pylist(EXAMPLES)
    pq.write_table(table, folder / "data" / "train-00000-of-00001-ab12.parquet")


def write_saved(folder):
    datasets = pytest.importorskip("datasets")
    dataset = datasets.Dataset.from_list(EXAMPLES)
    datasets.DatasetDict({"train": dataset}).save_to_disk(folder, num_shards={"train": 2})


def write_saved_alone(folder):
    pytest.importorskip("datasets").Dataset.from_list(EXAMPLES).save_to_disk(folder)


def write_tfds(folder):
    tfds = pytest.importorskip("tensorflow_datasets")
    features = tfds.features.FeaturesDict(
        {
            "question": tfds.features.Text(),
            "answers": tfds.features.Sequence(
                {"text": tfds.features.Text(), "answer_start": tfds.features.Scalar(np.int32)}
            ),
            "label": tfds.features.ClassLabel(num_classes=2),
        }
    )
    writer = tfds.core.SequentialWriter(
        tfds.core.DatasetInfo(
            builder=tfds.core.DatasetIdentity(
                name="asked", version=tfds.core.Version("1.0.0"), data_dir=str(folder),
                module_name="",
            ),
            features=features,
        ),
        max_examples_per_shard=2,
    )  # fmt: skip
    writer.initialize_splits(["train"], fail_if_exists=False)
    writer.add_examples({"train": EXAMPLES})
    writer.close_all()


WRITERS = (write_jsonl, write_parquet, write_hub, write_saved, write_saved_alone, write_tfds)


@pytest.mark.parametrize("write", WRITERS)
def test_every_kind_of_folder_gives_the_same_examples(write, tmp_path):
    write(tmp_path)
    source = find_source(str(tmp_path))
    assert list(source.splits) == ["train"]
    assert list(source.read("train")) == EXAMPLES
    assert list(source.read("train[1:]")) == EXAMPLES[1:]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("train.tsv", '\ufefftext\tlabel\r\nit "rained"\t1\r\n\t0\r\n'),
        ("train.csv", '\ufefftext,label\r\n"it ""rained""",1\r\n,0\r\n'),
    ],
)
def test_lines_have_a_header_row(name, text, tmp_path):
    (tmp_path / name).write_bytes(text.encode())
    rows = [{"text": 'it "rained"', "label": "1"}, {"text": "", "label": "0"}]
    assert list(find_source(str(tmp_path)).read("train")) == rows
    assert list(find_source(str(tmp_path / name)).read("train")) == rows


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("train.tsv", b"text\tlabel\na\n", r"train.tsv:2: expected 2 columns.*\(text, label\)"),
        ("train.csv", b"text,label\na,b,c\n", r"train.csv:2: expected 2 columns.*got 3"),
        ("train.jsonl", b'{"a": 1}\n[1]\n', r"train.jsonl:2: expected a JSON object, got '\[1\]'"),
        ("train.tsv", b"text\ttext\na\tb\n", r"train.tsv:1: the header row names 'text' twice"),
        ("train.jsonl", b'{"a"\n', r"train.jsonl:1: expected a JSON object"),
        ("train.tsv", "text\nüber\n".encode("latin1"), "expected UTF-8.*iconv -f latin1"),
    ],
)
def test_bad_lines_are_named(name, content, message, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DownstreamError, match=message):
        list(find_source(str(tmp_path)).read("train"))


def test_splits_have_other_names(tmp_path):
    for name in ("train", "dev"):
        (tmp_path / f"{name}.jsonl").write_text(f'{{"text": "{name}"}}\n' * 3)
    source = find_source(str(tmp_path))
    assert source.find_split("validation") == "dev"
    assert source.find_split("train[2:]") == "train"
    assert source.find_split("validation_matched", "validation") == "dev"
    assert source.find_split("test") is None
    assert len(list(source.read("train[:2]"))) == 2
    assert len(list(source.read("validation[:2]"))) == 2
    assert len(list(source.read("validation[2:]"))) == 1
    assert len(list(source.read("held_out[2:]", "validation"))) == 3
    with pytest.raises(DownstreamError, match="no split 'test'; there is dev, train"):
        source.read("test")


def test_names_of_splits():
    assert SplitName.parse("train[:78785]") == SplitName("train", 0, 78785)
    assert SplitName.parse("train[5:]") == SplitName("train", 5, None)
    for bad in ("train[", "train[-1:]", "train[:10%]", ""):
        with pytest.raises(DownstreamError, match="expected a name, or name"):
            SplitName.parse(bad)


def test_other_folders_and_files_are_no_source(tmp_path):
    (tmp_path / "notes.txt").write_text("a")
    assert find_source(str(tmp_path)) is None
    with pytest.raises(DownstreamError, match=r"expected a file ending in \.jsonl, \.tsv, "):
        find_source(str(tmp_path / "notes.txt"))
    (tmp_path / "train.tsv").write_text("a\n")
    (tmp_path / "train.csv").write_text("a\n")
    with pytest.raises(DownstreamError, match="expected one file for the split train"):
        find_source(str(tmp_path))


def test_a_field_of_a_csv_file_may_be_long(tmp_path):
    (tmp_path / "train.csv").write_text(f'text,label\n"{"a" * 200_000}",b\n')
    (row,) = find_source(str(tmp_path)).read("train")
    assert len(row["text"]) == 200_000
