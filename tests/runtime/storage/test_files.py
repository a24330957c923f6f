"""Paths that are not there are told without Beam."""

import pytest

from runtime.storage.matching import InputError, is_missing, match_files


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
