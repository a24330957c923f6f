"""Normalized URLs, digests, and the decisions by them."""

import hashlib

import numpy as np
import pytest

from cleaning.urls import (
    SchemeCase,
    SchemePlace,
    Tracking,
    UrlRules,
    are_held_out,
    load_normalizer,
    md5,
    normalize_url,
    pack_digests,
    shard_key,
)


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


EVERY = [
    UrlRules(case, place, tracking)
    for case in SchemeCase
    for place in SchemePlace
    for tracking in Tracking
]


def normalized(url: str, **rules: object) -> str:
    """The URL normalized with rules of which only some are not the reference's."""
    return load_normalizer(UrlRules(**rules))(url)


def test_the_rules_of_the_reference_are_normalize_url():
    assert load_normalizer(UrlRules()) is normalize_url


@pytest.mark.parametrize("rules", EVERY, ids=str)
@pytest.mark.parametrize(
    "url",
    ["http://a.example/x", "https://www.a.example/x/", "http://a.example/x?utm_source=b",
     "https://a.example/x?ref=1", "http://a.example/x//", "a.example/x", "http://a.example/x?feed"],
)  # fmt: skip
def test_plain_urls_are_normalized_alike_by_all_rules(rules, url):
    assert load_normalizer(rules)(url) == "a.example/x"


@pytest.mark.parametrize(
    ("url", "exact", "any_case"),
    [
        ("HTTP://a.example/", "HTTP://a.example", "a.example"),
        ("HttpS://WWW.a.example/", "HttpS://WWW.a.example", "a.example"),
        ("http://Www.a.example/", "Www.a.example", "a.example"),
        ("http://www.WWW.a.example/", "WWW.a.example", "WWW.a.example"),
        ("WWW.a.example/", "WWW.a.example", "WWW.a.example"),
        ("http://A.Example/X", "A.Example/X", "A.Example/X"),
        ("http://a.example/?u=HTTP://b/", "a.example/?u=HTTP://b", "a.example/?u=b"),
    ],
)
def test_schemes_may_be_cut_in_capitals_too(url, exact, any_case):
    assert normalized(url) == exact
    assert normalized(url, case=SchemeCase.ANY) == any_case


@pytest.mark.parametrize(
    ("url", "anywhere", "start"),
    [
        ("http://a.example/?u=https://www.b.example/", "a.example/?u=b.example",
         "a.example/?u=https://www.b.example"),
        ("http://http://a.example/", "a.example", "http://a.example"),
        ("http://www.https://b", "b", "https://b"),
        ("web.archive.example/2019/http://a.example/", "web.archive.example/2019/a.example",
         "web.archive.example/2019/http://a.example"),
        ("x\nhttp://a.example", "x\na.example", "x\nhttp://a.example"),
        ("https://", "", ""),
        ("", "", ""),
    ],
)  # fmt: skip
def test_a_scheme_may_be_cut_at_the_start_only(url, anywhere, start):
    assert normalized(url) == anywhere
    assert normalized(url, place=SchemePlace.START) == start


@pytest.mark.parametrize(
    ("url", "place", "both"),
    [
        ("HTTP://a.example/?u=HTTP://b", "HTTP://a.example/?u=HTTP://b", "a.example/?u=HTTP://b"),
        ("http://WWW.a.example", "WWW.a.example", "a.example"),
    ],
)
def test_case_and_place_are_chosen_apart(url, place, both):
    assert normalized(url, place=SchemePlace.START) == place
    assert normalized(url, place=SchemePlace.START, case=SchemeCase.ANY) == both


@pytest.mark.parametrize(
    ("url", "prefix", "parameter"),
    [
        ("a/x?reference=1", "a/x", "a/x?reference=1"),
        ("a/x?references", "a/x", "a/x?references"),
        ("a/x?feedback=1", "a/x", "a/x?feedback=1"),
        ("a/x?refuse=1&ref=2", "a/x", "a/x?refuse=1"),
        ("a/x?a=1&utm_source=x#top", "a/x?a=1&utm_source=x#top", "a/x?a=1#top"),
        ("a/x?utm_source=x&a=1&utm_medium=y&b=2", "a/x", "a/x?a=1&b=2"),
        ("a/x?utm_source=x#top", "a/x", "a/x#top"),
        ("a/x?utm_source=x#top/", "a/x", "a/x#top"),
        ("a/x?ref", "a/x", "a/x"),
        ("a/x?ref=", "a/x", "a/x"),
        ("a/x?ref=a=b", "a/x", "a/x"),
        ("a/x/?ref=b", "a/x", "a/x"),
        ("a/x?utm_", "a/x", "a/x"),
        ("a/x?utm", "a/x?utm", "a/x?utm"),
        ("a/x?utmost=1", "a/x?utmost=1", "a/x?utmost=1"),
        ("a/x?UTM_source=1", "a/x?UTM_source=1", "a/x?UTM_source=1"),
        ("a/x?a=ref", "a/x?a=ref", "a/x?a=ref"),
        ("a/x?a=1?ref=2", "a/x?a=1", "a/x?a=1?ref=2"),
        ("a/x?ref=1?b=2", "a/x", "a/x"),
        ("a/x?a=1&&b=2", "a/x?a=1&&b=2", "a/x?a=1&&b=2"),
        ("a/x?", "a/x?", "a/x?"),
        ("a/x?#ref", "a/x?#ref", "a/x?#ref"),
        ("a/x#?ref=1", "a/x#", "a/x#"),
        ("a/x#!/y?a=1&ref=1", "a/x#!/y?a=1&ref=1", "a/x#!/y?a=1"),
        ("a/x?feed/", "a/x", "a/x?feed"),
        ("a/ref=1", "a/ref=1", "a/ref=1"),
        ("a/x?u=http://b/?ref=1", "a/x?u=b", "a/x?u=b/?ref=1"),
        ("a/x?feed=1\nb", "a/x\nb", "a/x"),
    ],
)
def test_tracking_may_be_told_by_whole_names_of_parameters(url, prefix, parameter):
    assert normalized(url) == prefix
    assert normalized(url, tracking=Tracking.PARAMETER) == parameter


def test_everything_that_is_fixed_is_fixed_at_once():
    rules = UrlRules(SchemeCase.ANY, SchemePlace.START, Tracking.PARAMETER)
    url = "HTTP://WWW.a.example/go/?to=HTTP://b.example/&ref=c&reference=1#top/"
    assert load_normalizer(rules)(url) == "a.example/go/?to=HTTP://b.example/&reference=1#top"


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
