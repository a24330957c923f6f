"""URLs of a run that are near one that it does not have."""

import difflib
from collections.abc import Callable, Iterator
from itertools import takewhile

from pipelines.explain.work import Work

_SHOWN = 5
_ALIKE = 0.6  # of difflib's ratio, from 0 to 1
_COMPARED = 1000  # URLs, those with the longest common ends
_FEW = 50_000  # URLs of a run that are all looked at
_SHORTEST_PATH = 6  # characters of a path by which URLs of other hosts are looked for


def near_urls(work: Work, normalized: str, normalize: Callable[[str], str]) -> tuple[str, ...]:
    """The URLs of a run most like one, the likest first.

    They are of its host, or have its path; of a small run, any.
    """
    found: dict[str, str] = {}
    for url in _candidates(work, normalized):
        found.setdefault(normalize(url), url)
    likely = sorted(found, key=lambda other: (-_common(normalized, other), other))[:_COMPARED]
    near = difflib.get_close_matches(normalized, likely, _SHOWN, _ALIKE)
    return tuple(found[other] for other in near)


def _candidates(work: Work, normalized: str) -> Iterator[str]:
    host, slash, path = normalized.partition("/")
    parts = [part.number for part in work.cleaned]
    is_small = sum(len(work.records(number).rule) for number in parts) <= _FEW
    asked = [host] + [slash + path] * (len(path) >= _SHORTEST_PATH)
    for number in parts:
        urls = work.records(number).urls.tobytes()
        if is_small:
            yield from urls.decode().splitlines()
            continue
        for text in asked:
            yield from _lines_with(urls, text.encode())


def _lines_with(lines: bytes, text: bytes) -> Iterator[str]:
    """The lines, each ended by a newline, that hold a text."""
    at = lines.find(text) if text else -1
    while at >= 0:
        end = lines.find(b"\n", at)
        yield lines[lines.rfind(b"\n", 0, at) + 1 : end].decode()
        at = lines.find(text, end)


def _common(one: str, other: str) -> int:
    """Characters that they have in common at both ends."""
    start = _common_start(one, other)
    return start + _common_start(one[start:][::-1], other[start:][::-1])


def _common_start(one: str, other: str) -> int:
    return sum(takewhile(bool, map(str.__eq__, one, other)))
