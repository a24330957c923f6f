"""Object stores on loopback: moto's server speaks as S3, gcp-storage-emulator as Google's."""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_REGION": "us-east-1",
}
_BUSY = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"


@dataclass
class Store:
    """A running server with the bucket `bkt`.

    Attributes:
      url: of the server.
      busy: so many of the next requests get a 503 SlowDown.
      refused: how many got one.
      denied: a part of the paths that get a 403.
    """

    url: str = ""
    busy: int = 0
    refused: int = 0
    denied: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def is_busy(self) -> bool:
        with self.lock:
            if not self.busy:
                return False
            self.busy -= 1
            self.refused += 1
            return True


@contextmanager
def environment(**values: str) -> Iterator[None]:
    """A block with these variables, and no other of a store."""
    kept = dict(os.environ)
    for name in list(os.environ):
        if name.startswith(("AWS_", "STORAGE_", "GS_", "GOOGLE_")):
            del os.environ[name]
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(kept)


@contextmanager
def serve_s3() -> Iterator[Store]:
    """Moto's server, and the environment that leads to it."""
    import boto3
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    store = Store()
    moto = DomainDispatcherApplication(create_backend_app)

    def answer(request, start):
        if store.is_busy():
            request["wsgi.input"].read(int(request.get("CONTENT_LENGTH") or 0))
            start("503 Slow Down", [("Content-Type", "application/xml")])
            return [_BUSY]
        if store.denied and store.denied in request["PATH_INFO"]:
            start("403 Forbidden", [("Content-Type", "application/xml")])
            return [b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"]
        return moto(request, start)

    server = make_server("127.0.0.1", 0, answer, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    store.url = f"http://127.0.0.1:{server.server_port}"
    try:
        with environment(**ENVIRONMENT, AWS_ENDPOINT_URL=store.url):
            boto3.client("s3").create_bucket(Bucket="bkt")
            yield store
    finally:
        server.shutdown()


# In a process of its own: Arrow asks GCS for first bytes while it holds Python's lock.
_EMULATOR = """
from http.server import ThreadingHTTPServer
from gcp_storage_emulator import server
server.server.HTTPServer = ThreadingHTTPServer
running = server.create_server("127.0.0.1", 0, in_memory=True, default_bucket="bkt")
running.start()
print(running._api._httpd.server_port, flush=True)
input()
"""


@contextmanager
def serve_gcs() -> Iterator[Store]:
    """The emulator, which answers several requests at a time, and its environment."""
    command = [sys.executable, "-c", _EMULATOR]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, text=True, **pipes) as process:
        try:
            url = f"http://127.0.0.1:{int(process.stdout.readline())}"
            with environment(STORAGE_EMULATOR_HOST=url):
                yield Store(url)
        finally:
            process.kill()
