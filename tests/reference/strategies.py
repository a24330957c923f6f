"""Web-like text for property tests: plain sentences, and whatever rules and parsers trip over."""

import re
from random import Random

from hypothesis import settings
from hypothesis import strategies as st

from cleaning.filters.badwords import load_english
from tests.cleaning.filters.passages import PASSAGES

SENTENCES = (
    "The last ferry leaves at ten.",
    "Does it sail on Sundays as well?",
    "Nobody was left on the island!",
    'She said it was "almost full."',
    "Mr. Vale of the U.S. Navy sailed at 3.30 p.m. today.",
    "Prices rose by 2.5 percent, cf. table 3 for more.",
    "We went to Washington D.C. on foot. It was far.",
    "He waited... She did not come. Why? Who knows!",
    "J. R. Smith et al. vs. the Harbour Co. of Port Alder.",
    "(It was cold.) The island [sic] was empty.",
    "“It was late.” \u2018Was it?\u2019 «Yes.»",
    "東京 is far. \u0397 \u03a3\u0391\u03a3 too. Ça va. Müßig ist es.",
    "Nobody\u00a0knew.\u00a0Nobody\u3000asked. Nobody\u2003came.",
    "One. Two. Three. Four five.",
    "one! two? three. four five.",
)
MENU = ("Home", "Share this article", "© 2025", "Next »", "12:30", "Back to top", "{", "[1]", "...")
HEADER_LIKE = (
    "WARC/1.0",
    "WARC/1.1",
    "WARC/1.0 ",
    "WARC",
    "WARCRAFT is a game for many players.",
    "WARC-Target-URI: http://b.example/x/?utm_a",
    "WARC-Target-URI:http://c.example/",
    "WARC-Target-URI:",
    "WARC-Date: 2025-01-02T03:04:05Z",
    "WARC-Date: the time of capture",
    "WARC-Date:",
    "WARC-Type: response",
    "Content-Type: text/html",
    "Content-Type:",
    "Content-Length: 7",
    "CONTENT-",
    "Content-ment is what we sell on the island.",
    "Contents of the page are all here.",
    "content-type: nothing to see here at all.",
    "Warc is not a word that we know.",
)
WORDS = (
    *("the", "ferry", "Island", "sails", "at", "ten", "and", "we", "saw", "it", "of", "No"),
    *("e.g.", "U.S.", "Mr.", "3.14", "J.", "co.", "p.m.", "vs.", "St.", "i.e", "a.m", "Nov."),
    *("it's", '"so', '"said', "(or", "not)", "-", "--", "&", "$5", "1,000", "x_y", "*", "#1"),
    *("naïve", "Straße", "東京", "\u03a3\u039f\u03a6\u039f\u03a3", "İzmir", "e\u0301", "🖕"),
    *("\u200b", "\ufeff", "\u00ad", "«oui»", "\u2018so\u2019"),
    *("why?", "oh!", "so.", "end...", "well…", "what?!", "no.)", 'yes."', "a.b", ".5", "?", "!"),
)  # fmt: skip
TRIGGERS = (
    *("javascript", "JavaScript", "JAVASCRIPT", "java\u017fcript", "JAVASCRİPT"),
    *("lorem ipsum", "Lorem Ipsum", "LOREM IPSUM", "lorem  ipsum", "lorem\u00a0ipsum"),
    *("terms of use", "Terms Of Use", "privacy policy", "Privacy Policy", "cookie policy"),
    *("uses cookies", "use of cookies", "USE COOKIES", "coo\u212aie policy", "use coo\u212aies"),
    *("cookies", "policy", "POLİCY", "privacy pol\u0131cy", "{", "}", "{{x}}"),
)
DROPPED = (
    "We { sail on it at ten.",
    "We {sail on JavaScript at ten.",
    "This Lorem Ipsum is a filler.",
    "We turned JavaScript on at ten.",
    "The island uses cookies at ten.",
    "Our lorem ipsum { is a javascript filler.",
    "Is this { a privacy policy or not?",
)
CITATIONS = (
    *("[12]", "[]", "[edit]", "[citation needed]"),
    *("[Edit]", "[ 3 ]", "[\u0663]", "[[4]]", "["),
)
LONG = tuple(letter * size for letter in ("x", "é", "語") for size in (999, 1000, 1001))
STOPS = (
    *("mr.", "no.", "st.", "vs.", "fig.", "so.", "it.", "up.", "go?", "a!", "i.", "J.", "u.s."),
    *("in", "The", "3", "\n", '"', ")", "...", ". .", "?!"),
)
END_MARKS = (".", ".", ".", "?", "!", '"', '."', "...", "....", "..", "…", ".”", ".)", "]", "", ":")
SPACES = (
    *(" ", " ", " ", " ", " ", " ", "  ", "\t", "\u00a0", "\u3000", "\u2009", "\x1f"),
    *(" \u00a0 ", " \t "),
)
BREAKS = ("\x0b", "\x0c", "\r", "\r\n", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029")
CONTROLS = ("\x00", "\x01", "\x08", "\x1b", "\x7f", "\x9f", "\ufffe", "\u202e")
BAD_WORDS = load_english().words()
FLANKS = (
    *("", " ", "\n", ".", "-", "_", "“", "\u00a0", "\x00", "🖕"),
    *("a", "Z", "7", "é", "ß", "東", "\u0660", "\u212a", "İ", "\u0301"),
)

LANGUAGES = (
    "The last ferry to the island leaves the harbour at ten. ",
    "Please bring a warm coat and something to read. ",
    "Die letzte Fähre zur Insel fährt um zehn Uhr ab. ",
    "Le dernier bateau pour l'île part à dix heures. ",
    "El último barco a la isla sale a las diez. ",
    "L'ultimo traghetto per l'isola parte alle dieci. ",
    "De laatste boot naar het eiland vertrekt om tien uur. ",
    "Den sidste færge til øen sejler klokken ti. ",
    "Последний паром на остров отходит в десять часов. ",
    "Πότε φεύγει; Στις δέκα ακριβώς. ",
    "最后一班渡轮十点开往小岛。",
    "島への最終フェリーは十時に出ます。",
    "섬으로 가는 마지막 배는 열 시에 떠난다. ",
    "آخر عبارة إلى الجزيرة تغادر في العاشرة. ",
    "Chuyến phà cuối cùng ra đảo khởi hành lúc mười giờ. ",
    "https://a.example/ferry?x=1 someone@a.example 10:45 $3.50 ",
    "OK ",
    "İSTANBUL ",
    "\x00\u200b\u00a0\n",
)


def examples(number: int) -> settings:
    """The same `number` of examples on every run, however slow the machine."""
    return settings(max_examples=number, deadline=None, derandomize=True, database=None)


def _words(*more: str) -> st.SearchStrategy[str]:
    token = st.sampled_from(WORDS) | st.sampled_from((*more, *WORDS))
    pairs = st.lists(st.tuples(token, st.sampled_from(SPACES)), max_size=9)
    return pairs.map(lambda found: "".join(word + space for word, space in found))


def _line(*parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*parts).map("".join)


_mark = st.sampled_from(END_MARKS)
_edge = st.sampled_from(("", "", "", "", *SPACES))
_citation = st.sampled_from(("", "", *CITATIONS))
_sentence = st.sampled_from(SENTENCES)
_odd_character = st.sampled_from("".join((*CONTROLS, *SPACES, "aB.?!'[]{}", '"')))
_other_character = st.characters(codec="utf-8", exclude_characters="\n\r")
_odd = st.text(_odd_character | _other_character, max_size=12)

plain_lines = st.one_of(
    _sentence,
    _sentence,
    st.sampled_from(MENU),
    _line(st.just("Today "), _words(), _mark),
)
"""Lines of an ordinary page."""

lines = st.one_of(
    plain_lines,
    plain_lines,
    st.sampled_from(("", "", *SPACES, " \t\u3000")),
    st.sampled_from(DROPPED),
    st.sampled_from((*BREAKS, *CONTROLS)),
    _line(_edge, _citation, _edge, _words(*CITATIONS, *TRIGGERS), _mark, _citation, _edge),
    _line(st.just("We all sail on "), st.sampled_from(TRIGGERS), st.just(" today"), _mark, _edge),
    _line(_edge, _citation, _edge, _sentence, _citation, _edge),
    _line(st.sampled_from(LONG), _edge, st.sampled_from(SENTENCES), _citation),
    _line(_edge, _odd, _mark, _edge),
)
"""Lines of any page: none holds a newline; few hold another line break."""

_indent = st.sampled_from(("", "", "", *SPACES, *BREAKS, "\x00"))
header_like_lines = _line(_indent, st.sampled_from(HEADER_LIKE), _edge)
"""Lines that the reference takes for headers, and some that it does not."""


def _joined(
    line: st.SearchStrategy[str], line_break: st.SearchStrategy[str]
) -> st.SearchStrategy[str]:
    pairs = st.lists(st.tuples(line, line_break), max_size=9)
    return pairs.map(lambda found: "".join(text + end for text, end in found))


_newline = st.sampled_from(("\n", "\n", "\n", "\n\n"))
_any_break = st.sampled_from(("\n", "\n", "\n", "\n", "\n", "\n", "\n", "\n", *BREAKS))

_HEADER_LIKE = re.compile(r"(?:^|[\r\n])\s*(?:WARC|CONTENT-|Content-)")

pages = st.one_of(
    _joined(plain_lines, _newline),
    _joined(lines, _newline),
    _joined(lines, _any_break),
).filter(lambda text: not _HEADER_LIKE.search(text))
"""Texts of pages without header-like lines."""


bodies = st.one_of(
    pages,
    pages,
    _joined(lines | header_like_lines, _any_break),
    _joined(plain_lines | header_like_lines, _newline),
)
"""Blocks of WET records, header-like lines among others."""

surrogate_pages = _joined(lines | st.text(st.characters(), max_size=8), _any_break)
"""Texts that no file can hold, with lone surrogates."""

sentence_texts = st.one_of(
    st.lists(_sentence | _words("[1]", "{", "\n"), max_size=6).map(" ".join),
    st.lists(_words("\n", "\n\n", "\u2028", ".", "?", "!", "..."), max_size=4).map("".join),
    st.text(st.sampled_from("aAbz1 .?!\"')]}(-,;:\n\u00a0”\u2019"), max_size=40),
    st.lists(st.sampled_from(STOPS), max_size=14).map(" ".join),
)
"""Texts whose sentences are hard to tell."""

_paragraph = st.builds(
    lambda letter, size, last: letter * (size - len(last)) + last,
    st.sampled_from(("x", "é", "語", "🖕", "a ", "\u00a0", "e\u0301")),
    st.sampled_from((1, 50, 67, 100, 199, 199, 200, 200, 200, 201, 400)),
    st.sampled_from(("", ".", "é", "語")),
)
paragraph_pages = st.lists(_paragraph | st.sampled_from(MENU), max_size=7).map("\n".join)
"""Texts with lines of about 200 characters."""

urls = st.lists(
    st.sampled_from(
        (
            *("http://", "https://", "www.", "HTTP://", "a.example", "/", "//", "?utm_"),
            *("?utm_source=x", "?ref", "?feed=1", "?a=b", "&ref=c", "?", "#top", "é", "%20"),
            *(" ", "\n", "\r", "\u2028"),
        )
    ),
    max_size=8,
).map("".join)

NEWS_DOMAINS: dict[str, object] = {
    "news.com": True,
    "daily.co.uk": ["", "sport", "www.sport"],
    "blogspot.com": ["times", ""],
    "times.blogspot.com": True,
    "github.io": True,
    "gov.uk": ["www"],
    "co.uk": True,
    "bbc.com.au": [],
    "xn--bcher-kva.de": ["", "b"],
    "1.2.3.4": True,
    "news.example": True,
    "kyoto.jp": ["city"],
    "city.kawasaki.jp": True,
    "www.ck": True,
}
"""Domains as a RealNews list has them, and some that no page can have."""

_label = st.sampled_from(
    (
        *("news", "daily", "sport", "www", "times", "blogspot", "github", "bbc", "b", "city"),
        *("xn--bcher-kva", "bücher", "kawasaki", "kyoto", "a_b", "-", "1", "2", "3", "4", "256"),
        *("News", "", "x" * 63, "x" * 300, "a%20b", "a b", "語", "ｎｅｗｓ", "xn--", "xn--\u00fc"),
    )
)
_suffix = st.sampled_from(
    (
        *(
            "com",
            "co.uk",
            "uk",
            "io",
            "gov.uk",
            "com.au",
            "de",
            "jp",
            "ck",
            "example",
            "COM",
            "cOm",
        ),
        *(
            "kawasaki.jp",
            "xn--p1ai",
            "рф",
            "公司.cn",
            "xn--55qx5d.cn",
            "localhost",
            "",
            "4",
            "c om",
        ),
    )
)
_dot = st.sampled_from((".", ".", ".", ".", ".", ".", ".", "..", "\u3002", "\uff0e", "\uff61"))
_known_host = st.sampled_from(sorted(NEWS_DOMAINS))
_built_host = st.tuples(_label, _dot, _suffix).map("".join)
_name = st.builds(
    lambda subdomains, host: "".join(subdomains) + host,
    st.lists(st.tuples(_label, _dot).map("".join), max_size=3),
    _known_host | _built_host,
)
_address = st.sampled_from(
    (
        *("1.2.3.4", "1.2.3.4.", "256.1.1.1", "127.1", "0x7f.1", "１.2.3.4", "1\u30022.3.4"),
        *(
            "[2001:db8::1]",
            "[::ffff:1.2.3.4]",
            "[news.com]",
            "[::1",
            "::1]",
            "[]",
            "[",
            "2001:db8::1",
        ),
    )
)
hosts = _name | _name | _name | _address
"""Hosts, most of them such as no page has."""

_before_host = st.sampled_from(
    (
        *(
            "",
            "",
            "",
            "",
            "",
            "",
            "user:pw@",
            "user@",
            "@",
            "a@b@",
            "news.com@",
            "//",
            "/",
            "ftp://",
        ),
        *(" ", "mailto:", "http:", "//user@", "x:y:z@", "\t", "http://", "HTTPS://"),
    )
)
_after_host = st.sampled_from(
    (
        *(
            "",
            "",
            "",
            "/x",
            "/x",
            "?x",
            "#x",
            "/news.com",
            "?u=news.com/x",
            "#news.com",
            ":80",
            ":80/x",
        ),
        *(
            ":",
            ":x",
            "\\x",
            "\\news.com",
            " ",
            " x",
            ";x",
            ",x",
            ".",
            "./x",
            "..",
            "%2Fx",
            "\n/x",
            "&x",
        ),
        *("@news.com", "/@news.com", "?@news.com", "\u3000/x", "\x00", "/?x#y", "\u2028.com"),
    )
)
_plain_host = st.lists(
    st.sampled_from(
        (
            *(
                "news",
                "daily",
                "sport",
                "www",
                "times",
                "blogspot",
                "github",
                "bbc",
                "a",
                "x-y",
                "7",
            ),
            *("com", "co", "uk", "io", "au", "jp", "kyoto", "city", "kawasaki", "ck", "example"),
        )
    ),
    min_size=1,
    max_size=4,
).map(".".join)
_plain_end = st.sampled_from(("", "", "/x", "?x", "#x", "/news.com", "?u=news.com/x", "#news.com"))
host_urls = st.one_of(
    st.tuples(_before_host, hosts, _after_host).map("".join),
    st.tuples(_plain_host, _plain_end).map("".join),
)
"""Normalized URLs of such hosts."""

bad_texts = st.lists(
    _line(
        st.sampled_from(FLANKS),
        st.sampled_from(BAD_WORDS) | st.sampled_from(WORDS),
        st.sampled_from(FLANKS),
    ).flatmap(lambda text: st.sampled_from((text, text, text.upper(), text.title()))),
    max_size=4,
).flatmap(lambda found: st.sampled_from(("", " ")).map(lambda space: space.join(found)))
"""Texts with bad words, hidden in longer words or not."""

ODD_FLANKS = (
    *FLANKS,
    *(
        "\u03c3",
        "\u03c2",
        "\u03a3",
        "i",
        "\u0131",
        "\u017f",
        "\u0345",
        "\u200d",
        "\u200b",
        "\u00ad",
    ),
    *(
        "\u0e33",
        "\u0e47",
        "ก",
        "的",
        "の",
        "ー",
        "。",
        "、",
        "\u0903",
        "\u094d",
        "\u06f5",
        "\u0669",
        "\u2160",
    ),
    *("ª", "²", "½", "$", "\n\n", "\u2028", "\x1f", "ﬁ", "ǅ", "\U00010400", "\U0001d7d8", "\u302a"),
)
_CASES = (str, str, str, str.upper, str.title, str.lower, str.swapcase, str.casefold)
_LOOKALIKES = (
    ("k", "\u212a"),
    ("k", "\u212a"),
    ("i", "İ"),
    ("s", "\u017f"),
    ("i", "\u0131"),
    ("a", "å"),
)
_COMBINED = ("\u0301", "\u0307", "\u0345", "\u0e31", "\u3099", "\ufe0f")


def texts_with(words: tuple[str, ...]) -> st.SearchStrategy[str]:
    """Texts that hold the words, whole, cut, changed, flanked by all sorts of characters."""
    word = st.sampled_from(words)
    changed = st.one_of(
        st.tuples(word, st.sampled_from(_CASES)).map(lambda found: found[1](found[0])),
        st.tuples(word, st.sampled_from(_LOOKALIKES)).map(
            lambda found: found[0].replace(*found[1])
        ),
        st.tuples(word, st.sampled_from(_COMBINED)).map(
            lambda found: found[0][:1] + "".join(found)
        ),
        word.map(lambda text: text[1:]),
        word.map(lambda text: text[:-1]),
        word.map(lambda text: text.replace(" ", "\u00a0")),
        st.sampled_from(WORDS),
    )
    flank = st.sampled_from(ODD_FLANKS)
    flanked = st.tuples(flank, changed, flank).map("".join)
    pieces = st.lists(flanked, min_size=1, max_size=4)
    return st.tuples(pieces, st.sampled_from(("", " ", "_"))).map(
        lambda found: found[1].join(found[0])
    )


language_texts = st.lists(st.sampled_from(LANGUAGES) | _words(), max_size=5).map("".join)

_sizes = st.sampled_from((1, 12, 20, 30, 40, 60, 200, 3000))


def _shuffled(passage: str, words: int, seed: int) -> str:
    """Words of a passage in any order: cld3 looks past repetitions."""
    parts = passage.split(" ") if passage.count(" ") > 9 else list(passage)
    return (" " if " " in passage else "").join(Random(seed).choices(parts, k=words))


_in_a_language = st.builds(
    _shuffled, st.sampled_from((*PASSAGES.values(), *LANGUAGES)), _sizes, st.integers(0, 999)
)
_odd_text = st.text(st.characters(codec="utf-8"), max_size=60) | st.sampled_from(
    (
        *("\x00" * 40, "\u200b" * 40, "1 2 3 " * 30, "{}<br>&nbsp;" * 9, "語" * 33, "x" * 99),
        *("Home\nMenu\n", "The ferry. " * 900),
    )
)
long_language_texts = st.one_of(
    _in_a_language,
    st.tuples(_odd_text, _in_a_language, _odd_text).map("".join),
    st.lists(_in_a_language | _odd_text, max_size=5).map("".join),
)
"""Texts of a few bytes or many thousand, in a language or several."""
