"""The command: what it writes, that it repeats, and what it says of what it cannot do."""

import hashlib
import json
import random
from pathlib import Path

import pytest

from corpora.layout import find_corpora, write_shard_list
from runtime.storage.checked import DamagedFile
from runtime.storage.locks import hold_folder
from runtime.workers.runners import open_pipeline
from tests.corpora.written import write_english, write_multilingual
from tests.runs.faults import FAULTS
from vocab.sampling.graph import DrawSample
from vocab.sampling.plan import (
    SampleJob,
    draw_tasks,
    read_plan,
    read_sample,
    run_draw_task,
    write_plan,
)
from vocab.sampling.sample import count_shard, describe_sample
from vocab.train import main
from vocab.vocabulary import read_vocabulary

TINY = ["--preset=tiny", "--size=300", "--threads=2"]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    return write_english(tmp_path_factory.mktemp("corpus"), 300, shards=3)


@pytest.fixture(scope="module")
def trained(tmp_path_factory, corpus) -> Path:
    output = tmp_path_factory.mktemp("trained")
    assert main([*TINY, f"--corpus={corpus}", f"--output={output}"]) == 0
    return output


def digests(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


def test_a_model_its_table_and_its_recipe_are_written(trained):
    assert sorted(digests(trained)) == [
        ".c4forge.json", "recipe.json", "special_tokens_map.json", "spiece.model", "spiece.vocab",
        "tokenizer.json", "tokenizer_config.json",
    ]  # fmt: skip
    assert read_vocabulary(str(trained)).processor().get_piece_size() == 300
    table = (trained / "spiece.vocab").read_text().splitlines()
    assert len(table) == 300 and table[0] == "<pad>\t0"


def test_the_recipe_says_all_that_decides(trained):
    record = json.loads((trained / "recipe.json").read_text())
    assert record["preset"] == "tiny" and record["modified"] is True
    assert record["recipe"]["size"] == 300 and record["recipe"]["score_bits"] == 4
    assert record["sample"]["en"]["documents"] == record["sample"]["en"]["there_documents"] == 300
    assert record["model_sha256"] == digests(trained)["spiece.model"]
    assert set(record["versions"]) >= {"python", "sentencepiece"}
    assert len(record["sample_sha256"]) == 64


@pytest.mark.parametrize("workers", [1, 2])
def test_bytes_do_not_depend_on_workers_nor_on_format(tmp_path, trained, workers):
    corpus = write_english(tmp_path, 300, shards=1 + workers, format_name="jsonl")
    arguments = [*TINY, f"--corpus={corpus}", f"--num_workers={workers}"]
    assert main([*arguments, f"--output={tmp_path / 'out'}"]) == 0
    found = digests(tmp_path / "out")
    for name in ("spiece.model", "spiece.vocab"):
        assert found[name] == digests(trained)[name]
    record, expected = (
        json.loads((folder / "recipe.json").read_text()) for folder in (tmp_path / "out", trained)
    )
    assert record["sample_sha256"] == expected["sample_sha256"]


def test_a_distributed_runner_draws_the_same_sample(tmp_path, corpus):
    """On the runner's own workers, without the pool."""

    drawn = []
    for local in (True, False):
        work = tmp_path / f"work-{local}"
        job = SampleJob(work=str(work), mixture="1", sample_bytes=40_000, seed=0)
        write_shard_list(job.shards_path(), find_corpora([str(corpus)]))
        if local:
            from runtime.workers.pool import open_pool

            open_pool(2, "vocab.sampling.sample")
        pipeline = open_pipeline(True, [])
        pipeline | "sample" >> DrawSample(job, local)
        pipeline.run().wait_until_finish()
        drawn.append((read_plan(job), describe_sample(read_sample(job).documents())))
    assert drawn[0] == drawn[1]
    assert 0 < drawn[0][1]["en"].text_bytes <= 40_000


@pytest.mark.parametrize("fault", FAULTS)
def test_a_damaged_sample_is_drawn_again(tmp_path, corpus, caplog, fault):
    job = SampleJob(work=str(tmp_path), mixture="1", sample_bytes=40_000, seed=0)
    shards = find_corpora([str(corpus)])
    write_shard_list(job.shards_path(), shards)
    plan = write_plan(dict(count_shard(shard, job.seed) for shard in shards[:1]), job)
    tasks = list(draw_tasks(plan, job))
    for task in tasks:
        run_draw_task(task, job)
    drawn = digests(tmp_path)
    path = Path(job.drawn_path(*tasks[0]))
    FAULTS[fault](path, random.Random(fault))
    with pytest.raises(DamagedFile, match=path.name):
        list(read_sample(job).documents())
    run_draw_task(tasks[0], job)
    assert (f"{path} was damaged" in caplog.text) == (fault != "deleted")
    assert digests(tmp_path) == drawn
    assert list(read_sample(job).documents())


def test_the_same_command_again_does_nothing(trained, corpus, capsys):
    before = {p.name: p.stat().st_mtime_ns for p in trained.iterdir()}
    assert main([*TINY, f"--corpus={corpus}", f"--output={trained}"]) == 0
    assert "Trained already" in capsys.readouterr().out
    assert {p.name: p.stat().st_mtime_ns for p in trained.iterdir()} == before


def test_another_vocabulary_is_not_replaced_unasked(tmp_path, corpus, capsys):
    arguments = [*TINY, f"--corpus={corpus}", f"--output={tmp_path}"]
    assert main(arguments) == 0
    before = digests(tmp_path)
    assert main([*arguments, "--size=280"]) == 2
    assert "holds another vocabulary; its recipe.json says which" in capsys.readouterr().err
    assert digests(tmp_path) == before
    assert main([*arguments, "--size=280", "--overwrite"]) == 0
    assert read_vocabulary(str(tmp_path)).processor().get_piece_size() == 280


def test_it_says_first_what_training_takes(tmp_path, corpus, capsys):
    assert main([*TINY, f"--corpus={corpus}", f"--output={tmp_path}"]) == 0
    said = capsys.readouterr().err
    assert "takes up to 0:0" in said and "of memory" in said
    assert said.index("takes up to") < said.index("language") < said.index("takes about")
    assert said.index("takes about") < said.index("Trained in")


def test_the_t5_mixture_of_two_corpora(tmp_path):
    corpora = [
        write_english(tmp_path, 300),
        write_multilingual(tmp_path, {"en": 300, "de": 60, "fr": 60, "ro": 3, "ru": 60}),
    ]
    named = [f"--corpus={corpus}" for corpus in corpora]
    arguments = ["--size=400", "--threads=2", f"--output={tmp_path / 'out'}"]
    assert main([*named, *arguments]) == 0
    sample = json.loads((tmp_path / "out/recipe.json").read_text())["sample"]
    assert set(sample) == {"en", "de", "fr", "ro"}
    assert sample["en"]["documents"] == 300 and sample["ro"]["documents"] == 3
    assert 10 <= sample["en"]["text_bytes"] / sample["de"]["text_bytes"] < 11


def test_what_is_left_out_is_reported(tmp_path, capsys):
    corpus = write_multilingual(tmp_path, {"en": 100, "ru": 10})
    arguments = [*TINY, "--mixture=en:10,de:1", f"--corpus={corpus}"]
    assert main([*arguments, f"--output={tmp_path / 'out'}"]) == 0
    said = capsys.readouterr().err
    assert "no --corpus has de of the mixture en:10,de:1" in said
    assert "left out: ru (not in the mixture en:10,de:1)" in said


def test_plain_text_is_learned_from(tmp_path, capsys):
    text = tmp_path / "books.txt"
    text.write_text("\n".join(f"The {n} of the rivers is named, as {n} says." for n in range(900)))
    assert main([*TINY, "--size=60", f"--corpus={text}", f"--output={tmp_path / 'out'}"]) == 0
    assert "text" in capsys.readouterr().err


BAD = [
    (
        ["--preset=t6"],
        2,
        "unknown preset 't6'; choose from t5, mt5, palm, tiny; did you mean 't5'?",
    ),
    (["--corpus=/nowhere"], 2, "--corpus=/nowhere: matches no file"),
    (["--size=lots"], 2, "=lots: expected a whole number"),
    (["--size=2"], 2, "--size=2: expected more than the largest id, 2"),
    (["--mixture=german"], 2, "'german' is no mixture; expected parts by language, as en:10,de:1"),
    (["--sample_bytes=much"], 2, "=much: expected a size, as 256MB or 1GB"),
    (["--sample_bytes=10"], 1, "no document of the corpus fits in --sample_bytes=10"),
    (["--byte_fallback=maybe"], 2, "=maybe: expected true or false"),
    (["--model_type=wordpiece"], 2, "unknown choice 'wordpiece'; choose from unigram, bpe"),
    (["--normalisation=identity"], 2, "did you mean --normalization?"),
    (["--mixture=fr:1"], 2, "the corpus has none of these languages; it has en"),
    (["--size=90000"], 1, "--size=90000: this sample gives"),
    (["--runner=Spark"], 2, "unknown runner 'Spark'"),
    (["stray"], 2, "'stray' belongs to no option"),
]


@pytest.mark.parametrize(("arguments", "code", "said"), BAD, ids=lambda value: str(value)[:40])
def test_what_cannot_be_done_is_reported_in_a_line(tmp_path, corpus, capsys, arguments, code, said):
    output = tmp_path / "out"
    given = [f"--corpus={corpus}"] if "--corpus" not in arguments[0] else []
    assert main([*TINY, *given, f"--output={output}", *arguments]) == code
    printed = capsys.readouterr().err
    assert said in printed and "Traceback" not in printed
    assert not (output / "spiece.model").exists()
    if code == 2:
        assert not output.exists()


@pytest.mark.parametrize("rows", [0, 1])
def test_an_empty_corpus_is_reported(tmp_path, capsys, rows):
    text = tmp_path / "empty.jsonl"
    text.write_text('{"text": "", "url": "http://a"}\n' * rows)
    assert main([*TINY, f"--corpus={text}", f"--output={tmp_path / 'out'}"]) == 1
    assert "the corpus is empty: its shards hold no text" in capsys.readouterr().err


def test_a_damaged_shard_is_named(tmp_path, capsys):
    corpus = write_english(tmp_path, 30)
    shard = corpus / "c4-train.tfrecord-00001-of-00002"
    shard.write_bytes(shard.read_bytes()[:-7])
    assert main([*TINY, f"--corpus={corpus}", f"--output={tmp_path / 'out'}"]) == 3
    said = capsys.readouterr().err
    assert f"Failed: {shard}: damaged after" in said and "Traceback" not in said


def test_an_output_that_cannot_be_written_is_named(tmp_path, corpus, capsys):
    (tmp_path / "file").write_text("")
    assert main([*TINY, f"--corpus={corpus}", f"--output={tmp_path / 'file'}"]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_two_runs_of_one_output_do_not_meet(tmp_path, corpus, capsys):
    with hold_folder(str(tmp_path)):
        assert main([*TINY, f"--corpus={corpus}", f"--output={tmp_path}"]) == 2
    assert "is in use by process" in capsys.readouterr().err


def test_options_may_come_from_a_file(tmp_path, corpus):
    config = tmp_path / "vocab.toml"
    config.write_text(
        f'preset = "tiny"\nsize = 300\nthreads = 2\ncorpus = "{corpus}"\nbyte_fallback = true\n'
    )
    assert main([f"--config={config}", f"--output={tmp_path / 'out'}"]) == 0
    record = json.loads((tmp_path / "out/recipe.json").read_text())
    assert record["recipe"]["byte_fallback"] is True


def test_a_file_can_switch_a_parameter_off(tmp_path, corpus):
    config = tmp_path / "vocab.toml"
    config.write_text("byte_fallback = false\n")
    arguments = ["--preset=mt5", "--size=300", "--threads=2", "--seed_pieces=10000"]
    arguments += [f"--corpus={corpus}", f"--output={tmp_path / 'out'}", f"--config={config}"]
    assert main(arguments) == 0
    record = json.loads((tmp_path / "out/recipe.json").read_text())
    assert record["recipe"]["byte_fallback"] is False


def test_help_lists_every_table_and_parameter(capsys):
    from vocab.recipes import PARAMETERS, PRESETS

    with pytest.raises(SystemExit):
        main(["--help"])
    said = capsys.readouterr().out
    assert all(f"\n  --{name} " in said for name in PARAMETERS)
    assert all(f"{name}: " in said for name in PRESETS)
