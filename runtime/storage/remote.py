"""What the storage layer asks of a filesystem that is not this machine's."""

import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import BinaryIO, Protocol

_REMOTE = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
Matched = dict[str, tuple[int, float]]
"""By path: size in bytes, modification time in seconds since 1970."""


class StoreError(OSError):
    """An object store that cannot do what was asked; the message names the object and the cure."""


class RemoteFiles(Protocol):
    """A filesystem of paths with a scheme. Every method raises OSError where it fails."""

    def open_read(self, path: str) -> BinaryIO:
        """The stored bytes of a file, which can be sought in."""

    def write(self, path: str) -> AbstractContextManager[BinaryIO]:
        """A file to write, which is there under its name once the block ended without an error."""

    def exists(self, path: str) -> bool:
        """True if a file or folder of that name is there."""

    def size_bytes(self, path: str) -> int:
        """Stored size of a file."""

    def modified(self, path: str) -> float:
        """When a file was written, in seconds since 1970."""

    def make_folder(self, folder: str) -> None:
        """Checks that files can be put there; folders need not be made."""

    def list_files(self, folder: str) -> Matched:
        """The files directly in a folder."""

    def find_files(self, folder: str, names: Sequence[str]) -> list[str]:
        """Paths of the files below a folder that match a glob for each part, sorted."""

    def match(self, pattern: str, names: tuple[str, ...]) -> tuple[Matched, bool]:
        """The files of a file, folder or glob, and whether it is a folder, where names choose."""

    def delete_folder(self, folder: str) -> None:
        """Removes the files of a folder that have a name of ours (`names.MADE`)."""

    def foreign_files(self, folder: str) -> list[str]:
        """Paths of the other files in it, sorted."""

    def delete_file(self, path: str) -> None:
        """Removes a file, if it is there."""

    def delete_leftovers(self, folder: str) -> None:
        """Removes what killed writers left under a folder."""

    def move_folder(self, source: str, target: str) -> None:
        """Moves a folder; one that is there already is replaced."""

    def is_half_moved(self, folder: str) -> bool:
        """True if a move to the folder broke off."""


def is_remote(path: str) -> bool:
    """True for paths with a scheme, as gs:// and s3://."""
    return _REMOTE.match(path) is not None
