"""The ways in which the server of these tests misbehaves, by the first step of a path."""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.runtime.http.server import Handler

CLOUDFRONT_BLOCK = b"""<HTML><HEAD><TITLE>ERROR: The request could not be satisfied</TITLE></HEAD>
<BODY><H1>403 ERROR</H1>Request blocked. We can't connect to the server for this app or website at
this time. There might be too much traffic or a configuration error.</BODY></HTML>"""
S3_SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message>"
S3_DENIED = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
DATE = "Mon, 24 Nov 2025 12:00:00 GMT"


def _resets(handler: "Handler", _: str) -> None:
    if handler.file(cut=len(handler.data) * 2 // 5):
        handler.site.over.wait(0.05)  # until the client has what was sent: a reset discards it
        handler.reset()


def _truncates(handler: "Handler", _: str) -> None:
    if handler.file(cut=len(handler.data) * 2 // 5):
        handler.hang_up()


def _ignores_ranges(handler: "Handler", _: str) -> None:
    if handler.file(cut=len(handler.data) // 2 if handler.turn < 2 else None, ranges=False):
        handler.hang_up()


def _untagged(handler: "Handler", _: str) -> None:
    if handler.file(cut=len(handler.data) // 2 if not handler.turn else None, ETag=None):
        handler.hang_up()


def _overstates(handler: "Handler", _: str) -> None:
    handler.file(longer=1000)
    handler.hang_up()


def _understates(handler: "Handler", _: str) -> None:
    handler.file(longer=-100)


def _chunked(handler: "Handler", _: str) -> None:
    """In chunks; the first time the last chunk is missing."""
    handler.head(200, {"Transfer-Encoding": "chunked", "ETag": '"same"'})
    for at in range(0, len(handler.data), 10_000):
        part = handler.data[at : at + 10_000]
        handler.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
    if handler.turn:
        handler.wfile.write(b"0\r\n\r\n")
    else:
        handler.hang_up()


def _unsized(handler: "Handler", _: str) -> None:
    handler.head(200, {"Connection": "close"})
    handler.wfile.write(handler.data)
    handler.hang_up()


def _changes(handler: "Handler", _: str) -> None:
    """Another file from the second request on."""
    if handler.turn:
        handler.data = handler.data[::-1]
        handler.file()
    else:
        handler.file(cut=len(handler.data) // 2)
        handler.hang_up()


def _changes_between(handler: "Handler", _: str) -> None:
    """Another file from the second request on, which is cut before the reader is where it was."""
    if handler.turn:
        handler.data = handler.data[::-1]
    if handler.file(cut=len(handler.data) // (2, 4)[handler.turn] if handler.turn < 2 else None):
        handler.hang_up()


def _moved(handler: "Handler", path: str) -> None:
    handler.answer(302, Location=f"/plain/{path}")


def _loop(handler: "Handler", _: str) -> None:
    handler.answer(301, b"moved", Location=handler.path)


def _elsewhere(handler: "Handler", path: str) -> None:
    handler.answer(307, Location=handler.site.aims[path])


def _stalls(handler: "Handler", _: str) -> None:
    """Half the file, then silence, the first time."""
    if handler.file(cut=None if handler.turn else len(handler.data) // 2):
        handler.wfile.flush()
        handler.site.over.wait(30)
        handler.hang_up()


def _drips(handler: "Handler", _: str) -> None:
    """A byte at a time, forever, the first time."""
    if rest := handler.file(cut=None if handler.turn else 10):
        with suppress(OSError):
            for byte in rest:
                handler.wfile.write(bytes([byte]))
                if handler.site.over.wait(0.01):
                    return


def _corrupt(handler: "Handler", _: str, off: int = 0) -> None:
    """The file with 20 bytes in its middle altered, the same each time."""
    middle = len(handler.data) // 2 + off
    altered = bytes(byte ^ 0x5A for byte in handler.data[middle : middle + 20])
    handler.data = handler.data[:middle] + altered + handler.data[middle + 20 :]
    handler.file()


def _corrupt_once(handler: "Handler", path: str) -> None:
    (_plain if handler.turn else _corrupt)(handler, path)


def _corrupt_anew(handler: "Handler", path: str) -> None:
    _corrupt(handler, path, off=handler.turn)


def _plain(handler: "Handler", _: str) -> None:
    handler.file()


def _slow(handler: "Handler", _: str) -> None:
    handler.site.over.wait(0.05)
    handler.file()


def _endless(handler: "Handler", _: str) -> None:
    handler.head(200, {"Transfer-Encoding": "chunked"})
    with suppress(OSError):
        while not handler.site.over.is_set():
            handler.wfile.write(b"10000\r\n" + bytes(1 << 16) + b"\r\n")


def _other_range(handler: "Handler", _: str) -> None:
    """A later range than was asked for."""
    if handler.turn:
        total = len(handler.data)
        headers = {"Content-Length": 10, "Content-Range": f"bytes {total - 10}-{total - 1}/{total}"}
        handler.head(206, headers)
        handler.wfile.write(handler.data[-10:])
    else:
        handler.file(cut=len(handler.data) // 2)
        handler.hang_up()


def _silent(handler: "Handler", _: str) -> None:
    """No byte, ever."""
    handler.site.over.wait(30)
    handler.hang_up()


def _halts(handler: "Handler", _: str) -> None:
    """The first bytes, then silence, each time."""
    handler.file(cut=5, ranges=False)
    handler.wfile.flush()
    handler.site.over.wait(30)
    handler.hang_up()


def _cut(handler: "Handler", _: str) -> None:
    """The first bytes, each time."""
    handler.file(cut=5, ranges=False)
    handler.hang_up()


def _cut_chunks(handler: "Handler", _: str) -> None:
    """A part of the first chunk, each time."""
    handler.head(200, {"Transfer-Encoding": "chunked"})
    handler.wfile.write(b"9\r\n" + handler.data[:5])
    handler.hang_up()


def _garbage(handler: "Handler", _: str) -> None:
    """The greeting of another protocol."""
    handler.wfile.write(b"SSH-2.0-OpenSSH_9.6\r\n")
    handler.hang_up()


def _times(times: int, status: int, body: bytes, **headers: object) -> Callable:
    """Answers so a few times, then with the file."""

    def behave(handler: "Handler", _: str) -> None:
        if handler.turn < times:
            handler.answer(status, body, **headers)
        else:
            handler.file()

    return behave


ALWAYS = 1 << 30
BEHAVIOURS: dict[str, Callable] = {
    "plain": _plain,
    "slow": _slow,
    "resets": _resets,
    "truncates": _truncates,
    "ignores-ranges": _ignores_ranges,
    "untagged": _untagged,
    "other-range": _other_range,
    "overstates": _overstates,
    "understates": _understates,
    "chunked": _chunked,
    "unsized": _unsized,
    "endless": _endless,
    "huge": _times(ALWAYS, 200, b"", Content_Length=2 << 30),
    "changes": _changes,
    "changes-between": _changes_between,
    "stalls": _stalls,
    "drips": _drips,
    "corrupt": _corrupt,
    "corrupt-once": _corrupt_once,
    "corrupt-anew": _corrupt_anew,
    "called-gzip": lambda handler, _: handler.file(Content_Encoding="gzip"),
    "encoded": lambda handler, _: handler.file(Content_Encoding="br"),
    "moved": _moved,
    "loop": _loop,
    "elsewhere": _elsewhere,
    "silent": _silent,
    "halts": _halts,
    "cut": _cut,
    "cut-chunks": _cut_chunks,
    "garbage": _garbage,
    "hangs-up": lambda handler, _: handler.hang_up(),
    "busy": _times(3, 503, b""),
    "busy-asks": _times(2, 503, S3_SLOW_DOWN, Retry_After="7"),
    "busy-until": _times(
        1, 503, b"", Retry_After="Mon, 24 Nov 2025 12:00:20 GMT", Date=DATE
    ),
    "busy-for-days": _times(1, 503, b"", Retry_After="864000"),
    "busy-nonsense": _times(1, 503, b"", Retry_After="soon"),
    "too-many": _times(1, 429, b""),
    "blocked": _times(2, 403, CLOUDFRONT_BLOCK),
    "denied": _times(ALWAYS, 403, S3_DENIED),
    "down": _times(ALWAYS, 500, b"java.lang.NullPointerException\n\tat Server.java:1"),
    "teapot": _times(ALWAYS, 418, b"secret\x1b[31m"),
    "partial": _times(ALWAYS, 206, b"x", Content_Range="bytes 0-0/1"),
}  # fmt: skip
