"""Files of object stores, as `RemoteFiles`: s3:// and gs://.

A store has objects, no folders and no renaming. An object is there as a whole or not at all. A
folder is moved by copying its files; those that say that the others are there come last, and are
the first to be removed.
"""

import io
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar, cast

import pyarrow as pa
from pyarrow import fs

from runtime.storage.names import HAS_GLOB, MADE, as_regex, is_named
from runtime.storage.positions import SeekableReader
from runtime.storage.remote import Matched, StoreError
from runtime.storage.stores import call, split

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

ResultT = TypeVar("ResultT")
_IN_MEMORY_BYTES = 16 << 20  # of a file that is written; more goes through a temporary file
_FIRST_BYTES, _MOST_BYTES = 64 << 10, 8 << 20  # read at a time
_THREADS = 16
_MOVING = ".moving"
# Written last, read first: without them what is beside them is not taken for whole.
_PROOFS = re.compile(
    r"(config|contents|dataset_info|shards)\.json|.*\.(receipt\.json|signatures\.npz)"
)


class _ObjectReader(SeekableReader):
    """An object's bytes. Each request asks for more than the last while they follow one another."""

    def __init__(self, path: str) -> None:
        _, key = split(path)
        self._file = call(path, lambda store: _opened(store, key))
        super().__init__(path, self._file.size())
        self._start, self._step = 0, _FIRST_BYTES
        self._ahead = memoryview(b"")

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Fills the buffer; returns the number of bytes, 0 at the end."""
        target = memoryview(buffer).cast("B")
        end = self._start + len(self._ahead)
        if not self._start <= self._at < end:
            self._step = min(2 * self._step, _MOST_BYTES) if self._at == end else _FIRST_BYTES
            self._ahead = self._fetch(max(len(target), self._step))
            self._start = self._at
        first = self._at - self._start
        found = self._ahead[first : first + len(target)]
        target[: len(found)] = found
        self._at += len(found)
        return len(found)

    def readall(self) -> bytes:
        parts = []
        while self._at < self._size and (data := self._fetch(_MOST_BYTES)):
            parts.append(data)
            self._at += len(data)
        return b"".join(parts)

    def _fetch(self, count: int) -> memoryview:
        count = min(count, self._size - self._at)
        if count <= 0:
            return memoryview(b"")

        def read(_: fs.FileSystem) -> bytes:
            self._file.seek(self._at)
            return cast(bytes, self._file.read(count))

        return memoryview(call(self._path, read))

    def close(self) -> None:
        if not self.closed and hasattr(self, "_file"):
            self._file.close()
        super().close()


def _opened(store: fs.FileSystem, key: str) -> pa.NativeFile:
    file = store.open_input_file(key)
    if file.closed:  # as Arrow leaves a file of GCS whose first bytes do not come
        raise OSError("UNAVAILABLE: no bytes come")
    return file


class ObjectFiles:
    """`RemoteFiles` of object stores."""

    def open_read(self, path: str) -> BinaryIO:
        return io.BufferedReader(_ObjectReader(path), _FIRST_BYTES)

    @contextmanager
    def write(self, path: str) -> Iterator[BinaryIO]:
        """A local file that is uploaded when the block ends; so all of it can be tried again."""
        split(path)
        with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as stream:
            yield cast(BinaryIO, stream)
            _upload(path, stream)

    def exists(self, path: str) -> bool:
        kind = _info(path).type
        return kind == fs.FileType.File or (kind == fs.FileType.Directory and _holds_file(path))

    def size_bytes(self, path: str) -> int:
        return int(_file_info(path).size)

    def modified(self, path: str) -> float:
        return float(_file_info(path).mtime_ns) / 1e9

    def make_folder(self, folder: str) -> None:
        """Checks the bucket: no other folder need be made."""
        _check_bucket(folder)

    def list_files(self, folder: str) -> Matched:
        return _listed(folder, recursive=False)

    def find_files(self, folder: str, names: Sequence[str]) -> list[str]:
        matches = re.compile(as_regex("/".join(names))).fullmatch
        start = len(folder.rstrip("/")) + 1
        return sorted(path for path in _listed(folder) if matches(path[start:]))

    def match(self, pattern: str, names: tuple[str, ...]) -> tuple[Matched, bool]:
        info = _info(pattern)
        if info.type == fs.FileType.File and not pattern.endswith("/"):
            return {pattern: _status(info)}, False
        if info.type == fs.FileType.NotFound:
            _check_bucket(pattern)
        if info.type == fs.FileType.Directory or pattern.endswith("/"):
            found = _listed(pattern)
            return {path: found[path] for path in sorted(found) if is_named(path, names)}, True
        if not (glob := HAS_GLOB.search(pattern)):
            return {}, False
        folder = pattern[: glob.start()].rpartition("/")[0]
        matches = re.compile(as_regex(pattern[len(folder) + 1 :])).fullmatch
        found = _listed(folder, recursive="/" in pattern[glob.start() :] or "**" in pattern)
        chosen = (path for path in sorted(found) if matches(path[len(folder) + 1 :]))
        return {path: found[path] for path in chosen}, False

    def delete_folder(self, folder: str) -> None:
        if _info(folder).type != fs.FileType.Directory:
            return
        paths = _listed(folder)
        _in_threads(self.delete_file, [path for path in paths if _is_proof(path)])
        if not all(map(_is_made, paths)):
            made = [path for path in paths if _is_made(path) and not _is_proof(path)]
            _in_threads(self.delete_file, made)
        elif _info(folder).type == fs.FileType.Directory:  # which it need not be without them
            _, key = split(folder)
            _tolerant(folder, lambda store: store.delete_dir(key))

    def foreign_files(self, folder: str) -> list[str]:
        return sorted(path for path in _listed(folder) if not _is_made(path))

    def delete_file(self, path: str) -> None:
        _, key = split(path)
        _tolerant(path, lambda store: store.delete_file(key))

    def delete_leftovers(self, folder: str) -> None:
        """Nothing is left: what is not uploaded to its end is no object."""

    def move_folder(self, source: str, target: str) -> None:
        _upload(f"{target}{_MOVING}", io.BytesIO(source.encode()))
        self.delete_folder(target)
        paths = _listed(source)
        for are_proofs in (False, True):
            copied = [path for path in paths if _is_proof(path) is are_proofs]
            _in_threads(partial(_copy, source=source, target=target), copied)
        self.delete_file(f"{target}{_MOVING}")
        self.delete_folder(source)

    def is_half_moved(self, folder: str) -> bool:
        return self.exists(f"{folder}{_MOVING}")


def _is_proof(path: str) -> bool:
    return _PROOFS.fullmatch(path.rpartition("/")[2]) is not None


def _is_made(path: str) -> bool:
    return MADE.fullmatch(path.rpartition("/")[2]) is not None


def _info(path: str) -> fs.FileInfo:
    _, key = split(path)
    return call(path, lambda store: store.get_file_info(key))


def _check_bucket(path: str) -> None:
    bucket = "/".join(path.split("/")[:3])
    if _info(bucket).type == fs.FileType.NotFound:
        raise StoreError(f"there is no bucket {bucket}; make it first, or check name and endpoint")


def _file_info(path: str) -> fs.FileInfo:
    info = _info(path)
    if info.type != fs.FileType.File:
        raise FileNotFoundError(2, "there is no such object", path)
    return info


def _status(info: fs.FileInfo) -> tuple[int, float]:
    return int(info.size), float(info.mtime_ns or 0) / 1e9


def _listed(folder: str, recursive: bool = True) -> Matched:
    """The files below a folder; the listing of a store comes in pages, which the library turns."""
    scheme, key = split(folder)
    chosen = fs.FileSelector(key, allow_not_found=True, recursive=recursive)
    infos = call(folder, lambda store: store.get_file_info(chosen))
    return {f"{scheme}://{i.path}": _status(i) for i in infos if i.type == fs.FileType.File}


def _holds_file(folder: str) -> bool:
    """True if a folder is more than the empty objects that mark folders."""
    scheme, key = split(folder)
    chosen = fs.FileSelector(key, allow_not_found=True)
    infos = call(folder, lambda store: store.get_file_info(chosen))
    if any(info.type == fs.FileType.File for info in infos):
        return True
    return any(_holds_file(f"{scheme}://{i.path}") for i in infos)


def _upload(path: str, stream: Any) -> None:
    """Writes an object from a local file, in a thread, where no signal ends it half-way.

    Arrow completes an object whose stream is dropped, so everything is written with one call.
    """
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    is_on_disk = size > _IN_MEMORY_BYTES
    data = pa.memory_map(f"/proc/self/fd/{stream.fileno()}") if is_on_disk else None
    buffer = data.read_buffer() if data else pa.py_buffer(stream.read())
    _, key = split(path)

    def write(store: fs.FileSystem) -> None:
        target = store.open_output_stream(key, compression=None)  # not by its name
        target.write(buffer)
        target.close()

    _in_threads(lambda place: call(place, write), [path])


def _copy(path: str, source: str, target: str) -> None:
    _, key = split(path)
    _, new = split(f"{target.rstrip('/')}/{path[len(source.rstrip('/')) + 1 :]}")
    call(path, lambda store: store.copy_file(key, new))


def _tolerant(path: str, work: Callable[[fs.FileSystem], object]) -> None:
    """Removes what may be gone already."""
    with suppress(FileNotFoundError):
        call(path, work)


def _in_threads(work: Callable[[str], ResultT], paths: Sequence[str]) -> None:
    """Does the work for every path; the first error is raised when all have ended."""
    with ThreadPoolExecutor(min(_THREADS, len(paths) or 1)) as pool:
        for future in [pool.submit(work, path) for path in paths]:
            future.result()
