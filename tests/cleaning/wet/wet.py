"""WET records built for tests, as bytes of a file and as the `Record` that reading them gives."""

from cleaning.captures import CaptureRules
from cleaning.specs import REFERENCE
from cleaning.variants import VARIANTS
from cleaning.wet.records import Record

URL = "http://a.example/page"
EN = CaptureRules(REFERENCE, (VARIANTS["en"].scope(),))
DATE = "2025-03-02T08:15:30Z"


def header_lines(
    url: str | None = URL, date: str | None = DATE, kind: str | None = "conversion"
) -> list[str]:
    """A conversion record's header without its Content-Length; None leaves a line out."""
    lines = [f"WARC-Type: {kind}"] if kind is not None else []
    lines += [f"WARC-Target-URI: {url}"] if url is not None else []
    lines += [f"WARC-Date: {date}"] if date is not None else []
    return [*lines, "Content-Type: text/plain"]


def record_bytes(lines: list[str], block: bytes, newline: str = "\r\n") -> bytes:
    """One record of a WET file: header, Content-Length, blank line, block, two line ends."""
    header = ["WARC/1.0", *lines, f"Content-Length: {len(block)}", "", ""]
    return newline.join(header).encode() + block + 2 * newline.encode()


def record(block: bytes | str, lines: list[str] | None = None, offset: int = 0) -> Record:
    """The sound record of these header lines (default: `header_lines()`) and this block."""
    if isinstance(block, str):
        block = block.encode()
    head = header_lines() if lines is None else lines
    header = ["WARC/1.0", *head, f"Content-Length: {len(block)}"]
    return Record(offset, 0, "\r\n".join(header).encode(), block)
