"""What the values of options name: files, folders, globs, with any characters in their names."""

import os
from pathlib import Path

import pytest

from runtime.errors import UsageError
from runtime.storage.matching import InputError, is_missing, local_path, match_files

NAMES = ("*.wet", "*.wet.gz")
FILES = (
    "crawl [2019]/a.wet.gz",
    "crawl [2019]/deep/b.WET.GZ",
    "crawl 2/c.wet",
    "notes.txt",
    "what?*.wet",
    "x[1].wet",
    "x1.wet",
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def found(tree: Path, pattern: str) -> list[str]:
    matched = match_files("--input", f"{tree}/{pattern}", NAMES)
    assert all(size == os.path.getsize(path) for path, (size, _) in matched.items())
    return sorted(os.path.relpath(path, tree) for path in matched)


@pytest.mark.parametrize(
    ("pattern", "files"),
    [
        ("", [FILES[2], FILES[0], FILES[1], *FILES[4:]]),
        ("crawl [2019]", FILES[:2]),
        ("crawl [2019]/", FILES[:2]),
        ("crawl [2019]/*.gz", FILES[:1]),
        ("crawl [2019]/**", FILES[:2]),
        ("crawl [2]/*", FILES[2:3]),
        ("crawl*/", [FILES[2], *FILES[:2]]),
        ("crawl*/*", [FILES[2], FILES[0]]),
        ("**/*.wet", [FILES[2], *FILES[4:]]),
        ("**.GZ", FILES[1:2]),
        ("x[1].wet", FILES[5:6]),
        ("x[0-9].wet", FILES[6:]),
        ("x[!0-9].wet", None),
        ("x[[]1].wet", FILES[5:6]),
        ("x?.wet", FILES[6:]),
        ("what?*.wet", FILES[4:5]),
        ("notes.txt", FILES[3:4]),
        ("x[1.wet", None),
        ("crawl [2019]/none*", None),
    ],
)
def test_a_pattern_gives_its_files(tree, pattern, files):
    if files is None:
        with pytest.raises(InputError, match="matches no file"):
            found(tree, pattern)
    else:
        assert found(tree, pattern) == sorted(files)


def test_names_that_are_not_utf8_are_found(tmp_path):
    name = os.fsdecode(b"caf\xe9.wet")
    (tmp_path / name).touch()
    assert list(match_files("--input", str(tmp_path), NAMES)) == [f"{tmp_path}/{name}"]


def test_folders_are_read_through_links_each_once(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.wet").touch()
    (tmp_path / "in" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(tmp_path / "in")
    assert found(tmp_path / "in", "") == ["link/a.wet"]


@pytest.mark.parametrize("pattern", ["pipe.wet", "", "*.wet"])
def test_a_pipe_is_refused_as_it_can_be_read_only_once(tmp_path, pattern):
    os.mkfifo(tmp_path / "pipe.wet")
    with pytest.raises(InputError, match=r"pipe\.wet: is a pipe or a device"):
        found(tmp_path, pattern)


def test_an_open_file_is_taken_by_its_own_name_and_an_open_pipe_refused(tree):
    """As /dev/stdin and /dev/fd/63 are: a worker has others."""
    with open(tree / FILES[3]) as stored:
        found = match_files("--input", f"/dev/fd/{stored.fileno()}", NAMES)
    assert list(found) == [f"{tree}/{FILES[3]}"]
    reading, writing = os.pipe()
    with pytest.raises(InputError, match="is a pipe or a device"):
        match_files("--input", f"/dev/fd/{reading}", NAMES)
    os.close(reading)
    os.close(writing)


def test_a_link_that_leads_nowhere_is_named(tmp_path):
    (tmp_path / "a.wet").symlink_to(tmp_path / "gone")
    with pytest.raises(InputError, match=r"a\.wet: is a link to a file that is not there"):
        found(tmp_path, "")


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("file:///a/b.wet", "/a/b.wet"),
        ("FILE:///a%20b/%5B1%5D.gz", "/a b/[1].gz"),
        ("file://localhost/a?b#c", "/a?b#c"),
        ("file:/a", "/a"),
        ("/a%20b", "/a%20b"),
        ("file", "file"),
        ("gs://bucket/a", "gs://bucket/a"),
    ],
)
def test_a_url_of_a_local_file_is_its_path(value, path):
    assert local_path(value) == path


@pytest.mark.parametrize("value", ["file://other.example/a", "file:///"])
def test_a_url_of_another_machine_is_refused(value):
    with pytest.raises(UsageError, match="expected file:///path"):
        local_path(value)


@pytest.mark.parametrize(
    ("pattern", "missing"),
    [
        ("here", False),
        ("here/", False),
        ("here/a[1].gz", False),
        ("here/*.gz", False),
        ("here/x*/y.gz", False),
        ("*/b.gz", False),
        ("here/b.gz", True),
        ("gone", True),
        ("gone/", True),
        ("gone/*.gz", True),
        ("gone/x*/y.gz", True),
    ],
)
def test_a_glob_is_missing_where_its_folder_is(tmp_path, pattern, missing):
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "a[1].gz").touch()
    path = f"{tmp_path}/{pattern}"
    assert is_missing(path) == missing
    if missing:
        with pytest.raises(InputError, match=r"^--input=.*: matches no file; expected a file or"):
            match_files("--input", path, (".gz",))


def test_a_path_elsewhere_is_never_missing():
    assert not is_missing("gs://bucket/gone/*.gz")


def test_the_name_of_a_file_that_was_found_adds_no_line(tmp_path):
    (tmp_path / "a\nFailed: b.wet").symlink_to("nowhere")
    with pytest.raises(InputError) as refused:
        match_files("--input", str(tmp_path), ("*.wet",))
    assert r"a\nFailed: b.wet: is a link" in str(refused.value) and "\n" not in str(refused.value)
