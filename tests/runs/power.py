"""A loss of power: what was not synced is gone, files that keep their names included."""

import os
import random
import shutil
from pathlib import Path


class PowerLost(BaseException):
    """The power is gone: no handler may tidy up what is on the disk."""


class Disk:
    """Knows what of a folder is on the disk: it hears of syncs and of new names.

    At a chosen one of these the power fails: a copy of the folder is made, in which all is lost
    that a disk may lose.

    Args:
      monkeypatch: of the test.
      folder: that is written.
      copy: what is left when the power is back.
      fails_at: number of the call at which it fails, from 1.
      chance: decides how much is left of a file that was not synced.
    """

    def __init__(
        self, monkeypatch, folder: Path, copy: Path, fails_at: int, chance: random.Random
    ) -> None:
        self._folder, self._copy, self._chance = folder, copy, chance
        self._fails_at, self.calls, self.lost = fails_at, 0, 0
        self._synced: dict[int, tuple[int, int]] = {}  # size and time, by inode
        self._named: list[tuple[str, str]] = []  # whose folder was not synced since
        for name in ("fsync", "replace", "rename"):
            monkeypatch.setattr(os, name, self._hearing(name, getattr(os, name)))

    def _hearing(self, name: str, real):
        def call(*arguments: object) -> None:
            real(*arguments)
            if name == "fsync":
                self._sync(os.fstat(arguments[0]), os.readlink(f"/proc/self/fd/{arguments[0]}"))
            else:
                self._named.append((str(arguments[0]), str(arguments[1])))
            self.calls += 1
            if self.calls == self._fails_at:
                self._fail()
                raise PowerLost

        return call

    def _sync(self, status: os.stat_result, path: str) -> None:
        self._synced[status.st_ino] = (status.st_size, status.st_mtime_ns)
        self._named = [pair for pair in self._named if os.path.dirname(pair[1]) != path]

    def _fail(self) -> None:
        shutil.copytree(self._folder, self._copy)
        for path in list(self._folder.rglob("*")):
            status = path.stat()
            found = self._synced.get(status.st_ino)
            if path.is_file() and found != (status.st_size, status.st_mtime_ns):
                self._lose(self._copy / path.relative_to(self._folder))
        for source, target in reversed(self._named):
            here, there = (self._copy / os.path.relpath(p, self._folder) for p in (source, target))
            if there.is_dir() and not here.exists():
                there.rename(here)
            elif there.is_file():
                there.unlink()
                self.lost += 1

    def _lose(self, path: Path) -> None:
        """Some of the end of a file is not there, or is there as zeros."""
        size = path.stat().st_size
        kept = self._chance.choice((0, self._chance.randrange(size + 1)))
        with path.open("r+b") as stream:
            stream.truncate(kept)
            if self._chance.random() < 0.5:
                stream.truncate(size)
        self.lost += 1
