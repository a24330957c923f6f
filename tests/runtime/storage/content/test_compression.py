"""Compressed files, found by their first bytes, and written by name."""

import io

import pytest
import zstandard

from runtime.storage.content.compression import open_decompressed, pack_by_name, read_lines

TEXT = "".join(f"http://www.site{n}.example/page/{n * n}\n" for n in range(500)).encode()


def test_zstandard_windows_as_large_as_reddits_are_read():
    stream = io.BytesIO()
    with zstandard.ZstdCompressor().stream_writer(stream, closefd=False) as writer:
        writer.write(TEXT)
    frame = bytearray(stream.getvalue())
    assert frame[4] & 0b11100000 == 0, "the frame states a window, no content size"
    frame[5] = (31 - 10) << 3
    assert open_decompressed(io.BytesIO(frame)).read() == TEXT
    with pytest.raises(zstandard.ZstdError, match="memory"):
        zstandard.ZstdDecompressor().decompressobj().decompress(bytes(frame))


@pytest.mark.parametrize("length", range(6))
def test_files_shorter_than_what_tells_a_packing_are_plain(length):
    data = b"\xfd7zXZ\0"[:length]
    assert open_decompressed(io.BytesIO(data)).read() == data


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (b"", []),
        (b"\n\r\n", []),
        (b"a\r\nb\n\nc", [b"a", b"b", b"c"]),
        (b"a\r\r\nb\rc\r", [b"a\r", b"b\rc"]),
        (b"\x0ba\x85\n", [b"\x0ba\x85"]),
    ],
)
def test_lines_end_in_lf_or_crlf_only(text, lines):
    assert list(read_lines(io.BytesIO(text))) == lines


@pytest.mark.parametrize("name", ["u.txt", "u.txt.gz", "u.gz.txt"])
def test_what_is_packed_by_name_is_read_again_and_tells_neither_name_nor_time(tmp_path, name):
    with open(tmp_path / name, "wb") as stored, pack_by_name(stored, name) as stream:
        stream.write(TEXT)
    data = (tmp_path / name).read_bytes()
    assert open_decompressed(io.BytesIO(data)).read() == TEXT
    if name.endswith(".gz"):
        assert data[:8] == b"\x1f\x8b\x08" + bytes(5)
    else:
        assert data == TEXT
