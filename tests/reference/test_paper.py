"""The spec `paper` beside its oracle: real pages, and generated ones that share much."""

from collections.abc import Sequence
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from cleaning.filters.badwords import load_english
from tests.cleaning.wet.wet import header_lines, record_bytes
from tests.reference.paper import Capture, build_paper
from tests.reference.reference import c4_utils
from tests.reference.strategies import examples
from tests.runs.runs import plan, read_jsonl, run_stages, split_wet

BAD_WORDS = load_english().words()
SENTENCES = (
    "The last ferry of the day leaves at ten.",
    "Nobody who lives here was left on the island!",
    "“It was far too late for all of us.”",
    "Does it sail on Sundays as well as today?",
    "We waited for the captain...",
    "Mr. Vale of the harbour office sailed at noon.",
    'She said that the boat was "almost full."',
    "The old lighthouse has been dark for years.",
    "It rained on the market from dawn to dusk.",
    "Too short.",
    "We always use cookies with our tea at ten.",
    "He left the harbour [12] before the storm came.",
)
ODD = ("Lorem ipsum", "{", "© 2025", "ass", "An ass brayed at the old ferry.", "Home")
lines = st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=4).map(" ".join)
pages = st.lists(st.one_of(lines, lines, lines, st.sampled_from((*SENTENCES, *ODD))), max_size=7)
corpora = st.lists(st.tuples(st.integers(0, 9), pages), min_size=1, max_size=12)
"""Pages with the numbers of their URLs: a number met again is a later capture."""


def write_wet(path: Path, captures: Sequence[Capture]) -> None:
    """A plain WET file of these captures."""
    records = [record_bytes(header_lines(c.url, c.timestamp), c.text.encode()) for c in captures]
    path.write_bytes(b"".join(records))


def built(files: list[Path], output: Path) -> dict[str, str]:
    """What the spec gives: text by URL."""
    arguments = [f"--input={path}" for path in files]
    todo = plan(output, "--spec=paper", "--format=jsonl", "--max_malformed_fraction=1", *arguments)
    run_stages(todo)
    return {d["url"]: d["text"] for d in read_jsonl(output, "c4_paper/en/1.0.0")}


def test_real_pages(shared_data, tmp_path):
    files = split_wet(sorted((shared_data / "wet").glob("*.gz"))[:2], tmp_path / "wet", 6)[:1]
    captures = [
        Capture(page.url, page.timestamp, page.text)
        for path in files
        for page in c4_utils.split_wet_file(str(path))
    ]
    expected = build_paper(captures, BAD_WORDS)
    assert len(expected) > 150
    assert built(files, tmp_path / "out") == expected


@examples(60)
@given(corpora)
def test_pages_that_share_sentences(tmp_path_factory, corpus):
    captures = [
        Capture(
            f"http://{'abcdefghij'[number]}.example/x",
            f"2025-03-02T08:15:{at:02d}Z",
            "\n".join(page) or "Home",
        )
        for at, (number, page) in enumerate(corpus)
    ]
    folder = tmp_path_factory.mktemp("corpus")
    files = [folder / "a.warc.wet", folder / "b.warc.wet"]
    write_wet(files[0], captures[::2])
    write_wet(files[1], captures[1::2])
    assert built(files, folder / "out") == build_paper(captures, BAD_WORDS)


def test_of_a_span_on_two_pages_one_is_left(tmp_path):
    """The oracle is right where one can see it: pages a and b share their last three sentences."""
    shared = "\n".join(SENTENCES[i] for i in (0, 1, 3))
    captures = [
        Capture("http://a.example/", "2025-03-02T08:15:01Z", f"{SENTENCES[7]}\n{shared}"),
        Capture("http://b.example/", "2025-03-02T08:15:02Z", f"{SENTENCES[8]}\n{shared}"),
        Capture(
            "http://c.example/", "2025-03-02T08:15:03Z", "\n".join(SENTENCES[i] for i in (5, 6, 7))
        ),
    ]
    expected = build_paper(captures, BAD_WORDS)
    assert sorted(expected) in (
        ["http://a.example/", "http://c.example/"],
        ["http://b.example/", "http://c.example/"],
    )
    write_wet(tmp_path / "a.warc.wet", captures)
    assert built([tmp_path / "a.warc.wet"], tmp_path / "out") == expected
