"""A cache of downloaded files in a folder, in Common Crawl's own layout: it can serve as a mirror.

A file is cached once its receipt has its length and digest, which are written last. A file that
differs from its receipt is downloaded again; one without any receipt was not made here.
"""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import replace

from cleaning.wet.chunks import Chunk, DamagedMember, Gap, Trust
from cleaning.wet.inflate import inflate
from runtime.errors import UsageError
from runtime.http.stream import Report, UrlStream
from runtime.http.transfers import Damaged, FailedRequest, Transfer
from runtime.http.urls import is_relative_path
from runtime.storage.files import (
    atomic_write,
    delete_file,
    exists,
    join,
    open_read,
    read_bytes,
    size_bytes,
    write_bytes,
)
from runtime.storage.remote import is_remote

_COPY_BYTES = 1 << 18
_DOWNLOADS = 3


def cached_path(folder: str, path: str) -> str:
    """The path of a file in the cache, always below the folder.

    Raises:
      UsageError: the path, or a link on the way, leads out of the folder.
    """
    if not is_relative_path(path):
        raise UsageError(f"{path[:120]!r}: expected a path below {folder}")
    target = join(folder, path)
    if not is_remote(folder):
        inside = os.path.join(os.path.realpath(folder), "")
        if not os.path.realpath(target).startswith(inside):
            raise UsageError(f"{target}: a link leads out of {folder}; remove it")
    return target


def find_cached(folder: str, path: str) -> str | None:
    """The path of a file in the cache; None unless it is there and equals its receipt."""
    target = cached_path(folder, path)
    try:
        receipt = json.loads(read_bytes(_receipt(target))) if exists(_receipt(target)) else {}
        is_complete = (
            exists(target)
            and size_bytes(target) == receipt["size_bytes"]
            and _sha256(target) == receipt["sha256"]
        )
    except (ValueError, KeyError, TypeError):
        return None
    return target if is_complete else None


def cache_file(folder: str, path: str, open_stream: Callable[[], UrlStream], report: Report) -> str:
    """Downloads a file into the folder; returns its path.

    A file that does not decode to its end is downloaded again. If the same bytes arrive, the file
    is damaged at its source and is cached as it is: its readers count the lost records.

    Args:
      open_stream: starts a download; called once for each.
      report: called with all downloads as one transfer.
    Raises:
      UsageError: a file is there already that was not cached here.
      DownloadError: the file cannot be downloaded, or arrives damaged in several ways.
    """
    target = cached_path(folder, path)
    _begin(target)
    try:
        return _download(target, open_stream, report)
    except BaseException:
        if not exists(target):
            delete_file(_receipt(target))
        raise


def _download(target: str, open_stream: Callable[[], UrlStream], report: Report) -> str:
    """Downloads a file, and writes its receipt; as `cache_file`."""
    seen: set[str] = set()
    before: Transfer | None = None
    for _ in range(_DOWNLOADS):
        with open_stream() as stream:
            try:
                digest = _copy(stream, target)
            finally:
                transfer = _joined(before, stream.transfer)
                if not transfer.is_complete:
                    report(transfer)
        damage = find_damage(target)
        if not damage or digest in seen:
            receipt = {"size_bytes": transfer.size_bytes, "sha256": digest, "damage": damage}
            write_bytes(_receipt(target), json.dumps(receipt).encode())
            report(transfer)
            return target
        seen.add(digest)
        failed = FailedRequest(transfer.size_bytes, damage, 0.0)
        before = replace(transfer, failed_requests=(*transfer.failed_requests, failed))
    delete_file(target)
    report(replace(transfer, failure=damage))
    raise Damaged(
        f"{transfer.url}: downloaded {_DOWNLOADS} times, each time damaged in another way: "
        f"{damage}. {Damaged.advice}"
    )


def _begin(target: str) -> None:
    """Writes a receipt without a digest: from now on the file is ours.

    Raises:
      UsageError: it is there, and has no receipt.
    """
    if exists(target) and not exists(_receipt(target)):
        raise UsageError(
            f"{target} is there, but --keep_wet did not download it; it is not replaced. Move it "
            "away, or give another --keep_wet"
        )
    write_bytes(_receipt(target), b"{}")


def _copy(stream: UrlStream, target: str) -> str:
    digest = hashlib.sha256()
    with atomic_write(target) as file:
        while data := stream.read(_COPY_BYTES):
            digest.update(data)
            file.write(data)
    return digest.hexdigest()


def find_damage(path: str) -> str:
    """The damage of a file's gzip members; "" if all decode and agree with their checksums."""
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
        failed_requests=before.failed_requests + now.failed_requests,
    )


def _receipt(target: str) -> str:
    return f"{target}.kept.json"  # the name that folders of earlier versions have


def _sha256(path: str) -> str:
    with open_read(path) as stream:
        digest = hashlib.sha256()
        while data := stream.read(_COPY_BYTES):
            digest.update(data)
    return digest.hexdigest()
