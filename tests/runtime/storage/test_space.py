"""A full disk is told with its folder, what is free there and what is needed."""

import errno

import pytest

from runtime.errors import InputRefused, RunFailed, UsageError
from runtime.storage.space import (
    DiskFull,
    describe_full,
    folder_bytes,
    is_full,
    left_of,
    telling_need,
)

FULL = OSError(errno.ENOSPC, "No space left on device")


def test_a_write_to_a_full_device_is_told(tmp_path):
    with (
        pytest.raises(DiskFull, match=r" [kMGT]?B free of .* still needs about 7\.0 kB there"),
        telling_need(str(tmp_path / "not" / "there"), lambda: 7000),
        open("/dev/full", "wb", buffering=0) as stream,
    ):
        stream.write(b"x")


@pytest.mark.parametrize(
    ("error", "full"),
    [
        (FULL, True),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), True),
        (ValueError("tensorstore: pwrite: No space left on device [OS error 28]"), True),
        (OSError(errno.EACCES, "No space left on device"), False),
        (OSError(errno.EFBIG, "File too large"), False),
        (ValueError("no space"), False),
    ],
)
def test_errors_of_a_full_disk_are_known(error, full):
    assert is_full(error) is full
    wrapped = RunFailed("a task failed")
    wrapped.__cause__ = error
    assert is_full(wrapped) is full


def test_a_chain_of_errors_that_leads_back_ends():
    first, second = RunFailed("a task failed"), OSError(errno.EACCES, "denied")
    first.__cause__, second.__cause__ = second, first
    assert not is_full(first)


@pytest.mark.parametrize(
    "error", [UsageError("--a: wrong"), InputRefused("damaged"), OSError(5, "io")]
)
def test_other_errors_stay(error, tmp_path):
    with pytest.raises(type(error)) as raised, telling_need(str(tmp_path)):
        raise error
    assert raised.value is error


def test_the_innermost_need_is_told(tmp_path):
    with (
        pytest.raises(DiskFull, match="about 5 B") as raised,
        telling_need(str(tmp_path), lambda: 9),
        telling_need(str(tmp_path), lambda: 5),
    ):
        raise FULL
    assert "about 9 B" not in str(raised.value)


def test_an_unknown_need_is_not_told():
    assert "needs" not in describe_full("/")
    assert describe_full("/", advice="Use another.").endswith(" Use another.")


def test_what_is_left_follows_from_what_is_done(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_bytes(b"x" * 30)
    assert folder_bytes(str(tmp_path)) == 30
    assert left_of(30, 0.25) == pytest.approx(90)
    assert left_of(30, 1.0) == 0 and left_of(0, 0.0) is None
