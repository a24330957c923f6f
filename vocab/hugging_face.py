"""tokenizer.json and its configuration, by which transformers' AutoTokenizer reads a vocabulary.

The ids are those of SentencePiece, then `</s>`; T5's sentinels stand at the end. The files are
written as plain JSON: the library `tokenizers`, which reads them, brings a client of the Hugging
Face Hub. Tests compare with that library.
"""

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
from sentencepiece import sentencepiece_model_pb2 as spm

from vocab.vocabulary import EOS_ID, EXTRA_IDS, PAD_ID, UNK_ID, parse_model

TOKENIZER_NAME = "tokenizer.json"
CONFIG_NAME = "tokenizer_config.json"
SPECIAL_NAME = "special_tokens_map.json"
TOKENIZER_NAMES = (TOKENIZER_NAME, CONFIG_NAME, SPECIAL_NAME)
_SPACE = "▁"
_BETWEEN, _FIXED = "\ufdd0", "\ufdd1"  # noncharacters, which no text has
_MOST_MARKS = 3  # of a character in SentencePiece's map
_JAMO = r"\x{1160}-\x{11ff}"  # Hangul's vowels and final consonants
_VOWELS = r"\x{314f}-\x{3163}\x{ffc2}-\x{ffdc}"  # compatible ones, which become such vowels
# What extends the character before it: also joiners, half-width voicing marks, skin tones.
_EXTENDING = (
    rf"[\p{{M}}{_JAMO}\x{{e33}}\x{{eb3}}\x{{200c}}\x{{200d}}\x{{ff9e}}\x{{ff9f}}"
    r"\x{1f3fb}-\x{1f3ff}]"
)
# Marks of combining class 0 that compose with the mark before them.
_STARTERS = (
    r"\x{9be}\x{9d7}\x{b3e}\x{b56}\x{b57}\x{bbe}\x{bd7}\x{cc2}\x{cd5}\x{cd6}\x{d3e}\x{d57}\x{dcf}"
    r"\x{ddf}\x{102e}\x{1b35}"
)
_PieceType = spm.ModelProto.SentencePiece


def tokenizer_files(model: bytes) -> dict[str, bytes]:
    """The files of a vocabulary for transformers, by name.

    Args:
      model: SentencePiece's protocol buffer.
    """
    proto = parse_model(model)
    special = _special(proto)
    config = {
        **special,
        "clean_up_tokenization_spaces": False,
        "extra_ids": EXTRA_IDS,
        "tokenizer_class": "PreTrainedTokenizerFast",
    }
    values = {
        TOKENIZER_NAME: tokenizer_json(proto),
        CONFIG_NAME: config,
        SPECIAL_NAME: special,
    }
    return {
        name: (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()
        for name, value in values.items()
    }


def _special(proto: Any) -> dict[str, object]:
    pieces = proto.pieces
    return {
        "additional_special_tokens": [f"<extra_id_{number}>" for number in range(EXTRA_IDS)],
        "eos_token": pieces[EOS_ID].piece,
        "pad_token": pieces[PAD_ID].piece,
        "unk_token": pieces[UNK_ID].piece,
    }


def tokenizer_json(proto: Any) -> dict[str, object]:
    """The tokenizer as `tokenizers` describes it: normalizer, model, template and decoder."""
    sentinels = [f"<extra_id_{number}>" for number in reversed(range(EXTRA_IDS))]
    vocabulary = [[piece.piece, piece.score] for piece in proto.pieces]
    special = {number: proto.pieces[number].piece for number in (PAD_ID, EOS_ID, UNK_ID)}
    special |= dict(enumerate(sentinels, len(vocabulary)))
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [_added_token(number, text) for number, text in special.items()],
        "normalizer": _sequence("normalizers", list(_normalizers(proto.normalizer_spec))),
        "pre_tokenizer": _sequence("pretokenizers", list(_splits(proto))),
        "post_processor": _template(special[EOS_ID]),
        "decoder": _sequence("decoders", list(_decoders(proto))),
        "model": {
            "type": "Unigram",
            "unk_id": UNK_ID,
            "vocab": vocabulary + [[name, 0.0] for name in sentinels],
            "byte_fallback": proto.trainer_spec.byte_fallback,
        },
    }


def _added_token(number: int, text: str) -> dict[str, object]:
    return {"id": number, "content": text, "single_word": False, "lstrip": False, "rstrip": False,
            "normalized": False, "special": True}  # fmt: skip


def _sequence(key: str, rows: list[dict[str, object]]) -> dict[str, object] | None:
    return {"type": "Sequence", key: rows} if rows else None


def _replace(pattern: dict[str, str], content: str) -> dict[str, object]:
    return {"type": "Replace", "pattern": pattern, "content": content}


def _normalizers(spec: Any) -> Iterator[dict[str, object]]:
    """What SentencePiece does to the text before it is cut, in its order."""
    if spec.precompiled_charsmap:
        yield from _charsmap(spec.precompiled_charsmap)
    if spec.remove_extra_whitespaces:
        yield _replace({"Regex": r"\A +| +\z"}, "")
        yield _replace({"Regex": " {2,}"}, " ")
    if spec.escape_whitespaces:
        yield _replace({"String": " "}, _SPACE)
    if spec.add_dummy_prefix:
        yield {"type": "Prepend", "prepend": _SPACE}


def _charsmap(charsmap: bytes) -> Iterator[dict[str, object]]:
    """SentencePiece's normalization of characters: the longest match, from left to right.

    `Precompiled` looks up a cluster of a character and its marks by its shortest prefix, and not at
    all if it has over five bytes. So each character is mapped by itself: a character that belongs
    to none, put before each mark, keeps them apart. Then marks are composed one after another, as
    the longest match does. NFC alone would reorder them, skip those that do not compose, and add
    them to characters that SentencePiece leaves as they are.
    """
    bases = "".join(f"\\x{{{ord(char):x}}}" for char in composing_characters(charsmap))
    encoded = base64.b64encode(charsmap).decode()
    yield _replace({"Regex": rf"(?<=[^{bases}\p{{M}}{_JAMO}{_VOWELS}])(?={_EXTENDING})"}, _FIXED)
    yield _replace({"Regex": f"(?<=.)(?={_EXTENDING})"}, _BETWEEN)
    yield {"type": "Precompiled", "precompiled_charsmap": encoded}
    yield _replace({"String": _BETWEEN}, "")
    for _ in range(_MOST_MARKS):
        yield _replace({"Regex": rf"(?<=\p{{M}})(?=[\p{{M}}&&[^{_STARTERS}]])"}, _BETWEEN)
        yield {"type": "NFC"}
        yield _replace({"String": _BETWEEN}, "")
    yield _replace({"String": _FIXED}, "")


def composing_characters(charsmap: bytes) -> list[str]:
    """The characters that begin a longer string of SentencePiece's map, in order.

    Args:
      charsmap: the size of a trie (uint32), the trie as a double array of uint32, and texts.
    """
    size = int.from_bytes(charsmap[:4], "little")
    units = np.frombuffer(charsmap, "<u4", size // 4, offset=4).astype(np.int64)
    labels = np.arange(1, 256)

    def children(node: int) -> list[tuple[int, int]]:
        """Label and node of each unit below a node."""
        places = node ^ labels
        places = np.where(places < len(units), places, 0)
        found = labels[units[places] & 0x800000FF == labels]
        return [(label, node ^ label) for label in found.tolist()]

    def below(place: int) -> int:
        unit = int(units[place])
        return place ^ (unit >> 10) << ((unit & 0x200) >> 6)

    characters, left = [], [(b"", below(0))]
    while left:
        key, node = left.pop()
        for label, place in children(node):
            longer, deeper = key + bytes([label]), below(place)
            if len(longer) < _utf8_length(longer[0]):
                left.append((longer, deeper))
            elif children(deeper):
                characters.append(longer.decode())
    return sorted(characters)


def _utf8_length(first: int) -> int:
    """The bytes of a character in UTF-8, by its first."""
    return 1 + (first >= 0xC0) + (first >= 0xE0) + (first >= 0xF0)


def _splits(proto: Any) -> Iterator[dict[str, object]]:
    """Places where text is cut whatever the scores say."""
    own = [p.piece for p in proto.pieces if p.type == _PieceType.USER_DEFINED]
    if own:  # always a token
        pattern = "|".join(map(re.escape, sorted(own, key=len, reverse=True)))
        yield _split(pattern, "Isolated")
    if proto.trainer_spec.byte_fallback:  # `<0x41>` in a text is no byte
        yield _split("<(?=0x[0-9A-F]{2}>)", "MergedWithPrevious")


def _split(pattern: str, behavior: str) -> dict[str, object]:
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": behavior, "invert": False}


def _template(end: str) -> dict[str, object]:
    """`</s>` after each text."""
    close = {"SpecialToken": {"id": end, "type_id": 0}}
    first, second = ({"Sequence": {"id": name, "type_id": 0}} for name in "AB")
    return {
        "type": "TemplateProcessing",
        "single": [first, close],
        "pair": [first, close, second, close],
        "special_tokens": {end: {"id": end, "ids": [EOS_ID], "tokens": [end]}},
    }


def _decoders(proto: Any) -> Iterator[dict[str, object]]:
    yield _replace({"String": _SPACE}, " ")
    if proto.trainer_spec.byte_fallback:
        yield {"type": "ByteFallback"}
    yield {"type": "Fuse"}
    if proto.normalizer_spec.add_dummy_prefix:
        yield {"type": "Strip", "content": " ", "start": 1, "stop": 0}
