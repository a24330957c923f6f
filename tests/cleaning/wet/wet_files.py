"""WET files built for tests, as bytes: records, the layouts that hold them, streams of them.

Every byte follows from the arguments, so that a failing case can be built again by hand.
"""

import base64
import hashlib
import io
import random
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cleaning.wet.chunks import DamagedMember
from cleaning.wet.inflate import inflate
from cleaning.wet.records import Malformed, Record, read_records

MEMBER_EACH, THREE_A_MEMBER, ONE_MEMBER, PLAIN = 1, 3, 1 << 30, 0
LAYOUTS = {
    "a member each": MEMBER_EACH,
    "three a member": THREE_A_MEMBER,
    "one member": ONE_MEMBER,
    "plain": PLAIN,
}
_WORDS = [
    "the",
    "ferry",
    "leaves",
    "harbour",
    "island",
    "at",
    "ten",
    "every",
    "day",
    "but",
    "nobody",
    "sailed",
    "on",
    "Sunday",
]


def record(
    url: str,
    block: bytes | str,
    *,
    length: object = None,
    newline: str = "\r\n",
    version: str = "WARC/1.0",
    kind: str = "conversion",
    has_digest: bool = True,
    more: Iterable[str] = (),
) -> bytes:
    """One record, closed by two line ends; `length` claims another Content-Length, "" none."""
    block = block.encode() if isinstance(block, str) else block
    digest = base64.b32encode(hashlib.sha1(block).digest()).decode()
    lines = [
        version,
        f"WARC-Type: {kind}",
        f"WARC-Target-URI: {url}",
        "WARC-Date: 2025-03-02T08:15:30Z",
        *([f"WARC-Block-Digest: sha1:{digest}"] if has_digest else []),
        "Content-Type: text/plain",
        *more,
        *([] if length == "" else [f"Content-Length: {len(block) if length is None else length}"]),
    ]
    return newline.join([*lines, "", ""]).encode() + block + 2 * newline.encode()


def page(number: int, size: int = 600, **options: object) -> bytes:
    """A record of about `size` bytes of words, unlike that of any other number."""
    chance = random.Random(number)
    words = [f"{chance.choice(_WORDS)}{chance.randrange(100)}" for _ in range(size // 8)]
    lines = [" ".join(words[at : at + 12]) + ".\n" for at in range(0, len(words), 12)]
    return record(f"http://site.example/{number}", "".join(lines), **options)  # type: ignore[arg-type]


def pages(count: int, size: int = 600) -> list[bytes]:
    return [page(number, size) for number in range(count)]


def member(data: bytes, *, level: int = 6, name: bytes = b"", of: bytes | None = None) -> bytes:
    """A gzip member of `data`; `of` lends it the checksum and length of other bytes."""
    packer = zlib.compressobj(level, zlib.DEFLATED, -15)
    header = b"\x1f\x8b\x08" + bytes([8 if name else 0]) + b"\0\0\0\0\0\xff"
    header += name + b"\0" if name else b""
    return header + packer.compress(data) + packer.flush() + trailer(data if of is None else of)


def trailer(data: bytes) -> bytes:
    """The last eight bytes of a gzip member: checksum and length."""
    return zlib.crc32(data).to_bytes(4, "little") + (len(data) & 0xFFFFFFFF).to_bytes(4, "little")


def lay_out(records: list[bytes], per_member: int) -> tuple[bytes, list[tuple[int, int]]]:
    """A file of these records, and offset and `within` of each, as `Record` has them."""
    if per_member == PLAIN:
        return b"".join(records), [(sum(map(len, records[:n])), 0) for n in range(len(records))]
    data, places = b"", []
    for first in range(0, len(records), per_member):
        group = records[first : first + per_member]
        places += [(len(data), sum(map(len, group[:n]))) for n in range(len(group))]
        data += member(b"".join(group))
    return data, places


@dataclass(frozen=True)
class Framed:
    """What of a record must come out of reading, whatever surrounds it."""

    header: bytes
    block: bytes


def framed(data: bytes) -> Framed:
    """The parts of one record's bytes as `record` builds them."""
    newline = b"\r\n" if b"\r\n" in data.split(b"WARC-Type")[0] else b"\n"
    header, _, rest = data.partition(2 * newline)
    return Framed(header, rest[: -2 * len(newline)])


def read(data: "bytes | Streamed | ShortReads") -> list[Record | Malformed]:
    """All parts of a file, read as `pipelines.stages.clean.clean_file` does: again if in doubt."""
    for suspicious in (False, True):
        stream = io.BytesIO(data) if isinstance(data, bytes) else data.again()
        try:
            return list(read_records(inflate(stream, suspicious=suspicious)))
        except DamagedMember:
            assert not suspicious, "the second reading must not fail"
    raise AssertionError("unreachable")


def survivors(parts: Iterable[Record | Malformed]) -> list[Framed]:
    return [Framed(part.header, part.block) for part in parts if isinstance(part, Record)]


def damage(parts: Iterable[Record | Malformed]) -> list[tuple[int, int, str]]:
    """Offset, `within` and reason of what is malformed."""
    return [(p.offset, p.within, p.reason) for p in parts if isinstance(p, Malformed)]


class ShortReads(io.RawIOBase):
    """A stream that returns 1 to 7 bytes a read."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at, self._turn = data, 0, 0

    def again(self) -> "ShortReads":
        return ShortReads(self._data)

    def read(self, size: int = -1) -> bytes:
        self._turn = self._turn % 7 + 1
        part = self._data[self._at : self._at + self._turn]
        self._at += len(part)
        return part


class Streamed(io.RawIOBase):
    """A stream of parts made when they are read, for files larger than memory should hold."""

    def __init__(self, *parts: tuple[bytes, int]) -> None:
        self._parts = parts
        self._rest = self._generate()

    def again(self) -> "Streamed":
        return Streamed(*self._parts)

    def _generate(self) -> Iterator[bytes]:
        for data, times in self._parts:
            for _ in range(times):
                yield data

    def read(self, size: int = -1) -> bytes:
        return next(self._rest, b"")


def repeated(lead: bytes, data: bytes, times: int, tail: bytes) -> list[tuple[bytes, int]]:
    """A gzip member of `lead + times * data + tail` as `Streamed` parts, packed but once."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    start = packer.compress(lead) + packer.flush(zlib.Z_FULL_FLUSH)
    middle = packer.compress(data) + packer.flush(zlib.Z_FULL_FLUSH)
    end = packer.compress(tail) + packer.flush()
    checksum = zlib.crc32(lead)
    for _ in range(times):
        checksum = zlib.crc32(data, checksum)
    checksum = zlib.crc32(tail, checksum)
    length = len(lead) + times * len(data) + len(tail)
    closing = checksum.to_bytes(4, "little") + (length & 0xFFFFFFFF).to_bytes(4, "little")
    header = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
    return [(header + start, 1), (middle, times), (end + closing, 1)]
