"""The English filter."""

import pytest

from cleaning.language import english_rules, load_langdetect
from cleaning.rules import RULES

IGNORED = "english-filter/filtered:ignored_language"


@pytest.fixture(scope="module", autouse=True)
def langdetect():
    load_langdetect()


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("The last ferry to the island leaves at ten.", ("english-filter/passed",)),
        ("Die letzte Fähre zur Insel fährt um zehn Uhr.", (IGNORED, f"{IGNORED}-de")),
        ("이 배는 열 시에 섬으로 떠난다.", (IGNORED, f"{IGNORED}-ko")),
        ("", ("english-filter/filtered:langdetect_exception",)),
        ("12345 67.89 !?", ("english-filter/filtered:langdetect_exception",)),
        ("http://a.example/ b@a.example", ("english-filter/filtered:langdetect_exception",)),
        (
            "The last ferry leaves the old harbour at ten. Die letzte Fähre fährt um zehn.",
            ("english-filter/filtered:low_confidence",),
        ),
    ],
)
def test_only_plainly_english_text_passes(text, rules):
    assert english_rules(text) == rules


def test_the_same_text_is_judged_the_same_whatever_came_before():
    text = "The last ferry leaves the old harbour at ten. Die letzte Fähre fährt um zehn."
    assert len({english_rules(text) for _ in range(5)}) == 1


def test_every_plain_outcome_is_a_rule_of_the_table():
    listed = {rule.name for rule in RULES if rule.name.startswith("english-filter/")}
    assert {IGNORED, "english-filter/passed"} <= listed
