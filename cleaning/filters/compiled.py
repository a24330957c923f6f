"""Functions that numba compiles, once for a machine; the machine code is kept in the user's cache.

numba sees neither that a function which another one calls has changed, nor a constant of another
module, nor a damaged file. So the folder has a digest of all of cleaning in its name, and a list of
checksums: machine code of other sources is never loaded, and damaged files are made again.
"""

import atexit
import functools
import hashlib
import json
import os
import platform
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np
import platformdirs
from numpy.typing import NDArray

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])
_CHECKSUMS = "checksums.json"
_njit: Any = numba.njit  # its types lack `_nrt`, the count of references


def compiled(function: FunctionT) -> FunctionT:
    """The function as machine code, made at its first call.

    It takes numbers, arrays and named tuples of arrays. An index is not checked: who writes such a
    function states how long its arrays are.
    """
    return _compiled(function, counts_references=True)


def compiled_in_place(function: FunctionT) -> FunctionT:
    """The same, for a function that makes no array: it only writes to those that it is given.

    It counts no references to arrays. With them, each slice and each call of a step takes some ten
    nanoseconds: more than most lines of a page.
    """
    return _compiled(function, counts_references=False)


def _compiled(function: FunctionT, counts_references: bool) -> FunctionT:
    folder = code_folder()
    if not folder:  # none can be written: every process compiles for itself
        return cast(FunctionT, _njit(_nrt=counts_references)(function))
    before, numba.config.CACHE_DIR = numba.config.CACHE_DIR, folder
    try:
        return cast(FunctionT, _njit(cache=True, _nrt=counts_references)(function))
    finally:
        numba.config.CACHE_DIR = before


@functools.cache
def code_folder() -> str:
    """Of the machine code of these sources, free of damaged files; "" if none can be written."""
    digest = hashlib.sha256(f"{platform.python_version()} {numba.__version__}".encode())
    for path in sorted(Path(__file__).parents[1].rglob("*.py")):
        digest.update(path.read_bytes())
    own = os.environ.get("C4FORGE_CACHE") or platformdirs.user_cache_dir("c4forge")
    folder = Path(numba.config.CACHE_DIR or own, f"compiled-{digest.hexdigest()[:16]}")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _remove_damaged(folder)
    except OSError:
        return ""
    atexit.register(list_checksums)
    return str(folder) if os.access(folder, os.W_OK) else ""


def _checksums(folder: Path) -> dict[str, str]:
    """The sha256 of each file of machine code, by its path in the folder."""
    files = sorted(path for path in folder.rglob("*.nb[ci]") if path.is_file())
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def _remove_damaged(folder: Path) -> None:
    """Removes all machine code if a file of it is not as it was listed."""
    listed = folder / _CHECKSUMS
    try:
        stated = dict(json.loads(listed.read_bytes())) if listed.exists() else {}
    except ValueError:
        stated = {"": ""}
    found = _checksums(folder)
    if stated.items() <= found.items():
        return
    for name in (*found, _CHECKSUMS):
        with suppress(FileNotFoundError):  # another process may remove them, too
            (folder / name).unlink()


def is_listed() -> bool:
    """True if machine code of these sources was made before, by a process that listed it."""
    return bool(code_folder()) and Path(code_folder(), _CHECKSUMS).exists()


def list_checksums() -> None:
    """Lists the machine code that was made so far, so that its damage is known from now on."""
    if not code_folder():
        return
    folder = Path(code_folder())
    with suppress(OSError):  # without the list, damage is not known
        data = json.dumps(_checksums(folder), indent=1).encode()
        if not (folder / _CHECKSUMS).exists() or (folder / _CHECKSUMS).read_bytes() != data:
            written = folder / f"{_CHECKSUMS}.{uuid.uuid4().hex}"
            written.write_bytes(data)
            written.replace(folder / _CHECKSUMS)


def inlined(function: FunctionT) -> FunctionT:
    """The same, for a step of such functions: a call would pass each field of each array.

    It makes no array and gives none back.
    """
    return cast(FunctionT, _njit(forceinline=True, _nrt=False)(function))


@inlined
def character_at(utf8: NDArray[np.uint8], at: int) -> tuple[int, int]:
    """A character of valid UTF-8, and the number of its bytes."""
    if utf8[at] < 0x80:
        return np.int32(utf8[at]), 1
    first, second = np.int32(utf8[at]), np.int32(utf8[at + 1]) & 0x3F
    if first < 0xE0:
        return (first & 0x1F) << 6 | second, 2
    third = np.int32(utf8[at + 2]) & 0x3F
    if first < 0xF0:
        return (first & 0x0F) << 12 | second << 6 | third, 3
    fourth = np.int32(utf8[at + 3]) & 0x3F
    return (first & 0x07) << 18 | second << 12 | third << 6 | fourth, 4
