"""Proxies of the environment, and hosts that cannot be reached."""

import logging
import pickle
import threading
import time

import pytest

from runtime.http.client import Clock, DownloadRules, environment_proxy
from runtime.http.retry import Backoff
from runtime.http.stream import open_url
from runtime.http.transfers import ConnectionDenied, NotConnected, Transfer, Unreachable
from runtime.http.urls import UrlError
from runtime.storage.locks import MachineSemaphore
from tests.runtime.http.proxy import Proxy, proxy_to
from tests.runtime.http.server import serve

DATA = bytes(range(256)) * 400
URL = "http://crawl.invalid/{}/a.gz"
LOGIN = "me:s3cret%21"
QUICK = DownloadRules(backoff=Backoff(attempts=2, first_seconds=0.01))


@pytest.fixture(scope="module")
def server():
    with serve({"a.gz": DATA}) as server:
        yield server


@pytest.fixture
def proxy(server):
    with proxy_to(server.port) as proxy:
        yield proxy


class FakeClock:
    """Time that passes in waits only, and by `request_seconds` before each of them."""

    def __init__(self, request_seconds: float = 0.0) -> None:
        self.seconds, self.request_seconds = 0.0, request_seconds
        self.waits: list[float] = []

    def clock(self) -> Clock:
        return Clock(monotonic=self.now, sleep=self.sleep)

    def now(self) -> float:
        self.seconds += self.request_seconds
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.seconds += seconds


@pytest.mark.parametrize(
    ("environment", "url", "proxy"),
    [
        ({}, "https://h/", ""),
        ({"https_proxy": "http://proxy:3128"}, "https://h/", "http://proxy:3128"),
        ({"HTTPS_PROXY": "http://proxy:3128"}, "https://h/", "http://proxy:3128"),
        ({"https_proxy": "http://proxy:3128"}, "http://h/", ""),
        ({"http_proxy": "http://proxy:3128"}, "http://h/", "http://proxy:3128"),
        ({"HTTP_PROXY": "http://proxy:3128"}, "http://h/", "http://proxy:3128"),
        ({"https_proxy": "http://a:1", "HTTPS_PROXY": "http://b:2"}, "https://h/", "http://a:1"),
        ({"https_proxy": ""}, "https://h/", ""),
        ({"https_proxy": "proxy:3128"}, "https://h/", "http://proxy:3128"),
        ({"https_proxy": "https://u:w@proxy"}, "https://h/", "https://u:w@proxy"),
    ],
)
def test_the_environment_names_a_proxy_for_each_scheme(monkeypatch, environment, url, proxy):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert environment_proxy(url) == proxy


@pytest.mark.parametrize("name", ["no_proxy", "NO_PROXY"])
@pytest.mark.parametrize(
    ("listed", "url", "is_bypassed"),
    [
        ("mirror.local", "https://mirror.local/", True),
        ("mirror.local", "https://a.mirror.local/", True),
        (".local", "https://mirror.local:8443/", True),
        ("a, Mirror.Local ,b", "https://MIRROR.local/", True),
        ("mirror.local:8443", "https://mirror.local:8443/", True),
        ("mirror.local:8443", "https://mirror.local/", False),
        ("mirror.local", "https://notmirror.local/", False),
        ("127.0.0.1", "https://127.0.0.1:8443/", True),
        ("::1", "https://[::1]:8443/", True),
        ("*", "https://data.commoncrawl.org/", True),
        ("", "https://data.commoncrawl.org/", False),
    ],
)
def test_no_proxy_lists_the_hosts_without_one(monkeypatch, name, listed, url, is_bypassed):
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    monkeypatch.setenv(name, listed)
    assert environment_proxy(url) == ("" if is_bypassed else "http://proxy:3128")


@pytest.mark.parametrize(
    "proxy",
    ["socks5://me:s3cret@h:1080", "http://me:s3/cret@h:1", "http://me:s3#cret@h", "http://", "a b"],
)
def test_a_proxy_that_is_no_url_is_told_without_its_login(monkeypatch, proxy):
    monkeypatch.setenv("https_proxy", proxy)
    with pytest.raises(UrlError, match=r"https_proxy=.*expected a proxy like http://") as error:
        open_url("https://data.commoncrawl.org/")
    assert "s3" not in str(error.value) and "cret" not in str(error.value)


@pytest.mark.parametrize("behaviour", ["plain", "resets", "busy", "moved"])
def test_files_come_through_the_proxy(monkeypatch, server, proxy, behaviour):
    monkeypatch.setenv("http_proxy", proxy.url(LOGIN))
    transfers: list[Transfer] = []
    url, clock = URL.format(behaviour), Clock(sleep=lambda _: None)
    with open_url(url, clock=clock, report=transfers.append) as stream:
        assert stream.read() == DATA
    assert proxy.requests[0] == ("GET", url)
    assert set(proxy.logins) == {"Basic bWU6czNjcmV0IQ=="}
    assert "Proxy-Authorization" not in server.site.heads[-1]
    assert "s3cret" not in transfers[0].line() + repr(transfers)


def test_a_host_of_no_proxy_is_asked_itself(monkeypatch, server, proxy):
    monkeypatch.setenv("http_proxy", proxy.url())
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with open_url(server.url("plain", "a.gz")) as stream:
        assert stream.read() == DATA
    assert proxy.requests == []


def test_rules_may_name_another_proxy_and_do_not_show_it(monkeypatch, proxy):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    rules = DownloadRules(proxy_url=proxy.url(LOGIN))
    with open_url(URL.format("plain"), rules) as stream:
        assert stream.read() == DATA
    assert len(proxy.requests) == 1
    assert "s3cret" not in repr(rules)


def test_rules_that_travel_to_workers_hold_no_proxy_of_the_environment(monkeypatch, proxy):
    monkeypatch.setenv("http_proxy", proxy.url(LOGIN))
    rules = DownloadRules()
    with open_url(URL.format("plain"), rules) as stream:
        stream.read()
    assert b"s3cret" not in pickle.dumps(rules)


def failure(url: str, rules: DownloadRules = QUICK) -> Exception:
    with open_url(url, rules) as stream, pytest.raises(OSError) as error:
        stream.read()
    return error.value


def test_https_goes_through_a_tunnel_of_the_proxy(monkeypatch, proxy: Proxy):
    monkeypatch.setenv("https_proxy", proxy.url(LOGIN))
    error = failure("https://crawl.invalid/a.gz")
    assert proxy.requests == [("CONNECT", "crawl.invalid:443")] * 2
    assert set(proxy.logins) == {"Basic bWU6czNjcmV0IQ=="}
    assert type(error) is NotConnected
    assert f"no connection through the proxy {proxy.url()}, after 2 requests" in str(error)
    assert "s3cret" not in str(error)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_wants_another_login_ends_the_download_at_once(monkeypatch, proxy, scheme):
    proxy.refusal, proxy.login = 407, "Basic b3RoZXI="
    monkeypatch.setenv(f"{scheme}_proxy", proxy.url(LOGIN))
    error = failure(f"{scheme}://crawl.invalid/plain/a.gz")
    assert type(error) is ConnectionDenied
    assert f"the proxy {proxy.url()} answered 407 Proxy Authentication Required" in str(error)
    assert len(proxy.requests) == 1
    assert "s3cret" not in str(error)


def test_a_proxy_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setenv("http_proxy", f"http://{LOGIN}@127.0.0.1:1")
    error = failure(URL.format("plain"))
    assert type(error) is NotConnected
    assert "no connection through the proxy http://127.0.0.1:1, after 2 requests" in str(error)
    assert "s3cret" not in str(error)


NOWHERE = ["http://no-such-host.invalid/x", "http://127.0.0.1:1/x"]


@pytest.mark.parametrize("url", NOWHERE)
def test_planning_gives_up_a_host_that_is_not_reached_after_seconds(url, caplog):
    time_passed = FakeClock()
    stream = open_url(url, DownloadRules().for_planning(), clock=time_passed.clock())
    with pytest.raises(NotConnected) as error:
        stream.read()
    assert 2 < sum(time_passed.waits) < 6 and len(time_passed.waits) == 3
    assert f"{url}: no " in str(error.value) and "https_proxy" in str(error.value)
    assert "online" in str(error.value)
    assert isinstance(error.value, Unreachable)
    assert type(pickle.loads(pickle.dumps(error.value))) is NotConnected


@pytest.mark.parametrize("url", NOWHERE)
def test_workers_are_patient_with_a_host_that_is_not_reached(url, caplog):
    time_passed = FakeClock()
    with pytest.raises(NotConnected):
        open_url(url, clock=time_passed.clock()).read()
    assert 180 < sum(time_passed.waits) < 400
    assert not caplog.records


def test_planning_does_not_repeat_a_request_that_took_long():
    """As one to a resolver that does not answer."""
    time_passed = FakeClock(request_seconds=10.0)
    with pytest.raises(NotConnected, match="after 1 request and"):
        open_url(NOWHERE[0], DownloadRules().for_planning(), clock=time_passed.clock()).read()


def test_planning_is_patient_once_the_host_has_been_reached(server):
    time_passed = FakeClock()
    url = server.url("down", "a.gz")
    with pytest.raises(Unreachable) as error:
        open_url(url, DownloadRules().for_planning(), clock=time_passed.clock()).read()
    assert type(error.value) is Unreachable
    assert 180 < sum(time_passed.waits) < 400


def test_long_waits_of_planning_are_logged(server, caplog):
    time_passed = FakeClock()
    url = server.url("down", "a.gz").replace("http://", f"http://{LOGIN}@")
    with pytest.raises(Unreachable):
        open_url(url, DownloadRules().for_planning(), clock=time_passed.clock()).read()
    lines = [record.getMessage() for record in caplog.records if record.name == "c4forge"]
    quiet = [
        wait for n, wait in enumerate(time_passed.waits) if sum(time_passed.waits[: n + 1]) <= 3
    ]
    assert len(lines) == len(time_passed.waits) - len(quiet)
    last = f"{time_passed.waits[-1]:.0f}"
    shown = server.url("down", "a.gz")
    assert lines[-1] == f"{shown}: answered 500 Internal Server Error; next request in {last} s"
    assert {record.levelno for record in caplog.records} == {logging.WARNING}


def test_a_wait_for_other_downloads_is_logged_once(server, tmp_path, caplog):
    semaphore = MachineSemaphore(folder=str(tmp_path), count=1)
    rules = DownloadRules(log_wait_seconds=0.15)
    free = threading.Event()

    def occupy() -> None:
        with semaphore.hold(time.sleep):
            taken.set()
            free.wait(30)

    taken = threading.Event()
    thread = threading.Thread(target=occupy)
    thread.start()
    taken.wait(30)
    timer = threading.Timer(0.6, free.set)
    timer.start()
    with open_url(server.url("plain", "a.gz"), rules, semaphore=semaphore) as stream:
        assert stream.read() == DATA
    thread.join()
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.endswith("waiting for other downloads of this machine to end")


@pytest.mark.parametrize("behaviour", ["slow", "stalls"])
def test_a_server_that_takes_long_is_named_while_planning_waits(server, caplog, behaviour):
    rules = DownloadRules(log_wait_seconds=0.01, read_seconds=0.3, backoff=QUICK.backoff)
    url = server.url(behaviour, "a.gz")
    with open_url(url, rules) as stream:
        assert stream.read() == DATA
    lines = [record.getMessage() for record in caplog.records]
    assert lines[0] == f"{url}: waiting for the server"
    assert len(lines) == (1 if behaviour == "slow" else 2)


def test_a_server_that_answers_at_once_is_not_logged(server, caplog):
    with open_url(server.url("plain", "a.gz"), DownloadRules(log_wait_seconds=0.3)) as stream:
        assert stream.read() == DATA
    time.sleep(0.4)
    assert not caplog.records
