"""The WET files of a run, from files, globs, folders and @lists on any filesystem of Beam."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, astuple, dataclass

from runtime.errors import UsageError
from runtime.storage.checked import read_checked, write_checked
from runtime.storage.content.texts import read_text
from runtime.storage.files import json_utf8
from runtime.storage.matching import InputError, local_path, match_files
from runtime.storage.remote import Matched, is_remote

_WET_NAMES = ("*.wet.gz", "*.wet", "*.wet.zst", "*.wet.bz2")
_ARCHIVE_NAMES = ("*.warc*", "*.wet*", "*.arc*", "*.wat*")
_OWN_ENDINGS = (".kept.json", ".paths", ".paths.gz")  # of a folder of --keep_wet
_CRAWL_DATA = "crawl-data"
_OF_CRAWL = f"{_CRAWL_DATA}/CC-MAIN-"
_SMALLEST_PART_BYTES = 2 << 20
_LARGEST_PART_BYTES = 256 << 20
_UNKNOWN_END = 1 << 62


@dataclass(frozen=True, slots=True)
class InputFile:
    """One WET file of a run.

    Attributes:
      path: as given; a local one is absolute.
      size_bytes: as stored.
      modified: seconds since 1970; a changed file has another path, size or time.
      crawled: True for a file of a crawl: its path is the crawl's, its size an estimate.
    """

    path: str
    size_bytes: int
    modified: float
    crawled: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """The input of one task: the gzip members of a file that start in a range of its bytes.

    Attributes:
      number: among the run's parts; where equal captures tie, the smaller number wins.
      path, size_bytes, modified: of the file.
      start, end: the range, in stored bytes.
      crawled: True for a file of a crawl, read from its mirror as one part.
    """

    number: int
    path: str
    size_bytes: int
    modified: float
    start: int
    end: int
    crawled: bool = False

    def stored_bytes(self) -> int:
        """Bytes of the file in the range; an estimate for files of crawls."""
        return min(self.end, self.size_bytes) - self.start

    def key(self) -> str:
        """A digest for the names of the part's artifacts. A changed file has another one."""
        return hashlib.sha256(repr(astuple(self)[1:]).encode()).hexdigest()[:20]


def cut_into_parts(files: tuple[InputFile, ...]) -> tuple[Part, ...]:
    """The files cut into parts, so that a few files keep many cores busy.

    A part is about a 64th of the input, between 2 and 256 MiB. Only compressed files are cut: a
    reader can start at any gzip member. Files of crawls are not cut, because they are streamed.
    """
    target = sum(file.size_bytes for file in files) // 64
    target = min(max(target, _SMALLEST_PART_BYTES), _LARGEST_PART_BYTES)
    parts: list[Part] = []
    for file in files:
        if file.crawled:
            end = _UNKNOWN_END
            parts.append(Part(len(parts), file.path, file.size_bytes, 0.0, 0, end, crawled=True))
            continue
        count = max(1, round(file.size_bytes / target)) if file.path.lower().endswith(".gz") else 1
        ends = [file.size_bytes * (i + 1) // count for i in range(count)]
        for start, end in zip([0, *ends], ends, strict=False):
            number = len(parts)
            parts.append(Part(number, file.path, file.size_bytes, file.modified, start, end))
    return tuple(parts)


def listed_name(path: str) -> str:
    """The name of a WET file as Common Crawl lists it, or without its folder: wherever it lies."""
    parts = path.split("/")
    if _CRAWL_DATA not in parts[:-1]:
        return parts[-1]
    last = len(parts) - 1 - parts[::-1].index(_CRAWL_DATA)
    return "/".join(parts[last:])


def write_manifest(path: str, parts: tuple[Part, ...]) -> None:
    """Writes the parts as JSON lines."""
    lines = [json.dumps(asdict(part), ensure_ascii=False) for part in parts]
    write_checked(path, json_utf8("".join(f"{line}\n" for line in lines)))


def read_manifest(path: str) -> tuple[Part, ...]:
    """The parts of a file of `write_manifest`."""
    return tuple(Part(**json.loads(line)) for line in read_checked(path).splitlines())


def find_inputs(patterns: list[str]) -> tuple[InputFile, ...]:
    """The files that the --input values match, each once, ordered by name and then by path.

    Raises:
      InputError: a value matches no file.
    """
    found: Matched = {}
    for value in _values(patterns):
        found |= match_files("--input", value, _WET_NAMES)
    ordered = sorted(found.items(), key=lambda item: (os.path.basename(item[0]), item[0]))
    return tuple(InputFile(path, size, modified) for path, (size, modified) in ordered)


def find_left_out(patterns: list[str], files: Iterable[InputFile]) -> list[str]:
    """Files of the folders that --input names which look like archives, but are not among `files`.

    Only local folders are looked at.
    """
    found: Matched = {}
    for value in patterns:
        path = os.path.expanduser(value)
        if not is_remote(path) and os.path.isdir(path):
            with suppress(InputError):
                found |= match_files("--input", value, _ARCHIVE_NAMES)
    left = found.keys() - {file.path for file in files}
    return sorted(path for path in left if not path.endswith(_OWN_ENDINGS))


def _values(patterns: list[str]) -> Iterator[str]:
    """The values, and those of the lists among them."""
    for pattern in patterns:
        if not pattern.startswith("@"):
            yield pattern
            continue
        for value in _read_list(pattern[1:]):
            try:
                yield local_path(value)
            except UsageError as error:
                raise InputError(f"--input={pattern}: {error}") from None


def _read_list(path: str) -> list[str]:
    try:
        text = read_text(os.path.expanduser(path))
    except (OSError, UsageError) as error:
        raise InputError(f"--input=@{path}: the list cannot be read: {error}") from None
    lines = [line.strip() for line in text.splitlines()]
    values = [line for line in lines if line and not line.startswith("#")]
    if not values:
        raise InputError(f"--input=@{path}: the list is empty; expected a path or glob a line")
    if values[0].startswith(_OF_CRAWL) and not os.path.exists(values[0]):
        crawl = values[0].split("/")[1]
        raise InputError(
            f"--input=@{path}: {values[0]} is not here; this is the list of a crawl: give "
            f"--crawl={crawl} instead, or run where its folder crawl-data is"
        )
    return values
