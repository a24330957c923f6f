"""Normalized URLs, digests and what is decided by them."""

import hashlib

import numpy as np
import pytest

from cleaning.urls import are_held_out, md5, normalize_url, pack_digests, shard_key


@pytest.mark.parametrize(
    ("url", "normalized"),
    [
        ("http://a.example/x", "a.example/x"),
        ("https://www.a.example/x/", "a.example/x"),
        ("http://www.www.a.example", "www.a.example"),
        ("www.a.example/", "www.a.example"),
        ("HTTP://a.example/", "HTTP://a.example"),
        ("ftp://a.example//", "ftp://a.example"),
        ("http://a.example/?u=https://www.b.example/", "a.example/?u=b.example"),
        ("http://a.example/x?utm_source=b", "a.example/x"),
        ("http://a.example/x?UTM_source=b", "a.example/x?UTM_source=b"),
        ("http://a.example/x?utmost", "a.example/x?utmost"),
        ("http://a.example/x/?reference=7", "a.example/x"),
        ("http://a.example/x?feed", "a.example/x"),
        ("http://a.example/x?a=1&ref=b", "a.example/x?a=1&ref=b"),
        ("http://a.example/x?a?ref=b", "a.example/x?a"),
        ("http://a.example/x?ref=b\nrest/", "a.example/x\nrest"),
        ("http://a.example/x#top/", "a.example/x#top"),
        ("https:///x//", "/x"),
        ("https://", ""),
        ("", ""),
    ],
)
def test_normalize_url_strips_scheme_tracking_and_trailing_slashes(url, normalized):
    assert normalize_url(url) == normalized


def test_md5_is_that_of_the_utf8_text():
    assert md5("").hex() == "d41d8cd98f00b204e9800998ecf8427e"
    assert md5("é") == hashlib.md5(b"\xc3\xa9").digest()


def test_md5_refuses_a_lone_surrogate():
    with pytest.raises(UnicodeEncodeError):
        md5("\ud800")


def test_packed_digests_sort_as_their_hexadecimals_do():
    digests = [md5(str(n)) for n in range(50)] + [bytes(16), b"\xff" * 16, bytes(15) + b"\1"]
    packed = pack_digests(digests)
    assert packed.dtype == np.uint64
    by_value = sorted(range(len(digests)), key=lambda n: tuple(packed[n].tolist()))
    assert by_value == sorted(range(len(digests)), key=lambda n: digests[n].hex())


def test_no_digests_pack_into_no_rows():
    assert pack_digests([]).shape == (0, 2)


@pytest.mark.parametrize(
    ("digest", "held_out"),
    [
        (bytes(16), True),
        ((1000).to_bytes(16), True),
        ((999).to_bytes(16), False),
        ((1001).to_bytes(16), False),
        ((1000 << 64).to_bytes(16), True),
        ((1 << 127).to_bytes(16), False),
    ],
)
def test_validation_takes_the_thousandth_by_the_whole_digest(digest, held_out):
    assert are_held_out(pack_digests([digest])).tolist() == [held_out]


def test_shard_key_never_changes():
    assert shard_key("http://a.example/é") == 0x56CA0490ED538676
