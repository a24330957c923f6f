"""Lists that people write, as editors and archives leave them."""

import bz2
import gzip
import lzma

import pytest
import zstandard

from runtime.storage.content.texts import TextError, read_text
from tests.runtime.storage.content.test_kinds import HTML, LFS, packed_zip, tar

TEXT = "first\nzweite Zeile: ä\n"


@pytest.mark.parametrize(
    "pack", [bytes, gzip.compress, bz2.compress, lzma.compress, zstandard.compress]
)
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "marked"])
def test_a_text_is_read_however_it_is_packed(tmp_path, pack, mark):
    (tmp_path / "list").write_bytes(pack(mark + TEXT.encode()))
    assert read_text(str(tmp_path / "list")) == TEXT


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (TEXT.encode("utf-16"), "it is UTF-16 text; save it as UTF-8"),
        (gzip.compress("a\nb\n".encode("utf-16-le")), "it is UTF-16 text; save it as UTF-8"),
        (tar(), "it is a tar archive; unpack it first"),
        (gzip.compress(tar()), "it is a tar archive; unpack it first"),
        (packed_zip(), "it is a zip archive; unpack it first"),
        (HTML, "it is an HTML page"),
        (LFS, "git lfs pull"),
        (b"a\nb\nc\xff\n", "it is not UTF-8: byte 0xff in line 3; save it as UTF-8"),
        (gzip.compress(TEXT.encode() * 99)[:-9], "ended before"),
    ],
)
def test_what_is_no_text_is_named(tmp_path, data, said):
    (tmp_path / "list").write_bytes(data)
    with pytest.raises(TextError, match=said):
        read_text(str(tmp_path / "list"))
