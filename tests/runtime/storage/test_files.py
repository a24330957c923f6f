"""Files found below a folder, here and on another filesystem of Beam."""

import pytest

from runtime.storage.files import find_files, parent


@pytest.fixture(params=["local", "remote"])
def root(request, tmp_path, monkeypatch):
    """A folder whose name looks like a glob; Beam's local filesystem stands for a remote one."""
    if request.param == "remote":
        monkeypatch.setattr("runtime.storage.files.is_remote", lambda _: True)
        folder = tmp_path / "out"
    else:
        folder = tmp_path / "out [1]*"
    for name in ("en/3.1.0", "en/3.1.0/parquet", "de/1.0.0", "contents.json"):
        (folder / name).mkdir(parents=True)
        (folder / name / "contents.json").write_text("{}")
    return str(folder)


def test_files_at_exactly_that_depth_are_found_in_order(root):
    found = find_files(root, ("*", "*", "contents.json"))
    assert [path.removeprefix(root) for path in found] == [
        "/de/1.0.0/contents.json",
        "/en/3.1.0/contents.json",
    ]
    assert find_files(root, ("*", "*", "*", "*", "none")) == []


@pytest.mark.parametrize(
    ("path", "folder"), [("/a/b", "/a"), ("gs://b/c/", "gs://b"), ("a/b/c.json", "a/b"), ("a", "")]
)
def test_the_parent_of_a_path(path, folder):
    assert parent(path) == folder
