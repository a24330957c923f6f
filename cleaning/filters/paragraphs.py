"""The paragraph filter, which mC4 has instead of cleaning (Xue et al. 2021, 3.1)."""


def has_paragraphs(utf8: bytes, min_paragraphs: int = 3, min_chars: int = 200) -> bool:
    """True if enough lines of the page are long (TFDS c4_utils.paragraph_filter).

    Args:
      utf8: the page's lines, joined by newlines.
      min_paragraphs: number of long lines that a page needs.
      min_chars: number of characters from which a line is long.
    """
    lines = utf8.split(b"\n")
    found = 0
    if len(lines) >= min_paragraphs:
        for line in lines:
            # A character takes at least one byte: shorter lines need no decoding.
            if len(line) >= min_chars and (line.isascii() or len(line.decode()) >= min_chars):
                found += 1
                if found >= min_paragraphs:
                    return True
    return found >= min_paragraphs
