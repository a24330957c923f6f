import json

import pytest
import seqio

from tests.trainer.downstream.cases import CASES
from trainer.data.vocabularies import load_vocabulary
from trainer.downstream.loading import load_downstream
from trainer.downstream.outcomes import TEXTS
from trainer.downstream.seqio_tasks import add_downstream_mixture, add_downstream_task
from trainer.downstream.task import DownstreamTask, TaskRow

pytest.importorskip("sklearn", reason="needs the trainer's packages: pip install -e '.[trainer]'")

LENGTH = {"inputs": 256, "targets": 32}
NAMES = ("super_glue_multirc", "super_glue_record", "super_glue_boolq")


@pytest.fixture
def tasks(tmp_path):
    for name in NAMES:
        (tmp_path / name).mkdir()
        unlabelled = (None, [None])
        labelled = [example for example, text in CASES[name] if text not in unlabelled]
        lines = "".join(json.dumps(example) + "\n" for example in labelled)
        for split in ("train", "validation"):
            (tmp_path / name / f"{split}.jsonl").write_text(lines)
    return [load_downstream(name, str(tmp_path)) for name in NAMES]


def test_a_task_is_one_of_seqio(tasks, small_vocabulary):
    name = add_downstream_task(tasks[0], small_vocabulary)
    task = seqio.get_mixture_or_task(name)
    rows = list(
        task.get_dataset(LENGTH, "train", use_cached=False, shuffle=False).as_numpy_iterator()
    )
    texts = list(tasks[0].examples("train"))
    assert len(rows) == len(texts)
    assert rows[0]["inputs"].tolist()[-1] == 1
    vocabulary = load_vocabulary(small_vocabulary)
    assert rows[0]["targets"].tolist()[:-1] == vocabulary.encode(texts[0]["targets"])
    assert rows[0]["inputs_pretokenized"].decode() == texts[0]["inputs"]


@pytest.mark.parametrize("place", range(len(NAMES)))
def test_seqios_evaluation_gives_the_same_scores(place, tasks, small_vocabulary):
    ours = tasks[place]
    task = seqio.get_mixture_or_task(add_downstream_task(ours, small_vocabulary))
    rows = list(
        task.get_dataset(LENGTH, "validation", use_cached=False, shuffle=False).as_numpy_iterator()
    )
    texts = list(ours.examples("validation"))
    predicted = [texts[0]["targets"]] * len(texts)
    targets = [
        task.postprocess_fn(text["targets"], example=row, is_target=True)
        for text, row in zip(texts, rows, strict=True)
    ]
    predictions = [
        task.postprocess_fn(text, example=row, is_target=False)
        for text, row in zip(predicted, rows, strict=True)
    ]
    expected = ours.metrics(
        [ours.target(text) for text in texts],
        [ours.postprocess(text, each) for text, each in zip(predicted, texts, strict=True)],
    )
    (metric,) = task.metric_fns
    assert metric(targets, predictions) == expected


def test_a_group_is_a_mixture_at_the_papers_rates(tasks, small_vocabulary):
    name = add_downstream_mixture("super_glue", tasks, small_vocabulary)
    mixture = seqio.get_mixture_or_task(name)
    rates = {task.name: mixture.get_rate(task) for task in mixture.tasks}
    assert rates == {NAMES[0]: 27_243, NAMES[1]: 138_854, NAMES[2]: 9_427}
    dataset = mixture.get_dataset(LENGTH, "train", use_cached=False, shuffle=False)
    assert len(list(dataset.take(30).as_numpy_iterator())) == 30


def batches(name, host=0, hosts=1):
    return seqio.get_dataset(
        name,
        task_feature_lengths=LENGTH,
        dataset_split="train",
        shuffle=True,
        num_epochs=None,
        feature_converter=seqio.EncDecFeatureConverter(pack=True),
        shard_info=seqio.ShardInfo(host, hosts),
        seed=0,
    ).batch(2)


def test_training_goes_on_at_a_row_in_the_same_order(tasks, small_vocabulary):
    name = add_downstream_mixture("super_glue", tasks, small_vocabulary)
    rows = [batch["decoder_target_tokens"] for batch in batches(name).take(6).as_numpy_iterator()]
    rest = batches(name).skip(3).take(3).as_numpy_iterator()
    assert [batch["decoder_target_tokens"].tolist() for batch in rest] == [
        row.tolist() for row in rows[3:]
    ]


def test_each_epoch_has_each_example_once_in_another_order(small_vocabulary):
    """Though the data are sorted by label."""
    examples = [{"inputs": f"a{n}", "targets": "old" if n < 50 else "sea"} for n in range(100)]
    row = TaskRow(name="sorted", dataset="", splits={}, form=dict, outcomes=TEXTS, metrics=())
    task = DownstreamTask(row=row, readers={"train": lambda: iter(examples)})
    rows = seqio.get_mixture_or_task(add_downstream_task(task, small_vocabulary)).source
    epochs = rows.get_dataset("train", shuffle=True, seed=1).repeat(2).as_numpy_iterator()
    read = [row["inputs"].decode() for row in epochs]
    assert sorted(read[:100]) == sorted(read[100:]) == sorted(row["inputs"] for row in examples)
    assert read[:100] != read[100:]
    assert 10 < sum(int(text[1:]) < 50 for text in read[:50]) < 40


def test_examples_without_a_label_are_not_learned(tmp_path, small_vocabulary):
    (tmp_path / "glue_cola").mkdir()
    lines = "".join(json.dumps(example) + "\n" for example, _ in CASES["glue_cola"])
    (tmp_path / "glue_cola" / "train.jsonl").write_text(lines)
    task = load_downstream("glue_cola", str(tmp_path))
    added = seqio.get_mixture_or_task(add_downstream_task(task, small_vocabulary))
    count = sum(1 for _ in added.source.get_dataset("train", shuffle=False).as_numpy_iterator())
    assert count == len(CASES["glue_cola"]) - 1 == len(list(task.examples("train"))) - 1


def test_several_hosts_read_different_examples(tasks, small_vocabulary):
    task = seqio.get_mixture_or_task(add_downstream_task(tasks[0], small_vocabulary))
    read = [
        [
            row["inputs_pretokenized"]
            for row in task.get_dataset(
                LENGTH,
                "train",
                use_cached=False,
                shuffle=False,
                shard_info=seqio.ShardInfo(host, 2),
            ).as_numpy_iterator()
        ]
        for host in range(2)
    ]
    assert sorted(read[0] + read[1]) == sorted(
        example["inputs"].encode() for example in tasks[0].examples("train")
    )
    assert read[0] and read[1]
