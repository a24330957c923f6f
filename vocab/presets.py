"""The published vocabularies as a table: a row each, stating only its difference from T5's."""

from dataclasses import dataclass, replace

from vocab.recipes import Normalization, Recipe


@dataclass(frozen=True, slots=True)
class Preset:
    """One row of the table.

    Attributes:
      name: as given to --preset.
      meaning: one line for --help and the docs.
      source: where its parameters are published.
      recipe: what it sets.
    """

    name: str
    meaning: str
    source: str
    recipe: Recipe


T5 = Recipe(mixture="en:10,de:1,fr:1,ro:1")

PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            "t5",
            "T5: 32,000 pieces, ten parts English to one each of German, French and Romanian",
            # Only the four ids differ from SentencePiece's defaults, say its authors in that issue.
            "arXiv:1910.10683, section 3.1.3; "
            "github.com/google-research/text-to-text-transfer-transformer/issues/270",
            T5,
        ),
        Preset(
            "mt5",
            "mT5: 250,000 pieces of all languages, small ones favoured; bytes for rare characters",
            "arXiv:2010.11934, sections 3.1 and 3.2",
            replace(
                T5,
                size=250_000,
                character_coverage=0.99999,
                byte_fallback=True,
                mixture="0.3",
                sample_bytes=1_000_000_000,
            ),
        ),
        Preset(
            "palm",
            "PaLM: 256,000 pieces, lossless: whitespace and newlines kept, digits apart, bytes for "
            "rare characters",
            # The paper names no algorithm, coverage or ids: SentencePiece's defaults and T5's.
            "arXiv:2204.02311, section 2 (Vocabulary)",
            replace(
                T5,
                size=256_000,
                normalization=Normalization.IDENTITY,
                remove_extra_whitespaces=False,
                add_dummy_prefix=False,
                allow_whitespace_only_pieces=True,
                keep_newlines=True,
                byte_fallback=True,
                split_digits=True,
                mixture="1",
                sample_bytes=1_000_000_000,
            ),
        ),
        Preset(
            "tiny",
            "for tests and first steps: T5's with 1,000 pieces, languages as they come, in seconds",
            "none",
            replace(T5, size=1000, mixture="1", sample_bytes=1_000_000, seed_pieces=10_000),
        ),
    )
}
