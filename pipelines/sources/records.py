"""Records of a WET file read again, each at the place where it was found."""

from collections.abc import Collection, Iterator
from typing import BinaryIO

from cleaning.wet.chunks import DamagedMember
from cleaning.wet.inflate import inflate
from cleaning.wet.records import Record, read_records
from pipelines.sources.cache import find_cached
from pipelines.sources.mirrors import Mirror, open_file
from pipelines.sources.wet_files import Part
from runtime.http.urls import is_http
from runtime.storage.files import exists, modified, open_read, size_bytes

Place = tuple[int, int]
"""Of a record: of its gzip member in the stored file, and within the member's bytes."""


class NotReadable(Exception):
    """A file whose records cannot be read again; the message says why."""


def read_places(
    mirror: Mirror | None, part: Part, places: Collection[Place]
) -> Iterator[tuple[Place, Record]]:
    """The records of a part's file that begin at these places, as they are framed there.

    A place without a record is left out: the file is another one by now. Gzip members are read from
    theirs on; where that finds none, as in files of one member, the file is read from its start.

    Args:
      mirror: the source of crawls' files.
    Raises:
      NotReadable: the file is not here, has changed, or is damaged there.
    """
    left = set(places)
    try:
        with _open_stored(mirror, part) as stored:
            for place in sorted(left):
                if place in left:
                    for found, record in _read_from(stored, place[0], place[0], left):
                        left.remove(found)
                        yield found, record
                    if place in left:
                        break
            if left:
                for found, record in _read_from(stored, 0, max(left)[0], left):
                    left.remove(found)
                    yield found, record
    except (OSError, DamagedMember) as error:
        raise NotReadable(f"{part.path} cannot be read: {error}") from None


def _read_from(
    stored: BinaryIO, start: int, last: int, wanted: Collection[Place]
) -> Iterator[tuple[Place, Record]]:
    """The wanted records from a byte of the file on, up to those that begin at `last`."""
    stored.seek(0)
    for found in read_records(inflate(stored, start, last + 1)):
        if found.offset > last:
            return
        if isinstance(found, Record) and (found.offset, found.within) in wanted:
            yield (found.offset, found.within), found


def _open_stored(mirror: Mirror | None, part: Part) -> BinaryIO:
    """The file of a part, for random access.

    Raises:
      NotReadable: it is not here, or is another one by now.
    """
    if not part.crawled:
        if not exists(part.path):
            raise NotReadable(f"{part.path} is no longer there")
        if (size_bytes(part.path), modified(part.path)) != (part.size_bytes, part.modified):
            raise NotReadable(f"{part.path} is another file by now")
        return open_read(part.path)
    if mirror is not None and not is_http(mirror.base):
        return open_file(mirror, part.path)
    if mirror is not None and mirror.keep and (cached := find_cached(mirror.keep, part.path)):
        return open_read(cached)
    raise NotReadable(f"{part.path} is not kept on this machine; --keep_wet keeps a crawl's files")
