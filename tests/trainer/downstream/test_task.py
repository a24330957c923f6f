import pytest

from tests.trainer.downstream.cases import CASES
from trainer.downstream.forms import label_text
from trainer.downstream.pronouns import wnli, wsc
from trainer.downstream.table import DOWNSTREAM_TASKS, find_row
from trainer.downstream.task import DownstreamError, DownstreamTask

LABELS = ("no", "yes")


def task(name, examples):
    return DownstreamTask(
        row=DOWNSTREAM_TASKS[name], readers={"validation": lambda: iter(examples)}
    )


def test_a_task_gives_examples_values_and_scores():
    pytest.importorskip("sklearn")
    boolq = task("super_glue_boolq", [example for example, _ in CASES["super_glue_boolq"][:2]])
    assert boolq.splits() == ("validation",)
    assert boolq.labels == ("False", "True")
    examples = list(boolq.examples("validation"))
    assert examples[0]["inputs"].startswith("boolq passage: ")
    targets = [boolq.target(example) for example in examples]
    predictions = [boolq.postprocess("True", example) for example in examples]
    assert boolq.metrics(targets, predictions) == {"accuracy": 50.0}


def test_what_is_missing_is_named():
    boolq = task("super_glue_boolq", [{"passage": "a", "label": 1}])
    with pytest.raises(
        DownstreamError, match="example 0 of validation: no field 'question'; its f"
    ):
        list(boolq.examples("validation"))
    with pytest.raises(DownstreamError, match="no split 'train'; there is validation"):
        boolq.examples("train")
    squad = task("squad", [{"question": "a", "context": "b", "answers": "c"}])
    with pytest.raises(DownstreamError, match="squad: example 0 of validation: string indices"):
        list(squad.examples("validation"))
    with pytest.raises(DownstreamError, match="got 2 targets and 1 predictions"):
        boolq.metrics([0, 1], [0])
    with pytest.raises(DownstreamError, match="got 0 targets"):
        boolq.metrics([], [])


@pytest.mark.parametrize(
    ("label", "text"),
    [(0, "no"), (1, "yes"), (True, "yes"), ("1", "yes"), ("yes", "yes"), (-1, "<unk>")],
)
def test_labels_are_numbers_or_texts(label, text):
    assert label_text(label, LABELS) == text


@pytest.mark.parametrize("label", [2, -2, "maybe", None, ""])
def test_other_labels_are_refused(label):
    with pytest.raises(DownstreamError, match="expected one of no, yes, or its number from 0 to 1"):
        label_text(label, LABELS)


def test_names_of_glue_may_be_short_where_one_task_is_meant():
    assert find_row("cola") is DOWNSTREAM_TASKS["glue_cola"]
    assert find_row("boolq") is DOWNSTREAM_TASKS["super_glue_boolq"]
    assert find_row("xnli.de").name == "xnli.de"
    with pytest.raises(DownstreamError, match="expected glue_rte or super_glue_rte"):
        find_row("rte")
    with pytest.raises(DownstreamError, match=r"did you mean squad"):
        find_row("squat")


def test_texts_that_are_no_winograd_schema_are_refused():
    with pytest.raises(DownstreamError, match="expected the pronoun 'he' as word 0"):
        wsc({"text": "he left", "span1_text": "Bob", "span2_text": "he", "span2_index": 0})
    with pytest.raises(DownstreamError, match="expected a pronoun in 'Bob left'"):
        wnli({"sentence1": "Bob left", "sentence2": "Ann left", "label": 0})


def test_hugging_faces_pairs_of_languages_are_read():
    pair = {"en": "It rained.", "de": "Es regnete."}
    form = DOWNSTREAM_TASKS["wmt_ende"].form
    assert form({"translation": pair}) == form(pair)
    assert form(pair)["inputs"] == "translate English to German: It rained."
