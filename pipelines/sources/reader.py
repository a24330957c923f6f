"""The stored bytes of a part, from a local file, a bucket or a mirror."""

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
_DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}


@contextmanager
def open_part(mirror: Mirror | None, part: Part) -> Iterator[BinaryIO]:
    """The file of a part as a stream. A crawl's file can only be read from its start on.

    Args:
      mirror: the source of crawls' files.
    Raises:
      DownloadError: a crawl's file cannot be read, here or later.
      OSError: any other file cannot be read.
    """
    if not part.crawled or mirror is None:
        with open_read(part.path) as stored:
            yield stored
        return
    with _CrawledFile(mirror, part.path) as file:
        yield cast(BinaryIO, file)


def _log(transfer: Transfer) -> None:
    """Writes a line to the log for each file."""
    LOG.log(logging.WARNING if transfer.failure else logging.INFO, transfer.line())


class _CrawledFile(io.RawIOBase):
    """A file of a mirror. Its errors are DownloadErrors, except those of this machine's disk."""

    def __init__(self, mirror: Mirror, path: str) -> None:
        self._path = path
        try:
            self._file = open_file(mirror, path, _log)
        except Exception as error:  # each filesystem of Beam raises its own
            raise self._as_download_error(error) from error

    def readable(self) -> bool:
        return True

    def read(self, size_bytes: int | None = -1, /) -> bytes:
        """The next bytes, at most so many; b"" at the end."""
        try:
            return self._file.read(-1 if size_bytes is None else size_bytes)
        except Exception as error:
            raise self._as_download_error(error) from error

    def close(self) -> None:
        if hasattr(self, "_file"):
            self._file.close()
        super().close()

    def _as_download_error(self, error: Exception) -> Exception:
        if isinstance(error, DownloadError):
            return error
        if isinstance(error, OSError) and error.errno in _DISK_ERRORS:
            return error
        return Unreachable(f"{self._path}: {type(error).__name__}: {error}")
