"""RealNews domains by both, on real URLs and on such as no page has."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cleaning.filters.domains import Domains
from cleaning.urls import normalize_url
from tests.conftest import read_gzip
from tests.reference import strategies
from tests.reference.reference import PageFeatures, c4_utils, counting
from tests.reference.strategies import NEWS_DOMAINS, examples

DOMAINS = Domains(NEWS_DOMAINS)
ODD = dict.fromkeys(("bücher.de", "News.COM", "a_b.com", "", ".", "com", "1.2.3.4.", ".com"), True)
ODD |= NEWS_DOMAINS
ODD_DOMAINS = Domains(ODD)  # so odd that no look at a plain host settles anything


def reference_rule(url: str, allowed: dict[str, object]) -> str:
    """The one rule that the reference counts."""
    with counting() as counts:
        kept = c4_utils.is_realnews_domain(PageFeatures(normalized_url=url), allowed)
    ((rule, count),) = counts.items()
    assert count == 1 and kept is rule.endswith("/passed")
    return rule


def test_only_an_odd_list_does_without_the_look_at_plain_hosts():
    assert DOMAINS._plain and not ODD_DOMAINS._plain


@examples(1500)
@given(strategies.host_urls)
@example("news.com")
@example("")
def test_domains_of_odd_hosts(url):
    assert DOMAINS.rule(url) == reference_rule(url, NEWS_DOMAINS)


@examples(500)
@given(strategies.host_urls)
def test_domains_of_an_odd_list(url):
    assert ODD_DOMAINS.rule(url) == reference_rule(url, ODD)


@examples(500)
@given(strategies.urls | st.text(max_size=30))
def test_domains_of_any_text(url):
    normalized = normalize_url(url)
    assert DOMAINS.rule(normalized) == reference_rule(normalized, NEWS_DOMAINS)


@pytest.fixture(scope="module")
def realnews(shared_data) -> dict[str, object]:
    """The real list."""
    return json.loads((shared_data / "refs" / "domain_to_allowed_subdomains.json").read_text())


def target_urls(wet_files: list[Path]) -> list[str]:
    """Every URL of WET files, normalized."""
    header = re.compile(rb"^WARC-Target-URI: (.*?)\r?$", re.MULTILINE)
    found = [header.findall(read_gzip(path)) for path in wet_files]
    return [normalize_url(url.decode()) for urls in found for url in urls]


def test_domains_of_real_urls(realnews, shared_data):
    domains = Domains(realnews)
    assert domains._plain
    counts = Counter()
    for url in target_urls(sorted((shared_data / "wet").glob("*.wet.gz"))):
        rule = reference_rule(url, realnews)
        assert domains.rule(url) == rule, url
        counts[rule.rpartition(":")[2].rpartition("/")[2]] += 1
    assert min(counts["passed"], counts["bad_domain"], counts["bad_subdomain"]) > 10


def test_every_domain_of_the_real_list(realnews):
    domains = Domains(realnews)
    for domain, allowed in realnews.items():
        subdomains = allowed[:3] if isinstance(allowed, list) else []
        for prefix in ("", "x.", "www.", *(f"{name}." if name else "" for name in subdomains)):
            url = f"{prefix}{domain}/x"
            assert domains.rule(url) == reference_rule(url, realnews), url
