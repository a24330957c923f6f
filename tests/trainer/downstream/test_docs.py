"""docs/trainer.md has every task, group, metric and key, and its TOML file is one."""

import re

import pytest

from tests.conftest import REPOSITORY
from tests.trainer.downstream import docs
from trainer.downstream.own_tasks import KEYS, read_own_tasks
from trainer.downstream.table import DOWNSTREAM_TASKS

PAGE = (REPOSITORY / "docs" / "trainer.md").read_text(encoding="utf-8")
LINES = PAGE.splitlines()


@pytest.mark.parametrize("rows", [docs.task_rows, docs.group_rows, docs.metric_rows])
def test_every_row_stands_in_the_docs(rows):
    missing = [line for line in rows() if line not in LINES]
    assert not missing, "copy the output of python -m tests.trainer.downstream.docs"


def test_every_key_stands_in_the_docs():
    assert all(any(line.startswith(f"| `{key}` |") for line in LINES) for key in KEYS)


def test_the_toml_file_of_the_docs_is_one(tmp_path):
    (block,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "tasks.toml").write_text(block)
    tasks = read_own_tasks(str(tmp_path / "tasks.toml"))
    assert list(tasks) == ["sentiment", "headline"]
    form = tasks["sentiment"].row.form
    assert form({"text": "It sank.", "label": 0})["targets"] == "negative"


def test_averages_of_the_paper_are_those_of_its_scores():
    """Table 14 counts WNLI too, as the leaderboard does."""

    def mean(*names):
        scores = [score for name in names for score in DOWNSTREAM_TASKS[name].paper.values()]
        return sum(scores) / len(scores)

    single = ["cola", "sst2", "mrpc", "stsb", "qqp", "qnli", "rte", "wnli"]
    glue = [mean(f"glue_{name}") for name in single]
    glue.append(mean("glue_mnli_matched", "glue_mnli_mismatched"))
    assert sum(glue) / len(glue) == pytest.approx(82.7, abs=0.05)
    names = ["boolq", "cb", "copa", "multirc", "record", "rte", "wic", "wsc"]
    super_glue = [mean(f"super_glue_{name}") for name in names]
    assert sum(super_glue) / len(super_glue) == pytest.approx(76.2, abs=0.05)
