"""What files are is told by their first bytes."""

import bz2
import gzip
import io
import tarfile
import zipfile

import pytest
import zstandard

from runtime.storage.content.kinds import HEAD_BYTES, describe_unreadable, kind_of

HTML = b"<!DOCTYPE html>\n<html><body>503 Slow Down</body></html>"
XML = b'<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code></Error>'
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"
WARC = b"WARC/1.0\r\nWARC-Type: %s\r\nContent-Length: 0\r\n\r\n\r\n\r\n"


def tar(name: str = "urls/a.txt", form: int = tarfile.PAX_FORMAT) -> bytes:
    stored = io.BytesIO()
    with tarfile.open(fileobj=stored, mode="w", format=form) as archive:
        archive.addfile(tarfile.TarInfo(name))
    return stored.getvalue()


def old_tar() -> bytes:
    """A header of before 1988: without the magic."""
    head = bytearray(tar(form=tarfile.USTAR_FORMAT)[:512])
    head[257:265] = bytes(8)
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head)


def packed_zip() -> bytes:
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w") as archive:
        archive.writestr("a", "b")
    return stored.getvalue()


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (LFS, "git-lfs pointer"),
        (b"/annex/objects/SHA256E-s1--00.gz\n", "git-annex pointer"),
        (HTML, "HTML page"),
        (b"\n\n  <html lang=en>", "HTML page"),
        (XML, "XML file"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>", "XML file"),
        (tar(), "tar archive"),
        (tar(form=tarfile.GNU_FORMAT), "tar archive"),
        (old_tar(), "tar archive"),
        (packed_zip(), "zip archive"),
        ("a text".encode("utf-16"), "UTF-16"),
        ("a text\nof lines\n".encode("utf-16-le"), "UTF-16"),
        ("a text\nof lines\n".encode("utf-16-be"), "UTF-16"),
        ("a text".encode("utf-32"), "UTF-32"),
        (gzip.compress(b"a"), "gzip file"),
        (b"PAR1\x15", "Parquet"),
        (b"http://a.example/\n", ""),
        ("日本語\n".encode(), ""),
        (b'{"example.com": true}', ""),
        (b"", ""),
    ],
)
def test_a_kind_is_told(head, kind):
    found = kind_of(head)
    assert kind in found and bool(kind) == bool(found)


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (b"", "an empty file"),
        (bytes(5_000), "zero bytes only"),
        (gzip.compress(b""), "gzip of nothing"),
        (gzip.compress(HTML), "gzip of an HTML page"),
        (gzip.compress(LFS), "gzip of a git-lfs pointer file"),
        (gzip.compress(gzip.compress(b"WARC/1.0")), "gzip of a gzip file"),
        (gzip.compress(tar()), "gzip of a tar archive"),
        (gzip.compress(b"filedesc://x.arc 0.0.0.0"), "gzip of an ARC file"),
        (bz2.compress(XML), "bzip2 of an XML file"),
        (zstandard.compress(XML), "zstd of an XML file"),
        (b"\x1f\x8b\x08\0" + b"\xff" * 400, "damaged gzip"),
        (WARC % b"warcinfo" + WARC % b"response", "a WARC file of 'response' records (a WET"),
        (
            gzip.compress(WARC % b"metadata"),
            "gzip of a WARC file of 'metadata' records, a WAT file",
        ),
        (WARC % b"conversion", "a WET file without a sound record"),
        (b'{"a": 1}\n', "JSON"),
        (b"url,score\n", "a text that is no WET file"),
        ("é".encode() * 3_000, "a text that is no WET file"),
        (b"\x80\x81\x82\x02", "binary data"),
        (b"\xfd7zXZ\0\0", "an xz file"),
    ],
)
def test_a_file_without_pages_is_described(head, said):
    assert describe_unreadable(head[:HEAD_BYTES]).startswith(said)
