"""Readers with a position: what is the same in each that can be sought in."""

import io


class SeekableReader(io.RawIOBase):
    """The position of a reader; a subclass reads from there.

    Args:
      path: of the file, for errors.
      size_bytes: of its content.
    """

    def __init__(self, path: str, size_bytes: int) -> None:
        self._path, self._size, self._at = path, size_bytes, 0

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def tell(self) -> int:
        """The position."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Goes to a position, which may be behind the end; returns it.

        Raises:
          ValueError: it is negative.
        """
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError(f"{self._path}: a negative position, {base + offset}")
        self._at = base + offset
        return self._at
