"""Which languages a mixture takes."""

import pytest

from corpora.layout import NO_LANGUAGE, CorpusShard
from vocab.sampling.mixtures import LanguageError, choose_shards

T5 = "en:10,de:1,fr:1,ro:1"


def shards(*languages, split="train"):
    return [
        CorpusShard(n, f"/{name}-{n}", 1, 0.0, "text", split, name, alone=True)
        for n, name in enumerate(languages)
    ]


@pytest.mark.parametrize(
    ("languages", "mixture", "taken", "applied", "told"),
    [
        (["en", "de", "fr", "ro"], T5, ["en", "de", "fr", "ro"], T5, []),
        (["en"], T5, ["en"], T5, ["wants de, fr, ro too, which no --corpus has"]),
        (["en", "es"], T5, ["en"], T5, ["wants de, fr, ro too", "no part for it: es"]),
        (["en", "und"], "0.3", ["en"], "0.3", ["no part for it: und"]),
        (["und"], "1", ["und"], "1", []),
        ([NO_LANGUAGE], T5, [NO_LANGUAGE], "1", ["names no language: taken as it comes"]),
        ([NO_LANGUAGE], "0.3", [NO_LANGUAGE], "1", []),
    ],
)
def test_languages(languages, mixture, taken, applied, told):
    chosen, effective, notes = choose_shards(shards(*languages), mixture)
    assert [shard.language for shard in chosen] == taken
    assert effective == applied
    assert len(notes) == len(told)
    assert all(part in note for part, note in zip(told, notes, strict=True))


@pytest.mark.parametrize(
    ("found", "mixture", "said"),
    [
        (shards("es", "pt"), T5, "has none of these languages; it has es, pt"),
        (shards("en", NO_LANGUAGE), T5, "state it, as --corpus=en=/-1"),
        (shards("en", split="validation"), T5, "only splits for validation"),
    ],
)
def test_what_cannot_be_mixed_is_told(found, mixture, said):
    with pytest.raises(LanguageError) as error:
        choose_shards(found, mixture)
    assert said in str(error.value)


def test_long_lists_are_cut():
    languages = [f"x{c}" for c in "abcdefghijklmnop"]
    _, _, notes = choose_shards(shards("en", *languages), "en:1")
    assert "and 4 more" in notes[0]
