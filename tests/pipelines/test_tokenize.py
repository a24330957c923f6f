"""Token shards hold what SentencePiece says of a corpus, whoever writes them and whoever reads."""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from sentencepiece import SentencePieceProcessor

from corpora.layout import write_shard_list
from pipelines.tokenize import main, plan_tokens
from pipelines.tokens.formats import TOKEN_FORMATS
from pipelines.tokens.graph import TokenizeCorpus
from pipelines.tokens.job import dataset_names, token_shards
from pipelines.tokens.options import parse_token_options
from pipelines.tokens.publish import publish_tokens, read_counts
from pipelines.tokens.shards import run_token_shard
from runtime.storage.checked import DamagedFile
from runtime.storage.files import exists, write_bytes
from runtime.storage.locks import hold_folder
from runtime.workers.runners import open_pipeline
from tests.conftest import COMMAND, REPOSITORY
from tests.corpora.written import documents, write_english, write_multilingual
from tests.limits import with_files_of_at_most
from tests.runs.faults import FAULTS
from tests.vocab.small import small_model

COUNT = 120
ROWS = documents("en", COUNT + 3)
TOKENS = "c4_tokens/en/3.1.0"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    return write_english(tmp_path_factory.mktemp("corpus"), COUNT, shards=3)


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("vocabulary")
    (folder / "spiece.model").write_bytes(small_model("t5"))
    return folder


@pytest.fixture(scope="module")
def built(tmp_path_factory, corpus, vocabulary) -> Path:
    output = tmp_path_factory.mktemp("built")
    assert tokenize(corpus, vocabulary, output, "--format=tfrecord,array_record") == 0
    return output


@pytest.fixture(scope="module")
def expected() -> dict[bytes, list[int]]:
    """By URL, the ids that SentencePiece gives."""
    processor = SentencePieceProcessor(model_proto=small_model("t5"))
    return {url: processor.encode(text.decode()) for text, url, *_ in ROWS}


def tokenize(corpus: Path, vocabulary: Path, output: Path, *arguments: str) -> int:
    given = [f"--corpus={corpus}", f"--vocab={vocabulary}", f"--output={output}"]
    return main([*given, *arguments])


def shard_bytes(output: Path) -> dict[str, str]:
    return {
        str(path.relative_to(output)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(output.glob("**/*-of-*"))
    }


def test_tfds_loads_it_by_name_as_int32(built, expected):
    import tensorflow_datasets as tfds

    splits = tfds.load("c4_tokens/en:3.1.0", data_dir=built)
    found = {}
    for name in ("train", "validation"):
        for row in tfds.as_numpy(splits[name]):
            assert row["targets"].dtype == np.int32
            found[row["url"]] = row["targets"].tolist()
    assert found == expected


def test_metadata_are_those_that_tfds_writes(built, tmp_path):
    import tensorflow_datasets as tfds

    features = tfds.features.FeaturesDict(
        {
            "targets": tfds.features.Tensor(shape=(None,), dtype=np.int32),
            "url": tfds.features.Text(),
        }
    )
    features.save_config(tmp_path)
    written = json.loads((tmp_path / "features.json").read_text())
    assert json.loads((built / TOKENS / "features.json").read_text()) == written


def test_seqio_reads_the_ids_that_it_would_make_on_the_fly(built, corpus, vocabulary):
    import seqio
    import tensorflow as tf

    model = seqio.SentencePieceVocabulary(str(vocabulary / "spiece.model"), extra_ids=100)
    features = {"targets": seqio.Feature(model, add_eos=True, dtype=tf.int32)}
    texts = seqio.TFExampleDataSource(
        {"train": str(corpus / "c4-train.tfrecord-*")},
        {"text": tf.io.FixedLenFeature([], tf.string)},
    )
    ready = seqio.TfdsDataSource("c4_tokens/en:3.1.0", tfds_data_dir=str(built))
    seqio.TaskRegistry.add(
        "on_the_fly", texts, output_features=features,
        preprocessors=[
            lambda rows: seqio.preprocessors.rekey(rows, {"targets": "text"}),
            seqio.preprocessors.tokenize,
            seqio.preprocessors.append_eos,
        ],
    )  # fmt: skip
    seqio.TaskRegistry.add(
        "ready", ready, output_features=features, preprocessors=[seqio.preprocessors.append_eos]
    )
    found = []
    for name in ("on_the_fly", "ready"):
        task = seqio.TaskRegistry.get(name)
        rows = task.get_dataset({"targets": 4096}, "train", shuffle=False).as_numpy_iterator()
        found.append(sorted(tuple(row["targets"].tolist()) for row in rows))
        seqio.TaskRegistry.remove(name)
    assert found[0] == found[1] and len(found[0]) == COUNT
    assert all(row[-1] == 1 for row in found[0])


def test_array_records_are_read_at_random(built, expected):
    """As Grain does: its ArrayRecordDataSource is that of array_record."""
    import tensorflow as tf
    from array_record.python.array_record_data_source import ArrayRecordDataSource

    paths = sorted(map(str, (built / TOKENS / "array_record").glob("*-train.*")))
    source = ArrayRecordDataSource(paths)
    assert len(paths) == 3 and len(source) == COUNT
    for number in (COUNT - 1, 0, 57):
        row = tf.train.Example.FromString(source[number]).features.feature
        ids = list(row["targets"].int64_list.value)
        assert ids == expected[row["url"].bytes_list.value[0]]


def test_tfds_reads_array_records_as_a_data_source(built, expected):
    import tensorflow_datasets as tfds

    builder = tfds.builder_from_directory(built / TOKENS / "array_record")
    source = builder.as_data_source("validation")
    found = {row["url"]: row["targets"].tolist() for row in source}
    assert found == {url: expected[url] for url in found} and len(found) == 3


def test_every_shard_has_its_counts(built, expected):
    rows = json.loads((built / TOKENS / "shards.json").read_text())
    assert [(row["split"], row["shard"], row["shards"]) for row in rows] == [
        ("train", 0, 3), ("train", 1, 3), ("train", 2, 3), ("validation", 0, 1),
    ]  # fmt: skip
    assert sum(row["documents"] for row in rows) == COUNT + 3
    assert sum(row["tokens"] for row in rows) == sum(map(len, expected.values()))
    assert sum(row["unknown"] for row in rows) == sum(x.count(2) for x in expected.values())
    assert sum(row["text-bytes"] for row in rows) == sum(len(row[0]) for row in ROWS)
    assert sum(row["characters"] for row in rows) == sum(len(row[0].decode()) for row in ROWS)
    for row in rows:
        for name, fmt in TOKEN_FORMATS.items():
            path = fmt.shard_path("c4_tokens", row["split"], row["shard"], row["shards"])
            assert row[f"{name}-bytes"] == (built / TOKENS / path).stat().st_size


def test_the_vocabulary_stays_with_its_tokens(built):
    assert (built / TOKENS / "spiece.model").read_bytes() == small_model("t5")
    config = json.loads((built / TOKENS / "config.json").read_text())
    assert config["vocabulary_sha256"] == hashlib.sha256(small_model("t5")).hexdigest()


@pytest.mark.parametrize("workers", [1, 2])
def test_bytes_do_not_depend_on_workers(tmp_path, built, corpus, vocabulary, workers):
    arguments = ["--format=tfrecord,array_record", f"--num_workers={workers}"]
    assert tokenize(corpus, vocabulary, tmp_path, *arguments) == 0
    assert shard_bytes(tmp_path) == shard_bytes(built)


def plan(corpus: Path, vocabulary: Path, output: Path, *arguments: str):
    """A planned run, ready to go."""
    given = [f"--corpus={corpus}", f"--vocab={vocabulary}", f"--output={output}"]
    job, sources, model = plan_tokens(parse_token_options([*given, *arguments]))
    write_shard_list(job.list_path(), sources)
    write_bytes(job.model_path(), model.model)
    return job, token_shards(sources)


def test_a_distributed_runner_writes_the_same_bytes(tmp_path, built, corpus, vocabulary):
    job, _ = plan(corpus, vocabulary, tmp_path, "--format=tfrecord,array_record")
    pipeline = open_pipeline(True, [])
    pipeline | "tokens" >> TokenizeCorpus(job, local=False)
    pipeline.run().wait_until_finish()
    assert shard_bytes(tmp_path) == shard_bytes(built)


def test_the_graph_translates_for_dataflow(corpus, vocabulary):
    options = [f"--corpus={corpus}", f"--vocab={vocabulary}", "--output=gs://bucket/out"]
    job, *_ = plan_tokens(parse_token_options(options))
    arguments = [
        "--runner=DataflowRunner", "--project=project", "--region=us-central1", "--job_name=tokens",
        "--staging_location=gs://bucket/s", "--temp_location=gs://bucket/t", "--dry_run=True",
        "--no_auth", "--sdk_location=container",
    ]  # fmt: skip
    pipeline = open_pipeline(False, arguments)
    pipeline | "tokens" >> TokenizeCorpus(job, local=False)
    proto = pipeline.run().job.proto_pipeline
    assert proto.ByteSize() < 100_000
    names = {step.unique_name for step in proto.components.transforms.values()}
    assert any(name.endswith("/publish") for name in names)


def test_a_run_goes_on_where_it_was_stopped(tmp_path, built, corpus, vocabulary, capsys):
    arguments = ["--format=tfrecord,array_record"]
    job, shards = plan(corpus, vocabulary, tmp_path, *arguments)
    for shard in shards[:2]:
        run_token_shard(shard, job)
    times = {p: p.stat().st_mtime_ns for p in tmp_path.glob("**/*-of-*")}
    assert len(times) == 4
    assert tokenize(corpus, vocabulary, tmp_path, *arguments) == 0
    assert "2 shards done by an earlier run" in capsys.readouterr().err
    assert shard_bytes(tmp_path) == shard_bytes(built)
    kept = {p.name: p.stat().st_mtime_ns for p in tmp_path.glob("**/*-of-*")}
    assert all(kept[path.name] == time for path, time in times.items())
    assert not list(tmp_path.glob("**/*receipt*")) and not list(tmp_path.glob("**/*.incomplete-*"))


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_damaged_is_written_again(tmp_path, built, corpus, vocabulary, caplog, fault):
    """Shards in two formats, and a receipt."""
    job, shards = plan(corpus, vocabulary, tmp_path, "--format=tfrecord,array_record")
    for shard in shards:
        run_token_shard(shard, job)
    damaged = [
        Path(job.staging_folder(), job.shard_name(shards[0], "tfrecord")),
        Path(job.staging_folder(), job.shard_name(shards[1], "array_record")),
        Path(job.receipt_path(shards[2])),
    ]
    for path in damaged:
        FAULTS[fault](path, random.Random(fault))
    for shard in shards:
        run_token_shard(shard, job)
    told = damaged[: 2 if fault == "deleted" else 3]  # without a receipt nothing was done
    assert all(f"{path} was damaged" in caplog.text for path in told)
    publish_tokens({}, job)
    assert shard_bytes(tmp_path) == shard_bytes(built)


def test_a_killed_run_leaves_nothing_half_done(tmp_path, built, corpus, vocabulary):
    command = [
        *COMMAND, "tokenize", f"--corpus={corpus}",
        f"--vocab={vocabulary}", f"--output={tmp_path}", "--format=tfrecord,array_record",
    ]  # fmt: skip
    process = subprocess.Popen(
        command, cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    while process.poll() is None and not list(tmp_path.glob("**/*.receipt.json")):
        time.sleep(0.002)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / TOKENS / "array_record").exists() or process.returncode == 0
    assert tokenize(corpus, vocabulary, tmp_path, "--format=tfrecord,array_record") == 0
    assert shard_bytes(tmp_path) == shard_bytes(built)
    assert not [path for path in tmp_path.glob("**/*") if ".tmp-" in path.name]


def test_the_same_command_again_does_nothing(built, corpus, vocabulary, capsys):
    before = {p: p.stat().st_mtime_ns for p in built.glob("**/*-of-*")}
    assert tokenize(corpus, vocabulary, built, "--format=tfrecord,array_record") == 0
    assert "Complete already" in capsys.readouterr().out
    assert {p: p.stat().st_mtime_ns for p in built.glob("**/*-of-*")} == before


def test_a_lost_shard_is_written_again(tmp_path, corpus, vocabulary):
    assert tokenize(corpus, vocabulary, tmp_path) == 0
    before = shard_bytes(tmp_path)
    next(tmp_path.glob("**/*-train.*-00001-of-*")).unlink()
    assert tokenize(corpus, vocabulary, tmp_path) == 0
    assert shard_bytes(tmp_path) == before


def test_tokens_of_another_vocabulary_are_not_replaced_unasked(
    tmp_path, corpus, vocabulary, capsys
):
    assert tokenize(corpus, vocabulary, tmp_path) == 0
    before = shard_bytes(tmp_path)
    other = tmp_path / "other.model"
    other.write_bytes(small_model("mt5"))
    assert tokenize(corpus, other, tmp_path) == 2
    assert "holds tokens of another corpus or vocabulary" in capsys.readouterr().err
    assert shard_bytes(tmp_path) == before
    assert tokenize(corpus, other, tmp_path, "--overwrite") == 0
    after = shard_bytes(tmp_path)
    assert set(after) == set(before) and all(after[name] != before[name] for name in after)


def test_documents_may_end_with_eos(tmp_path, corpus, vocabulary, expected):
    import tensorflow_datasets as tfds

    assert tokenize(corpus, vocabulary, tmp_path, "--append_eos") == 0
    rows = tfds.as_numpy(tfds.load("c4_tokens/en:3.1.0", data_dir=tmp_path, split="train"))
    assert all(row["targets"].tolist() == [*expected[row["url"]], 1] for row in rows)


def test_every_split_of_many_languages_is_tokenized(tmp_path, vocabulary):
    corpus = write_multilingual(tmp_path, {"en": 5, "de": 4, "ru": 1}, format_name="parquet")
    assert tokenize(corpus, vocabulary, tmp_path / "out") == 0
    folder = tmp_path / "out/c4_tokens/multilingual/3.1.0"
    rows = json.loads((folder / "shards.json").read_text())
    assert {row["split"]: row["documents"] for row in rows} == {"de": 4, "en": 5, "ru": 1}
    assert next(row for row in rows if row["split"] == "ru")["unknown"] > 0


@pytest.mark.parametrize(
    ("corpus", "names"),
    [
        ("out/c4/en/3.1.0", ("c4_tokens", "en", "3.1.0")),
        ("/data/out/c4/mc4.de/3.1.0/", ("c4_tokens", "mc4.de", "3.1.0")),
        ("gs://bucket/c4_custom/en/3.1.0/jsonl", ("c4_custom_tokens", "en", "3.1.0")),
        ("de=books.txt.gz", ("tokens", "books", "1.0.0")),
        ("/data/en", ("tokens", "en", "1.0.0")),
    ],
)
def test_tokens_are_named_after_their_corpus(corpus, names):
    assert dataset_names(corpus) == names


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--vocab=/nowhere"], "/nowhere: cannot be read"),
        (["--corpus=/nowhere"], "--corpus=/nowhere: matches no file"),
        (["--format=tfrecords"], "did you mean 'tfrecord'?"),
        (["--formats=tfrecord"], "did you mean --format?"),
        (["--num_workers=few"], "=few: expected a whole number"),
    ],
)
def test_a_wrong_option_is_reported_before_any_work(
    tmp_path, corpus, vocabulary, capsys, arguments, said
):
    given = {"--corpus": corpus, "--vocab": vocabulary}
    given |= dict(argument.split("=") for argument in arguments)
    options = [f"{name}={value}" for name, value in given.items()]
    assert main([*options, f"--output={tmp_path / 'out'}"]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_damaged_shard_is_named_and_the_others_are_kept(tmp_path, vocabulary, capsys):
    corpus = write_english(tmp_path, 30)
    shard = corpus / "c4-train.tfrecord-00001-of-00002"
    complete = shard.read_bytes()
    shard.write_bytes(complete[:-9])
    assert tokenize(corpus, vocabulary, tmp_path / "out") == 3
    said = capsys.readouterr().err
    assert f"Failed: {shard}: damaged after" in said
    assert not (tmp_path / "out" / TOKENS).exists()


def run_limited(output: Path, corpus: Path, vocabulary: Path, largest_file: int):
    """The command in a process of its own that cannot write files larger than that."""
    command = [
        *COMMAND, "tokenize", f"--corpus={corpus}",
        f"--vocab={vocabulary}", f"--output={output}",
    ]  # fmt: skip
    return subprocess.run(
        with_files_of_at_most(largest_file, command),
        cwd=REPOSITORY, capture_output=True, text=True,
    )  # fmt: skip


def test_a_full_disk_is_reported_and_what_is_done_is_kept(tmp_path, built, corpus, vocabulary):
    sizes = {p.name: p.stat().st_size for p in (built / TOKENS).glob("*-of-*")}
    ended = run_limited(tmp_path, corpus, vocabulary, max(sizes.values()) - 1)
    assert ended.returncode == 1
    assert f"File too large: '{tmp_path}/" in ended.stderr
    assert "Failed: " in ended.stderr and "goes on from here" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / TOKENS).exists()
    assert tokenize(corpus, vocabulary, tmp_path) == 0
    assert not [path for path in tmp_path.glob("**/*") if ".tmp-" in path.name]
    assert {p.name: p.stat().st_size for p in (tmp_path / TOKENS).glob("*-of-*")} == sizes


def test_two_runs_of_one_output_do_not_meet(tmp_path, corpus, vocabulary, capsys):
    job, _ = plan(corpus, vocabulary, tmp_path)
    with hold_folder(job.versions_folder()):
        assert tokenize(corpus, vocabulary, tmp_path) == 2
    assert "is in use by process" in capsys.readouterr().err
    assert tokenize(corpus, vocabulary, tmp_path) == 0


def test_a_missing_library_is_reported(tmp_path, corpus, vocabulary, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "array_record.python.array_record_module", None)
    assert tokenize(corpus, vocabulary, tmp_path, "--format=array_record") == 2
    assert "pip install 'c4forge[grain]'" in capsys.readouterr().err


def test_an_output_that_cannot_be_written_is_named(tmp_path, corpus, vocabulary, capsys):
    (tmp_path / "file").write_text("")
    assert tokenize(corpus, vocabulary, tmp_path / "file") == 2
    assert "cannot be written" in capsys.readouterr().err


def test_publishing_reads_receipts_and_tokenizes_nothing(tmp_path, corpus, vocabulary, monkeypatch):
    job, shards = plan(corpus, vocabulary, tmp_path)
    for shard in shards:
        run_token_shard(shard, job)
    monkeypatch.setattr("pipelines.tokens.shards.write_token_shard", None)
    assert publish_tokens({"documents": COUNT + 3}, job) == {"documents": COUNT + 3}
    rows = read_counts(job.dataset_folder())
    assert sum(int(row["documents"]) for row in rows) == COUNT + 3
    assert publish_tokens({}, job) == {}  # a runner repeats the step


def test_a_shard_without_a_receipt_is_not_published(tmp_path, corpus, vocabulary):
    job, shards = plan(corpus, vocabulary, tmp_path)
    run_token_shard(shards[0], job)
    with pytest.raises(DamagedFile, match=shards[1].receipt_name()):
        publish_tokens({}, job)
    assert not exists(job.dataset_folder())
