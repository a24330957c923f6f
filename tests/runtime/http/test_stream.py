"""Files over connections that misbehave: each byte once, in few requests, told in a line."""

import pickle
import random
import re

import pytest

from runtime.http.client import Clock, DownloadRules
from runtime.http.retry import Backoff
from runtime.http.stream import open_url
from runtime.http.transfers import (
    DownloadError,
    FileChanged,
    NotConnected,
    RedirectRefused,
    Refused,
    TooLarge,
    Transfer,
    Unreachable,
    Unverifiable,
)
from runtime.http.urls import UrlError
from tests.runtime.http.server import serve

DATA = random.Random(7).randbytes(300_000)
NAME = "deep/a.warc.wet.gz"
RULES = DownloadRules(progress_bytes=50_000)
IMPATIENT = DownloadRules(progress_bytes=50_000, read_seconds=1.0, rate_seconds=1.0)


@pytest.fixture(scope="module")
def server():
    files = {NAME: DATA, "empty.gz": b"", "page.html": b"<html>"}
    with serve(files) as server:
        yield server


class Reading:
    """A file read to its end, or to the error."""

    def __init__(self, url: str, rules: DownloadRules = RULES) -> None:
        self.waits: list[float] = []
        self.transfers: list[Transfer] = []
        self.data, self.error = b"", None
        clock = Clock(sleep=self.waits.append)
        with open_url(url, rules, clock=clock, report=self.transfers.append) as stream:
            try:
                while part := stream.read(70_000):
                    self.data += part
            except DownloadError as error:
                self.error = error

    @property
    def line(self) -> str:
        """What the log gets, the time apart."""
        (transfer,) = self.transfers
        assert "\n" not in transfer.line()
        return re.sub(r"in \d:\d\d", "in 0:00", transfer.line())


def test_a_sound_file_takes_one_request(server):
    reading = Reading(server.url("plain", NAME))
    assert reading.data == DATA
    assert server.asked("plain", NAME) == [""]
    assert reading.line == f"{server.url('plain', NAME)}: 300.0 kB in 0:00"
    assert reading.transfers[0].is_complete


def test_an_empty_file_is_whole(server):
    reading = Reading(server.url("plain", "empty.gz"))
    assert (reading.data, reading.error) == (b"", None)
    assert reading.transfers[0].is_complete


RESUMED = [
    # behaviour, ranges asked for, failed_requests in the log
    ("resets", ["", "bytes=120000-", "bytes=240000-"],
     "3 requests: connection reset at 120.0 kB, waited # s; connection reset at 240.0 kB, "
     "waited # s"),
    ("truncates", ["", "bytes=120000-", "bytes=240000-"],
     "3 requests: connection ended early at 120.0 kB, waited # s; connection ended early at "
     "240.0 kB, waited # s"),
    ("stalls", ["", "bytes=150000-"],
     "2 requests: no byte for 1 s at 150.0 kB, waited # s"),
    ("ignores-ranges", ["", "bytes=150000-", "bytes=150000-"],
     "3 requests: connection ended early at 150.0 kB 2 times, waited # s"),
    ("untagged", ["", ""],
     "2 requests: connection ended early at 150.0 kB, waited # s"),
    ("overstates", ["", "bytes=300000-"],
     "2 requests: connection ended early at 300.0 kB, waited # s"),
    ("chunked", ["", "bytes=300000-"],
     "2 requests: connection ended early at 300.0 kB, waited # s"),
    ("busy", ["", "", "", ""],
     "4 requests: answered 503 Service Unavailable at 0 B 3 times, waited # s"),
    ("busy-asks", ["", "", ""],
     "3 requests: answered 503 Service Unavailable (slow down) at 0 B 2 times, waited # s"),
    ("too-many", ["", ""],
     "2 requests: answered 429 Too Many Requests at 0 B, waited # s"),
    ("blocked", ["", "", ""],
     "3 requests: answered 403 Forbidden (slow down) at 0 B 2 times, waited # s"),
]  # fmt: skip


@pytest.mark.parametrize(("behaviour", "ranges", "told"), RESUMED, ids=[row[0] for row in RESUMED])
def test_every_byte_arrives_once_whatever_the_connections_do(server, behaviour, ranges, told):
    reading = Reading(server.url(behaviour, NAME), IMPATIENT if behaviour == "stalls" else RULES)
    assert reading.error is None
    assert reading.data == DATA
    assert server.asked(behaviour, NAME) == ranges
    line = re.sub(r"waited [\d.]+ s", "waited # s", reading.line)
    assert line == f"{server.url(behaviour, NAME)}: 300.0 kB in 0:00, {told}"
    assert len(reading.waits) == len(ranges) - 1
    assert reading.transfers[0].is_complete


def test_a_server_that_drips_is_left(server):
    reading = Reading(server.url("drips", NAME), IMPATIENT)
    assert reading.data == DATA
    (failed,) = reading.transfers[0].failed_requests
    assert re.fullmatch(r"only \d+ B in 1 s", failed.problem)
    assert server.asked("drips", NAME) == ["", f"bytes={failed.position}-"]


def test_a_length_that_is_too_short_ends_the_file_there(server):
    reading = Reading(server.url("understates", NAME))
    assert reading.data == DATA[:-100]  # the gzip reader tells: its last member is cut


@pytest.mark.parametrize(
    ("behaviour", "waits"),
    [
        ("busy", [(0.5, 1), (1, 2), (2, 4)]),
        ("busy-asks", [(7, 8), (7, 8)]),
        ("busy-until", [(20, 21)]),
        ("busy-for-days", [(600, 601)]),
        ("busy-nonsense", [(0.5, 1)]),
    ],
)
def test_waits_double_or_are_what_the_server_asks(server, behaviour, waits):
    path = "page.html"  # each path of the server starts its behaviour anew
    reading = Reading(server.url(behaviour, path))
    assert len(reading.waits) == len(waits)
    for wait, (least, most) in zip(reading.waits, waits, strict=True):
        assert least <= wait < most
    assert reading.waits == [failed.wait_seconds for failed in reading.transfers[0].failed_requests]


FINAL = [
    ("missing", NAME, Refused, "answered 404 Not Found, after 1 request and 0 B."),
    ("denied", NAME, Refused, "answered 403 Forbidden, after 1 request and 0 B."),
    ("teapot", NAME, Refused, "answered 418 I'm a Teapot, after 1 request and 0 B."),
    ("loop", NAME, RedirectRefused, "redirected more than 5 times, after 6 requests and 0 B."),
    ("unsized", NAME, Unverifiable, "without a Content-Length"),
    ("partial", NAME, Unverifiable, "answered 206 Partial Content, though no range was requested"),
    ("encoded", NAME, Unverifiable, "Content-Encoding"),
    ("called-gzip", "page.html", Unverifiable, "Content-Encoding"),
    ("huge", NAME, TooLarge, "2.1 GB; a file may have 1.1 GB"),
    ("changes", NAME, FileChanged, "its first 150000 bytes differ from those at the start"),
    ("changes-between", NAME, FileChanged, "its first 150000 bytes differ"),
    ("other-range", NAME, Unverifiable, "another range of the file than was requested"),
    ("down", NAME, Unreachable, "answered 500 Internal Server Error, after 10 requests and 0 B."),
    ("hangs-up", NAME, Unreachable, "connection closed without a response, after 10 requests"),
]


@pytest.mark.parametrize(("behaviour", "path", "kind", "told"), FINAL, ids=[f[0] for f in FINAL])
def test_what_cannot_be_had_is_an_error_that_says_why(server, behaviour, path, kind, told):
    url = server.url("plain", "missing") if behaviour == "missing" else server.url(behaviour, path)
    reading = Reading(url)
    assert type(reading.error) is kind
    assert url in str(reading.error) and told in str(reading.error)
    assert DATA.startswith(reading.data)
    assert f"{url}: failed: " in reading.line
    assert not reading.transfers[0].is_complete
    copy = pickle.loads(pickle.dumps(reading.error))  # as it comes out of a worker
    assert (type(copy), str(copy)) == (kind, str(reading.error))


def test_a_failed_stream_stays_failed_and_never_looks_ended(server):
    stream = open_url(server.url("denied", NAME))
    for _ in range(2):
        with pytest.raises(Refused):
            stream.read(10)


def test_a_file_named_gz_may_be_called_gzip_encoded(server):
    assert Reading(server.url("called-gzip", NAME)).data == DATA


def test_a_redirect_within_the_host_is_followed(server):
    reading = Reading(server.url("moved", NAME))
    assert reading.data == DATA
    assert reading.transfers[0].requests == 2


@pytest.mark.parametrize(
    "aim",
    [
        "http://localhost:{port}/plain/" + NAME,
        "https://127.0.0.1:{port}/plain/" + NAME,
        "http://127.0.0.1:1/plain/" + NAME,
        "//example.com/" + NAME,
        "http://user:secret@127.0.0.1:{port}/plain/" + NAME,
        "file:///etc/passwd",
        "http://169.254.169.254/latest/meta-data/",
        "/plain/\t" + NAME,
        "http:\\\\example.com",
    ],
)
def test_a_redirect_to_anywhere_else_is_not_followed(server, aim):
    server.site.aims["x"] = aim.format(port=server.port)
    before = len(server.site.requests)
    reading = Reading(server.url("elsewhere", "x"))
    assert type(reading.error) is RedirectRefused
    assert "secret" not in str(reading.error) + reading.line
    assert len(server.site.requests) == before + 1


def test_bytes_without_end_stop_at_the_limit(server):
    reading = Reading(server.url("endless", NAME), DownloadRules(max_bytes=1 << 20))
    assert type(reading.error) is TooLarge
    assert len(reading.data) <= 1 << 20


def test_requests_are_limited_however_much_each_brings(server):
    rules = DownloadRules(progress_bytes=1, max_requests=2)
    reading = Reading(server.url("resets", NAME), rules)
    assert type(reading.error) is Unreachable
    assert reading.transfers[0].requests == 2


def test_nobody_listening_is_unreachable():
    rules = DownloadRules(backoff=Backoff(attempts=3))
    reading = Reading("http://127.0.0.1:1/x", rules)
    assert "no connection, after 3 requests" in str(reading.error)
    assert reading.error.advice in str(reading.error)
    reading = Reading("http://no-such-host.invalid/x", rules)
    assert type(reading.error) is NotConnected


def test_who_asks_is_named_and_no_encoding_is_wanted(server):
    Reading(server.url("plain", NAME))
    sent = server.site.heads[-1]
    assert re.fullmatch(r"c4forge/\S+ \(\+https://pypi.org/project/c4forge\)", sent["User-Agent"])
    assert sent["Accept-Encoding"] == "identity"
    assert "Authorization" not in sent


def test_secrets_reach_the_server_and_nobody_else(server):
    url = server.url("down", f"{NAME}?sig=secret&sv=secret")
    url = url.replace("http://", "http://user:secret%21@")
    reading = Reading(url)
    assert "secret" not in str(reading.error) + reading.line + repr(reading.transfers)
    assert f"{server.url('down', NAME)}?sig=...&sv=..." in str(reading.error)
    assert server.site.requests[-1][0].endswith("?sig=secret&sv=secret")
    assert server.site.heads[-1]["Authorization"] == "Basic dXNlcjpzZWNyZXQh"


def test_a_stream_that_is_left_says_so(server):
    transfers = []
    with open_url(server.url("plain", NAME), report=transfers.append) as stream:
        stream.read(10)
    assert "left after" in transfers[0].line()
    with open_url(server.url("plain", NAME), report=transfers.append):
        pass  # nothing was asked for, so there is nothing to tell
    assert len(transfers) == 1


@pytest.mark.parametrize("url", ["ftp://a/b", "http://", "http://a b/", "file:///etc/passwd", ""])
def test_what_is_no_address_is_refused_at_once(url):
    with pytest.raises(UrlError):
        open_url(url)
