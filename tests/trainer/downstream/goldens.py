"""Texts, values and scores that t5 0.9.4 gives for the cases, kept so that tests need no t5.

python -m tests.trainer.downstream.goldens    writes them anew; needs t5, multilingual-t5 and
t5_closed_book_qa: tests/reference/downstream.py says how to install them
"""

import json
from pathlib import Path

import numpy as np

from tests.trainer.downstream.cases import CASES, expanded
from trainer.downstream.outcomes import Grouped
from trainer.downstream.table import DOWNSTREAM_TASKS

FILE = Path(__file__).with_name("goldens.json")


def in_json(value):
    """A value of ours or of t5 as JSON has it."""
    if isinstance(value, Grouped):
        grouped = {"value": in_json(value.value)}
        return grouped | ({"group": list(value.group)} if value.group else {})
    if isinstance(value, dict) and "group" in value:
        group = value["group"]
        group = list(group) if isinstance(group, tuple) else [group]
        return {"value": in_json(value["value"]), "group": [int(each) for each in group]}
    if isinstance(value, dict):
        return {key: in_json(each) for key, each in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [in_json(each) for each in value]
    if isinstance(value, bytes):
        return value.decode()
    return value.item() if hasattr(value, "item") else value


def ours(name, split="validation"):
    """{"texts", "metrics"} of a row for its cases, as `reference` gives them from t5."""
    row = DOWNSTREAM_TASKS[name]
    texts, targets, predictions = [], [], []
    for example, prediction in expanded(name, split):
        target = row.outcomes.of_target(example)
        text = {key: example[key] for key in ("inputs", "targets")} | {"target": target}
        if prediction is not None:
            predicted = row.outcomes.of_prediction(prediction, example)
            targets.append(target)
            predictions.append(predicted)
            text["prediction"] = predicted
        texts.append(in_json(text))
    metrics = {}
    for metric in row.metrics:
        metrics |= metric(targets, predictions)
    return {"texts": texts, "metrics": metrics}


def main():
    from tests.reference.downstream import reference

    goldens = {name: reference(name) for name in CASES}
    goldens["super_glue_wsc train"] = reference("super_glue_wsc", "train")
    FILE.write_text(json.dumps(goldens, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
