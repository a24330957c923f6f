"""Downloaded WET files kept in a folder, in Common Crawl's own layout: it is then a mirror itself.

A file counts as kept once its receipt is there, which is written last and holds its length and
digest. A file without one, or that differs from it, is fetched again.
"""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import replace

from cleaning.wet.inflate import Chunk, DamagedMember, Gap, Trust, inflate
from runtime.http.stream import Report, UrlStream
from runtime.http.transfers import Damaged, Setback, Transfer
from runtime.http.urls import is_relative_path
from runtime.storage.files import (
    atomic_write,
    delete_file,
    exists,
    is_remote,
    join,
    open_read,
    read_bytes,
    size_bytes,
    write_bytes,
)

_COPY_BYTES = 1 << 18
_DOWNLOADS = 3


def kept_path(folder: str, path: str) -> str:
    """Where a file is kept; never outside the folder.

    Raises:
      ValueError: the path, or a link on the way, would lead outside.
    """
    if not is_relative_path(path):
        raise ValueError(f"{path[:120]!r} is no path below {folder}")
    target = join(folder, path)
    if not is_remote(folder):
        inside = os.path.join(os.path.realpath(folder), "")
        if not os.path.realpath(target).startswith(inside):
            raise ValueError(f"{target}: a link leads out of {folder}; remove it")
    return target


def find_kept(folder: str, path: str) -> str | None:
    """Where a file is kept, if it is there and as it came."""
    target = kept_path(folder, path)
    try:
        receipt = json.loads(read_bytes(_receipt(target))) if exists(_receipt(target)) else {}
        is_whole = (
            exists(target)
            and size_bytes(target) == receipt["size_bytes"]
            and _sha256(target) == receipt["sha256"]
        )
    except (ValueError, KeyError, TypeError):
        return None
    return target if is_whole else None


def keep_file(folder: str, path: str, open_stream: Callable[[], UrlStream], report: Report) -> str:
    """Fetches a file into the folder, whole; returns where it is.

    A copy that does not decode to its end is fetched again. If it then comes with the same bytes,
    it is damaged at its source and kept as it is: reading it tells which records are lost.

    Args:
      open_stream: begins the download; called again for each further one.
      report: is told what happened, all downloads in one.
    Raises:
      DownloadError: it cannot be had.
    """
    target = kept_path(folder, path)
    delete_file(_receipt(target))
    seen: set[str] = set()
    before: Transfer | None = None
    for _ in range(_DOWNLOADS):
        with open_stream() as stream:
            try:
                digest = _copy(stream, target)
            finally:
                transfer = _joined(before, stream.transfer)
                if not transfer.is_whole:
                    report(transfer)
        damage = find_damage(target)
        if not damage or digest in seen:
            receipt = {"size_bytes": transfer.size_bytes, "sha256": digest, "damage": damage}
            write_bytes(_receipt(target), json.dumps(receipt).encode())
            report(transfer)
            return target
        seen.add(digest)
        setback = Setback(transfer.size_bytes, damage, 0.0)
        before = replace(transfer, setbacks=(*transfer.setbacks, setback))
    delete_file(target)
    report(replace(transfer, failure=damage))
    raise Damaged(
        f"{transfer.url}: came {_DOWNLOADS} times, each time damaged in another way: {damage}. "
        f"{Damaged.advice}"
    )


def _copy(stream: UrlStream, target: str) -> str:
    digest = hashlib.sha256()
    with atomic_write(target) as file:
        while data := stream.read(_COPY_BYTES):
            digest.update(data)
            file.write(data)
    return digest.hexdigest()


def find_damage(path: str) -> str:
    """What is wrong with a file's gzip members; "" if all decode and agree with their checksums."""
    try:
        with open_read(path) as stream:
            for part in inflate(stream):
                match part:
                    case Gap(reason=reason):
                        return reason
                    case Chunk(trust=trust) if trust is not Trust.SOUND:
                        return "damaged gzip member"
    except DamagedMember:
        return "damaged gzip member"
    return ""


def _joined(before: Transfer | None, now: Transfer) -> Transfer:
    if before is None:
        return now
    return replace(
        now,
        requests=before.requests + now.requests,
        seconds=before.seconds + now.seconds,
        setbacks=before.setbacks + now.setbacks,
    )


def _receipt(target: str) -> str:
    return f"{target}.kept.json"


def _sha256(path: str) -> str:
    with open_read(path) as stream:
        digest = hashlib.sha256()
        while data := stream.read(_COPY_BYTES):
            digest.update(data)
    return digest.hexdigest()
