"""The tables of downstream tasks in docs/trainer.md.

python -m tests.trainer.downstream.docs    prints them
"""

import json

from tests.trainer.downstream.cases import CASES
from tests.trainer.downstream.goldens import FILE
from trainer.downstream.groups import GROUPS
from trainer.downstream.metrics import METRICS
from trainer.downstream.table import DOWNSTREAM_TASKS

_SCHEMA = "`wsc: … *it* …` → the referent"
_TEXTS = {
    "glue_stsb": "`stsb sentence1: … sentence2: …` → the score, rounded to 0.2",
    "glue_wnli": _SCHEMA,
    "super_glue_wsc": _SCHEMA,
    "dpr": _SCHEMA,
    "xnli.en": "`xnli: premise: … hypothesis: …` → `0`, `1` or `2`",
    "wikiann.en": "`tag: …` → `PER: … $$ LOC: …`",
}
"""Forms of texts that placeholders would not show."""


def _placeholders(value):
    if isinstance(value, dict):
        return {key: _placeholders(each) for key, each in value.items()}
    if isinstance(value, list):
        return ["…"] if value and isinstance(value[0], str) else value
    return "…" if isinstance(value, str) else value


def text_form(name):
    """`inputs` → targets, with … for texts of the data set."""
    if name in _TEXTS:
        return _TEXTS[name]
    row = DOWNSTREAM_TASKS[name]
    example = _placeholders(next(iter(row.expand(CASES[name][0][0], "validation"))))
    text = row.form(example)
    targets = " or ".join(f"`{label}`" for label in row.labels) or text["targets"].strip()
    return f"`{text['inputs'].strip()}` → {targets}"


def _scores(paper, metrics):
    return ", ".join(f"{paper[name]:g}" for name in metrics if name in paper) or "—"


def task_row(name):
    """The line of a task, or of a family of languages by one of them."""
    row, family = DOWNSTREAM_TASKS[name], name.partition(".")[0]
    metrics = json.loads(FILE.read_text(encoding="utf-8"))[name]["metrics"]
    paper, source, shown, dataset = row.paper, row.source, name, row.dataset
    if family in GROUPS:
        paper, source = GROUPS[family].paper, GROUPS[family].source
        languages = [each.partition(".")[2] for each in GROUPS[family].members]
        shown = f"{family}.{languages[0]} … {family}.{languages[-1]}"
        dataset = dataset.replace(f"/{name.partition('.')[2]}:", "/…:")
    cells = (f"`{dataset}`", text_form(name), ", ".join(metrics) or "—")
    return f"| `{shown}` | {' | '.join(cells)} | {_scores(paper, metrics)} | {source or '—'} |"


def task_rows():
    """All lines; a family of languages has one."""
    first = {}
    for name in CASES:
        first.setdefault(name.partition(".")[0], name)
    return [task_row(name) for name in first.values()]


def group_rows():
    """The lines of the table of groups."""
    lines = []
    for group in GROUPS.values():
        metrics = list(group.paper) if group.paper else []
        scores = ", ".join(f"{metric} {group.paper[metric]:g}" for metric in metrics) or "—"
        lines.append(
            f"| `{group.name}` | {len(group.members)} | {scores} | {group.source or '—'} |"
        )
    return lines


def metric_rows():
    """The lines of the table of metrics."""
    return [
        f"| `{name}` | {' or '.join(row.outcomes)} | {row.meaning} |"
        for name, row in METRICS.items()
    ]


if __name__ == "__main__":
    print("\n".join([*task_rows(), "", *group_rows(), "", *metric_rows()]))
