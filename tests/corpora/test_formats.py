"""The table of formats is complete: names, files, reader and writer of a row belong together."""

import io
import re

import pytest

from corpora.formats import FORMATS, OUTPUT_FORMATS
from runtime.errors import UsageError


@pytest.mark.parametrize("row", FORMATS.values(), ids=lambda row: row.name)
def test_a_row_is_found_by_its_name(row):
    assert FORMATS[row.name] is row and row.meaning and row.text_ratio > 0


@pytest.mark.parametrize("row", OUTPUT_FORMATS.values(), ids=lambda row: row.name)
def test_files_that_are_written_are_found_and_read_as_the_same_format(row):
    path = row.shard_path("c4", "train", 0, 1)
    folder, _, name = path.rpartition("/")
    matching = [other.name for other in FORMATS.values() if other.pattern.fullmatch(name)]
    said = f"corpora/formats.py: {name} must match the pattern of {row.name} and of no other row"
    assert matching == [row.name], said
    globs = [re.compile(glob.replace(".", r"\.").replace("*", ".*")) for glob in row.globs]
    assert any(glob.fullmatch(name) for glob in globs), f"corpora/formats.py: a glob for {name}"
    assert folder == row.folder


def test_no_two_formats_share_a_file():
    paths = {row.shard_path("c4", "train", 0, 1) for row in OUTPUT_FORMATS.values()}
    assert len(paths) == len(OUTPUT_FORMATS)


def test_a_format_that_is_only_read_is_not_written():
    assert set(FORMATS) - set(OUTPUT_FORMATS) == {"text"}
    with pytest.raises(UsageError, match="text is only read; expected one of tfrecord, parquet"):
        FORMATS["text"].open_writer(io.BytesIO())
