"""Section 2.2 of Raffel et al. 2020, written down as plainly as can be: the oracle of `paper`.

Nothing here is shared with the product; everything is slow and in memory. The steps are those of
docs/fidelity.md: one capture a URL, rules, three-sentence spans, sentences again, language.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from tests.reference.reference import best_language, c4_utils, punkt

PUNKT = punkt()
END_MARKS = (".", "!", "?", '"', "\u201d")
POLICY = (
    "terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies",
    "use cookies",
)  # fmt: skip


@dataclass(frozen=True)
class Capture:
    """A page as the crawl has it."""

    url: str
    timestamp: str
    text: str


def build_paper(captures: Iterable[Capture], bad_words: Iterable[str]) -> dict[str, str]:
    """The text of each URL that is left."""
    pages = {}
    for capture in newest(captures):
        text = clean(capture.text, bad_words)
        if text is not None:
            pages[capture.url] = text
    kept = {}
    for url, text in deduplicate(pages).items():
        if text and len(PUNKT.tokenize(text)) >= 3 and is_english(text):
            kept[url] = text
    return kept


def newest(captures: Iterable[Capture]) -> list[Capture]:
    """One capture of each URL."""
    by_url = defaultdict(list)
    for capture in captures:
        by_url[c4_utils.normalize_url(capture.url)].append(capture)
    return [
        max(same, key=lambda c: (c.timestamp, -int(md5(c.url), 16))) for same in by_url.values()
    ]


def clean(text: str, bad_words: Iterable[str]) -> str | None:
    """The lines that are kept; None if the page is not."""
    lowered = text.lower()
    if "lorem ipsum" in lowered or "{" in text:
        return None
    if re.search(rf"(?:\W|^)({'|'.join(map(re.escape, bad_words))})(?:\W|$)", lowered):
        return None
    lines = []
    for line in text.splitlines():
        line = re.sub(r"\[\d*\]|\[edit\]|\[citation needed\]", "", line.strip())
        if not line.endswith(END_MARKS) or len(line.split()) < 5:
            continue
        if any(phrase in line.lower() for phrase in ("javascript", *POLICY)):
            continue
        lines.append(line)
    if sum(len(PUNKT.tokenize(line)) for line in lines) < 3:
        return None
    return "\n".join(lines).strip()


def deduplicate(pages: dict[str, str]) -> dict[str, str]:
    """The pages without all but one occurrence of each span of three sentences."""
    sentences = {
        url: [(n, s) for n, line in enumerate(text.split("\n")) for s in PUNKT.tokenize(line)]
        for url, text in pages.items()
    }
    places = defaultdict(list)
    for url, of_page in sentences.items():
        for at in range(len(of_page) - 2):
            span = tuple(sentence for _, sentence in of_page[at : at + 3])
            places[span].append((md5(url), at, url))
    dropped = defaultdict(set)
    for occurrences in places.values():
        for _, at, url in sorted(occurrences)[1:]:
            dropped[url] |= {at, at + 1, at + 2}
    return {url: left(pages[url], of_page, dropped[url]) for url, of_page in sentences.items()}


def left(text: str, sentences: list[tuple[int, str]], dropped: set[int]) -> str:
    """The lines of a page, those that lost a sentence put together anew."""
    lines = []
    for number, line in enumerate(text.split("\n")):
        own = [(at, s) for at, (of_line, s) in enumerate(sentences) if of_line == number]
        stay = [s for at, s in own if at not in dropped]
        if stay:
            lines.append(line if len(stay) == len(own) else " ".join(stay))
    return "\n".join(lines)


def is_english(text: str) -> bool:
    """True if langdetect is sure enough."""
    language, probability = best_language(text)
    return language == "en" and probability >= 0.99


def md5(text: str) -> str:
    """In hexadecimals."""
    return hashlib.md5(text.encode()).hexdigest()
