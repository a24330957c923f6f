import itertools
import json

import pytest
import seqio

from trainer.data.corruption import INPUT_TRANSFORMS, NOISE_MASKS, TARGET_TRANSFORMS
from trainer.data.objectives import OBJECTIVES
from trainer.data.tasks import load_mixture, load_task
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
    name = load_task(small_corpus, small_vocabulary, objective)
    assert name == f"c4_en_{objective}"
    for example in rows(name, "validation"):
        assert all(len(ids) <= 64 and ids[-1] == 1 for ids in example.values())
        assert ("inputs" in example) == (not row.is_causal())


def test_truncated_data_is_the_first_tokens_only(small_corpus, small_vocabulary):
    name = load_task(small_corpus, small_vocabulary, "causal_lm", data_tokens=1000)
    assert sum(len(row["targets"]) - 1 for row in rows(name)) == 1000


@pytest.mark.parametrize("form", ["tsv", "jsonl"])
def test_own_pairs_are_a_task_without_code(form, tmp_path, small_vocabulary):
    pairs = [("the sea", "a river"), ("old roofs", "rain")]
    lines = {
        "tsv": ["\t".join(pair) for pair in pairs],
        "jsonl": [json.dumps({"inputs": one, "targets": two}) for one, two in pairs],
    }[form]
    file = tmp_path / f"proverbs.{form}"
    file.write_text("\n".join(lines) + "\n")
    name = load_task(str(file), small_vocabulary, prefix="the cat: ")
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
    name = load_task(small_corpus, small_vocabulary)
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
