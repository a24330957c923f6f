import itertools
import json

import pytest
import seqio
import tensorflow as tf

from tests.trainer.small import sentences, write_corpus
from trainer.data.corruption import INPUT_TRANSFORMS, NOISE_MASKS, TARGET_TRANSFORMS
from trainer.data.examples import first_tokens
from trainer.data.objectives import OBJECTIVES
from trainer.data.tasks import load_mixture
from trainer.data.vocabularies import load_vocabulary

LENGTH = {"inputs": 64, "targets": 64}


def rows(name, split="train", most=1000):
    task = seqio.get_mixture_or_task(name)
    length = {key: LENGTH[key] for key in task.output_features}
    dataset = task.get_dataset(length, split=split, use_cached=False, shuffle=False)
    return list(itertools.islice(dataset.as_numpy_iterator(), most))


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_objective_is_a_task_by_name(objective, small_corpus, small_vocabulary):
    row = OBJECTIVES[objective]
    axes = (
        (row.noise, NOISE_MASKS),
        (row.inputs, INPUT_TRANSFORMS),
        (row.targets, TARGET_TRANSFORMS),
    )
    missing = [value for value, table in axes if value not in table and not row.is_causal()]
    assert not missing, f"add functions for {missing} to the tables of trainer/data/corruption.py"
    name = load_mixture([small_corpus], small_vocabulary, objective)
    assert name == f"c4_en_{objective}"
    examples = list(rows(name, "validation"))
    assert len(examples) > 3
    for example in examples:
        assert all(len(ids) <= 64 and ids[-1] == 1 for ids in example.values())
        assert ("inputs" in example) == (not row.is_causal())


def test_truncated_data_is_the_first_tokens_only(small_corpus, small_vocabulary):
    name = load_mixture([small_corpus], small_vocabulary, "causal_lm", data_tokens=1000)
    assert sum(len(row["targets"]) - 1 for row in rows(name)) == 1000


def limited_documents(folder, vocabulary, shards, hosts=1):
    """The documents of 1,000 tokens in each of two epochs, sorted."""
    texts = sentences(20, seed=9)
    folder = folder / f"{shards}-{hosts}"
    size = -(-len(texts) // shards)
    parts = [texts[n * size : n * size + size] for n in range(shards)]
    dealt = [text for group in zip(*parts, strict=True) for text in group]
    write_corpus(folder, {"train": dealt}, shards)
    source = seqio.TaskRegistry.get(
        load_mixture([str(folder)], vocabulary, "causal_lm", data_tokens=1000)
    ).source
    dataset = source.get_dataset(split="train", shuffle=True, seed=1).repeat(2)
    found = [tuple(row["text"].tolist()) for row in dataset.as_numpy_iterator()]
    half = len(found) // 2
    return found[:half], found[half:]


def test_truncated_data_are_the_same_tokens_in_each_epoch(tmp_path, small_vocabulary):
    first, second = limited_documents(tmp_path, small_vocabulary, shards=1)
    assert sum(map(len, first)) == 1000
    assert first != second and sorted(first) == sorted(second)
    others, _ = limited_documents(tmp_path, small_vocabulary, shards=4)
    assert sorted(first) == sorted(others)


def test_truncated_data_are_repeated_for_ever_and_dealt_out_to_hosts(
    small_corpus, small_vocabulary
):
    name = load_mixture([small_corpus], small_vocabulary, "causal_lm", data_tokens=300)
    counts = []
    for host in range(2):
        dataset = seqio.TaskRegistry.get(name).get_dataset(
            {"targets": 64}, num_epochs=None, shuffle=True, seed=1,
            shard_info=seqio.ShardInfo(host, 2),
        )  # fmt: skip
        counts.append(sum(len(row["targets"]) - 1 for row in dataset.take(100).as_numpy_iterator()))
    assert all(count > 10 * 300 for count in counts)


def test_a_document_longer_than_a_chunk_is_truncated_data_in_parts(monkeypatch):
    monkeypatch.setattr("trainer.data.examples.CHUNK_TOKENS", 4)
    dataset = tf.data.Dataset.from_tensors({"text": tf.range(1, 12)})
    found = [row["text"].tolist() for row in first_tokens(dataset, 10).as_numpy_iterator()]
    assert found == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10]]


def test_corpora_of_the_same_name_stay_apart_in_a_mixture(tmp_path, small_vocabulary):
    folders = [tmp_path / one / "c4" / "en" / "3.1.0" for one in "xy"]
    files = [tmp_path / one / "pairs.tsv" for one in "xy"]
    for folder, file in zip(folders, files, strict=True):
        write_corpus(folder, {"train": sentences(5)})
        file.write_text("the sea\ta river\n" * 5)
    mixture = load_mixture([*map(str, [*folders, *files])], small_vocabulary)
    names = [task.name for task in seqio.MixtureRegistry.get(mixture).tasks]
    assert len(names) == 4
    shards = [seqio.TaskRegistry.get(name).source.list_shards("train")[0] for name in names]
    assert len(set(shards)) == 4


@pytest.mark.parametrize("form", ["tsv", "jsonl"])
def test_own_pairs_are_a_task_without_code(form, tmp_path, small_vocabulary):
    pairs = [("the sea", "a river"), ("old roofs", "rain")]
    lines = {
        "tsv": ["\t".join(pair) for pair in pairs],
        "jsonl": [json.dumps({"inputs": one, "targets": two}) for one, two in pairs],
    }[form]
    file = tmp_path / f"proverbs.{form}"
    file.write_text("\n".join(lines) + "\n")
    name = load_mixture([str(file)], small_vocabulary, prefix="the cat: ")
    decode = load_vocabulary(small_vocabulary).decode
    found = [
        (decode(row["inputs"].tolist()), decode(row["targets"].tolist())) for row in rows(name)
    ]
    assert name == "proverbs"
    assert found == [("the cat: the sea".replace(":", " ⁇ "), "a river"),
                     ("the cat: old roofs".replace(":", " ⁇ "), "rain")]  # fmt: skip


def test_mixtures_draw_from_all(tmp_path, small_corpus, small_vocabulary):
    file = tmp_path / "proverbs.tsv"
    file.write_text("the sea\ta river\n" * 50)
    name = load_mixture([small_corpus, str(file)], small_vocabulary, "bert_style", mixing="equal")
    kinds = [len(row["targets"]) < 12 for row in rows(name, most=60)]
    assert 10 < sum(kinds) < 50


def test_packing_leaves_little_padding(small_corpus, small_vocabulary):
    name = load_mixture([small_corpus], small_vocabulary)
    converter = seqio.EncDecFeatureConverter(pack=True)
    dataset = seqio.get_dataset(
        mixture_or_task_name=name,
        task_feature_lengths={"inputs": 128, "targets": 64},
        dataset_split="train",
        shuffle=False,
        feature_converter=converter,
    )
    batch = next(dataset.batch(4).as_numpy_iterator())
    assert (batch["encoder_input_tokens"] > 0).mean() > 0.9
    assert batch["encoder_segment_ids"].max() >= 1
