"""A proxy on loopback, through which every host name leads to one server of this machine."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@dataclass
class Proxy:
    """A running proxy.

    Attributes:
      port: of the proxy.
      requests: method and target of each request, in order.
      logins: the Proxy-Authorization of each; "" without one.
      refusal: the status of every CONNECT.
      login: the Proxy-Authorization without which a GET is answered with 407; "" for any.
    """

    port: int = 0
    requests: list[tuple[str, str]] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    refusal: int = 502
    login: str = ""

    def url(self, login: str = "") -> str:
        return f"http://{login}{'@' if login else ''}127.0.0.1:{self.port}"


@contextmanager
def proxy_to(port: int) -> Iterator[Proxy]:
    """Runs a proxy to the server at a port while the block runs."""
    proxy = Proxy()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def note(self) -> None:
            proxy.requests.append((self.command, self.path))
            proxy.logins.append(self.headers.get("Proxy-Authorization", ""))

        def do_CONNECT(self) -> None:
            self.note()
            self.send_error(proxy.refusal)

        def do_GET(self) -> None:
            self.note()
            if proxy.login not in ("", proxy.logins[-1]):
                self.send_error(407)
                return
            url = urlsplit(self.path)
            path = f"{url.path}?{url.query}" if url.query else url.path
            headers = [
                f"{name}: {value}"
                for name, value in self.headers.items()
                if not name.lower().startswith("proxy-")
            ]
            lines = [f"GET {path} HTTP/1.1", *headers, "Connection: close", "", ""]
            with socket.create_connection(("127.0.0.1", port)) as server:
                server.sendall("\r\n".join(lines).encode())
                while data := server.recv(1 << 16):
                    self.wfile.write(data)
            self.close_connection = True

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        proxy.port = running.server_address[1]
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield proxy
        finally:
            running.shutdown()
            thread.join()
