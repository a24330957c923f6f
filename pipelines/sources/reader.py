"""The stored bytes of a part, wherever its file is."""

import errno
import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from pipelines.sources.mirrors import Mirror, open_file
from pipelines.sources.wet_files import Part
from runtime.http.transfers import DownloadError, Transfer, Unreachable
from runtime.storage.files import open_read

LOG = logging.getLogger("c4forge")
_OF_THIS_MACHINE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}


@contextmanager
def open_part(mirror: Mirror | None, part: Part) -> Iterator[BinaryIO]:
    """The file of a part, read from its start or, if it is no crawl's, from anywhere.

    Args:
      mirror: where the files of crawls come from.
    Raises:
      DownloadError: a crawl's file cannot be had, here or while it is read.
      OSError: any other file cannot be read.
    """
    if not part.crawled or mirror is None:
        with open_read(part.path) as stored:
            yield stored
        return
    with _CrawledFile(mirror, part.path) as file:
        yield cast(BinaryIO, file)


def _tell(transfer: Transfer) -> None:
    """A line in the log for each file."""
    LOG.log(logging.WARNING if transfer.failure else logging.INFO, transfer.line())


class _CrawledFile(io.RawIOBase):
    """A file of a mirror, whose errors are DownloadErrors but for those of this machine's disk."""

    def __init__(self, mirror: Mirror, path: str) -> None:
        self._path = path
        try:
            self._file = open_file(mirror, path, _tell)
        except Exception as error:  # each filesystem of Beam raises its own
            raise self._named(error) from error

    def readable(self) -> bool:
        return True

    def read(self, size_bytes: int | None = -1, /) -> bytes:
        """So many of the next bytes; b"" at the end."""
        try:
            return self._file.read(-1 if size_bytes is None else size_bytes)
        except Exception as error:
            raise self._named(error) from error

    def close(self) -> None:
        if hasattr(self, "_file"):
            self._file.close()
        super().close()

    def _named(self, error: Exception) -> Exception:
        if isinstance(error, DownloadError):
            return error
        if isinstance(error, OSError) and error.errno in _OF_THIS_MACHINE:
            return error
        return Unreachable(f"{self._path}: {type(error).__name__}: {error}")
