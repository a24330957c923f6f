"""A run of hostile pages, whose URLs, texts and names try to get out of the page of the run."""

from cleaning.rules import RULES
from pipelines.reporting.folder import RunFacts, VariantFacts

HOSTILE = (
    "<script>document.title='ran'</script>",
    "</p></div></main><img src=http://127.0.0.1:9/x onerror=document.title='ran'>",
    '"><svg onload=document.title="ran"><style>@import "http://127.0.0.1:9/y";</style>',
    "<!-- <![CDATA[ </style></title><base href=http://127.0.0.1:9/><meta http-equiv=refresh>",
    "javascript:document.title='ran'",
    "\u202egnp.exe\u2066 \u061c\u200f right to left \u05d0\u05d1 \u2069",
    "\x1b[2J\x00\x07\x9b bell \u2028 lines \u2029",
    "W" * 5000,
    "\u05d0" * 900,
    "e" + "\u0301" * 800,
    "{{7*7}} ${x} &amp;lt; &#60;script&#62;",
)
RULE = "clean-page/line-filtered:no_endmark"


def hostile_row(number: int, value: str) -> dict:
    return {
        "rule": RULE,
        "url": f"http://{value}/{number}",
        "language": value,
        "probability": 0.5,
        "line": value,
        "text": "\n".join(HOSTILE),
        "dropped": {str(number): value, "x": RULE, str(number + 1): RULE},
    }


def hostile_run() -> RunFacts:
    """A run whose every text is hostile."""
    counts = {rule.name: 3 for rule in RULES} | {"split-wet-file/passed": 100}
    counts |= {f"own-filter:f/filtered:{value}": 2 for value in HOSTILE}
    counts |= {f"english-filter/filtered:ignored_language-{value}": 1 for value in HOSTILE}
    rows = [hostile_row(number, value) for number, value in enumerate(HOSTILE)]
    unread = {"rule": "x", "url": HOSTILE[0], "text": None, "unread": HOSTILE[1], "dropped": {}}
    variants = tuple(
        VariantFacts(
            name, f"out/{value}", False,
            {value: {"documents": 7, "text_bytes": 900, "shards": 1}}, counts,
            {"lengths": [[8, 4], [11, 3]], "days": {value: 6, "": 1}, "hosts": {value: 7},
             "host_count": 1, "host_documents": 7, "hosts_sampled": 0.5},
            {RULE: rows, HOSTILE[0]: [*rows, unread]},
        )
        for name, value in zip(("en", "en.noclean"), HOSTILE, strict=False)
    )  # fmt: skip
    config = {value: [value] for value in HOSTILE} | {"settings": {HOSTILE[0]: HOSTILE[1]}}
    resources = {
        "seconds": 7,
        "stages": {v: {"tasks": 1, "resumed": 0, "cpu_seconds": 2.5} for v in HOSTILE},
    }
    return RunFacts(HOSTILE[0], HOSTILE[1], 2, variants, config, {"python": HOSTILE[2]}, resources)
