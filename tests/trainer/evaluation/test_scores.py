"""A model that predicts the targets has 100 in every task; every example counts once."""

import dataclasses
import json
import math

import pytest

from tests.trainer.downstream.cases import CASES
from trainer.config import TrainConfig
from trainer.downstream.loading import load_downstream
from trainer.downstream.outcomes import REFERENTS
from trainer.downstream.table import DOWNSTREAM_TASKS
from trainer.evaluation import scores as module
from trainer.evaluation.members import chosen_examples
from trainer.evaluation.predictor import Prediction
from trainer.evaluation.scores import TaskEvaluator, averages, score_task
from trainer.input.batches import HostInfo

pytest.importorskip("sklearn", reason="needs the trainer's packages: pip install -e '.[trainer]'")
pytest.importorskip("rouge_score", reason="needs the trainer's packages")


def write_cases(folder, name, split="validation") -> None:
    (folder / name).mkdir()
    lines = "".join(json.dumps(example) + "\n" for example, _ in CASES[name])
    (folder / name / f"{split}.jsonl").write_text(lines)


def oracle(task):
    """Predicts the targets; of a Winograd schema with a wrong referent another word."""

    def predict(examples, labels):
        assert labels == ()
        return [
            Prediction(
                text=example["targets"]
                if task.row.outcomes is not REFERENTS or example["label"]
                else "nobody else",
                score=0.0,
            )
            for example in examples
        ]

    return predict


@pytest.fixture
def config(small_vocabulary) -> TrainConfig:
    return TrainConfig(vocab=small_vocabulary, data_form="pairs", batch_size=3)


@pytest.mark.parametrize("name", CASES)
def test_a_model_that_predicts_the_targets_has_100_in_every_task(name, tmp_path, config):
    splits = DOWNSTREAM_TASKS[name].splits
    split = "validation" if "validation" in splits else [*splits][-1]
    write_cases(tmp_path, name, split)
    task = load_downstream(name, str(tmp_path))
    found = score_task(config, task, split, oracle(task), HostInfo(), task.examples(split))
    examples = list(task.examples(split))
    assert [row.example for row in found.rows] == examples
    assert found.labelled() == sum(map(task.is_labelled, examples))
    assert bool(found.metrics) == bool(task.row.metrics)
    for metric, score in found.metrics.items():
        no_bigram = sum(len(example["targets"].split()) == 2 for example in examples)
        assert score == pytest.approx(100) or (metric == "rouge2" and no_bigram), metric


def test_hosts_predict_each_example_once(tmp_path, config, monkeypatch):
    write_cases(tmp_path, "glue_cola")
    task = load_downstream("glue_cola", str(tmp_path))
    examples = list(task.examples("validation"))
    expected = score_task(config, task, "validation", oracle(task), HostInfo(), examples)
    sent, seen = [], []

    def predict(batch, labels):
        seen.extend(example["inputs"] for example in batch)
        return oracle(task)(batch, labels)

    def exchange(own, host):
        sent.append(own)
        return sent if len(sent) == 2 else [own, [[]] * 9]

    monkeypatch.setattr(module, "_from_all_hosts", exchange)
    monkeypatch.setattr(module, "_in_order", lambda by_host, count: [])
    for index in range(2):
        with pytest.raises(ValueError):  # the other host's batches are not there yet
            host = HostInfo(index=index, count=2)
            score_task(config, task, "validation", predict, host, examples)
    assert sorted(seen) == sorted(example["inputs"] for example in examples)
    monkeypatch.undo()
    count = math.ceil(len(examples) / config.batch_size)
    ordered = [Prediction(**row) for batch in module._in_order(sent, count) for row in batch]
    assert ordered == [row.prediction for row in expected.rows]


def test_a_test_set_without_labels_has_predictions_and_no_scores(tmp_path, config):
    (tmp_path / "glue_cola").mkdir()
    line = json.dumps({"sentence": "It rained.", "label": -1, "idx": 0}) + "\n"
    (tmp_path / "glue_cola" / "test.jsonl").write_text(line * 4)
    task = load_downstream("glue_cola", str(tmp_path))
    found = score_task(config, task, "test", oracle(task), HostInfo(), task.examples("test"))
    assert found.metrics == {}
    assert found.counts() == {"examples": 4, "labelled": 0, "inputs_cut": 0, "targets_cut": 0}


def test_a_part_of_a_split_is_always_the_same_and_in_order(tmp_path):
    (tmp_path / "glue_cola").mkdir()
    lines = [json.dumps({"sentence": f"n{n}", "label": n // 50, "idx": n}) for n in range(100)]
    (tmp_path / "glue_cola" / "validation.jsonl").write_text("\n".join(lines) + "\n")
    task = load_downstream("glue_cola", str(tmp_path))
    part = list(chosen_examples(task, "validation", 20))
    assert part == list(chosen_examples(task, "validation", 20)) and len(part) == 20
    numbers = [example["idx"] for example in part]
    assert numbers == sorted(numbers)
    assert 5 <= sum(number < 50 for number in numbers) <= 15  # though sorted by label
    assert list(chosen_examples(task, "validation", 1000)) == list(task.examples("validation"))


def test_a_part_has_all_answers_of_a_question_or_none(tmp_path):
    write_cases(tmp_path, "super_glue_multirc")
    task = load_downstream("super_glue_multirc", str(tmp_path))
    groups = [example["idx/question"] for example in task.examples("validation")]
    part = [example["idx/question"] for example in chosen_examples(task, "validation", 1)]
    assert len(set(part)) == 1 and len(part) == groups.count(part[0])


def test_exact_match_counts_each_pair_once(tmp_path, config):
    """Of two files: 1 of 4 pairs is right in one, and the only one of the other."""
    texts = {"one": ["a", "b", "c", "d"], "other": ["a"]}
    for name, targets in texts.items():
        (tmp_path / name).mkdir()
        rows = "".join(f"what\t{target}\n" for target in targets)
        (tmp_path / name / "validation.tsv").write_text(rows)
    corpora = tuple(str(tmp_path / name) for name in texts)
    evaluator = TaskEvaluator(
        dataclasses.replace(config, corpus=corpora, eval_examples=9), HostInfo()
    )

    def predict(examples, labels):
        return [Prediction(text="a", score=0.0) for _ in examples]

    found = evaluator.evaluate(predict)
    assert (found["one/exact_match"], found["other/exact_match"]) == (25, 100)
    assert found["exact_match"] == 100 * 2 / 5


def test_averages_are_those_of_groups_and_of_all_tasks():
    scores = {"a": {"f1": 60.0, "accuracy": 80.0}, "b": {"bleu": 10.0}, "c": {}}
    assert averages(scores, ["glue", "a"]) == {"": {"average": 40.0}}
    names = ("de", "en", "es", "fr", "ja", "ko", "zh")
    languages = {f"paws_x.{name}": {"accuracy": 50.0} for name in names}
    assert averages(languages, ["paws_x"]) == {
        "paws_x": {"accuracy": 50.0}, "": {"average": 50.0}
    }  # fmt: skip
