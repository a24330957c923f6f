"""The parameters of a vocabulary, and the published recipes as a table."""

from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from runtime.errors import UsageError
from vocab.sampling.mixtures import parse_mixture
from vocab.vocabulary import EOS_ID, PAD_ID, UNK_ID


class RecipeError(UsageError):
    """Parameters that contradict each other; the message names them and what was expected."""


class ModelType(StrEnum):
    """The algorithm that finds the pieces."""

    UNIGRAM = "unigram"  # by likelihood (Kudo 2018), as T5
    BPE = "bpe"  # by merging pairs (Sennrich et al. 2016)


class Normalization(StrEnum):
    """The normalization of characters before they are encoded (SentencePiece's rules)."""

    NMT_NFKC = "nmt_nfkc"  # NFKC; newlines and tabs become spaces, control characters go
    NFKC = "nfkc"
    NMT_NFKC_CF = "nmt_nfkc_cf"  # and case folded
    NFKC_CF = "nfkc_cf"
    IDENTITY = "identity"


_LARGE_BYTES = 1 << 30  # SentencePiece counts characters in 32 bits up to twice that
_BYTE_PIECES = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Every parameter of a vocabulary, named as in SentencePiece; `PARAMETERS` explains each.

    The defaults are those of T5: SentencePiece's own, except for the four ids.

    Raises:
      RecipeError: a value is out of range, or parameters contradict each other.
    """

    size: int = 32_000
    model_type: ModelType = ModelType.UNIGRAM
    normalization: Normalization = Normalization.NMT_NFKC
    remove_extra_whitespaces: bool = True
    add_dummy_prefix: bool = True
    allow_whitespace_only_pieces: bool = False
    keep_newlines: bool = False
    character_coverage: float = 0.9995
    byte_fallback: bool = False
    split_digits: bool = False
    split_by_number: bool = True
    split_by_whitespace: bool = True
    split_by_unicode_script: bool = True
    max_piece_length: int = 16
    user_defined_symbols: str = ""
    required_chars: str = ""
    pad_id: int = PAD_ID
    eos_id: int = EOS_ID
    unk_id: int = UNK_ID
    bos_id: int = -1
    score_bits: int = 4
    seed_pieces: int = 1_000_000
    shrinking_factor: float = 0.75
    sub_iterations: int = 2
    max_sentence_bytes: int = 4192
    threads: int = 16
    mixture: str = "1"
    sample_bytes: int = 256_000_000
    seed: int = 0

    def __post_init__(self) -> None:
        try:
            parse_mixture(self.mixture)
        except ValueError as error:
            raise RecipeError(f"--mixture={error}") from None
        ids = [i for i in (self.pad_id, self.eos_id, self.unk_id, self.bos_id) if i >= 0]
        if len(set(ids)) != len(ids) or self.unk_id < 0:
            raise RecipeError(
                f"--pad_id={self.pad_id} --eos_id={self.eos_id} --unk_id={self.unk_id} "
                f"--bos_id={self.bos_id}: expected each its own id, or -1 for none; "
                "unk_id must have one"
            )
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise RecipeError(f"--{name}={value}: expected {low:g} to {high:g}")
        if max(ids) >= self.size:
            raise RecipeError(f"--size={self.size}: expected more than the largest id, {max(ids)}")
        if self.size < self.fixed_pieces() + 1:
            raise RecipeError(
                f"--size={self.size}: {self.fixed_pieces()} pieces are fixed (ids"
                f"{', bytes' * self.byte_fallback}, symbols); expected more than that"
            )

    def symbols(self) -> list[str]:
        """The user-defined symbols."""
        return [symbol for symbol in self.user_defined_symbols.split(",") if symbol]

    def fixed_pieces(self) -> int:
        """Number of pieces that do not depend on the text: ids, bytes, symbols."""
        ids = sum(i >= 0 for i in (self.pad_id, self.eos_id, self.unk_id, self.bos_id))
        return ids + _BYTE_PIECES * self.byte_fallback + len(self.symbols())

    def spm_arguments(self, sample_bytes: int) -> dict[str, Any]:
        """The arguments of `SentencePieceTrainer.train`, except for input and output.

        Args:
          sample_bytes: bytes of text to train on.
        """
        values = asdict(self)
        named = {row.spm: values[name] for name, row in PARAMETERS.items() if row.spm}
        plain: dict[str, Any] = {
            k: v.value if isinstance(v, StrEnum) else v for k, v in named.items()
        }
        plain["user_defined_symbols"] = self.symbols()
        plain["train_extremely_large_corpus"] = self.is_large(sample_bytes)
        return plain

    def is_large(self, sample_bytes: int) -> bool:
        """True if SentencePiece needs 64-bit positions for so much text."""
        return sample_bytes >= _LARGE_BYTES


_RANGES: dict[str, tuple[float, float]] = {
    # SentencePiece's own (trainer_interface.cc, VerifySpec), where it has any.
    "character_coverage": (0.98, 1),
    "max_piece_length": (1, 512),
    "sub_iterations": (1, 10),
    "threads": (1, 1024),
    "shrinking_factor": (0.5, 0.95),
    "max_sentence_bytes": (10, 1 << 30),
    "seed_pieces": (1, 1 << 31),
    "score_bits": (0, 23),
    "sample_bytes": (1, 1 << 50),
    "seed": (0, (1 << 64) - 1),
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One row of the table.

    Attributes:
      meaning: one line for --help and the docs.
      spm: SentencePiece's name of it; "" if SentencePiece has no such parameter.
    """

    meaning: str
    spm: str = ""


PARAMETERS: dict[str, Parameter] = {
    "size": Parameter("number of pieces, the fixed ones included, sentinels not", "vocab_size"),
    "model_type": Parameter("algorithm that finds the pieces", "model_type"),
    "normalization": Parameter(
        "normalization of characters; nmt_nfkc turns newlines into spaces",
        "normalization_rule_name",
    ),
    "remove_extra_whitespaces": Parameter(
        "spaces at the ends are removed, several in a row become one", "remove_extra_whitespaces"
    ),
    "add_dummy_prefix": Parameter(
        "a space is put before a text, so that its first word is like the others",
        "add_dummy_prefix",
    ),
    "allow_whitespace_only_pieces": Parameter(
        "several spaces may be a piece", "allow_whitespace_only_pieces"
    ),
    "keep_newlines": Parameter("a sentence is a document with its newlines, not a line"),
    "character_coverage": Parameter(
        "share of the sample's characters that get pieces of their own", "character_coverage"
    ),
    "byte_fallback": Parameter(
        "a character without a piece is encoded as the bytes of its UTF-8, not as unknown",
        "byte_fallback",
    ),
    "split_digits": Parameter("each digit is a piece of its own", "split_digits"),
    "split_by_number": Parameter("no piece has digits and other characters", "split_by_number"),
    "split_by_whitespace": Parameter("no piece spans several words", "split_by_whitespace"),
    "split_by_unicode_script": Parameter(
        "no piece has characters of several scripts", "split_by_unicode_script"
    ),
    "max_piece_length": Parameter("most characters of a piece", "max_sentencepiece_length"),
    "user_defined_symbols": Parameter(
        "strings that are always one piece, separated by commas", "user_defined_symbols"
    ),
    "required_chars": Parameter(
        "characters that get pieces of their own in any case", "required_chars"
    ),
    "pad_id": Parameter("id of <pad>; -1 for none", "pad_id"),
    "eos_id": Parameter("id of </s>; -1 for none", "eos_id"),
    "unk_id": Parameter("id of <unk>", "unk_id"),
    "bos_id": Parameter("id of <s>; -1 for none", "bos_id"),
    "score_bits": Parameter(
        "scores are rounded to this many bits after the point, so that readers that add in "
        "float32 and in float64 agree; 23 does not round"
    ),
    "seed_pieces": Parameter("candidates that training starts from", "seed_sentencepiece_size"),
    "shrinking_factor": Parameter("share of pieces that is kept in each round", "shrinking_factor"),
    "sub_iterations": Parameter("EM steps in each round", "num_sub_iterations"),
    "max_sentence_bytes": Parameter(
        "longer lines are cut, at a space if there is one", "max_sentence_length"
    ),
    "threads": Parameter(
        "threads of training, each with a sum of its own: another number gives other bytes",
        "num_threads",
    ),
    "mixture": Parameter(
        "parts by language, as en:10,de:1; or the power of its size that a language's share is "
        "proportional to, as 0.3 (mT5): 1 keeps the proportions of the corpora"
    ),
    "sample_bytes": Parameter("most text of the sample, as 256MB or 1GB"),
    "seed": Parameter("another number draws another sample"),
}


@dataclass(frozen=True, slots=True)
class Preset:
    """One row of the table.

    Attributes:
      name: as given to --preset.
      meaning: one line for --help and the docs.
      source: where its parameters are published.
      recipe: its parameters.
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
            "mT5: 250,000 pieces of all languages, more of small ones; bytes for rare characters",
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
            "PaLM: 256,000 pieces, lossless: whitespace and newlines kept, each digit a piece, "
            "bytes for rare characters",
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
            "for tests and first steps, in seconds: T5 with 1,000 pieces, languages in the "
            "corpora's proportions",
            "none",
            replace(T5, size=1000, mixture="1", sample_bytes=1_000_000, seed_pieces=10_000),
        ),
    )
}
