"""Machine code is that of these sources, and as it was made."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cleaning.filters import compiled
from tests.conftest import REPOSITORY

CODE = """
import sys
from cleaning.filters.compiled import compiled
@compiled
def double(number):
    return number * 2
assert double(21) == 42
"""


def run(cache: Path, code: str = CODE) -> Path:
    """Runs code with a cache of its own; the folder of the machine code."""
    (cache / "code.py").write_text(code)
    environment = os.environ | {"NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": str(REPOSITORY)}
    subprocess.run([sys.executable, str(cache / "code.py")], env=environment, check=True)
    (folder,) = cache.glob("compiled-*")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*.nb*")}


@pytest.mark.parametrize("ending", ["nbi", "nbc"])
@pytest.mark.parametrize("damage", [lambda data: data[:-9], lambda data: b"X" + data[1:]])
def test_damaged_machine_code_is_made_again(tmp_path, ending, damage):
    folder = run(tmp_path)
    before = contents(folder)
    assert len(before) == 2 == len(json.loads((folder / "checksums.json").read_text()))
    (path,) = folder.rglob(f"*.{ending}")
    path.write_bytes(damage(path.read_bytes()))
    run(tmp_path)
    assert contents(folder).keys() == before.keys()
    assert json.loads((folder / "checksums.json").read_text()) == compiled._checksums(folder)
    (again,) = folder.rglob("*.nbc")
    inode = again.stat().st_ino
    run(tmp_path)
    assert again.stat().st_ino == inode, "a file without damage is not written again"


def test_a_damaged_list_of_checksums_is_made_again(tmp_path):
    folder = run(tmp_path)
    (folder / "checksums.json").write_text("{")
    run(tmp_path)
    assert len(json.loads((folder / "checksums.json").read_text())) == 2


def test_without_a_folder_to_write_to_every_process_compiles(tmp_path):
    (tmp_path / "file").write_text("")
    code = CODE + 'import cleaning.filters.compiled as c\nassert c.code_folder() == ""\n'
    (tmp_path / "code.py").write_text(code)
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "file" / "nowhere")}
    environment["PYTHONPATH"] = str(REPOSITORY)
    subprocess.run([sys.executable, str(tmp_path / "code.py")], env=environment, check=True)


def test_the_folder_is_that_of_all_sources_of_cleaning(tmp_path):
    source = (
        "from pathlib import Path\n"
        "from cleaning.filters import compiled\n"
        "first = compiled.code_folder(); compiled.code_folder.cache_clear()\n"
        "read = Path.read_bytes\n"
        "Path.read_bytes = lambda path: read(path) + b'#' * (path.name == 'rules.py')\n"
        "assert compiled.code_folder() != first\n"
    )
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", source], env=environment, cwd=REPOSITORY, check=True)
    assert len([*tmp_path.glob("compiled-*")]) == 2
