"""Write the sample WET files from the hand-written pages beside this script.

Run from anywhere, with no packages installed:

    python sample/build_sample.py

Reads ``pages.jsonl`` (one page a line: url, date, language, lines) and writes
two files, ``wet/sample-0000[01].warc.wet.gz``, in the layout of Common Crawl's
WET files: a gzip member per record, a warcinfo record first. Pages go to the
files in turn, and every byte follows from ``pages.jsonl`` (packed bytes also
from the version of zlib). A page with ``surplus_length`` makes a damaged
record, which claims that many bytes more than it holds.
"""

import base64
import gzip
import hashlib
import io
import json
import uuid
from pathlib import Path
from typing import NotRequired, TypedDict

SAMPLE_DIR = Path(__file__).resolve().parent
NUM_FILES = 2
WARCINFO_BLOCK = (
    "Software-Info: c4forge sample/build_sample.py\r\n"
    "Extracted-Date: Sat, 10 May 2025 00:00:00 GMT\r\n"
    "robots: none, no site was visited\r\n"
    "isPartOf: C4FORGE-SAMPLE\r\n"
    "operator: c4forge\r\n"
    "description: Invented pages for examples and tests\r\n"
    "publisher: c4forge\r\n"
    "\r\n"
)


class Page(TypedDict):
    """One line of pages.jsonl."""

    url: str
    date: str  # WARC-Date, such as 2025-03-02T08:15:30Z
    language: str  # ISO 639-3, comma-separated if the page has several
    lines: list[str]
    surplus_length: NotRequired[int]


def record_id(role: str, *names: str) -> str:
    """Return the same WARC record id for the same names, as a urn."""
    identifier = uuid.uuid5(uuid.NAMESPACE_URL, " ".join((role, *names)))
    return f"<urn:uuid:{identifier}>"


def block_digest(block: bytes) -> str:
    """Return the SHA-1 of a block, written as Common Crawl writes it."""
    return "sha1:" + base64.b32encode(hashlib.sha1(block).digest()).decode()


def encode_record(headers: dict[str, str], block: bytes) -> bytes:
    """Return one WARC record as a gzip member of its own."""
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    record = f"WARC/1.0\r\n{head}\r\n".encode() + block + b"\r\n\r\n"
    member = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=member, mtime=0) as stream:
        stream.write(record)
    return member.getvalue()


def warcinfo_record(filename: str) -> bytes:
    """Return the record that opens a WET file."""
    block = WARCINFO_BLOCK.encode()
    headers = {
        "WARC-Type": "warcinfo",
        "WARC-Date": "2025-05-10T00:00:00Z",
        "WARC-Filename": filename,
        "WARC-Record-ID": record_id("warcinfo", filename),
        "Content-Type": "application/warc-fields",
        "Content-Length": str(len(block)),
    }
    return encode_record(headers, block)


def conversion_record(page: Page) -> bytes:
    """Return the record that holds the text of a page."""
    block = "".join(line + "\n" for line in page["lines"]).encode()
    url, date = page["url"], page["date"]
    headers = {
        "WARC-Type": "conversion",
        "WARC-Target-URI": url,
        "WARC-Date": date,
        "WARC-Record-ID": record_id("conversion", url, date),
        "WARC-Refers-To": record_id("response", url, date),
        "WARC-Block-Digest": block_digest(block),
        "WARC-Identified-Content-Language": page["language"],
        "Content-Type": "text/plain",
        "Content-Length": str(len(block) + page.get("surplus_length", 0)),
    }
    return encode_record(headers, block)


def main() -> None:
    """Rebuild both files and print their sizes."""
    source = (SAMPLE_DIR / "pages.jsonl").read_bytes()
    pages: list[Page] = [json.loads(line) for line in source.splitlines()]
    wet_dir = SAMPLE_DIR / "wet"
    wet_dir.mkdir(exist_ok=True)
    for number in range(NUM_FILES):
        filename = f"sample-{number:05d}.warc.wet.gz"
        records = [warcinfo_record(filename)]
        records += map(conversion_record, pages[number::NUM_FILES])
        content = b"".join(records)
        (wet_dir / filename).write_bytes(content)
        print(f"{wet_dir / filename}: {len(content):,} bytes")


if __name__ == "__main__":
    main()
