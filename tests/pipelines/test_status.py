"""What others wrote into a work folder is shown as text, or named as no run of ours."""

import json

import pytest

from pipelines import status
from pipelines.run.state import NAME
from runtime.storage.checked import write_checked

EVIL = "en\x1b[2J\nrunning: \u202eforged"


def state(folder: str, **values: object) -> dict[str, object]:
    return {
        "started": 0.0, "name": "en", "spec": "s", "files": 1, "tasks": {"clean": 1},
        "folder": folder, "manifest": f"{folder}/inputs.jsonl", "staging": [],
        "failed": folder, "report": f"{folder}/report.json",
    } | values  # fmt: skip


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"name": EVIL}, r"en\x1b[2J\nrunning: \u202eforged (s), 1 WET files"),
        ({"name": ["x" * 9]}, "(s), 1 WET files"),
        ({"files": "many"}, "cannot be read"),
        ({"tasks": [1]}, "cannot be read"),
        ({"tasks": {EVIL: 1}}, "cannot be read"),
        ({"started": 10**400}, "cannot be read"),
        ({"manifest": f"/none/{EVIL}"}, "cannot be read"),
        ({EVIL: 1}, "cannot be read"),
    ],
)
def test_a_forged_state_is_one_line_or_a_text(tmp_path, values, said, capsys):
    write_checked(str(tmp_path / "inputs.jsonl"), b"")
    forged = json.dumps(state(str(tmp_path), **values)).encode()
    write_checked(str(tmp_path / NAME), forged)
    assert status.main([str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert said in told and "\x1b" not in told and "\u202e" not in told
    assert "\nrunning: " not in told
    assert "cannot be read" not in said or told.count("\n") == 1


def test_deep_nesting_is_no_run(tmp_path, capsys):
    write_checked(str(tmp_path / NAME), b"[" * 100_000)
    assert status.main([str(tmp_path)]) == 0
    assert "cannot be read" in capsys.readouterr().out
