"""What --input names."""

import os

import pytest

from pipelines.sources.wet_files import (
    InputError,
    InputFile,
    cut_into_parts,
    find_inputs,
    read_manifest,
    write_manifest,
)


@pytest.fixture
def tree(tmp_path):
    for name in ("b.warc.wet.gz", "a.warc.wet", "deep/c.wet.gz", "notes.txt", "odd[1].wet.gz"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
    return tmp_path


def names(files):
    return [os.path.basename(file.path) for file in files]


def test_a_folder_gives_its_wet_files_at_any_depth(tree):
    found = names(find_inputs([str(tree)]))
    assert found == ["a.warc.wet", "b.warc.wet.gz", "c.wet.gz", "odd[1].wet.gz"]


def test_a_glob_gives_what_it_matches(tree):
    assert names(find_inputs([f"{tree}/*.wet.gz"])) == ["b.warc.wet.gz", "odd[1].wet.gz"]


def test_a_file_is_taken_by_its_name_whatever_characters_it_has(tree):
    assert names(find_inputs([f"{tree}/odd[1].wet.gz"])) == ["odd[1].wet.gz"]
    assert names(find_inputs([f"{tree}/notes.txt"])) == ["notes.txt"]


def test_a_list_may_hold_files_globs_and_comments(tree):
    listing = tree / "list"
    listing.write_text(f"# mine\n{tree}/a.warc.wet\n\n{tree}/deep/*.gz\n")
    assert names(find_inputs([f"@{listing}"])) == ["a.warc.wet", "c.wet.gz"]


def test_a_file_named_twice_is_read_once(tree):
    files = find_inputs([f"{tree}/a.warc.wet", str(tree), f"{tree}/../{tree.name}/a.warc.wet"])
    assert len(files) == 4


def test_paths_may_be_relative_to_the_working_folder(tree, monkeypatch):
    monkeypatch.chdir(tree)
    assert find_inputs(["a.warc.wet"])[0].path == str(tree / "a.warc.wet")


@pytest.mark.parametrize("pattern", ["none*.gz", "deep2", "@none", "@empty"])
def test_what_matches_nothing_is_an_error(tree, pattern):
    (tree / "empty").write_text("\n# nothing\n")
    prefix, name = ("@", pattern[1:]) if pattern.startswith("@") else ("", pattern)
    with pytest.raises(InputError, match="--input="):
        find_inputs([f"{prefix}{tree}/{name}"])


def test_a_changed_file_has_another_key(tree):
    path = tree / "a.warc.wet"
    (before,) = cut_into_parts(find_inputs([str(path)]))
    path.write_text("other")
    (after,) = cut_into_parts(find_inputs([str(path)]))
    assert after.key() != before.key()


def test_a_manifest_gives_back_the_files(tree):
    parts = cut_into_parts(find_inputs([str(tree)]))
    write_manifest(str(tree / "manifest"), parts)
    assert read_manifest(str(tree / "manifest")) == parts


@pytest.mark.parametrize(
    ("sizes", "parts"),
    [
        ({"a.wet.gz": 10}, [1]),
        ({"a.wet.gz": 7 << 20, "b.wet.gz": 3 << 20}, [4, 2]),
        ({"a.wet.gz": 7 << 20, "b.wet": 7 << 20}, [4, 1]),
        ({"a.wet.gz": 1 << 40}, [4096]),
        ({"a.wet.gz": 0}, [1]),
    ],
)
def test_files_are_cut_into_parts_that_meet_and_cover_them(sizes, parts):
    files = tuple(InputFile(name, size, 0.0) for name, size in sizes.items())
    cut = cut_into_parts(files)
    assert [part.number for part in cut] == list(range(len(cut)))
    for file, count in zip(files, parts, strict=True):
        mine = [part for part in cut if part.path == file.path]
        assert len(mine) == count
        assert [part.end for part in mine[:-1]] == [part.start for part in mine[1:]]
        assert (mine[0].start, mine[-1].end) == (0, file.size_bytes)
    assert len({part.key() for part in cut}) == len(cut)
