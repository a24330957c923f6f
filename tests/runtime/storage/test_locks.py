"""No more requests at once than the semaphore has permits, even if their processes are killed."""

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from runtime.errors import UsageError
from runtime.http.client import Clock
from runtime.http.stream import open_url
from runtime.http.transfers import Unreachable
from runtime.storage.locks import MachineSemaphore, SemaphoreTimeout, user_folder
from tests.runtime.http.server import serve

HOLD = """
import sys, time
from runtime.storage.locks import MachineSemaphore
with MachineSemaphore(folder=sys.argv[1], count=1).hold(time.sleep):
    print("held", flush=True)
    time.sleep(60)
"""


def test_permits_are_taken_once_and_given_back(tmp_path):
    semaphore = MachineSemaphore(folder=str(tmp_path), count=2, longest_wait_seconds=0.3)
    waits = []
    with semaphore.hold(waits.append) as first, semaphore.hold(waits.append) as second:
        assert {first, second} == {0, 1}
        with (
            pytest.raises(SemaphoreTimeout, match="all 2 connections"),
            semaphore.hold(waits.append),
        ):
            pass
    assert waits == [0.1] * 3
    with semaphore.hold(waits.append):
        assert waits == [0.1] * 3


def test_a_permit_of_a_killed_process_is_free_at_once(tmp_path):
    semaphore = MachineSemaphore(folder=str(tmp_path), count=1, longest_wait_seconds=0.1)
    holder = subprocess.Popen([sys.executable, "-c", HOLD, tmp_path], stdout=subprocess.PIPE)
    try:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(SemaphoreTimeout), semaphore.hold(time.sleep):
            pass
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        with semaphore.hold(time.sleep) as number:
            assert number == 0
    finally:
        holder.kill()
        holder.stdout.close()


def test_a_semaphore_without_permits_is_refused(tmp_path):
    with pytest.raises(ValueError, match="at least 1"):
        MachineSemaphore(folder=str(tmp_path), count=0)


def test_requests_of_many_readers_keep_to_the_semaphore(tmp_path):
    files = {f"{n}.gz": bytes([n]) * 1000 for n in range(12)}
    semaphore = MachineSemaphore(folder=str(tmp_path), count=3)
    read: dict[str, bytes] = {}
    with serve(files) as server:

        def fetch(name: str) -> None:
            with open_url(server.url("slow", name), semaphore=semaphore) as stream:
                read[name] = stream.read()

        threads = [threading.Thread(target=fetch, args=(name,)) for name in files]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert server.site.most_under_way <= 3
    assert read == files


def test_a_reader_that_waits_before_a_retry_holds_no_permit(tmp_path):
    semaphore = MachineSemaphore(folder=str(tmp_path), count=1, longest_wait_seconds=0.1)
    free: list[int] = []

    def sleep(_: float) -> None:
        with semaphore.hold(time.sleep) as number:
            free.append(number)

    with serve({"a.gz": b"abc"}) as server:
        with open_url(
            server.url("busy", "a.gz"), semaphore=semaphore, clock=Clock(sleep=sleep)
        ) as stream:
            assert stream.read() == b"abc"
        assert free == [0, 0, 0]
        stream = open_url(server.url("plain", "a.gz"), semaphore=semaphore)
        with semaphore.hold(time.sleep), pytest.raises(Unreachable, match="stayed taken"):
            stream.read()


def test_the_folder_of_downloads_is_of_this_user_alone(tmp_path, monkeypatch):
    runtime, cache = tmp_path / "run", tmp_path / "cache"
    runtime.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    folder = Path(user_folder("downloads"))
    assert folder.parent == runtime and folder.stat().st_mode & 0o777 == 0o700
    folder.rmdir()
    (tmp_path / "theirs").mkdir()
    folder.symlink_to(tmp_path / "theirs")
    second = Path(user_folder("downloads"))
    assert second.is_relative_to(cache) and not [*(tmp_path / "theirs").iterdir()]
    second.chmod(0o777)
    third = Path(user_folder("downloads"))
    assert third not in (folder, second) and third.stat().st_mode & 0o777 == 0o700


def test_a_link_in_place_of_a_permit_is_not_followed(tmp_path):
    (tmp_path / "theirs").write_text("of another user")
    (tmp_path / "locks").mkdir()
    (tmp_path / "locks/000.lock").symlink_to(tmp_path / "theirs")
    semaphore = MachineSemaphore(folder=str(tmp_path / "locks"), count=1)
    with pytest.raises(UsageError, match=r"000\.lock is no plain file"), semaphore.hold(time.sleep):
        pass
    assert (tmp_path / "theirs").read_text() == "of another user"
