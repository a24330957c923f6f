"""Where a text first holds a word of a list, for many texts at once, in compiled code.

The rules are those of the pattern that `badwords.Matcher` gives to RE2, in the same order of
places: ASCII letters are taken as small ones; where the language writes spaces between words, no
ASCII word character may stand before or after the word. A text that has a character which
`str.lower` turns into an ASCII letter is left to `Matcher`: IN_DOUBT.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaning.filters.compiled import compiled_in_place, inlined

NOT_FOUND, IN_DOUBT = -1, -2
_WORD_BYTES = b"abcdefghijklmnopqrstuvwxyz0123456789_"
_PADDING = 2  # bytes behind the last text that may be read
_MAY_BEGIN, _IN_WORD = 1, 2  # bits of `WordTree.byte_class`


class WordTree(NamedTuple):
    """The words of a list as a tree of bytes; node 0 is the root.

    Attributes:
      byte_class: uint8[256], _MAY_BEGIN of the first bytes of words, as they are and as capitals;
        _IN_WORD of ASCII's letters, digits and the underscore, if they may not stand beside a word.
      may_begin: bool[32**3], whether a word may begin with three bytes, by their lower five bits.
      root: int32[256], the node of a word's first byte, or 0.
      first_edge: int32[nodes + 1], where the edges of a node begin.
      edge_byte, edge_node: uint8[edges], int32[edges], of each edge.
      ends_word: bool[nodes], whether a word ends at a node.
      lowered: uint8[256], each byte, capitals of ASCII as small letters.
    """

    byte_class: NDArray[np.uint8]
    may_begin: NDArray[np.bool_]
    root: NDArray[np.int32]
    first_edge: NDArray[np.int32]
    edge_byte: NDArray[np.uint8]
    edge_node: NDArray[np.int32]
    ends_word: NDArray[np.bool_]
    lowered: NDArray[np.uint8]


def word_tree(words: Iterable[bytes], is_flanked: bool) -> WordTree:
    """The tree of words, none of them empty.

    Args:
      is_flanked: True if no word character may stand beside a word.
    """
    children: list[dict[int, int]] = [{}]
    ends = [False]
    may_begin = np.zeros((32, 32, 32), np.bool_)
    for word in words:
        node = 0
        for byte in word:
            if byte not in children[node]:
                children[node][byte] = len(children)
                children.append({})
                ends.append(False)
            node = children[node][byte]
        ends[node] = True
        may_begin[tuple(byte & 31 for byte in word[:3])] = True
    byte_class = np.zeros(256, np.uint8)
    for byte in children[0]:
        byte_class[[byte, *bytes([byte]).upper()]] = _MAY_BEGIN
    if is_flanked:
        byte_class[[*_WORD_BYTES, *_WORD_BYTES.upper()]] |= _IN_WORD
    root = np.zeros(256, np.int32)
    root[list(children[0])] = list(children[0].values())
    return WordTree(
        byte_class,
        may_begin.ravel(),
        root,
        np.cumsum([0, *map(len, children)]).astype(np.int32),
        np.array([byte for edges in children for byte in edges], np.uint8),
        np.array([node for edges in children for node in edges.values()], np.int32),
        np.array(ends, np.bool_),
        np.frombuffer(bytes(range(256)).lower(), np.uint8),
    )


def find_words(texts: list[bytes], tree: WordTree) -> list[int]:
    """The byte at which the first word of each text begins, NOT_FOUND, or IN_DOUBT.

    Args:
      texts: UTF-8.
    """
    data = np.frombuffer(b"".join(texts) + bytes(_PADDING), np.uint8)
    sizes = np.array([len(text) for text in texts], np.int64)
    places = np.empty(len(texts), np.int64)
    begins = np.empty(int(sizes.max(initial=0)) + 1, np.int32)
    _find_words(data, sizes, places, begins, tree)
    return places.tolist()


@compiled_in_place
def _find_words(
    data: NDArray[np.uint8],
    sizes: NDArray[np.int64],
    places: NDArray[np.int64],
    begins: NDArray[np.int32],
    tree: WordTree,
) -> None:
    start = 0
    for number in range(len(sizes)):
        text = data[start : start + sizes[number] + _PADDING]
        places[number] = IN_DOUBT if _lowers_to_ascii(text) else _first_word(text, begins, tree)
        start += sizes[number]


@inlined
def _lowers_to_ascii(text: NDArray[np.uint8]) -> bool:
    """True if a text has a Kelvin sign or a capital I with a dot, or may have."""
    found = False
    for at in range(len(text) - _PADDING):
        first, second, third = text[at], text[at + 1], text[at + 2]
        found |= (first == 0xC4) & (second == 0xB0)
        found |= (first == 0xE2) & (second == 0x84) & (third == 0xAA)
    return found


@inlined
def _first_word(text: NDArray[np.uint8], begins: NDArray[np.int32], tree: WordTree) -> int:
    """The place of the first word of one text, with _PADDING bytes behind it, or NOT_FOUND.

    Args:
      begins: takes the places at which words may begin.
    """
    size = len(text) - _PADDING
    count = before = 0
    for at in range(size):
        kind = np.int64(tree.byte_class[text[at]])
        begins[count] = at
        count += kind & _MAY_BEGIN & ~(before >> 1)
        before = kind & _IN_WORD
    for number in range(count):
        at = np.int64(begins[number])
        first, second, third = text[at] & 31, text[at + 1] & 31, text[at + 2] & 31
        may_begin = tree.may_begin[(np.int64(first) << 5 | second) << 5 | third]
        if may_begin and _has_word(text, at, size, tree):
            return at
    return NOT_FOUND


@inlined
def _has_word(text: NDArray[np.uint8], at: int, size: int, tree: WordTree) -> bool:
    """True if a word begins at a place and ends where it may."""
    node = tree.root[tree.lowered[text[at]]]
    end = at + 1
    while node > 0:
        if tree.ends_word[node] and (end == size or not tree.byte_class[text[end]] & _IN_WORD):
            return True
        child = np.int32(0)
        if end < size:
            byte = tree.lowered[text[end]]
            for edge in range(tree.first_edge[node], tree.first_edge[node + 1]):
                if tree.edge_byte[edge] == byte:
                    child = tree.edge_node[edge]
        node = child
        end += 1
    return False
