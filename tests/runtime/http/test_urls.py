"""Addresses: what is one, where a path may lead, what of it may be shown."""

import pytest

from runtime.http.urls import (
    UrlError,
    is_http,
    is_relative_path,
    join_url,
    parse_url,
    resolve_redirect,
    shown_url,
)

BASE = "https://data.commoncrawl.org/"


@pytest.mark.parametrize(
    ("base", "path", "joined"),
    [
        (BASE, "a/b.gz", "https://data.commoncrawl.org/a/b.gz"),
        ("https://host", "a", "https://host/a"),
        ("http://host:8080/mirror//", "a", "http://host:8080/mirror/a"),
        ("https://host/c?sig=x%2F&se=1", "a/b", "https://host/c/a/b?sig=x%2F&se=1"),
        ("https://user:word@host/", "a", "https://user:word@host/a"),
    ],
)
def test_a_path_is_joined_below_its_base(base, path, joined):
    assert join_url(base, path) == joined
    assert parse_url(joined).origin == parse_url(base).origin


LEADING_ELSEWHERE = [
    "", "/", "/etc/passwd", "..", "../a", "a/../b", "a/..", "./a", "a/./b", "a//b", "a/",
    "//host/a", "https://host/a", "file:///a", "a:b", "C:\\a", "a\\..\\b", "a\0", "a\n", "a b",
    "a?b", "a#b", "%2e%2e/a", "a/%2F", "~/a", "é", "a@b",
]  # fmt: skip


@pytest.mark.parametrize("path", LEADING_ELSEWHERE)
def test_a_path_that_might_lead_elsewhere_is_refused(path):
    assert not is_relative_path(path)
    with pytest.raises(UrlError):
        join_url(BASE, path)


@pytest.mark.parametrize("path", ["a", "a/b-c_d.e=f", "...", "a/..b/c..", ".hidden"])
def test_a_path_may_only_lead_down(path):
    assert is_relative_path(path)


@pytest.mark.parametrize(
    "url",
    ["", "host/a", "ftp://host/", "https://", "https:///a", "https://:80/", "http://host:x/",
     "http://host:99999/", "http://[::1/", "https://host/a#b", "http://host\\@other/",
     "http://ho st/", "http://host/\r\nHost: other", "http://höst/", "https:host"],
)  # fmt: skip
def test_what_is_no_address_is_refused(url):
    with pytest.raises(UrlError, match=r"expected|port|Port|IPv6"):
        parse_url(url)


def test_an_address_parts_from_its_login():
    address = parse_url("HTTPS://user:p%40ss@Host.Example/a?b=c")
    assert address.url == "https://Host.Example/a?b=c"
    assert address.origin == ("https", "host.example", 443)
    assert address.login == "user:p@ss"
    assert "p@ss" not in repr(address) and "b=c" not in repr(address)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://host/a", "https://host/a"),
        ("https://user:word@host/a?sig=abc&se=&flag", "https://host/a?sig=...&se=&flag"),
        ("https://user:w@rd@host", "https://host"),
        ("s3://key:secret@bucket/a", "s3://bucket/a"),
        ("a\n\x1b[31mb", "a%0A%1B[31mb"),
        ("/a/path@2x", "/a/path@2x"),
        ("https://host/a@b", "https://host/a@b"),
    ],
)
def test_secrets_and_control_characters_are_not_shown(url, shown):
    assert shown_url(url) == shown


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/x?y=z", "http://host:81/x?y=z"),
        ("x", "http://host:81/a/x"),
        ("../../../x", "http://host:81/x"),
        ("http://HOST:81/x", "http://HOST:81/x"),
        ("", "http://host:81/a/b"),
        ("//other/x", None),
        ("http://host/x", None),
        ("http://host:82/x", None),
        ("https://host:81/x", None),
        ("http://u@host:81/x", None),
        ("javascript:alert(1)", None),
        ("http://host:81/\n", None),
    ],
)
def test_redirects_stay_at_the_host(location, url):
    address = parse_url("http://u:w@host:81/a/b")
    if url is None:
        with pytest.raises(UrlError):
            resolve_redirect(address, location)
    else:
        followed = resolve_redirect(address, location)
        assert (followed.url, followed.login) == (url, "u:w")


@pytest.mark.parametrize(
    ("location", "is_one"),
    [
        ("http://a", True),
        ("HTTPS://a", True),
        ("s3://a", False),
        ("/http://a", False),
        ("a", False),
    ],
)
def test_http_is_told_by_its_scheme(location, is_one):
    assert is_http(location) is is_one
