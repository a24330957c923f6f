"""Texts with all that langdetect treats in a way of its own."""

import unicodedata

from hypothesis import strategies as st

from tests.cleaning.filters.passages import PASSAGES

VIETNAMESE = unicodedata.normalize(
    "NFD", "Dòng sông bắt nguồn từ những ngọn đồi phía bắc thị trấn, nước của nó lạnh và trong."
)
"""With its marks as characters of their own."""

PIECES = (
    *("a@b.example", "http://a.example/x?y", "https://", "http://@", "@", "x@y", "a.b@c.d.e", ":/"),
    *("ALL CAPITALS", "McX", "\u2019", "\u201c", "\xa0", "  ", "\n", "\u0301", "e\u0301", "\u1ebf"),
    *("\u0130", "\u0218", "\U0001f595", "\U0001d400", "\U00020000", "\U0001f130", "\ud55c", "["),
    *(VIETNAMESE, *PASSAGES.values()),
)
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=9), max_size=30).map("".join)
