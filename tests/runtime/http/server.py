"""A web server on loopback that misbehaves on purpose: the first step of a path says how.

`server.url("resets", "a.gz")` is the file `a.gz`, served over connections that break. Whatever a
behaviour does a few times only, it does for each path anew; `server.asked(url)` lists requests.
"""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.runtime.http.behaviours import BEHAVIOURS


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

    class SiteHandler(Handler):
        pass

    SiteHandler.site = site
    with _Threads(("127.0.0.1", 0), SiteHandler) as server:
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


class Handler(BaseHTTPRequestHandler):
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
