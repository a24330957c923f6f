"""URL lists: which files are lists; each is read to its last line, or an error says why not."""

import bz2
import gzip
import lzma
import os
import random
import zipfile

import numpy as np
import pytest
import zstandard

from cleaning.urls import md5, normalize_url, pack_digests
from pipelines.sources import url_lists
from pipelines.sources.url_lists import UrlListError, find_url_lists, first_rows, read_digests
from runtime.storage.content import compression
from runtime.storage.matching import InputError

LINES = [f"http://www.site{n}.example/page/{n * n}?utm_source=x" for n in range(500)]
TEXT = "".join(f"{line}\n" for line in LINES).encode()
PACKERS = {
    ".txt.gz": gzip.compress,
    ".txt.xz": lzma.compress,
    ".txt.bz2": bz2.compress,
    ".txt.zst": zstandard.ZstdCompressor(write_checksum=True).compress,
}
packed_each_way = pytest.mark.parametrize("ending", PACKERS)


def digests_of(urls):
    """What the list of these URLs comes to, told another way."""
    normalized = {md5(normalize_url(url)) for url in urls}
    return [row.tobytes() for row in pack_digests(sorted(normalized))]


def read(*patterns):
    """The digests, lines with a URL and lines refused of each list that the patterns name."""
    results = []
    for url_list in find_url_lists([str(pattern) for pattern in patterns]):
        digests, listed, refused = read_digests(url_list, normalize_url)
        assert digests.dtype == np.uint64
        results.append(([row.tobytes() for row in digests], listed, refused))
    return results


def write_zip(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def test_a_plain_list_is_read_as_digests_of_its_normalized_urls(tmp_path):
    (tmp_path / "urls.txt").write_bytes(TEXT)
    assert read(tmp_path / "urls.txt") == [(digests_of(LINES), len(LINES), 0)]


@packed_each_way
def test_a_packed_list_is_read_like_a_plain_one(tmp_path, ending):
    (tmp_path / f"urls{ending}").write_bytes(PACKERS[ending](TEXT))
    assert read(tmp_path / f"urls{ending}") == [(digests_of(LINES), len(LINES), 0)]


@packed_each_way
def test_the_bytes_tell_how_a_list_is_packed_and_not_its_name(tmp_path, ending):
    (tmp_path / "RS_2011-03.bz2.deduped.txt").write_bytes(PACKERS[ending](TEXT))
    assert read(tmp_path / "RS_2011-03.bz2.deduped.txt") == [(digests_of(LINES), len(LINES), 0)]


@packed_each_way
def test_all_members_of_a_packed_list_are_read_though_one_ends_within_a_line(tmp_path, ending):
    pack = PACKERS[ending]
    data = pack(TEXT[:1001]) + pack(b"") + pack(TEXT[1001:])
    (tmp_path / f"urls{ending}").write_bytes(data)
    assert read(tmp_path / f"urls{ending}") == [(digests_of(LINES), len(LINES), 0)]


@packed_each_way
@pytest.mark.parametrize(("packed_bytes", "buffer_bytes"), [(1, 64), (7, 16), (64 << 10, 5)])
def test_lines_are_whole_wherever_buffers_end(
    tmp_path, monkeypatch, ending, packed_bytes, buffer_bytes
):
    monkeypatch.setattr(compression, "_PACKED_BYTES", packed_bytes)
    monkeypatch.setattr(compression, "_ZSTD_FED_BYTES", packed_bytes)
    monkeypatch.setattr(compression, "_BUFFER_BYTES", buffer_bytes)
    (tmp_path / f"urls{ending}").write_bytes(PACKERS[ending](TEXT))
    assert read(tmp_path / f"urls{ending}") == [(digests_of(LINES), len(LINES), 0)]


def test_digests_of_a_list_that_repeats_itself_are_kept_once_as_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(url_lists, "_KEPT_BYTES", 16 * len(LINES))
    (tmp_path / "urls.txt").write_bytes(TEXT * 3)
    assert read(tmp_path / "urls.txt") == [(digests_of(LINES), 3 * len(LINES), 0)]


def test_a_line_that_no_url_fills_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(compression, "LONGEST_LINE_BYTES", 1 << 20)
    (tmp_path / "urls.txt.bz2").write_bytes(bz2.compress(b"ab\n" + b"a" * (2 << 20)))
    with pytest.raises(UrlListError, match="line 2 is longer than 1 MiB"):
        read(tmp_path / "urls.txt.bz2")


def test_a_line_longer_than_any_buffer_is_one_url(tmp_path):
    url = "http://a.example/" + "x" * (3 << 20)
    (tmp_path / "urls.txt.zst").write_bytes(zstandard.compress(f"{url}\n{LINES[0]}".encode()))
    assert read(tmp_path / "urls.txt.zst") == [(digests_of([url, LINES[0]]), 2, 0)]


@pytest.mark.parametrize(
    ("text", "urls", "refused"),
    [
        (b"", [], 0),
        (b"\n\r\n\n", [], 0),
        (b"http://a.example/1", ["http://a.example/1"], 0),
        (b"http://a.example/1\r\nhttp://a.example/2\r\n", [f"a.example/{n}" for n in (1, 2)], 0),
        (b"\n\nhttp://a.example/1\n\n\n", ["http://a.example/1"], 0),
        (b" http://a.example/1 \n", [" http://a.example/1 "], 0),
        (b"a.example/1\rb\n", ["a.example/1\rb"], 0),
        ("http://a.example/\u2028é\n".encode(), ["http://a.example/\u2028é"], 0),
        (b"http://a.example/\xff\nhttp://a.example/\xe9t\xe9\nhttp://b.example", ["b.example"], 2),
    ],
    ids=["empty", "blank", "no end", "CRLF", "gaps", "spaces", "CR", "not ASCII", "not UTF-8"],
)
def test_a_url_is_a_whole_line_and_lines_that_are_not_utf8_are_counted(
    tmp_path, text, urls, refused
):
    (tmp_path / "urls.txt").write_bytes(text)
    assert read(tmp_path / "urls.txt") == [(digests_of(urls), len(urls), refused)]


def test_urls_that_normalize_alike_are_one_digest_and_all_are_counted(tmp_path):
    same = ["http://a.example/", "https://www.a.example", "http://a.example?utm_source=b"]
    (tmp_path / "urls.txt").write_text("\n".join([*same, "http://b.example", *same]))
    assert read(tmp_path / "urls.txt") == [(digests_of(["a.example", "b.example"]), 7, 0)]


def test_digests_are_sorted_by_all_their_bytes(tmp_path, monkeypatch):
    digests = [bytes(16), b"\0" * 15 + b"\1", b"\1" + b"\0" * 15, b"\xff" * 16, b"\x7f" * 16]
    digests += [random.Random(n).randbytes(16) for n in range(300)]
    shuffled = random.Random(0).sample(digests * 2, 2 * len(digests))
    by_number = dict(enumerate(shuffled))
    monkeypatch.setattr("pipelines.sources.url_lists.md5", lambda url: by_number[int(url)])
    (tmp_path / "urls.txt").write_text("\n".join(map(str, by_number)))
    expected = [row.tobytes() for row in pack_digests(sorted(digests))]
    assert read(tmp_path / "urls.txt") == [(expected, len(shuffled), 0)]


def test_openwebtexts_archive_is_its_urls_folder(tmp_path):
    members = {
        "OpenWebText/Version 1/README.txt": "http://readme.example",
        "OpenWebText/Version 1/URLs/RS_2011-02.bz2.deduped.txt": "http://b.example",
        "OpenWebText/Version 1/URLs/RS_2011-01.bz2.deduped.txt": "http://a.example",
        "OpenWebText/Version 1/URLs/notes.md": "http://notes.example",
        "OpenWebText/Version 1/myURLs.txt": "http://other.example",
        "OpenWebText/Version 1/oldURLs/RS_2010.txt": "http://old.example",
    }
    path = write_zip(tmp_path / "OpenWebText.zip", members)
    found = find_url_lists([str(path)])
    assert [url_list.member for url_list in found] == sorted(members)[1:3]
    assert [url_list.number for url_list in found] == [0, 1]
    assert read(path) == [(digests_of([f"{name}.example"]), 1, 0) for name in "ab"]


def test_an_archive_without_a_urls_folder_is_all_its_texts(tmp_path):
    members = {"b.txt": b"http://b.example", "deep/a.txt.gz": gzip.compress(b"http://a.example")}
    path = write_zip(tmp_path / "lists.zip", {**members, "table.csv": "http://c.example"})
    assert read(path) == [(digests_of([f"{name}.example"]), 1, 0) for name in "ba"]


def test_an_archive_is_told_by_its_bytes(tmp_path):
    path = write_zip(tmp_path / "urls.txt", {"a.txt": TEXT})
    assert read(path) == [(digests_of(LINES), len(LINES), 0)]


def test_a_folder_gives_the_texts_and_archives_in_it_and_below(tmp_path):
    (tmp_path / "below" / "more").mkdir(parents=True)
    (tmp_path / "1.txt").write_text("http://one.example")
    (tmp_path / "below" / "2.txt.zst").write_bytes(zstandard.compress(b"http://two.example"))
    (tmp_path / "below" / "more" / "3.txt").write_text("http://three.example")
    write_zip(tmp_path / "below" / "more" / "4.zip", {"a.txt": "http://four.example"})
    (tmp_path / "below" / "notes.md").write_text("http://notes.example")
    expected = [(digests_of([f"{n}.example"]), 1, 0) for n in ("one", "two", "three", "four")]
    assert read(tmp_path) == expected


def test_a_glob_gives_what_it_matches(tmp_path):
    for name in ("a1.txt", "a2.txt", "b1.txt"):
        (tmp_path / name).write_text(f"http://{name}")
    assert read(tmp_path / "a*.txt") == [(digests_of([f"a{n}.txt"]), 1, 0) for n in (1, 2)]


def test_a_list_named_twice_is_read_once_and_lists_are_ordered_by_path(tmp_path, monkeypatch):
    for name in ("b.txt", "a.txt"):
        (tmp_path / name).write_text(name)
    monkeypatch.chdir(tmp_path)
    found = find_url_lists(["b.txt", str(tmp_path), "*.txt"])
    expected = [(0, str(tmp_path / "a.txt")), (1, str(tmp_path / "b.txt"))]
    assert [(url_list.number, url_list.path) for url_list in found] == expected


def test_the_key_of_a_list_changes_with_the_list_and_not_with_its_number(tmp_path):
    (tmp_path / "b.txt").write_text("http://b.example")
    alone = find_url_lists([str(tmp_path)])[0].key()
    (tmp_path / "a.txt").write_text("http://a.example")
    other, same = (url_list.key() for url_list in find_url_lists([str(tmp_path)]))
    assert same == alone != other
    os.utime(tmp_path / "b.txt", (1, 1))
    assert find_url_lists([str(tmp_path / "b.txt")])[0].key() != alone


@packed_each_way
@pytest.mark.parametrize("lost_bytes", [1, 300])
def test_a_list_cut_off_is_an_error_that_names_it(tmp_path, ending, lost_bytes):
    text = "".join(f"{random.Random(n).random()}\n" for n in range(2000)).encode()
    (tmp_path / f"urls{ending}").write_bytes(PACKERS[ending](text)[:-lost_bytes])
    with pytest.raises(UrlListError) as error:
        read(tmp_path / f"urls{ending}")
    assert f"urls{ending} cannot be read to its end" in str(error.value)


@packed_each_way
def test_a_list_whose_second_member_is_cut_off_is_an_error(tmp_path, ending):
    data = PACKERS[ending](TEXT) + PACKERS[ending](TEXT)[:-9]
    (tmp_path / f"urls{ending}").write_bytes(data)
    with pytest.raises(UrlListError, match="cannot be read to its end"):
        read(tmp_path / f"urls{ending}")


@packed_each_way
def test_a_list_with_a_damaged_byte_is_an_error(tmp_path, ending):
    data = bytearray(PACKERS[ending](random.Random(1).randbytes(5000)))
    data[2500] ^= 0x55
    (tmp_path / f"urls{ending}").write_bytes(data)
    with pytest.raises(UrlListError, match="cannot be read to its end"):
        read(tmp_path / f"urls{ending}")


def test_an_archive_cut_off_is_an_error_that_names_it(tmp_path):
    path = write_zip(tmp_path / "lists.zip", {"a.txt": TEXT})
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(UrlListError, match=r"lists\.zip: cannot be read"):
        find_url_lists([str(path)])


def test_a_damaged_member_is_an_error_that_names_archive_and_member(tmp_path):
    path = write_zip(tmp_path / "lists.zip", {"a.txt": random.Random(1).randbytes(5000)})
    data = bytearray(path.read_bytes())
    data[2500] ^= 0x55
    path.write_bytes(data)
    with pytest.raises(UrlListError, match=r"lists\.zip, a\.txt cannot be read to its end"):
        read(path)


def test_an_archive_with_a_password_is_an_error_that_says_so(tmp_path):
    path = write_zip(tmp_path / "lists.zip", {"a.txt": TEXT})
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x03\x04") + 6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(UrlListError, match=r"a\.txt cannot be read .*password"):
        read(path)


def test_an_archive_without_texts_is_an_error_that_says_what_was_expected(tmp_path):
    path = write_zip(tmp_path / "lists.zip", {"urls.csv": TEXT})
    with pytest.raises(UrlListError, match=r"holds no \*\.txt, .*expected texts with a URL a line"):
        find_url_lists([str(path)])


@pytest.mark.parametrize("name", ["missing.txt", "*.txt", ""])
def test_a_value_that_names_no_list_is_an_error(tmp_path, name):
    (tmp_path / "notes.md").write_text("http://notes.example")
    with pytest.raises(InputError, match=r"--webtext_urls=.*matches no file"):
        find_url_lists([str(tmp_path / name)])


def test_a_list_that_went_away_is_an_error_that_names_it(tmp_path):
    (tmp_path / "urls.txt").write_bytes(TEXT)
    (url_list,) = find_url_lists([str(tmp_path / "urls.txt")])
    (tmp_path / "urls.txt").unlink()
    with pytest.raises(UrlListError, match=r"urls\.txt cannot be read to its end"):
        read_digests(url_list, normalize_url)


@pytest.mark.parametrize("rows", [0, 1, 2, 999])
def test_first_rows_are_where_each_digest_is_met_first(rows):
    digests = np.random.default_rng(rows).integers(0, 12, (rows, 2), np.uint64)
    met = [tuple(row) for row in digests.tolist()]
    expected = [row not in met[:number] for number, row in enumerate(met)]
    assert first_rows(digests).tolist() == expected
