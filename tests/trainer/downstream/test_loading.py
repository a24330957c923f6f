import json
import subprocess
import sys

import pytest

from tests.conftest import REPOSITORY
from tests.trainer.downstream.cases import CASES
from trainer.downstream.groups import GROUPS
from trainer.downstream.loading import load_all, load_downstream
from trainer.downstream.task import DownstreamError


def write(folder, name, *splits):
    folder.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(example) for example, _ in CASES[name]]
    for split in splits:
        (folder / f"{split}.jsonl").write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    "place", ["glue/cola/2.0.0", "glue/cola/1.0.0", "glue/cola", "glue_cola", "."]
)
def test_data_are_found_in_every_place(place, tmp_path):
    write(tmp_path / place, "glue_cola", "train", "dev")
    task = load_downstream("cola", str(tmp_path))
    assert task.splits() == ("train", "validation")
    assert next(task.examples("validation"))["targets"] == "unacceptable"


def test_the_rows_version_and_then_the_newest_is_taken(tmp_path):
    for version, split in (("1.9.0", "test"), ("1.10.0", "train"), ("2.0.0", "validation")):
        write(tmp_path / "glue" / "cola" / version, "glue_cola", split)
    assert load_downstream("glue_cola", str(tmp_path)).splits() == ("validation",)
    for file in (tmp_path / "glue" / "cola" / "2.0.0").iterdir():
        file.unlink()
    assert load_downstream("glue_cola", str(tmp_path)).splits() == ("train",)


def test_training_examples_may_be_of_another_data_set(tmp_path):
    write(tmp_path / "xnli" / "1.1.0", "xnli.en", "validation")
    mnli = tmp_path / "multi_nli" / "1.1.0"
    mnli.mkdir(parents=True)
    (mnli / "train.jsonl").write_text('{"premise": "a", "hypothesis": "b", "label": 2}\n')
    task = load_downstream("xnli.en", str(tmp_path))
    example = {"inputs": "xnli: premise: a hypothesis: b", "targets": "2"}
    assert list(task.examples("train")) == [example]
    assert len(list(task.examples("validation"))) == len(CASES["xnli.en"])
    assert load_downstream("xnli.zh", str(tmp_path)).splits() == ("validation",)


def test_record_has_an_example_for_each_answer(tmp_path):
    write(tmp_path / "super_glue_record", "super_glue_record", "train")
    task = load_downstream("record", str(tmp_path))
    assert len(list(task.examples("train"))) == sum(len(each) for _, each in CASES[task.name])


def test_wsc_is_trained_on_right_referents(tmp_path):
    write(tmp_path / "super_glue_wsc", "super_glue_wsc", "train", "validation")
    task = load_downstream("wsc", str(tmp_path))
    labels = [example["label"] for example in task.examples("train")]
    assert 0 < len(labels) < len(list(task.examples("validation"))) and all(labels)


def test_loading_starts_without_tensorflow_and_the_metrics_libraries():
    code = (
        "import sys, trainer.downstream.loading;"
        "heavy = {'tensorflow', 'sklearn', 'scipy', 'sacrebleu', 'rouge_score', 'jax'};"
        "found = heavy & sys.modules.keys();"
        "assert not found, found"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=REPOSITORY)


def test_a_group_may_lack_members_and_they_are_named(tmp_path):
    write(tmp_path / "glue_cola", "glue_cola", "train")
    write(tmp_path / "glue_rte", "glue_rte", "train")
    loaded = load_all(["glue", "cola"], str(tmp_path))
    assert [task.name for task in loaded.tasks] == ["glue_cola", "glue_rte"]
    assert len(loaded.missing) == len(GROUPS["glue"].members) - 2
    assert loaded.missing[0].startswith(f"glue_sst2: no data in data_dir={tmp_path}; expected")


def test_missing_data_are_told_together(tmp_path):
    with pytest.raises(DownstreamError) as caught:
        load_all(["glue", "glue_cola", "squad"], str(tmp_path))
    lines = str(caught.value).splitlines()
    expected = f"glue_cola: no data in data_dir={tmp_path}; expected the TFDS data set"
    assert lines[0].startswith(f"glue: no data for any of its tasks; {expected}")
    assert f"{tmp_path}/glue/cola/2.0.0, or a folder {tmp_path}/glue_cola" in lines[0]
    assert lines[1].startswith(expected) and lines[2].startswith("squad: no data")
    assert len(lines) == 3
    with pytest.raises(DownstreamError, match="glue_cola: no data without a data_dir; expected"):
        load_all(["glue_cola"])
