"""What a file is, by its first bytes: named in errors about files that are not as expected."""

import bz2
import re
import tarfile
import zlib
from collections.abc import Callable

import zstandard

HEAD_BYTES = 1 << 18
_UNPACKED_BYTES = 1 << 16
_FED_BYTES = 1 << 10  # of zstd: they inflate to 32 MiB at most
_STARTS: dict[bytes, str] = {
    b"version https://git-lfs": "a git-lfs pointer file (git lfs pull fetches the file itself)",
    b"/annex/objects/": "a git-annex pointer file (git annex get fetches the file itself)",
    b"filedesc://": "an ARC file",
    b"\xff\xfe\0\0": "UTF-32 text",
    b"\0\0\xfe\xff": "UTF-32 text",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
    b"\xfd7zXZ\0": "an xz file",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"Rar!\x1a\x07": "a rar archive",
    b"\x04\x22\x4d\x18": "an lz4 file",
    b"\xff\x06\0\0sNaPpY": "a snappy file",
    b"\x89LZO\0": "an lzop file",
    b"\x1f\x9d": "a file of compress (.Z)",
    b"PK\x03\x04": "a zip archive",
    b"PK\x05\x06": "an empty zip archive",
    b"PAR1": "a Parquet file",
    b"ARROW1": "an Arrow file",
    b"Obj\x01": "an Avro file",
    b"%PDF": "a PDF file",
    b"\x89HDF": "an HDF5 file",
    b"SQLite format 3\0": "an SQLite database",
    b"\0\x05\x16\x07": "an AppleDouble file of macOS, without the file's content",
}
_PACKINGS: dict[bytes, str] = {
    b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bzip2"
}  # fmt: skip
_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(\?xml|!doctype\s+html|html|head|[a-z!])", re.I)
_WARC_TYPE = re.compile(rb"^WARC-Type:[ \t]*([A-Za-z]{1,20})", re.MULTILINE | re.IGNORECASE)


def kind_of(head: bytes) -> str:
    """What the first bytes show a file to be, in words; "" if nothing is known of them."""
    for start, kind in (_STARTS | {s: f"a {name} file" for s, name in _PACKINGS.items()}).items():
        if head.startswith(start):
            return kind
    if _is_tar(head):
        return "a tar archive"
    if markup := _MARKUP.match(head):
        return (
            "an HTML page"
            if b"html" in head[:512].lower()
            else "an XML file" + ("" if markup[1].lower() == b"?xml" else " or HTML page")
        )
    half = len(head) // 2
    for zeros in (head[::2], head[1::2]):  # ASCII in UTF-16 without its mark
        if half > 1 and zeros.count(0) > 0.9 * half and head.count(0) < 1.2 * half:
            return "UTF-16 text"
    return ""


def _is_tar(head: bytes) -> bool:
    """True if the first block of 512 bytes is the header of a tar archive, of any age."""
    if len(head) < tarfile.BLOCKSIZE or not head[0]:
        return False
    try:
        tarfile.TarInfo.frombuf(head[: tarfile.BLOCKSIZE], "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def describe_unreadable(head: bytes) -> str:
    """What a file is that gave no page of a WET file, by its first bytes."""
    if not head:
        return "an empty file"
    if not head.strip(b"\0"):
        return "zero bytes only"
    packing = next((name for start, name in _PACKINGS.items() if head.startswith(start)), "")
    if not packing:
        return _describe_content(head)
    inner = _unpack(packing, head)
    if inner:
        return f"{packing} of {_describe_content(inner)}"
    is_short = len(head) < HEAD_BYTES
    return f"{packing} of nothing" if is_short and inner is not None else f"damaged {packing}"


def _describe_content(head: bytes) -> str:
    types = [found.decode().lower() for found in _WARC_TYPE.findall(head)]
    others = [kind for kind in types if kind not in ("warcinfo", "conversion")]
    if head.lstrip().startswith(b"WARC/") and others:
        wat = ", a WAT file" if others[0] == "metadata" else ""
        return f"a WARC file of {others[0]!r} records{wat} (a WET file holds 'conversion' records)"
    if types:
        return "a WET file without a sound record"
    kind = kind_of(head)
    if kind:
        return kind
    if head.lstrip()[:1] in (b"{", b"["):
        return "JSON"
    printable = sum(byte >= 0x20 or byte in b"\t\r\n" for byte in head[:4096])
    is_text = printable == len(head[:4096]) and _is_utf8(head[:4096])
    return "a text that is no WET file" if is_text else "binary data, neither gzip, zstd nor bzip2"


def _is_utf8(head: bytes) -> bool:
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return error.start > len(head) - 4  # a character may be cut at the end
    return True


def _unpack(packing: str, head: bytes) -> bytes | None:
    """The first bytes of the content, of several members if they are small; None if damaged.

    The first member of a WET file describes the file; what it holds shows in the second.
    """
    unpacked = b""
    while head and len(unpacked) < _UNPACKED_BYTES:
        try:
            part, head = _UNPACK[packing](head)
        except (zlib.error, zstandard.ZstdError, OSError, ValueError):
            return unpacked or None
        unpacked += part
    return unpacked


def _unpack_gzip(head: bytes) -> tuple[bytes, bytes]:
    """The start of one member's content, and what follows the member; b"" if it goes on."""
    member = zlib.decompressobj(31)
    return member.decompress(head, _UNPACKED_BYTES), member.unused_data


def _unpack_zstd(head: bytes) -> tuple[bytes, bytes]:
    frame = zstandard.ZstdDecompressor().decompressobj()
    parts: list[bytes] = []
    for at in range(0, len(head), _FED_BYTES):
        parts.append(frame.decompress(head[at : at + _FED_BYTES]))
        if frame.eof:
            return b"".join(parts), frame.unused_data + head[at + _FED_BYTES :]
        if sum(map(len, parts)) >= _UNPACKED_BYTES:
            break
    return b"".join(parts), b""


def _unpack_bzip2(head: bytes) -> tuple[bytes, bytes]:
    stream = bz2.BZ2Decompressor()
    return stream.decompress(head, _UNPACKED_BYTES), stream.unused_data


_UNPACK: dict[str, Callable[[bytes], tuple[bytes, bytes]]] = {
    "gzip": _unpack_gzip, "zstd": _unpack_zstd, "bzip2": _unpack_bzip2
}  # fmt: skip
