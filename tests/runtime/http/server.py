"""A web server on loopback that misbehaves on purpose: the first step of a path says how.

`server.url("resets", "a.gz")` is the file `a.gz`, served over connections that break. Whatever a
behaviour does a few times only, it does for each path anew; `server.asked(url)` lists requests.
"""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CLOUDFRONT_BLOCK = b"""<HTML><HEAD><TITLE>ERROR: The request could not be satisfied</TITLE></HEAD>
<BODY><H1>403 ERROR</H1>Request blocked. We can't connect to the server for this app or website at
this time. There might be too much traffic or a configuration error.</BODY></HTML>"""
S3_SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message>"
S3_DENIED = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
DATE = "Mon, 24 Nov 2025 12:00:00 GMT"


@dataclass
class Site:
    """What is served, and what was asked.

    Attributes:
      files: content by path, without the behaviour.
      requests: path and Range of each request, in order.
      heads: all headers of each request.
      aims: where the behaviour `elsewhere` redirects to, by path.
    """

    files: dict[str, bytes]
    requests: list[tuple[str, str]] = field(default_factory=list)
    heads: list[dict[str, str]] = field(default_factory=list)
    aims: dict[str, str] = field(default_factory=dict)
    over: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)
    under_way: int = 0
    most_under_way: int = 0


@dataclass(frozen=True)
class Server:
    """A running server."""

    site: Site
    port: int

    def url(self, behaviour: str, path: str = "") -> str:
        return f"http://127.0.0.1:{self.port}/{behaviour}/{path}"

    def asked(self, behaviour: str, path: str) -> list[str]:
        """The Range of each request for a path; "" where the whole file was asked for."""
        name = f"/{behaviour}/{path}"
        return [span for asked, span in self.site.requests if asked == name]


@contextmanager
def serve(files: dict[str, bytes]) -> Iterator[Server]:
    """Serves the files on a free port while the block runs."""
    site = Site(files)

    class Handler(_Handler):
        pass

    Handler.site = site
    with _Threads(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield Server(site, server.server_address[1])
        finally:
            site.over.set()
            server.shutdown()
            thread.join()


class _Threads(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, *_: object) -> None:
        """Clients that go away are no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: Site
    data: bytes
    turn: int  # how many requests for this path came before

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        site = self.site
        behaviour, _, path = self.path.lstrip("/").partition("/")
        with site.lock:
            self.turn = sum(asked == self.path for asked, _ in site.requests)
            site.requests.append((self.path, self.headers.get("Range", "")))
            site.heads.append({k.title(): v for k, v in self.headers.items()})
            site.under_way += 1
            site.most_under_way = max(site.most_under_way, site.under_way)
        path = path.partition("?")[0]
        try:
            if path not in site.files and behaviour not in ("elsewhere", "loop"):
                self.answer(404)
                return
            self.data = site.files.get(path, b"")
            BEHAVIOURS[behaviour](self, path)
        finally:
            with site.lock:
                site.under_way -= 1

    def answer(self, status: int, body: bytes = b"", **headers: object) -> None:
        """A whole answer; underscores in names of headers stand for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.head(status, {"Content-Length": len(body), **named})
        self.wfile.write(body)

    def head(self, status: int, headers: dict[str, object]) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if value is not None:
                self.send_header(name, str(value))
        self.end_headers()

    def file(
        self, *, cut: int | None = None, longer: int = 0, ranges: bool = True, **headers: object
    ) -> bytes:
        """Answers with the file or the asked range of it; returns what was not sent.

        Args:
          cut: bytes to send at most.
          longer: how much more than there is the Content-Length promises.
        """
        tag = f'"{len(self.data)}-{hash(self.data)}"'
        asked = self.headers.get("Range", "")
        first, status = 0, 200
        if asked and ranges and self.headers.get("If-Range", tag) == tag:
            first, status = int(asked.removeprefix("bytes=").rstrip("-")), 206
            if first >= len(self.data):
                self.answer(416, Content_Range=f"bytes */{len(self.data)}")
                return b""
            headers["Content_Range"] = f"bytes {first}-{len(self.data) - 1}/{len(self.data)}"
        body = self.data[first:]
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.head(status, {"Content-Length": len(body) + longer, "ETag": tag, **named})
        self.wfile.write(body[:cut])
        return b"" if cut is None else body[cut:]

    def hang_up(self) -> None:
        """Closes the connection in the middle, as if all were well."""
        self.wfile.flush()
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def reset(self) -> None:
        """Has the client's kernel say "connection reset"."""
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True


def _resets(handler: _Handler, _: str) -> None:
    if handler.file(cut=len(handler.data) * 2 // 5):
        handler.site.over.wait(0.05)  # until the client has what was sent: a reset discards it
        handler.reset()


def _truncates(handler: _Handler, _: str) -> None:
    if handler.file(cut=len(handler.data) * 2 // 5):
        handler.hang_up()


def _ignores_ranges(handler: _Handler, _: str) -> None:
    if handler.file(cut=len(handler.data) // 2 if handler.turn < 2 else None, ranges=False):
        handler.hang_up()


def _untagged(handler: _Handler, _: str) -> None:
    if handler.file(cut=len(handler.data) // 2 if not handler.turn else None, ETag=None):
        handler.hang_up()


def _overstates(handler: _Handler, _: str) -> None:
    handler.file(longer=1000)
    handler.hang_up()


def _understates(handler: _Handler, _: str) -> None:
    handler.file(longer=-100)


def _chunked(handler: _Handler, _: str) -> None:
    """In chunks; the first time the last chunk is missing."""
    handler.head(200, {"Transfer-Encoding": "chunked", "ETag": '"same"'})
    for at in range(0, len(handler.data), 10_000):
        part = handler.data[at : at + 10_000]
        handler.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
    if handler.turn:
        handler.wfile.write(b"0\r\n\r\n")
    else:
        handler.hang_up()


def _unsized(handler: _Handler, _: str) -> None:
    handler.head(200, {"Connection": "close"})
    handler.wfile.write(handler.data)
    handler.hang_up()


def _changes(handler: _Handler, _: str) -> None:
    """Another file from the second request on."""
    if handler.turn:
        handler.data = handler.data[::-1]
        handler.file()
    else:
        handler.file(cut=len(handler.data) // 2)
        handler.hang_up()


def _changes_between(handler: _Handler, _: str) -> None:
    """Another file from the second request on, which is cut before the reader is where it was."""
    if handler.turn:
        handler.data = handler.data[::-1]
    if handler.file(cut=len(handler.data) // (2, 4)[handler.turn] if handler.turn < 2 else None):
        handler.hang_up()


def _moved(handler: _Handler, path: str) -> None:
    handler.answer(302, Location=f"/plain/{path}")


def _loop(handler: _Handler, _: str) -> None:
    handler.answer(301, b"moved", Location=handler.path)


def _elsewhere(handler: _Handler, path: str) -> None:
    handler.answer(307, Location=handler.site.aims[path])


def _stalls(handler: _Handler, _: str) -> None:
    """Half the file, then silence, the first time."""
    if handler.file(cut=None if handler.turn else len(handler.data) // 2):
        handler.wfile.flush()
        handler.site.over.wait(30)
        handler.hang_up()


def _drips(handler: _Handler, _: str) -> None:
    """A byte at a time, forever, the first time."""
    if rest := handler.file(cut=None if handler.turn else 10):
        with suppress(OSError):
            for byte in rest:
                handler.wfile.write(bytes([byte]))
                if handler.site.over.wait(0.01):
                    return


def _corrupt(handler: _Handler, _: str, off: int = 0) -> None:
    """The file with 20 bytes in its middle altered, the same each time."""
    middle = len(handler.data) // 2 + off
    altered = bytes(byte ^ 0x5A for byte in handler.data[middle : middle + 20])
    handler.data = handler.data[:middle] + altered + handler.data[middle + 20 :]
    handler.file()


def _corrupt_once(handler: _Handler, path: str) -> None:
    (_plain if handler.turn else _corrupt)(handler, path)


def _corrupt_anew(handler: _Handler, path: str) -> None:
    _corrupt(handler, path, off=handler.turn)


def _plain(handler: _Handler, _: str) -> None:
    handler.file()


def _slow(handler: _Handler, _: str) -> None:
    handler.site.over.wait(0.05)
    handler.file()


def _endless(handler: _Handler, _: str) -> None:
    handler.head(200, {"Transfer-Encoding": "chunked"})
    with suppress(OSError):
        while not handler.site.over.is_set():
            handler.wfile.write(b"10000\r\n" + bytes(1 << 16) + b"\r\n")


def _other_range(handler: _Handler, _: str) -> None:
    """A later range than was asked for."""
    if handler.turn:
        total = len(handler.data)
        headers = {"Content-Length": 10, "Content-Range": f"bytes {total - 10}-{total - 1}/{total}"}
        handler.head(206, headers)
        handler.wfile.write(handler.data[-10:])
    else:
        handler.file(cut=len(handler.data) // 2)
        handler.hang_up()


def _times(times: int, status: int, body: bytes, **headers: object) -> Callable:
    """Answers so a few times, then with the file."""

    def behave(handler: _Handler, _: str) -> None:
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
