"""Compressed files, found by their first bytes, and written by name."""

import bz2
import gzip
import io
import lzma
import tracemalloc

import pytest
import zstandard

from runtime.storage.content import compression
from runtime.storage.content.compression import (
    DUMP_WINDOW_BYTES,
    LineTooLong,
    open_decompressed,
    pack_by_name,
    read_lines,
)

TEXT = "".join(f"http://www.site{n}.example/page/{n * n}\n" for n in range(500)).encode()


def test_zstandard_windows_as_large_as_reddits_are_read():
    stream = io.BytesIO()
    with zstandard.ZstdCompressor().stream_writer(stream, closefd=False) as writer:
        writer.write(TEXT)
    frame = bytearray(stream.getvalue())
    assert frame[4] & 0b11100000 == 0, "the frame states a window, no content size"
    frame[5] = (31 - 10) << 3
    assert open_decompressed(io.BytesIO(frame), DUMP_WINDOW_BYTES).read() == TEXT
    with pytest.raises(zstandard.ZstdError, match="memory"):
        open_decompressed(io.BytesIO(frame)).read()


def xz(data: bytes, window_bytes: int = 1 << 20) -> bytes:
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": window_bytes, "preset": 0}]
    return lzma.compress(data, filters=filters)


def test_xz_streams_follow_one_another_with_zeros_between_them():
    packed = xz(TEXT) + bytes(8) + xz(b"") + xz(TEXT) + bytes(4)
    assert open_decompressed(io.BytesIO(packed)).read() == 2 * TEXT
    for damaged in (packed[:-30], xz(TEXT)[:-1], xz(TEXT) + b"rest"):
        with pytest.raises((EOFError, lzma.LZMAError)):
            open_decompressed(io.BytesIO(damaged)).read()


def test_xz_that_asks_for_more_memory_is_refused(monkeypatch):
    assert open_decompressed(io.BytesIO(xz(TEXT)), 1 << 20).read() == TEXT
    monkeypatch.setattr(compression, "_XZ_BYTES", 0)
    with pytest.raises(lzma.LZMAError, match="Memory usage limit"):
        open_decompressed(io.BytesIO(xz(TEXT)), 1 << 20).read()


@pytest.mark.parametrize("pack", [xz, bz2.compress, zstandard.compress, gzip.compress])
def test_a_bomb_is_read_without_much_memory(pack):
    packed = pack(bytes(1 << 20)) * 200  # members, streams and frames may follow one another
    packed = zstandard.compress(bytes(200 << 20)) if pack is zstandard.compress else packed
    tracemalloc.start()
    with open_decompressed(io.BytesIO(packed)) as stream:
        read = sum(map(len, iter(lambda: stream.read(1 << 20), b"")))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert read == 200 << 20 and peak < 100 << 20


def test_a_line_of_a_bomb_is_refused(monkeypatch):
    monkeypatch.setattr(compression, "LONGEST_LINE_BYTES", 9)
    assert list(read_lines(io.BytesIO(b"12345678\n\n12345678"))) == [b"12345678"] * 2
    with pytest.raises(LineTooLong, match="line 2 is longer"):
        list(read_lines(io.BytesIO(b"a\n1234567890\n")))


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
