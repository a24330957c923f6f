"""Files of object stores, on servers that speak as S3 and as Google Cloud Storage."""

import logging
import os
from collections.abc import Iterator

import pytest

from runtime.errors import UsageError
from runtime.storage import stores
from runtime.storage.content.texts import read_text
from runtime.storage.files import (
    atomic_write,
    delete_file,
    delete_folder,
    exists,
    find_files,
    foreign_files,
    is_half_moved,
    list_files,
    make_folder,
    modified,
    move_folder,
    open_read,
    read_bytes,
    size_bytes,
    write_bytes,
)
from runtime.storage.matching import InputError, match_files
from runtime.storage.remote import StoreError
from tests.runtime.storage.servers import Store, serve_gcs, serve_s3

WET = ("*.wet", "*.wet.gz")
LARGE = bytes(range(256)) * (20 << 12)  # 20 MiB: several parts, and more than stays in memory
SHARD = "c4-a.tfrecord-00000-of-00001"


@pytest.fixture(scope="module", params=["s3", "gs"])
def root(request) -> Iterator[str]:
    with serve_s3() if request.param == "s3" else serve_gcs():
        folder = f"{request.param}://bkt/files"
        for name in ("a.wet.gz", "deep/b.WET.gz", "x [1].wet", "note.txt"):
            write_bytes(f"{folder}/{name}", name.encode())
        yield folder


@pytest.fixture(scope="module")
def s3() -> Iterator[Store]:
    with serve_s3() as store:
        yield store


@pytest.fixture
def quick(monkeypatch) -> None:
    monkeypatch.setattr(stores, "_WAITS_SECONDS", (0.01, 0.01))


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("", "a.wet.gz deep/b.WET.gz x|[1].wet"),
        ("/", "a.wet.gz deep/b.WET.gz x|[1].wet"),
        ("/*.gz", "a.wet.gz"),
        ("/**.gz", "a.wet.gz deep/b.WET.gz"),
        ("/d*/*.WET.gz", "deep/b.WET.gz"),
        ("/x [1].wet", "x|[1].wet"),
        ("/x [[]1].wet", "x|[1].wet"),
        ("/note.txt", "note.txt"),
    ],
)
def test_files_are_matched_as_on_disk(root, pattern, names):
    found = match_files("--input", root + pattern, WET)
    expected = [f"{root}/{name.replace('|', ' ')}" for name in names.split()]
    assert list(found) == sorted(expected)
    assert [read_text(path) for path in found] == [path[len(root) + 1 :] for path in found]
    assert all(size == size_bytes(path) for path, (size, _) in found.items())


@pytest.mark.parametrize(
    "value", ["bkt/none", "bkt/none/", "bkt/*.gz", "none/", "none/*", "", "b//c"]
)
def test_what_matches_nothing_is_told(root, value):
    with pytest.raises(InputError, match=r"matches no file|no bucket|expected"):
        match_files("--input", f"{root[:5]}{value}", WET)


def test_files_and_folders_are_listed(root):
    assert f"{root}/deep/b.WET.gz" not in list_files(root) and len(list_files(root)) == 3
    assert list_files(f"{root}/none") == []
    assert find_files(root, ("*", "*.gz")) == [f"{root}/deep/b.WET.gz"]
    assert exists(root) and exists(f"{root}/deep") and not exists(f"{root}/dee")
    assert modified(f"{root}/note.txt") > 1e9
    make_folder(f"{root}/new")
    with pytest.raises(StoreError, match="no bucket"):
        make_folder(f"{root[:5]}none/new")


def test_an_object_is_complete_or_absent(root):
    path = f"{root}/large"
    with pytest.raises(RuntimeError), atomic_write(path) as stream:
        stream.write(LARGE)
        raise RuntimeError("killed")
    assert not exists(path)
    write_bytes(path, LARGE)
    assert size_bytes(path) == len(LARGE) and read_bytes(path) == LARGE
    with open_read(path) as stream:
        assert stream.seek(-9, os.SEEK_END) == len(LARGE) - 9 and stream.read() == LARGE[-9:]
        stream.seek(77)
        assert b"".join(iter(lambda: stream.read(300_001), b"")) == LARGE[77:]
    with open_read(f"{root}/note.txt") as stream:
        assert [*stream] == [b"note.txt"] and stream.read(1) == b""
    delete_file(path)
    delete_file(path)
    for call in (read_bytes, size_bytes):
        with pytest.raises(FileNotFoundError, match="no such object"):
            call(path)


def test_a_folder_moves_with_what_vouches_for_it_last(root, monkeypatch):
    source, target = f"{root}/staging", f"{root}/1.0.0"
    for name in (
        "config.json",
        SHARD,
        "receipts/train-000000.receipt.json",
    ):
        write_bytes(f"{source}/{name}", b"new")
    write_bytes(f"{target}/config.json", b"old")
    from runtime.storage import objects

    copy, copied = objects._copy, []

    def broken(path: str, **folders: str) -> None:
        copied.append(path)
        if path.endswith(".json"):
            raise StoreError("killed")
        copy(path, **folders)

    monkeypatch.setattr(objects, "_copy", broken)
    with pytest.raises(StoreError):
        move_folder(source, target)
    assert copied[0].endswith(SHARD) and is_half_moved(target)
    assert not exists(f"{target}/config.json") and exists(f"{target}/{SHARD}")
    monkeypatch.setattr(objects, "_copy", copy)
    move_folder(source, target)
    assert not is_half_moved(target) and not exists(source)
    assert sorted(match_files("", f"{target}/**", ())) == [
        f"{target}/{name}"
        for name in (
            SHARD,
            "config.json",
            "receipts/train-000000.receipt.json",
        )
    ]
    for _ in range(2):
        delete_folder(target)
        assert not exists(target)


def test_a_busy_store_is_asked_again_and_that_is_told(s3, quick, caplog):
    caplog.set_level(logging.WARNING, "c4forge")
    for work in (lambda: write_bytes("s3://bkt/busy", b"1"), lambda: read_bytes("s3://bkt/busy")):
        s3.busy = 5  # more than the library tries by itself
        work()
    assert read_bytes("s3://bkt/busy") == b"1" and s3.refused == 10
    assert "s3://bkt/busy: SLOW_DOWN" in caplog.text and "again in" in caplog.text
    s3.busy = 1000
    try:
        with pytest.raises(StoreError, match=r"busy: the store at .* stayed busy"):
            read_bytes("s3://bkt/busy")
    finally:
        s3.busy = 0


def test_errors_say_what_to_do(s3, quick, monkeypatch):
    with pytest.raises(StoreError, match=r"s3://none/a: there is no bucket 'none'; make it first"):
        write_bytes("s3://none/a", b"")
    s3.denied = "secret"
    with pytest.raises(StoreError, match=r"s3://bkt/secret: access denied; .*AWS_PROFILE.*=YES"):
        write_bytes("s3://bkt/secret", b"")
    with pytest.raises(StoreError, match="access denied"):
        read_bytes("s3://bkt/secret")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(StoreError, match=r"the store at http://127.0.0.1:1 .* out of reach"):
        read_bytes("s3://bkt/a")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "ftp://127.0.0.1:1")
    with pytest.raises(UsageError, match="expected http://host:port"):
        read_bytes("s3://bkt/a")


@pytest.mark.parametrize("value", ["YES", "bkt", "other,bkt"])
def test_a_public_bucket_needs_no_credentials(s3, monkeypatch, value):
    import boto3

    boto3.client("s3").put_object(Bucket="bkt", Key="public", Body=b"1", ACL="public-read")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_NO_SIGN_REQUEST", value)
    assert read_bytes("s3://bkt/public") == b"1"


def test_names_are_not_unescaped(s3):
    write_bytes("s3://bkt/odd/ü %41+&=.wet", b"1")
    assert list(match_files("", "s3://bkt/odd/ü*", WET)) == ["s3://bkt/odd/ü %41+&=.wet"]
    assert read_bytes("s3://bkt/odd/ü %41+&=.wet") == b"1"


def test_more_objects_than_a_page_of_a_listing_are_found(s3):
    from moto.s3.models import s3_backends

    backend = s3_backends["123456789012"]["aws"]  # of the server: this process's
    for number in range(1100):
        backend.put_object("bkt", f"many/{number:04d}.wet.gz", b"1")
    assert len(match_files("--input", "s3://bkt/many/", WET)) == 1100
    assert len(match_files("--input", "s3://bkt/many/*5.wet.gz", WET)) == 110
    assert len(list_files("s3://bkt/many")) == 1100
    backend.put_object("bkt", "many/000000.arrow", b"1")
    delete_folder("s3://bkt/many")
    assert len(list_files("s3://bkt/many")) == len(foreign_files("s3://bkt/many")) == 1100


def test_a_profile_that_is_not_there_is_told_at_once(tmp_path, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "config").write_text("[profile work]\nregion = eu-west-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_PROFILE", "wrok")
    with pytest.raises(UsageError, match=r"=wrok: no such profile in .*; there are work"):
        exists("s3://bucket-of-a-profile/a")


def test_a_bucket_that_is_not_there_is_told_of_a_folder_too(s3):
    with pytest.raises(UsageError, match=r"there is no bucket s3://none"):
        match_files("--input", "s3://none/", WET)
