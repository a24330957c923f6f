"""RealNews domains: which hosts are on the list, and lists that are none."""

import json
import re

import pytest

from cleaning.filters import domains
from cleaning.filters.domains import (
    BAD_DOMAIN_RULE,
    BAD_SUBDOMAIN_RULE,
    PASSED_RULE,
    Domains,
    DomainsError,
    parse_domains,
)
from cleaning.rules import RULES

ALLOWED = {
    "news.com": True,
    "daily.co.uk": ["", "sport"],
    "blogspot.com": ["times"],
    "gov.example": [],
    "1.2.3.4": True,
    "localhost.localdomain": True,
    "xn--bcher-kva.de": True,
}
DOMAINS = Domains(ALLOWED)
NEVER_SHORT = Domains({**ALLOWED, "bücher.de": True})  # every host needs tldextract

URLS = [
    ("news.com", PASSED_RULE),
    ("news.com/a?b#c", PASSED_RULE),
    ("news.com?a", PASSED_RULE),
    ("news.com#a", PASSED_RULE),
    ("sport.news.com/x", PASSED_RULE),
    ("a.b.c.news.com/x", PASSED_RULE),
    ("a.example/news.com", BAD_DOMAIN_RULE),
    ("a.example/?u=news.com", BAD_DOMAIN_RULE),
    ("a.example?news.com", BAD_DOMAIN_RULE),
    ("fakenews.com/x", BAD_DOMAIN_RULE),
    ("news.com.example/x", BAD_DOMAIN_RULE),
    ("news.co/x", BAD_DOMAIN_RULE),
    ("com/x", BAD_DOMAIN_RULE),
    ("co.uk/x", BAD_DOMAIN_RULE),
    ("localhost/x", BAD_DOMAIN_RULE),
    ("", BAD_DOMAIN_RULE),
    ("/", BAD_DOMAIN_RULE),
    ("?", BAD_DOMAIN_RULE),
    ("daily.co.uk/x", PASSED_RULE),
    ("sport.daily.co.uk/x", PASSED_RULE),
    ("www.sport.daily.co.uk/x", BAD_SUBDOMAIN_RULE),
    ("cooking.daily.co.uk/x", BAD_SUBDOMAIN_RULE),
    ("uk.daily.co/x", BAD_DOMAIN_RULE),
    ("times.blogspot.com/x", PASSED_RULE),
    ("other.blogspot.com/x", BAD_SUBDOMAIN_RULE),
    ("blogspot.com", BAD_SUBDOMAIN_RULE),
    ("gov.example/x", BAD_DOMAIN_RULE),
    ("1.2.3.4/x", BAD_DOMAIN_RULE),
    ("localhost.localdomain", BAD_DOMAIN_RULE),
    ("xn--bcher-kva.de/x", PASSED_RULE),
    ("NEWS.com/x", BAD_DOMAIN_RULE),
    ("news.COM/x", BAD_DOMAIN_RULE),
    ("Sport.news.com/x", PASSED_RULE),
    ("news.com:8080/x", PASSED_RULE),
    ("user:pw@news.com/x", PASSED_RULE),
    ("news.com@a.example/x", BAD_DOMAIN_RULE),
    ("news.com./x", PASSED_RULE),
    ("news\u3002com/x", PASSED_RULE),
    ("a_b.news.com/x", PASSED_RULE),
    ("ftp://news.com/x", PASSED_RULE),
    ("news.com\\x", BAD_DOMAIN_RULE),
    (" news.com", PASSED_RULE),
    ("news.com x", BAD_DOMAIN_RULE),
    ("[2001:db8::1]/x", BAD_DOMAIN_RULE),
]


@pytest.mark.parametrize(("url", "rule"), URLS)
@pytest.mark.parametrize("found", [DOMAINS, NEVER_SHORT], ids=["shortcut", "tldextract"])
def test_a_page_meets_the_rule_of_its_domain(found, url, rule):
    assert found.rule(url) == rule


@pytest.mark.parametrize(
    ("url", "is_short"),
    [
        ("a.example/x", True),
        ("a-b.example", True),
        ("localhost?x", True),
        ("127.0.0.1/x", True),
        ("news.com/x", False),
        ("a.example:80/x", False),
        ("A.example/x", False),
        ("a..example/x", False),
        ("a.example./x", False),
        ("bücher.example/x", False),
        ("", False),
    ],
)
def test_a_look_at_a_plain_host_spares_the_list_of_suffixes(monkeypatch, url, is_short):
    monkeypatch.setattr(domains, "_load_extractor", None)
    if is_short:
        assert DOMAINS.rule(url) == BAD_DOMAIN_RULE
    else:
        with pytest.raises(TypeError):
            DOMAINS.rule(url)
    with pytest.raises(TypeError):
        NEVER_SHORT.rule(url)


def test_suffixes_come_from_no_network_and_no_folder():
    extractor = domains._load_extractor()
    assert extractor.suffix_list_urls == ()
    assert not extractor._cache.enabled
    assert not extractor.include_psl_private_domains


def test_every_outcome_is_a_rule_of_the_table():
    listed = {rule.name for rule in RULES if rule.step() == "realnews-domain-filter"}
    assert {PASSED_RULE, BAD_DOMAIN_RULE, BAD_SUBDOMAIN_RULE} == listed


def test_a_list_is_read_as_realnews_writes_it():
    data = json.dumps({"news.com": True, "daily.co.uk": ["", "sport"]}).encode()
    found = parse_domains(data, "x")
    assert found.rule("a.news.com/x") == PASSED_RULE
    assert found.rule("sport.daily.co.uk") == PASSED_RULE
    assert found.rule("food.daily.co.uk") == BAD_SUBDOMAIN_RULE
    assert found.rule("other.example") == BAD_DOMAIN_RULE


def test_a_list_may_open_with_a_byte_order_mark():
    assert parse_domains('\ufeff{"news.com": true}'.encode(), "x").rule("news.com") == PASSED_RULE


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not JSON: Expecting value: line 1 column 1 (char 0)"),
        (b"news.com\n", "not JSON: Expecting value"),
        (b'{"news.com": true', "not JSON: Expecting ',' delimiter"),
        (b'{"news.com": "\xff"}', "not JSON: 'utf-8' codec can't decode"),
        ('{"news.com": true}'.encode("utf-16"), "not JSON: 'utf-8' codec can't decode"),
        (b"[]", "holds no object with domains"),
        (b'["news.com"]', "holds no object with domains"),
        (b"{}", "holds no object with domains"),
        (b"null", "holds no object with domains"),
        (b'{"news.com": false}', "'news.com' has False"),
        (b'{"news.com": 1}', "'news.com' has 1"),
        (b'{"news.com": "sport"}', "'news.com' has 'sport'"),
        (b'{"news.com": null}', "'news.com' has None"),
        (b'{"a.com": true, "news.com": ["a", 1]}', "'news.com' has ['a', 1]"),
        (b'{"news.com": {"sport": true}}', "'news.com' has {'sport': True}"),
    ],
)
def test_a_list_of_another_layout_is_refused_with_what_was_expected(data, said):
    expected = r'expected \{"example\.com": true, "example\.org": \["news", "blog"\], \.\.\.\}$'
    with pytest.raises(DomainsError, match=f"^/some/list: {re.escape(said)}.*; {expected}"):
        parse_domains(data, "/some/list")


@pytest.mark.parametrize("ending", ["news.com", "news.example"])
def test_a_host_of_any_number_of_labels_gives_few_lookups(ending):
    """Each ending of such a host, one after another, would be gigabytes."""
    looked_up: list[str] = []

    class Allowed(dict[str, object]):
        def __contains__(self, domain: object) -> bool:
            looked_up.append(str(domain))
            return super().__contains__(domain)

    domains = Domains(ALLOWED)
    domains._allowed = Allowed(ALLOWED)
    host = "a." * 50_000 + ending
    assert domains._may_be_listed(host) is (ending == "news.com")
    assert len(looked_up) <= 4 and max(map(len, looked_up)) < 30
