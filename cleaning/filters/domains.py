"""The RealNews domains, whose pages realnewslike takes (TFDS c4_utils.is_realnews_domain)."""

import functools
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tldextract import TLDExtract
from runtime.errors import UsageError

PASSED_RULE = "realnews-domain-filter/passed"
BAD_DOMAIN_RULE = "realnews-domain-filter/filtered:bad_domain"
BAD_SUBDOMAIN_RULE = "realnews-domain-filter/filtered:bad_subdomain"
# A host of plain characters, and the character that ends it.
_PLAIN_HOST = re.compile(r"([a-z0-9-]+(?:\.[a-z0-9-]+)*)(?:[/?#]|\Z)")
_PLAIN_DOMAIN = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")


class DomainsError(UsageError):
    """A domain list has another layout; the message says what was expected."""


class Domains:
    """A RealNews list: the domains, and of some of them the subdomains, that count as news.

    Args:
      allowed: by domain, as in `example.co.uk`: a list of subdomains, or anything else for all.
    """

    def __init__(self, allowed: Mapping[str, object]) -> None:
        self._allowed = dict(allowed)
        self._plain = all(map(_PLAIN_DOMAIN.fullmatch, self._allowed))
        self._most_labels = max((domain.count(".") + 1 for domain in self._allowed), default=0)

    def rule(self, normalized_url: str) -> str:
        """The rule that a page of this URL meets.

        The domain is the public suffix, by tldextract's list, and the label before it. For nearly
        all pages no ending of the host is in the list; then its domain is not in it either.
        """
        host = _PLAIN_HOST.match(normalized_url)
        if self._plain and host is not None and not self._may_be_listed(host[1]):
            return BAD_DOMAIN_RULE
        parts = _load_extractor()(normalized_url)
        domain = f"{parts.domain}.{parts.suffix}"
        if domain not in self._allowed:
            return BAD_DOMAIN_RULE
        subdomains = self._allowed[domain]
        if isinstance(subdomains, list) and parts.subdomain not in subdomains:
            return BAD_SUBDOMAIN_RULE
        return PASSED_RULE

    def _may_be_listed(self, host: str) -> bool:
        """True if an ending of the host, of two labels or more, is in the list.

        No ending of more labels than a listed domain has is built: a host may have thousands.
        """
        labels = host.rsplit(".", self._most_labels)[-self._most_labels :]
        endings = (".".join(labels[first:]) for first in range(len(labels) - 1))
        return any(ending in self._allowed for ending in endings)


@functools.cache
def _load_extractor() -> "TLDExtract":
    """tldextract with the suffix list of its package: it reads no network and no other files."""
    import tldextract

    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


def parse_domains(data: bytes, source: str) -> Domains:
    """The list of a file in RealNews' layout: {"domain": true or ["subdomain", ...], ...}.

    Raises:
      DomainsError: it has another layout.
    """
    try:
        values = json.loads(data.decode("utf-8-sig"))  # bytes could be UTF-16
    except ValueError as error:
        raise DomainsError(f"{source}: not JSON: {error}; expected {_LAYOUT}") from None
    if not isinstance(values, dict) or not values:
        raise DomainsError(f"{source}: holds no object with domains; expected {_LAYOUT}")
    for domain, subdomains in values.items():
        of_text = isinstance(subdomains, list) and all(isinstance(s, str) for s in subdomains)
        if subdomains is not True and not of_text:
            raise DomainsError(f"{source}: {domain!r} has {subdomains!r}; expected {_LAYOUT}")
    return Domains(values)


_LAYOUT = '{"example.com": true, "example.org": ["news", "blog"], ...}'
