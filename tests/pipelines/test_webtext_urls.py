"""URL lists made of Reddit's dumps: which links are taken, that none is lost, and in what order."""

import bz2
import gzip
import json
import lzma
import os
import shlex
import threading

import pytest
import zstandard
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cleaning import webtext
from cleaning.urls import md5, normalize_url, pack_digests
from cleaning.webtext import Refusal, Wanted, link_of_line, outbound_link
from pipelines import webtext_urls
from pipelines.run import options
from pipelines.sources.url_lists import find_url_lists, read_digests
from pipelines.webtext_urls import main
from runtime.workers.pool import WorkerDied

PACKERS = {
    "": bytes,
    ".gz": gzip.compress,
    ".xz": lzma.compress,
    ".bz2": bz2.compress,
    ".zst": zstandard.compress,
}
SELF, LOW, NO_LINK = Refusal.SELF_POST, Refusal.LOW_SCORE, Refusal.NO_LINK
WIKIPEDIA, MEDIA = Refusal.WIKIPEDIA, Refusal.MEDIA
PAGE = "http://a.example/page"


def submission(**fields):
    """A submission whose link is taken, but for the fields given."""
    return {"title": "A page", "is_self": False, "score": 3, "url": PAGE} | fields


def without(field):
    return {name: value for name, value in submission().items() if name != field}


def dump(*submissions):
    lines = [s if isinstance(s, bytes) else json.dumps(s).encode() for s in submissions]
    return b"".join(line + b"\n" for line in lines)


def links(*urls):
    """A dump of submissions with these links."""
    return dump(*(submission(url=url) for url in urls))


@pytest.fixture
def build(tmp_path, capsys):
    """Runs the command on dumps by name; the exit code, the lines written, what was printed."""

    def run(dumps, *arguments, output="urls.txt"):
        folder = tmp_path / "dumps"
        folder.mkdir(exist_ok=True)
        for name, data in dumps.items():
            (folder / name).write_bytes(data)
        code = main([f"--output={tmp_path / output}", "--overwrite", *arguments, str(folder)])
        written = None
        if (tmp_path / output).is_file():
            data = (tmp_path / output).read_bytes()
            written = (gzip.decompress(data) if output.endswith(".gz") else data).decode()
            assert written.count("\n") == len(written.splitlines()), "no line breaks in a URL"
            written = written.splitlines()
        leftovers = {path.name for path in tmp_path.iterdir()} - {"dumps", output}
        assert not leftovers, "no temporary files stay"
        captured = capsys.readouterr()
        return code, written, captured.out + captured.err

    return run


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, PAGE),
        ({"score": 2}, LOW),
        ({"score": 3}, PAGE),
        ({"score": 10**9}, PAGE),
        ({"score": -5}, LOW),
        ({"score": "3"}, PAGE),
        ({"score": "2"}, LOW),
        ({"score": 3.0}, PAGE),
        ({"score": None}, LOW),
        ({"score": "many"}, LOW),
        ({"score": ""}, LOW),
        ({"score": [5]}, LOW),
        ({"score": float("nan")}, LOW),
        ({"score": 10**400}, LOW),
        ({"score": 3, "hide_score": True}, PAGE),
        ({"score": 1, "hide_score": True}, LOW),
        ({"is_self": True}, SELF),
        ({"is_self": True, "score": 1}, SELF),
        ({"is_self": None}, PAGE),
        ({"is_self": None, "url": "https://www.reddit.com/r/a/comments/1/b/"}, NO_LINK),
        ({"over_18": True}, PAGE),
        ({"author": "[deleted]", "selftext": "[removed]"}, PAGE),
    ],
)
def test_links_are_taken_by_score_from_submissions_that_are_no_self_posts(fields, expected):
    assert outbound_link(submission(**fields), Wanted()) == expected


@pytest.mark.parametrize(
    ("missing", "expected"), [("is_self", PAGE), ("score", LOW), ("url", NO_LINK), ("title", PAGE)]
)
def test_a_missing_field_is_no_error(missing, expected):
    assert outbound_link(without(missing), Wanted()) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (None, NO_LINK),
        (7, NO_LINK),
        (["http://a.example"], NO_LINK),
        ("", NO_LINK),
        ("[deleted]", NO_LINK),
        ("/r/a/comments/1/b/", NO_LINK),
        ("a.example/page", NO_LINK),
        ("ftp://a.example/page", NO_LINK),
        ("mailto:a@b.example", NO_LINK),
        ("see http://a.example/page", NO_LINK),
        ("http://", NO_LINK),
        ("http:///page", NO_LINK),
        ("http://localhost/page", NO_LINK),
        ("http://.com/page", NO_LINK),
        ("http://not a host.example/", NO_LINK),
        ("http://[::1", NO_LINK),
        ("http://a.example", "http://a.example"),
        ("https://a.example/", "https://a.example/"),
        ("HTTPS://A.Example/Page", "HTTPS://A.Example/Page"),
        ("http://a.example:8080/page", "http://a.example:8080/page"),
        ("http://a.example?b=c", "http://a.example?b=c"),
        ("http://93.184.216.34/page", "http://93.184.216.34/page"),
        ("http://münchen.example/straße", "http://münchen.example/straße"),
        (" http://a.example/page\n", PAGE),
        ("http://a.example/a page", "http://a.example/a page"),
        ("http://a.example/a\npage", NO_LINK),
        ("http://a.example/a\r", "http://a.example/a"),
        ("http://a.example/a\x00page", NO_LINK),
        ("http://a.example/a\x85page", NO_LINK),
        ("http://a.example/a\u2028page", NO_LINK),
        ("http://a.example/\ud83d", NO_LINK),
        ("http://a.example/?b=1&amp;c=2&amp;d", "http://a.example/?b=1&c=2&d"),
        ("http://a.example/?b=1&copy=2&lt=3", "http://a.example/?b=1&copy=2&lt=3"),
        ("http://a.example/&lt;b&gt;", "http://a.example/<b>"),
        ("http://a.example/?b=&amp;lt;", "http://a.example/?b=&lt;"),
    ],
)
def test_a_link_is_an_http_url_with_reddits_entities_unescaped(url, expected):
    assert outbound_link(submission(url=url), Wanted()) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://reddit.com", NO_LINK),
        ("https://www.reddit.com/r/a/comments/1/b/", NO_LINK),
        ("https://np.reddit.com/r/a", NO_LINK),
        ("HTTPS://OLD.REDDIT.COM/r/a", NO_LINK),
        ("http://www.reddit.com./r/a", NO_LINK),
        ("http://www.reddit.com:80/r/a", NO_LINK),
        ("http://me@www.reddit.com/r/a", NO_LINK),
        ("http://reddit.com\\@a.example/", NO_LINK),
        ("http://redd.it/1", NO_LINK),
        ("https://i.redd.it/1.jpg", NO_LINK),
        ("https://v.redd.it/1", NO_LINK),
        ("https://i.redditmedia.com/1.jpg", NO_LINK),
        ("https://www.redditstatic.com/1.png", NO_LINK),
        ("https://i.reddituploads.com/1", NO_LINK),
        ("http://notreddit.com/", "http://notreddit.com/"),
        ("http://reddit.com.example/", "http://reddit.com.example/"),
        ("http://a.example/reddit.com", "http://a.example/reddit.com"),
        ("http://a.example/@reddit.com", "http://a.example/@reddit.com"),
        ("http://a.example?u=@reddit.com/", "http://a.example?u=@reddit.com/"),
        ("http://en.wikipedia.org/wiki/C4", WIKIPEDIA),
        ("https://en.m.wikipedia.org/wiki/C4", WIKIPEDIA),
        ("https://en.wikipedia.org/wiki/File:A.jpg", WIKIPEDIA),
        ("https://wikipedia.org.example/wiki/C4", "https://wikipedia.org.example/wiki/C4"),
        ("https://en.wiktionary.org/wiki/C4", "https://en.wiktionary.org/wiki/C4"),
        ("http://imgur.com/a", MEDIA),
        ("http://i.imgur.com/a", MEDIA),
        ("https://m.youtube.com/watch?v=a", MEDIA),
        ("https://video.google.com/a", MEDIA),
        ("https://www.google.com/a", "https://www.google.com/a"),
        ("https://twitter.com/a", "https://twitter.com/a"),
        ("http://a.example/b.jpg", MEDIA),
        ("http://a.example/b.JPG?c=d", MEDIA),
        ("http://a.example/b.gif#c", MEDIA),
        ("http://a.example/b.tar.gz", MEDIA),
        ("http://a.example/b.pdf", MEDIA),
        ("http://a.example/b.mp4", MEDIA),
        ("http://a.example/b.jpg/", "http://a.example/b.jpg/"),
        ("http://a.example/b.jpg.html", "http://a.example/b.jpg.html"),
        ("http://a.example/?b=c.jpg", "http://a.example/?b=c.jpg"),
        ("http://a.example/jpg", "http://a.example/jpg"),
        ("http://a.example/b.c/jpg", "http://a.example/b.c/jpg"),
        ("http://open.ai", "http://open.ai"),
        ("http://open.ai/", "http://open.ai/"),
    ],
)
def test_reddits_own_wikipedia_and_media_are_told_by_host_and_ending(url, expected):
    assert outbound_link(submission(url=url), Wanted()) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://imgur.com/a", "http://imgur.com/a"),
        ("http://a.example/b.jpg", "http://a.example/b.jpg"),
        ("https://i.redd.it/1.jpg", NO_LINK),
        ("http://en.wikipedia.org/wiki/C4", WIKIPEDIA),
    ],
)
def test_media_that_are_kept_are_kept_but_for_reddits_own(url, expected):
    assert outbound_link(submission(url=url), Wanted(keep_media=True)) == expected


@pytest.mark.parametrize(
    "line",
    [
        *[b"{", b"{}}", b'{"is_self":false,"score":3', b"\x00\x00", b"[]", b'"a"', b"3", b"null"],
        *[b'{"url":"\xff"}', b'{"score":' + b"9" * 5000 + b"}", b"[" * 100_000, b"\xef\xbb\xbf{}"],
    ],
)
def test_a_line_that_is_no_json_object_is_malformed(line):
    assert link_of_line(line, Wanted()) is Refusal.MALFORMED


TRICKY = [
    '"is_self":true',
    '{"is_self":true,"score":1}',
    '"score":1,',
    '\\"score":1}',
    'a"b\\',
    '"crosspost_parent_list":[',
    "}",
]
ODD = st.none() | st.booleans() | st.integers(-5, 9) | st.sampled_from(["2", "5", *TRICKY])
SUBMISSIONS = st.fixed_dictionaries(
    {
        "title": st.sampled_from(TRICKY),
        "is_self": st.booleans() | ODD,
        "hide_score": st.booleans() | st.just(1),
        "score": st.integers(-5, 9) | ODD,
        "url": st.sampled_from([PAGE, "http://i.redd.it/1", "http://a.example/b.png", *TRICKY]),
    },
    optional={"media": st.sampled_from([{}, None, {"score_": 1}, {"html": TRICKY[1]}])},
)


@example(submission(hide_score=1), None, ["hide_score", "score", "url"], (",", ":"), 3)
@settings(deadline=None, derandomize=True, database=None)
@given(
    SUBMISSIONS,
    st.none() | st.lists(SUBMISSIONS, max_size=2),
    st.permutations(["title", "is_self", "hide_score", "score", "url", "media", "parents"]),
    st.sampled_from([(",", ":"), (", ", ": ")]),
    st.integers(-1, 6),
)
def test_lines_are_judged_as_their_parsed_submissions_are(fields, parents, order, style, score):
    names = {"parents": "crosspost_parent_list"}
    values = fields if parents is None else fields | {"parents": parents}
    ordered = {names.get(name, name): values[name] for name in order if name in values}
    line = json.dumps(ordered, separators=style).encode()
    assert link_of_line(line, Wanted(score)) == outbound_link(ordered, Wanted(score))


@pytest.mark.parametrize("style", [(",", ":"), (", ", ": ")])
@pytest.mark.parametrize("fields", [{"is_self": True}, {"score": 2}, {"score": -10}])
def test_lines_that_surely_give_no_link_are_not_parsed(monkeypatch, style, fields):
    line = json.dumps(submission(**fields), separators=style).encode()
    expected = outbound_link(submission(**fields), Wanted())
    monkeypatch.setattr(webtext.json, "loads", lambda _: pytest.fail("was parsed"))
    assert link_of_line(line, Wanted()) is expected


@pytest.mark.parametrize("line", [b'{"is_self":true,"title":"cut o', b'{"score":1,"url":"http:'])
def test_a_line_cut_off_is_malformed_whatever_it_begins_with(line):
    assert link_of_line(line, Wanted()) is Refusal.MALFORMED


def test_dumps_are_read_however_they_are_packed(build):
    dumps = {
        f"RS_2018-0{number}{ending}": pack(links(f"http://{number}.example"))
        for number, (ending, pack) in enumerate(PACKERS.items())
    }
    code, written, _ = build(dumps)
    assert code == 0
    assert written == [f"http://{number}.example" for number in range(5)]


def test_the_list_and_the_table_are_the_same_for_any_workers_and_order_of_dumps(build, tmp_path):
    dumps = {
        f"RS_2018-{month:02}.gz": gzip.compress(
            links(
                *(f"http://www.site{n % 37}.example/{month * n % 11}" for n in range(200 // month))
            )
            + dump(submission(score=month))
        )
        for month in range(1, 6)
    }
    _, expected, printed = build(dumps, "--num_workers=1")
    table = printed[: printed.index("\nc4forge")]
    assert len(expected) > 100
    _, written, printed = build(dumps, "--num_workers=3")
    assert written == expected
    assert printed[: printed.index("\nc4forge")] == table
    backwards = [str(tmp_path / "dumps" / name) for name in sorted(dumps, reverse=True)]
    assert build({}, *backwards)[1] == expected


def test_the_first_met_of_urls_that_normalize_alike_stays_as_it_stands(build, tmp_path):
    (tmp_path / "dumps" / "a").mkdir(parents=True)
    spellings = [
        "http://www.a.example/b/",
        "https://a.example/b",
        "http://a.example/b?utm_source=c",
    ]
    dumps = {
        "a/RS_2018-03": links("http://d.example", spellings[2]),
        "RS_2018-01": links("http://c.example", spellings[0], spellings[1]),
        "RS_2018-02": links(spellings[1], "http://c.example"),
    }
    _, written, printed = build(dumps)
    assert written == ["http://c.example", spellings[0], "http://d.example"]
    assert "duplicates 4" in " ".join(printed.split())


def test_every_line_is_counted_once_and_the_table_adds_up(build):
    lines = [
        *[b"{"] * 2,
        *[submission(is_self=True)] * 3,
        *[submission(score=1)] * 4,
        *[submission(url=None)] * 5,
        *[submission(url="http://reddit.com/a")] * 6,
        *[submission(url="http://de.wikipedia.org/")] * 7,
        *[submission(url="http://imgur.com/a")] * 8,
        *[submission(url="http://a.example/b.gif")] * 9,
        *[submission()] * 10,
    ]
    code, written, printed = build({"RS_2018-01": dump(*lines) + b"\r\n\n"})
    assert (code, written) == (0, [PAGE])
    rows = [line.rsplit(maxsplit=1) for line in printed.partition("\n\n")[0].splitlines()]
    assert [(name.strip(), int(count)) for name, count in rows] == [
        ("submissions read", 54),
        ("malformed", 2),
        ("self posts", 3),
        ("low score", 4),
        ("no link, or to Reddit", 11),
        ("to Wikipedia", 7),
        ("to media and files", 17),
        ("duplicates", 9),
        ("URLs written", 1),
    ]


def test_the_command_printed_reads_the_list(build, tmp_path):
    urls = ["http://a.example/é", "http://b.example/a b", "http://c.example/?d=1&e=2"]
    _, written, printed = build({"RS_2018-01": links(*urls)}, output="my urls.txt.gz")
    assert written == urls
    words = shlex.split(printed[printed.index("c4forge build") :].splitlines()[0])
    lists = find_url_lists(list(options.parse_options(words[2:]).webtext_urls))
    digests, listed, refused = read_digests(lists[0], normalize_url)
    assert (listed, refused) == (3, 0)
    expected = pack_digests(sorted(md5(normalize_url(url)) for url in urls))
    assert digests.tolist() == expected.tolist()


def test_a_packed_list_has_neither_name_nor_time_in_it(build, tmp_path):
    build({"RS_2018-01": links(PAGE)}, output="urls.txt.gz")
    assert (tmp_path / "urls.txt.gz").read_bytes()[:8] == b"\x1f\x8b\x08" + bytes(5)


def test_options_change_what_is_taken(build):
    dumps = {
        "RS_2018-01": dump(
            submission(score=1, url="http://one.example"),
            submission(score=3, url="http://three.example"),
            submission(score=5, url="http://a.example/b.pdf"),
            submission(score=5, url="http://five.example"),
        )
    }
    _, written, _ = build(dumps, "--min_score=5", "--keep_media")
    assert written == ["http://a.example/b.pdf", "http://five.example"]
    _, written, _ = build({}, "--min_score=-9")
    assert written == [f"http://{name}.example" for name in ("one", "three", "five")]


def test_dumps_without_links_make_an_empty_list(build):
    code, written, _ = build({"RS_2018-01": dump(submission(score=0)), "RS_2018-02": b""})
    assert (code, written) == (0, [])


@pytest.mark.parametrize("ending", [ending for ending in PACKERS if ending])
def test_a_dump_cut_off_is_named_and_nothing_is_written(build, ending):
    packed = PACKERS[ending](links(*(f"http://{n**5}.example" for n in range(999))))
    whole = {"RS_2018-01": links(PAGE)}
    code, written, printed = build(whole | {f"RS_2018-02{ending}": packed[:-20]})
    assert (code, written) == (3, None)
    assert f"RS_2018-02{ending}: cannot be read to its end" in printed
    assert "Fetch it again or leave it out" in printed


def test_a_damaged_dump_stops_the_reading_of_the_others(tmp_path):
    (tmp_path / "RS_1.gz").write_bytes(gzip.compress(links(PAGE))[:-9])
    os.mkfifo(tmp_path / "RS_2")  # a dump that never ends
    run = webtext_urls.Options(
        dumps={str(tmp_path / name): 0 for name in ("RS_1.gz", "RS_2")},
        output=str(tmp_path / "urls.txt"),
        wanted=Wanted(),
        num_workers=2,
    )
    end = threading.Timer(60, lambda: open(tmp_path / "RS_2", "wb").close())
    end.start()
    with pytest.raises(webtext_urls.DumpError, match=r"RS_1\.gz"):
        webtext_urls.build_list(run)
    assert end.is_alive()
    end.cancel()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["RS_1.gz", "RS_2"]


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (KeyboardInterrupt(), 130, "Stopped. Nothing was written."),
        (WorkerDied("a worker was ended"), 1, "Failed: a worker was ended\nNothing was written."),
        (OSError(28, "No space left on device"), 1, "Failed: too little space on the disk of "),
    ],
)
def test_what_ends_a_run_is_told_in_a_line(build, monkeypatch, error, code, said):
    def fail(*_):
        raise error

    monkeypatch.setattr(webtext_urls, "_extract_all", fail)
    ended, written, printed = build({"RS_2018-01": links(PAGE)})
    assert (ended, written) == (code, None)
    assert said in printed


def test_a_list_made_before_stays_when_a_dump_is_damaged(build, tmp_path):
    (tmp_path / "urls.txt").write_text("http://before.example\n")
    code, written, _ = build({"RS_2018-01.gz": gzip.compress(links(PAGE))[:-9]})
    assert (code, written) == (3, ["http://before.example"])


def test_a_file_that_is_there_is_replaced_only_if_told(tmp_path, capsys):
    (tmp_path / "RS_2018-01").write_bytes(links(PAGE))
    (tmp_path / "urls.txt").write_text("of the user")
    assert main([f"--output={tmp_path / 'urls.txt'}", str(tmp_path / "RS_2018-01")]) == 2
    assert "is there already" in capsys.readouterr().err
    assert (tmp_path / "urls.txt").read_text() == "of the user"


def test_a_plain_dump_cut_off_loses_its_last_line_only_and_counts_it(build):
    code, written, printed = build({"RS_2018-01": links(PAGE, "http://b.example")[:-5]})
    assert (code, written) == (0, [PAGE])
    assert "malformed 1 " in " ".join(printed.split())


def test_a_file_that_is_no_dump_is_named(build):
    code, written, printed = build({"RS_2018-01": links(PAGE), "RS_2018-02": b"id;url\n1;2\n"})
    assert (code, written) == (3, None)
    assert "RS_2018-02: no line is a JSON object; expected Reddit's submissions" in printed


def test_a_folder_gives_its_submissions_and_no_other_files(build):
    dumps = {name: links(f"http://{name.lower()}.example") for name in ("RC_2018-01", "notes.txt")}
    dumps |= {"RS_2018-01": links(PAGE), "a_submissions.zst": links("http://b.example")}
    assert build(dumps)[1] == [PAGE, "http://b.example"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--output"),
        (["--output={}/u.txt"], "DUMP"),
        (["--output={}/u.txt", "{}/none.zst"], "none.zst: matches no file"),
        (
            ["--output={}/u.txt", "{}/RS_1", "--min_score=many"],
            "--min_score=many: expected a whole number",
        ),
        (["--output={}/u.txt", "{}/RS_1", "--num_workers=x"], "--num_workers=x: expected a whole"),
        (
            ["--output={}/u.txt", "{}/RS_1", "--num_workers=-1"],
            "=-1: expected a whole number of 0 or",
        ),
        (
            ["--output={}/u.txt", "{}/RS_1", "--min=3"],
            "--min; did you mean --min_score?",
        ),
        (["--output={}/u.txt.zst", "{}/RS_1"], "u.txt.zst' is no file name in .txt.gz or .txt"),
        (["--output={}/u/", "{}/RS_1"], "is no file name"),
        (["--output={}", "{}/RS_1"], "is no file name"),
        (["--output={}/RS_1", "{}/RS_1"], "RS_1 is one of the dumps"),
        (["--output={}/RS_1/u.txt", "{}/RS_1"], "u.txt: cannot be written"),
    ],
)
def test_a_wrong_value_is_named_and_nothing_is_done(tmp_path, capsys, arguments, said):
    (tmp_path / "RS_1").write_bytes(links(PAGE))
    assert main([argument.format(tmp_path) for argument in arguments]) == 2
    printed = capsys.readouterr().err
    assert said in printed
    assert printed.endswith("Nothing was done. --help lists all options.\n")
    assert [path.name for path in tmp_path.iterdir()] == ["RS_1"]
    assert (tmp_path / "RS_1").read_bytes() == links(PAGE)


def test_a_bare_name_is_written_to_the_folder_one_is_in(tmp_path, monkeypatch):
    (tmp_path / "RS_1").write_bytes(links(PAGE))
    monkeypatch.chdir(tmp_path)
    assert main(["--output=urls.txt", "RS_1"]) == 0
    assert (tmp_path / "urls.txt").read_text() == f"{PAGE}\n"
