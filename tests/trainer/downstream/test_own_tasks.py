import json

import pytest

from trainer.downstream.forms import label_text
from trainer.downstream.loading import load_all, load_downstream
from trainer.downstream.own_tasks import KEYS, Template
from trainer.downstream.task import DownstreamError

REVIEWS = [("It shone.", "positive"), ("It leaked.", "negative"), ("It sank.", 0), ("Sung.", "1")]
SENTIMENT = """
[sentiment]
source = "reviews"
prefix = "sentiment "
inputs = "review: {text}"
labels = ["negative", "positive"]
metrics = ["accuracy", "f1"]
"""
WORDS = """
[reverse]
source = "words.jsonl"
splits = {train = "train[1:]", validation = "train[:1]"}
inputs = "{words}"
targets = "{reversed}"
metrics = ["accuracy", "bleu"]
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "reviews").mkdir()
    lines = [json.dumps({"text": text, "label": label}) for text, label in REVIEWS]
    (tmp_path / "reviews" / "train.jsonl").write_text("\n".join(lines[:2]) + "\n")
    (tmp_path / "reviews" / "validation.jsonl").write_text("\n".join(lines[2:]) + "\n")
    words = [{"words": f"{n} a b", "reversed": f"b a {n}", "all": [f"b a {n}"]} for n in range(3)]
    (tmp_path / "words.jsonl").write_text("".join(json.dumps(each) + "\n" for each in words))
    return tmp_path


def load(folder, table, name="tasks.toml"):
    (folder / "tasks.toml").write_text(table)
    return load_downstream(str(folder / name))


def test_labels_become_texts_and_classes(folder):
    pytest.importorskip("sklearn")
    task = load(folder, SENTIMENT)
    assert (task.name, task.labels) == ("sentiment", ("negative", "positive"))
    examples = list(task.examples("validation"))
    assert examples[0]["inputs"] == "sentiment review: It sank."
    assert [example["targets"] for example in examples] == ["negative", "positive"]
    targets = [task.target(example) for example in examples]
    predictions = [task.postprocess("positive", examples[0]), task.postprocess("?", examples[1])]
    assert (targets, predictions) == ([0, 1], [1, -1])
    assert task.metrics(targets, predictions) == {"accuracy": 0.0, "f1": 0.0}


def test_parts_of_one_file_are_splits(folder):
    task = load(folder, WORDS)
    assert [example["targets"] for example in task.examples("validation")] == ["b a 0"]
    assert [example["inputs"] for example in task.examples("train")] == ["1 a b", "2 a b"]


def test_answers_are_a_field(folder):
    task = load(folder, WORDS.replace('["accuracy", "bleu"]', '["squad"]\nanswers = "all"'))
    example = next(task.examples("train"))
    assert task.target(example) == ["b a 1"]
    assert task.metrics([task.target(example)], ["b a 1"]) == {"em": 100.0, "f1": 100.0}


def test_answers_alone_are_targets_too(folder):
    (folder / "quiz.jsonl").write_text(
        '{"q": "1?", "a": ["one", "1"]}\n{"q": "2?", "a": ["two"]}\n'
    )
    table = '[quiz]\nsource = "quiz.jsonl"\ninputs = "{q}"\nanswers = "a"\nmetrics = ["squad"]\n'
    task = load(folder, table)
    examples = list(task.examples("train"))
    assert [example["targets"] for example in examples] == ["one", "two"]
    assert [task.target(example) for example in examples] == [["one", "1"], ["two"]]


def test_a_byte_order_mark_is_read_over(folder):
    (folder / "tasks.toml").write_bytes(b"\xef\xbb\xbf" + SENTIMENT.encode())
    assert load_downstream(str(folder / "tasks.toml")).name == "sentiment"


@pytest.mark.parametrize("label", [0.7, "0.7", " 1 ", "1_0", True])
def test_only_whole_numbers_are_labels(label):
    if label is True:
        assert label_text(label, ["bad", "good"]) == "good"
    else:
        with pytest.raises(DownstreamError, match="expected one of bad, good"):
            label_text(label, ["bad", "good"])


def test_a_file_has_several_tasks(folder):
    with pytest.raises(DownstreamError, match=r"as .*tasks.toml:sentiment; there is senti"):
        load(folder, SENTIMENT + WORDS)
    assert load(folder, SENTIMENT + WORDS, "tasks.toml:reverse").name == "reverse"
    both = load_all([str(folder / "tasks.toml"), str(folder / "tasks.toml:reverse")])
    assert [task.name for task in both.tasks] == ["sentiment", "reverse"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("prefix", "prefx", "unknown key prefx; did you mean prefix?"),
        ('inputs = "review: {text}"', "", "expected inputs, and targets, labels or answers"),
        ("labels", "#labels", "expected inputs, and targets, labels or answers"),
        ("{text}", "{text.upper}", r"inputs = 'review: {text.upper}'.*names of fields in braces"),
        ('"reviews"', "3", "source = 3: expected a text"),
        ('["negative", "positive"]', '"negative"', "labels = 'negative': expected a list of texts"),
        ('["negative", "positive"]', "[1, 2]", r"labels = \[1, 2\]: expected a list of texts"),
        ('"f1"', '"f2"', "metrics: unknown metric 'f2'; there is accuracy, f1"),
        ('"f1"', '"bleu"', "metrics: bleu compares texts, but the task has classes"),
        ('source = "reviews"', "", "expected one of source and tfds"),
        ('"reviews"', '"reviews"\ntfds = "a:1.0.0"', "expected one of source and tfds"),
        ('"reviews"', '"rewiews"', "no data at .*rewiews"),
        ('"reviews"', '"reviews"\nsplits = {test = "test"}', "test = 'test': there is train, vali"),
        ("labels =", 'targets = "it is {label}"\nlabels =', "with labels the targets are"),
        ('"positive"]', '"positive", "positive"]', "labels: 'positive' is there twice"),
        ('"positive"]', '"positive", "neither"]', "metrics: f1 is that of the second of two"),
        ("[sentiment]", '[""]', "expected another name"),
        ("[sentiment]", "[total]", "expected another name"),
        ("[sentiment]", "[sentiment", "not TOML"),
        ("[sentiment]", "", "expected a table for each task"),
    ],
)  # fmt: skip
def test_errors_name_the_key(old, new, message, folder):
    with pytest.raises(DownstreamError, match=message):
        load(folder, SENTIMENT.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{text}", "{txt}", r"inputs: no field {txt} in the data; there is text, label"),
        ('"positive"]', '"good"]', "label 'positive': expected one of negative, good"),
    ],
)
def test_examples_that_do_not_fit_are_named(old, new, message, folder):
    task = load(folder, SENTIMENT.replace(old, new))
    with pytest.raises(DownstreamError, match=message):
        list(task.examples("train"))


def test_data_may_be_of_tfds(folder):
    data = folder / "data" / "films" / "2.1.0"
    data.mkdir(parents=True)
    (data / "test.jsonl").write_text('{"text": "It shone.", "label": 1}\n')
    table = SENTIMENT.replace('source = "reviews"', 'tfds = "films:2.0.0"')
    (folder / "tasks.toml").write_text(table)
    task = load_downstream(str(folder / "tasks.toml"), str(folder / "data"))
    assert [example["targets"] for example in task.examples("test")] == ["positive"]
    with pytest.raises(DownstreamError, match=r"no data at films:2.0.0 in data_dir=/nowhere"):
        load_downstream(str(folder / "tasks.toml"), "/nowhere")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DownstreamError, match=r"none\.toml: No such file.*expected a TOML"):
        load_downstream(str(tmp_path / "none.toml"))


def test_every_key_is_documented():
    from trainer.downstream import own_tasks

    assert all(f"| `{key}` |" in own_tasks.__doc__ for key in KEYS)


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("premise: {premise}", "premise: It rained."),
        ("{premise}{number}", "It rained.7"),
        ("no fields", "no fields"),
        ("", ""),
        ("{{x}} {premise}}}", "{x} It rained.}"),
    ],
)
def test_names_in_a_template_stand_for_fields(text, rendered):
    template = Template.parse("inputs", text)
    assert template.render({"premise": "It rained.", "number": 7}) == rendered


@pytest.mark.parametrize(
    "text", ["{a.b}", "{a[0]}", "{a!r}", "{a:>9}", "{}", "{0.x}", "{a", "a}", "{ a }", "{a:{b}}"]
)
def test_anything_but_a_name_in_braces_is_refused(text):
    with pytest.raises(DownstreamError, match=r"inputs = .*expected names of fields in braces"):
        Template.parse("inputs", text)


def test_braces_in_a_field_are_text():
    assert Template.parse("inputs", "{a}").render({"a": "{b} {c.d}"}) == "{b} {c.d}"


def test_fields_that_are_missing_or_lists_are_refused():
    template = Template.parse("inputs", "{premise}")
    with pytest.raises(DownstreamError, match=r"inputs: no field \{premise\}.*there is text"):
        template.render({"text": "a"})
    with pytest.raises(DownstreamError, match=r"expected a text or a number.*got list"):
        template.render({"premise": ["a"]})
