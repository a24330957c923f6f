"""Files of Beam's filesystems, as hdfs://; those of S3 and GCS are in `objects`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO, cast

from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

from runtime.errors import UsageError
from runtime.storage.names import LEFTOVER, MADE, TEMPORARY, temporary_name
from runtime.storage.remote import Matched


class BeamFiles:
    """`RemoteFiles` of Beam. Its errors are Beam's, of several kinds.

    Args:
      scheme: of the paths, as "hdfs".
    Raises:
      UsageError: Beam has no filesystem of this scheme.
    """

    def __init__(self, scheme: str) -> None:
        try:
            FileSystems.get_filesystem(f"{scheme}://")
        except ValueError:
            raise UsageError(
                f"{scheme}://: no filesystem has this scheme; expected a local path, s3:// or "
                "gs://, or one of Apache Beam's, as hdfs://"
            ) from None

    def open_read(self, path: str) -> BinaryIO:
        stream = FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED)
        return cast(BinaryIO, stream)

    @contextmanager
    def write(self, path: str) -> Iterator[BinaryIO]:
        temporary = temporary_name(path)
        kind = CompressionTypes.UNCOMPRESSED
        with FileSystems.create(temporary, compression_type=kind) as stream:
            yield cast(BinaryIO, stream)
        self.delete_file(path)
        FileSystems.rename([temporary], [path])

    def exists(self, path: str) -> bool:
        return bool(FileSystems.exists(path))

    def size_bytes(self, path: str) -> int:
        return int(FileSystems.match([path])[0].metadata_list[0].size_in_bytes)

    def modified(self, path: str) -> float:
        matched = FileSystems.match([path])[0].metadata_list[0]
        return float(matched.last_updated_in_seconds or 0.0)

    def make_folder(self, folder: str) -> None:
        """Beam's filesystems make folders with their files."""

    def list_files(self, folder: str) -> Matched:
        return self.match(f"{folder.rstrip('/')}/*", ())[0]

    def find_files(self, folder: str, names: Sequence[str]) -> list[str]:
        matches = FileSystems.match(["/".join([folder.rstrip("/"), *names])])[0].metadata_list
        depth = folder.rstrip("/").count("/") + len(names)  # a star may match folders too
        return sorted(match.path for match in matches if match.path.count("/") == depth)

    def match(self, pattern: str, names: tuple[str, ...]) -> tuple[Matched, bool]:
        of_folder = pattern.endswith("/")
        cased = dict.fromkeys(cased for name in names for cased in (name, name.upper()))
        globs = [f"{pattern.rstrip('/')}/*{name}" for name in cased] if of_folder else [pattern]
        try:
            matched = [m for result in FileSystems.match(globs) for m in result.metadata_list]
        except Exception as error:  # each filesystem of Beam raises its own
            raise OSError(str(error)) from error
        found = {m.path: (m.size_in_bytes, m.last_updated_in_seconds or 0.0) for m in matched}
        return found, of_folder

    def delete_folder(self, folder: str) -> None:
        made, foreign = self._below(folder)
        if FileSystems.exists(folder):
            FileSystems.delete(made if foreign else [folder])

    def foreign_files(self, folder: str) -> list[str]:
        return self._below(folder)[1]

    def _below(self, folder: str) -> tuple[list[str], list[str]]:
        """Paths of our files under a folder, and of those of others."""
        found = FileSystems.match([f"{folder.rstrip('/')}/**"])[0].metadata_list
        made: dict[bool, list[str]] = {True: [], False: []}
        for path in sorted(match.path for match in found):
            made[MADE.fullmatch(path.rpartition("/")[2]) is not None].append(path)
        return made[True], made[False]

    def delete_file(self, path: str) -> None:
        if FileSystems.exists(path):
            FileSystems.delete([path])

    def delete_leftovers(self, folder: str) -> None:
        globs = [f"{folder.rstrip('/')}/**{TEMPORARY}*"]
        paths = [match.path for match in FileSystems.match(globs)[0].metadata_list]
        if leftovers := [path for path in paths if LEFTOVER.fullmatch(path.rpartition("/")[2])]:
            FileSystems.delete(leftovers)

    def move_folder(self, source: str, target: str) -> None:
        self.delete_folder(target)
        FileSystems.rename([source], [target])

    def is_half_moved(self, folder: str) -> bool:
        return False
